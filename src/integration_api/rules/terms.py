"""What conditions are made of: three-valued (Kleene), so that unknown never passes for a no."""

import operator
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, ClassVar

from .days import UNKNOWN, AsOf, Day, facts_of
from .facts import STATUS
from .lists import entries_of

Facts = Mapping[str, Any]
_NONE: frozenset[str] = frozenset()
_DAY = timedelta(days=1)


class Condition(ABC):
    """One condition. True, False, or None while a fact that decides it is unknown."""

    __slots__ = ()

    @abstractmethod
    def holds(self, facts: Facts, as_of: date) -> bool | None:
        """Whether it holds on that day."""

    @abstractmethod
    def missing(self, facts: Facts, as_of: date) -> frozenset[str]:
        """Name the facts that would decide it; none where it is decided."""

    @abstractmethod
    def because(self, facts: Facts, as_of: date) -> tuple[str, ...]:
        """Name the single conditions that decided, or left it undecided."""

    def dates(self, facts: Facts) -> Iterable[date]:
        """Name the days on which it may flip."""
        return ()

    def uses(self) -> frozenset[str]:
        """Name every fact that it asks for."""
        return _NONE

    def statuses(self) -> frozenset[str] | None:
        """Name the only statuses with which it can hold; None where it names none."""
        return None


@dataclass(frozen=True, slots=True)
class _Parts(Condition):
    """Several conditions, of which one alone decides the whole if it is what `decider` says."""

    parts: tuple[Condition, ...]
    decider: ClassVar[bool]

    def holds(self, facts: Facts, as_of: date) -> bool | None:
        """What decides beats unknown, unknown beats the rest."""
        found: bool | None = not self.decider
        for part in self.parts:
            one = part.holds(facts, as_of)
            if one is self.decider:
                return one
            if one is None:
                found = None
        return found

    def missing(self, facts: Facts, as_of: date) -> frozenset[str]:
        """What the undecided parts lack."""
        if self.holds(facts, as_of) is not None:
            return _NONE
        return _NONE.union(*(part.missing(facts, as_of) for part in self.parts))

    def because(self, facts: Facts, as_of: date) -> tuple[str, ...]:
        """The first part that decides, or all that are as the whole is."""
        return _because(self, self.parts, facts, as_of, decided_by_one=self.decider)

    def dates(self, facts: Facts) -> Iterable[date]:
        """The days of all parts."""
        return (day for part in self.parts for day in part.dates(facts))

    def uses(self) -> frozenset[str]:
        """The facts of all parts."""
        return _NONE.union(*(part.uses() for part in self.parts))


@dataclass(frozen=True, slots=True)
class All(_Parts):
    """Every part holds; nothing at all always holds."""

    decider = False

    def statuses(self) -> frozenset[str] | None:
        """What all parts that name statuses have in common."""
        named = [found for part in self.parts if (found := part.statuses()) is not None]
        return frozenset.intersection(*named) if named else None


@dataclass(frozen=True, slots=True)
class AnyOf(_Parts):
    """At least one part holds."""

    decider = True

    def statuses(self) -> frozenset[str] | None:
        """All that the parts name; None as soon as one names none."""
        named = [part.statuses() for part in self.parts]
        known = [found for found in named if found is not None]
        return frozenset.union(*known) if known and len(known) == len(named) else None


@dataclass(frozen=True, slots=True)
class Not(Condition):
    """The part does not hold."""

    part: Condition

    def holds(self, facts: Facts, as_of: date) -> bool | None:
        """The contrary; unknown stays unknown."""
        found = self.part.holds(facts, as_of)
        return None if found is None else not found

    def missing(self, facts: Facts, as_of: date) -> frozenset[str]:
        """What the part lacks."""
        return self.part.missing(facts, as_of)

    def because(self, facts: Facts, as_of: date) -> tuple[str, ...]:
        """What decided the part, said the other way."""
        return tuple(f"not {one}" for one in self.part.because(facts, as_of))

    def dates(self, facts: Facts) -> Iterable[date]:
        """The days of the part."""
        return self.part.dates(facts)

    def uses(self) -> frozenset[str]:
        """The facts of the part."""
        return self.part.uses()


