"""Which rule answers one component on one day; what is unknown goes to the office."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from .days import UNKNOWN, facts_of
from .facts import STATUS
from .pack import Pack, Rule, Then
from .topics import COMPONENTS, REVIEW

Value = str | tuple[str, ...] | date | None


@dataclass(frozen=True, slots=True)
class Choice:
    """The value of a component, the rule behind it, what is missing for a firm one.

    `open`: the rules that might answer otherwise if more were known. `reviewed`: the rule holds,
    yet something about the case makes the office judge.
    """

    value: Value
    rule: Rule | None = None
    missing: frozenset[str] = frozenset()
    open: tuple[Rule, ...] = ()
    reviewed: bool = False


class Look:
    """One look at a pack: these facts, that day. Every rule is judged at most once."""

    __slots__ = ("_as", "_bill", "_recorded", "_verdicts", "as_of", "facts", "pack", "rules")

    def __init__(
        self,
        pack: Pack,
        facts: Mapping[str, Any],
        as_of: date,
        *,
        recorded: bool = True,
        bill: Pack | None = None,
    ) -> None:
        self.pack, self.facts, self.as_of = pack, facts, as_of
        self._recorded, self._bill = recorded, bill
        self._verdicts: dict[int, bool | None] = {}
        self._as: dict[str, Look] = {}
        self.rules = [r for r in self._candidates() if r.on(as_of)]

    def _candidates(self) -> Iterable[Rule]:
        status = self.facts.get(STATUS)
        found: Iterable[Rule] = (
            rule for rule in self.pack.for_status(status) if rule.state != "pending_legislation"
        )
        if self._bill is not None:
            found = (*self._bill.for_status(status), *found)
        if not self._recorded:
            found = (rule for rule in found if rule.basis != "recorded")
        return found

    def verdict(self, rule: Rule) -> bool | None:
        """Whether the rule holds."""
        key = id(rule)
        if key not in self._verdicts:
            self._verdicts[key] = rule.when.holds(self.facts, self.as_of)
        return self._verdicts[key]

    def seen(self) -> Iterator[tuple[Rule, bool | None, tuple[str, ...]]]:
        """The rules that were judged, here and under another status, with what decided them."""
        for rule in self.rules:
            if id(rule) in self._verdicts:
                because = rule.when.because(self.facts, self.as_of)
                yield rule, self._verdicts[id(rule)], because
        for other in self._as.values():
            yield from other.seen()

    def choose(self, component: str) -> Choice:
        """Answer one component.

        The highest rule that holds wins, unless one above it is unknown and would answer otherwise.
        """
        unknown: list[Rule] = []
        for rule in self.rules:
            if component not in rule.then and rule.as_status is None:
                continue
            verdict = self.verdict(rule)
            if verdict is None:
                unknown.append(rule)
            elif verdict:
                return self._unless(unknown, component, self._by(rule, component))
        return self._unless(unknown, component, Choice(self._none(component)))

    def _by(self, rule: Rule, component: str) -> Choice:
        if rule.as_status is not None:
            return self._as_other(rule, component)
        if rule.review is not None:
            flagged = rule.review.holds(self.facts, self.as_of)
            if flagged is not False:
                lacks = rule.review.missing(self.facts, self.as_of)
                return Choice(self._none(component), rule, lacks, (), reviewed=True)
        return self._read(rule, rule.then[component])

    def _read(self, rule: Rule, then: Then) -> Choice:
        if then is None or isinstance(then, str | tuple):
            return Choice(then, rule)
        day = then.of(self.facts, self.as_of)
        if day is UNKNOWN:
            lacks = (name for name in facts_of(then) if name not in self.facts)
            return Choice(None, rule, frozenset(lacks))
        return Choice(day if isinstance(day, date) else None, rule)

    def _as_other(self, rule: Rule, component: str) -> Choice:
        """Answer as for another status; one that leads here again is for the office to judge."""
        name = str(rule.as_status)
        if name not in self.facts:
            return Choice(self._none(component), None, frozenset((name,)), (rule,))
        if self.facts[name] in (self.facts[STATUS], None):
            return Choice(self._none(component), rule, reviewed=True)
        other = self._as.get(name)
        if other is None:
            facts = self._under(rule, name)
            other = self._as[name] = Look(
                self.pack, facts, self.as_of, recorded=self._recorded, bill=self._bill
            )
        return other.choose(component)

    def _unless(self, unknown: list[Rule], component: str, found: Choice) -> Choice:
        """Take the choice, unless an unknown rule above it would answer otherwise."""
        differ = tuple(r for r in unknown if not self._same(r, component, found))
        if not differ:
            return found
        missing = (rule.when.missing(self.facts, self.as_of) for rule in differ)
        return Choice(self._none(component), None, found.missing.union(*missing), differ)

    def _same(self, rule: Rule, component: str, found: Choice) -> bool:
        if rule.as_status is not None or found.reviewed or found.value is None:
            return False
        if rule.review is not None and rule.review.holds(self.facts, self.as_of) is not False:
            return False
        other = self._read(rule, rule.then[component]).value
        return COMPONENTS[component].covers(found.value, other)

    def _none(self, component: str) -> Value:
        return REVIEW if COMPONENTS[component].required else None

    def days(self) -> list[date]:
        """Every later day on which the answer may change, in order."""
        found: set[date | None] = set()
        for rule in self._candidates():
            found.update((rule.valid_from, rule.valid_to))
            found.update(rule.when.dates(self.facts))
            if rule.review is not None:
                found.update(rule.review.dates(self.facts))
            if rule.as_status is not None:
                found.update(self._days_as(rule, rule.as_status))
        return sorted(day for day in found if day is not None and day > self.as_of)

    def _days_as(self, rule: Rule, name: str) -> list[date]:
        if self.facts.get(name) in (None, self.facts.get(STATUS)):
            return []
        return Look(self.pack, self._under(rule, name), self.as_of, bill=self._bill).days()

    def _under(self, rule: Rule, name: str) -> dict[str, Any]:
        """The facts as they are under the other status; what belongs to this one is left out."""
        kept = {n: value for n, value in self.facts.items() if n not in rule.without}
        return {**kept, STATUS: self.facts[name], name: None}
