"""Days inside conditions: of a fact, moved by months; of the law; of the question."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from integration_api.kernel.calendar import add_months


class _Unknown:
    """A day that nobody has stated: not the same as one that never was (None)."""


UNKNOWN = _Unknown()
Value = date | None | _Unknown


@dataclass(frozen=True, slots=True)
class FactDay:
    """The day of a fact, moved by whole months, then to the end of its month, then by days.

    Source: §§ 187(1), 188(2), (3) BGB; no shift to a working day.
    """

    fact: str
    months: int = 0
    month_end: bool = False
    plus_days: int = 0

    def of(self, facts: Mapping[str, Any], as_of: date) -> Value:
        """The day; None where it never was."""
        day = facts.get(self.fact, UNKNOWN)
        if not isinstance(day, date):
            return day  # type: ignore[no-any-return]
        if self.months:
            day = add_months(day, self.months)
        if self.month_end:
            day = add_months(day.replace(day=1), 1) - timedelta(days=1)
        return day + timedelta(days=self.plus_days) if self.plus_days else day


@dataclass(frozen=True, slots=True)
class LatestOf:
    """The last of several days; unknown while one of them is, never where one never was."""

    days: tuple[FactDay, ...]

    def of(self, facts: Mapping[str, Any], as_of: date) -> Value:
        """The day; None where one of them never was."""
        found = [one.of(facts, as_of) for one in self.days]
        known = [day for day in found if isinstance(day, date)]
        if None in found:
            return None
        return max(known) if len(known) == len(found) else UNKNOWN


@dataclass(frozen=True, slots=True)
class FixedDay:
    """A day that the law names."""

    day: date

    def of(self, facts: Mapping[str, Any], as_of: date) -> Value:
        """That day."""
        return self.day


@dataclass(frozen=True, slots=True)
class AsOf:
    """The day for which the question is asked."""

    def of(self, facts: Mapping[str, Any], as_of: date) -> Value:
        """That day."""
        return as_of


Day = FactDay | LatestOf | FixedDay | AsOf


def facts_of(day: Day) -> tuple[str, ...]:
    """The facts that a day is made of."""
    if isinstance(day, FactDay):
        return (day.fact,)
    return tuple(one.fact for one in day.days) if isinstance(day, LatestOf) else ()