@dataclass(frozen=True, slots=True)
class Leaf(Condition):
    """A single condition; `text` is how the trace names it."""

    text: str

    def because(self, facts: Facts, as_of: date) -> tuple[str, ...]:
        """Itself."""
        return (self.text,)


@dataclass(frozen=True, slots=True)
class OneOf(Leaf):
    """The code, flag or count of a fact is one of these."""

    fact: str
    values: frozenset[Any]
    optional: bool

    def holds(self, facts: Facts, as_of: date) -> bool | None:
        """Whether it is one of them."""
        value = facts.get(self.fact, UNKNOWN)
        if value is UNKNOWN:
            return False if self.optional else None
        return value in self.values

    def missing(self, facts: Facts, as_of: date) -> frozenset[str]:
        """The fact, while nobody has stated it."""
        return _NONE if self.optional or self.fact in facts else frozenset((self.fact,))

    def uses(self) -> frozenset[str]:
        """The fact."""
        return frozenset((self.fact,))

    def statuses(self) -> frozenset[str] | None:
        """The codes, where the fact is the status."""
        return self.values if self.fact == STATUS else None


@dataclass(frozen=True, slots=True)
class Has(Leaf):
    """A set has at least one of these."""

    fact: str
    values: frozenset[str]
    optional: bool

    def holds(self, facts: Facts, as_of: date) -> bool | None:
        """Whether it has one of them."""
        value = facts.get(self.fact, UNKNOWN)
        if value is UNKNOWN:
            return False if self.optional else None
        return not self.values.isdisjoint(value)

    def missing(self, facts: Facts, as_of: date) -> frozenset[str]:
        """The fact, while nobody has stated it."""
        return _NONE if self.optional or self.fact in facts else frozenset((self.fact,))

    def uses(self) -> frozenset[str]:
        """The fact."""
        return frozenset((self.fact,))


@dataclass(frozen=True, slots=True)
class AtLeast(Leaf):
    """A count is at least this."""

    fact: str
    number: int
    optional: bool

    def holds(self, facts: Facts, as_of: date) -> bool | None:
        """Whether it is."""
        value = facts.get(self.fact, UNKNOWN)
        if value is UNKNOWN:
            return False if self.optional else None
        return bool(value >= self.number)

    def missing(self, facts: Facts, as_of: date) -> frozenset[str]:
        """The fact, while nobody has stated it."""
        return _NONE if self.optional or self.fact in facts else frozenset((self.fact,))

    def uses(self) -> frozenset[str]:
        """The fact."""
        return frozenset((self.fact,))


@dataclass(frozen=True, slots=True)
class Compare(Leaf):
    """One day lies before or after another; with a day that never was, it does not hold."""

    left: Day
    compare: Callable[[Any, Any], bool]
    right: Day
    optional: frozenset[str]

    def holds(self, facts: Facts, as_of: date) -> bool | None:
        """Whether it does."""
        left, right = self.left.of(facts, as_of), self.right.of(facts, as_of)
        if left is None or right is None:
            return False
        if isinstance(left, date) and isinstance(right, date):
            return self.compare(left, right)
        return None if self.missing(facts, as_of) else False

    def missing(self, facts: Facts, as_of: date) -> frozenset[str]:
        """The days that nobody has stated, unless another one decides alone."""
        left, right = self.left.of(facts, as_of), self.right.of(facts, as_of)
        if left is None or right is None:
            return _NONE
        lacking = [d for d, v in ((self.left, left), (self.right, right)) if v is UNKNOWN]
        if any(self.optional.issuperset(facts_of(day)) for day in lacking):
            return _NONE
        names = (name for day in lacking for name in facts_of(day))
        return frozenset(name for name in names if name not in facts) - self.optional

    def dates(self, facts: Facts) -> Iterable[date]:
        """The other day and the one after it, where the day of the question is compared."""
        for one, other in ((self.left, self.right), (self.right, self.left)):
            day = other.of(facts, date.min) if isinstance(one, AsOf) else None
            if isinstance(day, date):
                yield day
                yield day + _DAY

    def uses(self) -> frozenset[str]:
        """The facts on both sides."""
        return frozenset((*facts_of(self.left), *facts_of(self.right)))


