"""A pack in memory: rules with their validity, sorted once, found by status and component."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from .days import FactDay, LatestOf
from .terms import Condition

Then = str | tuple[str, ...] | FactDay | LatestOf | None


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule; it is the law on [valid_from, valid_to).

    `then`: its answer by component; None withholds what a lower rule would say.
    `as_status`: the fact that names the status by which to answer instead (§ 81(4) AufenthG),
    `without` the facts that belong to the present one.
    `review`: what makes the office judge although the rule holds; None where nothing does.
    """

    id: str
    version: int
    valid_from: date | None
    valid_to: date | None
    state: str
    priority: int
    when: Condition
    then: Mapping[str, Then]
    legal_basis: tuple[str, ...]
    explanation: Mapping[str, str]
    basis: str = "presumed"
    confidence: str = "high"
    as_status: str | None = None
    without: tuple[str, ...] = ()
    review: Condition | None = None

    def on(self, day: date) -> bool:
        """Whether it is the law on that day; a pending one, whose day nobody knows, is."""
        begun = self.valid_from is None or self.valid_from <= day
        return begun and (self.valid_to is None or day < self.valid_to)


@dataclass(frozen=True, slots=True)
class Pack:
    """A version of a rule set.

    `amends`: this version only says what a bill would change; its rules go before those of the
    released version, whatever their priority.
    """

    code: str
    version: str
    title: Mapping[str, str]
    state: str
    released_by: str | None
    released_at: datetime | None
    law_as_of: date
    source: str
    rules: tuple[Rule, ...]
    raw: Mapping[str, Any]
    amends: str | None = None
    _by_status: dict[str | None, tuple[Rule, ...]] = field(default_factory=dict, repr=False)

    def for_status(self, status: str | None) -> tuple[Rule, ...]:
        """The rules that can hold with that status, the highest priority first."""
        found = self._by_status.get(status)
        if found is None:
            found = self._by_status[status] = in_order(r for r in self.rules if _can(r, status))
        return found


def in_order(rules: Iterable[Rule]) -> tuple[Rule, ...]:
    """The highest priority first; within one by id, so that no answer depends on the file."""
    return tuple(sorted(rules, key=lambda rule: (-rule.priority, rule.id)))


def _can(rule: Rule, status: str | None) -> bool:
    named = rule.when.statuses()
    return status is None or named is None or status in named
