"""Days of law: Europe/Berlin, the holidays of North Rhine-Westphalia, months of the civil code.

Pure: takes days and instants, never asks the clock.
"""

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays

BERLIN = ZoneInfo("Europe/Berlin")


@lru_cache(maxsize=64)
def _holidays(year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays("DE", subdiv="NW", years=year))


def is_working_day(day: date) -> bool:
    """Neither Saturday nor Sunday nor a holiday in North Rhine-Westphalia."""
    return day.weekday() < 5 and day not in _holidays(day.year)


def add_working_days(day: date, n: int) -> date:
    """The n-th working day after `day`, which itself does not count (§ 187(1) BGB)."""
    while n > 0:
        day += timedelta(days=1)
        n -= is_working_day(day)
    return day


def add_months(day: date, n: int) -> date:
    """The same day n months on, or the last of the month where it has none (§ 188(2), (3) BGB)."""
    year, month0 = divmod(day.year * 12 + day.month - 1 + n, 12)
    return date(year, month0 + 1, min(day.day, monthrange(year, month0 + 1)[1]))


def shift_to_working_day(day: date) -> date:
    """The end of a period to act: from a day off to the next working day.

    Source: § 193 BGB, § 31(3) VwVfG, § 26(3) SGB X. A waiting period of stay is never shifted.
    """
    while not is_working_day(day):
        day += timedelta(days=1)
    return day


def berlin_day(instant: datetime) -> date:
    """The day on which an instant falls in Germany."""
    return instant.astimezone(BERLIN).date()


def end_of_day(day: date) -> datetime:
    """The instant in UTC at which a day is over in Germany: its next midnight."""
    return datetime.combine(day + timedelta(days=1), time(), BERLIN).astimezone(UTC)


def later(instant: datetime, months: int) -> datetime:
    """The same time of day in Germany, `months` on."""
    there = instant.astimezone(BERLIN)
    moved = datetime.combine(add_months(there.date(), months), there.time(), BERLIN)
    return moved.astimezone(UTC)
