"""What must be true of a pack before it answers: no tie, no gap, basis and days on every rule."""

from collections.abc import Iterator
from datetime import date
from itertools import combinations

from integration_api.code_lists.service import lists

from .facts import STATUS
from .findings import Finding, finding
from .pack import Pack, Rule
from .search import Search, TooComplexError
from .terms import All, AnyOf
from .topics import COMPONENTS, components_of


def check_pack(pack: Pack) -> list[Finding]:
    """List what is wrong with a pack that could be read; nothing for a good one.

    Ties and gaps are searched for with a bounded effort; what needs more has to be split.
    """
    found = [f for n, rule in enumerate(pack.rules) for f in _rule(n, rule)]
    found += _duplicates(pack)
    search = Search()
    try:
        found += _ties(pack, search)
        if pack.amends is None or pack.state == "released":
            found += _gaps(pack, search)
    except TooComplexError:
        found.append(finding("/rules", "too_complex"))
    return found


def _rule(n: int, rule: Rule) -> Iterator[Finding]:
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


def _ties(pack: Pack, search: Search) -> Iterator[Finding]:
    for (_, one), (n, other) in combinations(enumerate(pack.rules), 2):
        if one.priority != other.priority or one.id == other.id or not _overlap(one, other):
            continue
        if _compete(one, other) and _can_both_hold(one, other, search):
            yield finding(f"/rules/{n}/priority", "tie", f"{one.id}, {other.id}")


def _gaps(pack: Pack, search: Search) -> Iterator[Finding]:
    """Look at the day of the law and every later one on which a rule begins or ends."""
    ends = {day for r in pack.rules for day in (r.valid_from, r.valid_to) if day is not None}
    days = [pack.law_as_of, *sorted(day for day in ends if day > pack.law_as_of)]
    required = [name for name in components_of(pack.code) if COMPONENTS[name].required]
    for entry in lists()["residence_status_codes"].entries.values():
        rules = [r for r in pack.for_status(entry.code) if r.state != "pending_legislation"]
        for day in (day for day in days if entry.on(day)):
            standing = [rule for rule in rules if rule.on(day)]
            for name in required:
                if not _covered(entry.code, name, standing, search):
                    yield finding("/rules", "gap", f"{entry.code}, {name}, {day}")


def _overlap(one: Rule, other: Rule) -> bool:
    starts = max(one.valid_from or date.min, other.valid_from or date.min)
    return starts < min(one.valid_to or date.max, other.valid_to or date.max)


def _compete(one: Rule, other: Rule) -> bool:
    """Whether they answer a part in common; even alike, one of them would hide the other."""
    return bool(one.as_status or other.as_status or one.then.keys() & other.then.keys())


def _can_both_hold(one: Rule, other: Rule, search: Search) -> bool:
    named = (one.when.statuses(), other.when.statuses())
    if named[0] is not None and named[1] is not None and named[0].isdisjoint(named[1]):
        return False
    return search.can_be(True, All((one.when, other.when)))


def _covered(status: str, component: str, rules: list[Rule], search: Search) -> bool:
    answering = [r.when for r in rules if component in r.then or r.as_status is not None]
    return not search.can_be(False, AnyOf(tuple(answering)), {STATUS: status})
