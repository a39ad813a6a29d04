"""What must be true of a pack before it answers: no tie, no gap, basis and days on every rule."""

from collections.abc import Iterator, Mapping
from datetime import date
from itertools import combinations, product
from math import prod
from typing import Any

from integration_api.code_lists.service import lists

from .facts import FACTS, STATUS
from .findings import Finding, finding
from .pack import Pack, Rule
from .terms import All, AnyOf, Condition, Leaf, Not, OneOf
from .topics import COMPONENTS, components_of

_OTHER = "any other"
_ALONE = frozenset((STATUS,))
_MOST = 4096
"""So many combinations of single conditions are tried; beyond, the worst is assumed."""

World = Mapping[str, Any]


def check_pack(pack: Pack) -> list[Finding]:
    """List what is wrong with a pack that could be read; nothing for a good one."""
    found = [f for n, rule in enumerate(pack.rules) for f in _rule(pack, n, rule)]
    found += _duplicates(pack)
    found += _ties(pack)
    if pack.amends is None or pack.state == "released":
        found += _gaps(pack)
    return found


def _rule(pack: Pack, n: int, rule: Rule) -> Iterator[Finding]:
    at = f"/rules/{n}"
    if not rule.legal_basis:
        yield finding(f"{at}/legal_basis", "no_basis")
    if rule.valid_from is None and rule.state != "pending_legislation":
        yield finding(f"{at}/valid_from", "no_valid_from")
    if rule.valid_from and rule.valid_to and rule.valid_to <= rule.valid_from:
        yield finding(f"{at}/valid_to", "not_half_open")


def _duplicates(pack: Pack) -> Iterator[Finding]:
    for (_, one), (n, other) in combinations(enumerate(pack.rules), 2):
        if one.id == other.id and _overlap(one, other):
            yield finding(f"/rules/{n}/id", "duplicate_rule", one.id)


def _ties(pack: Pack) -> Iterator[Finding]:
    for (_, one), (n, other) in combinations(enumerate(pack.rules), 2):
        if one.priority != other.priority or one.id == other.id or not _overlap(one, other):
            continue
        if _compete(one, other) and _can_both_hold(one, other):
            yield finding(f"/rules/{n}/priority", "tie", f"{one.id}, {other.id}")


def _gaps(pack: Pack) -> Iterator[Finding]:
    """Look at the day of the law and every later one on which a rule begins or ends."""
    ends = {day for r in pack.rules for day in (r.valid_from, r.valid_to) if day is not None}
    days = [pack.law_as_of, *sorted(day for day in ends if day > pack.law_as_of)]
    required = [name for name in components_of(pack.code) if COMPONENTS[name].required]
    for entry in lists()["residence_status_codes"].entries.values():
        rules = [r for r in pack.for_status(entry.code) if r.state != "pending_legislation"]
        for day in (day for day in days if entry.on(day)):
            standing = [rule for rule in rules if rule.on(day)]
            for name in required:
                if not _covered(entry.code, name, standing):
                    yield finding("/rules", "gap", f"{entry.code}, {name}, {day}")


def _overlap(one: Rule, other: Rule) -> bool:
    starts = max(one.valid_from or date.min, other.valid_from or date.min)
    return starts < min(one.valid_to or date.max, other.valid_to or date.max)


def _compete(one: Rule, other: Rule) -> bool:
    """Whether they answer a part in common; even alike, one of them would hide the other."""
    return bool(one.as_status or other.as_status or one.then.keys() & other.then.keys())


def _can_both_hold(one: Rule, other: Rule) -> bool:
    named = (one.when.statuses(), other.when.statuses())
    if named[0] is not None and named[1] is not None and named[0].isdisjoint(named[1]):
        return False
    both = All((one.when, other.when))
    worlds = _worlds(both)
    return worlds is None or any(_true(both, world) for world in worlds)


def _covered(status: str, component: str, rules: list[Rule]) -> bool:
    answering = [r.when for r in rules if component in r.then or r.as_status is not None]
    if any(when.holds({STATUS: status}, date.min) for when in answering if when.uses() == _ALONE):
        return True
    some = AnyOf(tuple(answering))
    worlds = _worlds(some, {STATUS: status})
    return worlds is not None and all(_true(some, world) for world in worlds)


def _worlds(condition: Condition, fixed: Mapping[str, str] | None = None) -> Iterator[World] | None:
    """Every combination of what the single conditions may be; None where there are too many.

    Each is taken as independent: a tie that only arithmetic rules out is told apart by priority.
    """
    choices: dict[str, set[Any]] = {}
    for leaf in _leaves(condition):
        if isinstance(leaf, OneOf):
            other = {True, False} if FACTS[leaf.fact].kind == "flag" else {_OTHER}
            choices.setdefault(leaf.fact, other).update(leaf.values)
        else:
            choices[leaf.text] = {True, False}
    choices |= {name: {value} for name, value in (fixed or {}).items()}
    if prod(map(len, choices.values())) > _MOST:
        return None
    return (dict(zip(choices, values, strict=True)) for values in product(*choices.values()))


def _leaves(condition: Condition) -> Iterator[Leaf]:
    if isinstance(condition, All | AnyOf):
        for part in condition.parts:
            yield from _leaves(part)
    elif isinstance(condition, Not):
        yield from _leaves(condition.part)
    elif isinstance(condition, Leaf):
        yield condition


def _true(condition: Condition, world: World) -> bool:
    if isinstance(condition, All):
        return all(_true(part, world) for part in condition.parts)
    if isinstance(condition, AnyOf):
        return any(_true(part, world) for part in condition.parts)
    if isinstance(condition, Not):
        return not _true(condition.part, world)
    if isinstance(condition, OneOf):
        return world[condition.fact] in condition.values
    return isinstance(condition, Leaf) and bool(world[condition.text])
