"""Whether a condition can come out true, or false, for anybody: for ties and gaps in a pack."""

from collections.abc import Iterator, Mapping
from typing import Any

from .facts import FACTS
from .terms import All, AnyOf, Condition, Leaf, Not, OneOf

EFFORT = 10_000
"""So many partial worlds are looked at for one pack; the shipped ones need up to 300."""

_OTHER = "any other"
_NOTHING: Mapping[str, Any] = {}


class TooComplexError(Exception):
    """The effort is spent."""


class Search:
    """Searches worlds, with one budget of effort for a whole pack.

    Single conditions are taken as independent: a tie that only arithmetic rules out is told apart
    by priority.
    """

    def __init__(self, effort: int = EFFORT) -> None:
        self.left = effort
        self._known: dict[Any, bool] = {}

    def can_be(
        self, wanted: bool, condition: All | AnyOf, fixed: Mapping[str, Any] = _NOTHING
    ) -> bool:
        """Whether some world, with what is `fixed` in it, gives that verdict.

        Raises:
            TooComplexError: the budget is spent.
        """
        asked = condition.uses()
        fixed = {name: value for name, value in fixed.items() if name in asked}
        key = (wanted, tuple(map(id, condition.parts)), *fixed.items())
        if key not in self._known:
            choices = _choices(condition, fixed)
            self._known[key] = self._branch(wanted, condition, {}, choices)
        return self._known[key]

    def _branch(
        self,
        wanted: bool,
        condition: Condition,
        world: dict[str, Any],
        open_: list[tuple[str, list[Any]]],
    ) -> bool:
        self.left -= 1
        if self.left < 0:
            raise TooComplexError
        verdict = _verdict(condition, world)
        if verdict is not None:
            return verdict is wanted
        (name, values), rest = open_[0], open_[1:]
        return any(self._branch(wanted, condition, {**world, name: v}, rest) for v in values)


def _choices(condition: Condition, fixed: Mapping[str, Any]) -> list[tuple[str, list[Any]]]:
    """What each fact or single condition may be; codes that no part tells apart are one choice."""
    sets: dict[str, list[frozenset[Any]]] = {}
    found: dict[str, list[Any]] = {}
    for leaf in _leaves(condition):
        if isinstance(leaf, OneOf):
            sets.setdefault(leaf.fact, []).append(leaf.values)
        else:
            found[leaf.text] = [True, False]
    for fact, values in sets.items():
        flag = FACTS[fact].kind == "flag"
        codes = {True, False} if flag else frozenset().union(*values) | {_OTHER}
        alike = {tuple(code in one for one in values): code for code in sorted(codes, key=str)}
        found[fact] = list(alike.values())
    found |= {name: [value] for name, value in fixed.items()}
    return sorted(found.items(), key=lambda item: (item[0] not in fixed, len(item[1]), item[0]))


def _leaves(condition: Condition) -> Iterator[Leaf]:
    if isinstance(condition, All | AnyOf):
        for part in condition.parts:
            yield from _leaves(part)
    elif isinstance(condition, Not):
        yield from _leaves(condition.part)
    elif isinstance(condition, Leaf):
        yield condition


def _verdict(condition: Condition, world: Mapping[str, Any]) -> bool | None:
    """Kleene again, over what the world has decided so far."""
    if isinstance(condition, Not):
        found = _verdict(condition.part, world)
        return None if found is None else not found
    if isinstance(condition, All | AnyOf):
        ends = isinstance(condition, AnyOf)
        verdicts = {_verdict(part, world) for part in condition.parts}
        if ends in verdicts:
            return ends
        return None if None in verdicts else not ends
    if isinstance(condition, OneOf):
        return world[condition.fact] in condition.values if condition.fact in world else None
    return world.get(condition.text) if isinstance(condition, Leaf) else None