@dataclass(frozen=True, slots=True)
class HeldOn(Leaf):
    """Something was held on a day of the law, judged by when it began and when it first began.

    Begun by then: true. First begun after it: false. Between the two it may have been interrupted.
    """

    since: str
    first: str
    day: date

    def holds(self, facts: Facts, as_of: date) -> bool | None:
        """Whether it was held."""
        since, first = facts.get(self.since, UNKNOWN), facts.get(self.first, UNKNOWN)
        if isinstance(since, date) and since <= self.day:
            return True
        if first is None or (isinstance(first, date) and first > self.day):
            return False
        return False if since is None and self.since == self.first else None

    def missing(self, facts: Facts, as_of: date) -> frozenset[str]:
        """The two days, while nobody has stated them."""
        if self.holds(facts, as_of) is not None:
            return _NONE
        return frozenset(name for name in (self.since, self.first) if name not in facts)

    def uses(self) -> frozenset[str]:
        """Both facts."""
        return frozenset((self.since, self.first))


@dataclass(frozen=True, slots=True)
class Listed(Leaf):
    """Every nationality is in a list on that day, and nothing in the list spares the person.

    `spared` are conditions by code of the list. With several nationalities of which only some are
    listed, the office has to judge.
    """

    fact: str
    name: str
    spared: Mapping[str, Condition]

    def holds(self, facts: Facts, as_of: date) -> bool | None:
        """Whether the list bars the person."""
        codes = facts.get(self.fact, UNKNOWN)
        if codes is UNKNOWN or not codes:
            return None
        found = {self._one(code, facts, as_of) for code in codes}
        return found.pop() if len(found) == 1 else None

    def missing(self, facts: Facts, as_of: date) -> frozenset[str]:
        """The nationalities, or what decides whether the list spares the person."""
        codes = facts.get(self.fact, UNKNOWN)
        if codes is UNKNOWN:
            return frozenset((self.fact,))
        listed = (self.spared[code] for code in codes if self._on(code, as_of))
        return _NONE.union(*(one.missing(facts, as_of) for one in listed))

    def dates(self, facts: Facts) -> Iterable[date]:
        """The days on which an entry of the list begins and ends."""
        known = entries_of(self.name)
        for code in facts.get(self.fact) or ():
            if code in known:
                yield from filter(None, (known[code].valid_from, known[code].valid_to))

    def uses(self) -> frozenset[str]:
        """The nationalities and what spares."""
        return frozenset((self.fact,)).union(*(one.uses() for one in self.spared.values()))

    def _on(self, code: str, as_of: date) -> bool:
        entry = entries_of(self.name).get(code)
        return entry is not None and entry.on(as_of)

    def _one(self, code: str, facts: Facts, as_of: date) -> bool | None:
        if not self._on(code, as_of):
            return False
        spared = self.spared[code].holds(facts, as_of)
        return None if spared is None else not spared


def _because(
    whole: Condition,
    parts: tuple[Condition, ...],
    facts: Facts,
    as_of: date,
    *,
    decided_by_one: bool,
) -> tuple[str, ...]:
    verdict = whole.holds(facts, as_of)
    deciding = [part for part in parts if part.holds(facts, as_of) is verdict]
    if verdict is decided_by_one:
        deciding = deciding[:1]
    return tuple(text for part in deciding for text in part.because(facts, as_of))


OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    "before": operator.lt,
    "on_or_before": operator.le,
    "after": operator.gt,
    "on_or_after": operator.ge,
}
