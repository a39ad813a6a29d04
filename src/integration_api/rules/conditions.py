"""Conditions as data: read from a rule or a competence, checked, put together once."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any

from .days import AsOf, Day, FactDay, FixedDay, LatestOf, facts_of
from .facts import FACTS, STATUS, Fact
from .findings import Finding, PackError, finding
from .lists import codes_of, entries_of, statuses_by_group
from .terms import (
    OPERATORS,
    All,
    AnyOf,
    AtLeast,
    Compare,
    Condition,
    Has,
    HeldOn,
    Listed,
    Not,
    OneOf,
)

__all__ = ["Condition", "Reader", "parse"]

_OPTIONAL = frozenset(name for name, fact in FACTS.items() if fact.optional)
_SAID = {"before": "<", "on_or_before": "<=", "after": ">", "on_or_after": ">="}


MOST_ALONE = 200
"""Parts of a condition of the directory, which every question reads; 8 in the lists at most."""


def parse(raw: Mapping[str, Any]) -> Condition:
    """Read one condition; all its members must hold, none at all always holds.

    Raises:
        PackError: with every member that cannot be read, by its pointer.
    """
    reader = Reader()
    condition = reader.condition(raw, "")
    if reader.size > MOST_ALONE:
        reader.findings.append(finding("", "too_complex"))
    if reader.findings:
        raise PackError(reader.findings)
    return condition


class _WrongError(Exception):
    """What is read here is wrong: a code of findings and, where it helps, which one."""

    def __init__(self, code: str, detail: str = "") -> None:
        self.code, self.detail = code, detail
        super().__init__(code)


class Reader:
    """Reads conditions and gathers what is wrong, so that an editor sees everything at once."""

    def __init__(self, derived: Mapping[str, Day] | None = None) -> None:
        self.derived: Mapping[str, Day] = derived or {}
        self.findings: list[Finding] = []
        self.size = 0

    def condition(self, raw: Any, at: str) -> Condition:
        """Read a mapping: every member is a condition, and all must hold."""
        if not isinstance(raw, Mapping):
            self.findings.append(finding(at, "wrong_type"))
            return All(())
        self.size += 1 + len(raw)
        parts = [self._member(str(key), value, f"{at}/{key}") for key, value in raw.items()]
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def _member(self, key: str, value: Any, at: str) -> Condition:
        try:
            if key in ("all", "any"):
                return self._several(key, value, at)
            if key == "not":
                return Not(self.condition(value, at))
            if key in _FORMS:
                return _FORMS[key](value)
            return self._tests(key, value, at)
        except _WrongError as wrong:
            self.findings.append(finding(at, wrong.code, wrong.detail))
        return All(())

    def _several(self, key: str, value: Any, at: str) -> Condition:
        if not isinstance(value, list):
            raise _WrongError("wrong_type")
        if not value:
            raise _WrongError("empty")
        parts = tuple(self.condition(one, f"{at}/{n}") for n, one in enumerate(value))
        return All(parts) if key == "all" else AnyOf(parts)

    def _tests(self, name: str, value: Any, at: str) -> Condition:
        if name not in FACTS and name not in self.derived:
            raise _WrongError("unknown_member")
        if not isinstance(value, Mapping):
            raise _WrongError("wrong_type")
        if not value:
            raise _WrongError("empty")
        parts = [
            self._test(name, str(test), given, f"{at}/{test}") for test, given in value.items()
        ]
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def _test(self, name: str, test: str, given: Any, at: str) -> Condition:
        try:
            if name in self.derived:
                return _day_test(name, self.derived[name], test, given)
            fact = FACTS[name]
            if fact.kind == "day":
                return _day_test(name, FactDay(name), test, given)
            return _BY_KIND.get((fact.kind, test), _no_test)(fact, given)
        except _WrongError as wrong:
            self.findings.append(finding(at, wrong.code, wrong.detail))
        return All(())


# ------------------------------------------------------------------------------- tests of one fact


def _codes(given: Any, known: frozenset[str]) -> frozenset[str]:
    if not isinstance(given, list) or not all(isinstance(one, str) for one in given):
        raise _WrongError("wrong_type")
    if not given:
        raise _WrongError("empty")
    if known and (strangers := set(given) - known):
        raise _WrongError("unknown_code", ", ".join(sorted(strangers)))
    return frozenset(given)


def _one_of(fact: Fact, values: Iterable[Any], said: str) -> Condition:
    return OneOf(f"{fact.name} {said}", fact.name, frozenset(values), fact.optional)


def _is_code(fact: Fact, given: Any) -> Condition:
    return _one_of(fact, _codes([given], fact.codes), f"is {given}")


def _in_codes(fact: Fact, given: Any) -> Condition:
    codes = _codes(given, fact.codes)
    return _one_of(fact, codes, f"in {', '.join(given)}")


def _in_groups(fact: Fact, given: Any) -> Condition:
    if fact.list != "residence_status_codes":
        raise _WrongError("unknown_test")
    groups = statuses_by_group()
    named = _codes(given, frozenset(groups))
    codes = frozenset(code for group in named for code in groups[group])
    return _one_of(fact, codes, f"in group {', '.join(given)}")


def _is_flag(fact: Fact, given: Any) -> Condition:
    if not isinstance(given, bool):
        raise _WrongError("wrong_type")
    return _one_of(fact, (given,), f"is {str(given).lower()}")


def _has(fact: Fact, given: Any) -> Condition:
    codes = _codes(given, fact.codes)
    return Has(f"{fact.name} has {' or '.join(given)}", fact.name, codes, fact.optional)


def _at_least(fact: Fact, given: Any) -> Condition:
    return AtLeast(f"{fact.name} >= {_number(given)}", fact.name, given, fact.optional)


def _no_test(fact: Fact, given: Any) -> Condition:
    raise _WrongError("unknown_test")


_BY_KIND: Mapping[tuple[str, str], Callable[[Fact, Any], Condition]] = {
    ("code", "is"): _is_code,
    ("code", "in"): _in_codes,
    ("code", "group_in"): _in_groups,
    ("codes", "has"): _has,
    ("flags", "has"): _has,
    ("flag", "is"): _is_flag,
    ("count", "at_least"): _at_least,
}


# -------------------------------------------------------------------------------------------- days


def _number(given: Any) -> int:
    if isinstance(given, bool) or not isinstance(given, int) or given < 0:
        raise _WrongError("wrong_type")
    return given


MOST_MONTHS = 1200
"""A hundred years: with the days of the facts, 1900 to 2099, every sum is a day that exists."""


def _months_of(given: Any, per: int = 1) -> int:
    """A period in months; one that no calendar holds is refused where it is written."""
    months = _number(given) * per
    if months > MOST_MONTHS * per:
        raise _WrongError("wrong_type")
    return months


def _members(given: Any, *names: str) -> list[Any]:
    if not isinstance(given, Mapping):
        raise _WrongError("wrong_type")
    if strangers := set(given) - set(names):
        raise _WrongError("unknown_member", ", ".join(sorted(map(str, strangers))))
    if lacking := set(names) - set(given):
        raise _WrongError("missing_member", ", ".join(sorted(lacking)))
    return [given[name] for name in names]


def _day_fact(name: Any) -> str:
    if not isinstance(name, str) or name not in FACTS:
        raise _WrongError("unknown_fact", str(name))
    if FACTS[name].kind != "day":
        raise _WrongError("wrong_type", name)
    return name


def _day(given: Any) -> date:
    if isinstance(given, str):
        try:
            return date.fromisoformat(given)
        except ValueError as error:
            raise _WrongError("wrong_type") from error
    if type(given) is not date:
        raise _WrongError("wrong_type")
    return given


def _compare(text: str, left: Day, test: str, right: Day) -> Condition:
    asked = (*facts_of(left), *facts_of(right))
    return Compare(text, left, OPERATORS[test], right, _OPTIONAL.intersection(asked))


def _day_test(name: str, left: Day, test: str, given: Any) -> Condition:
    if test == "within_months":
        of, months = _members(given, "of", "lte")
        right = FactDay(_day_fact(of), months=_months_of(months))
        return _compare(f"{name} within {months} months of {of}", left, "on_or_before", right)
    if test not in OPERATORS:
        raise _WrongError("unknown_test")
    other: Day = AsOf() if given == "as_of" else FixedDay(_day(given))
    return _compare(f"{name} {_SAID[test]} {given}", left, test, other)


def _months_since(given: Any) -> Condition:
    """Source: §§ 187(1), 188(2), (3) BGB: the period is over on the day after its last one."""
    anchor, months = _members(given, "anchor", "gte")
    over = FactDay(_day_fact(anchor), months=_months_of(months), plus_days=1)
    return _compare(f"{months} months since {anchor}", AsOf(), "on_or_after", over)


def _months_until(given: Any) -> Condition:
    day, months = _members(given, "day", "lte")
    first = FactDay(_day_fact(day), months=-_months_of(months))
    return _compare(f"at most {months} months until {day}", AsOf(), "on_or_after", first)


def _age_at_least(given: Any) -> Condition:
    """Source: § 187(2) sentence 2 BGB: an age begins on the birthday itself."""
    born, years = _members(given, "born", "years")
    birthday = FactDay(_day_fact(born), months=_months_of(years, 12))
    return _compare(f"{years} years old", AsOf(), "on_or_after", birthday)


def _held_on(given: Any) -> Condition:
    since, first, day = _members(given, "since", "first", "day")
    return _held(_day_fact(since), _day_fact(first), _day(day))


def _held(since: str, first: str, day: date) -> Condition:
    return HeldOn(f"{since} held on {day}", since, first, day)


def day_expression(raw: Any) -> FactDay | LatestOf:
    """Read a day that is made of facts: what rules answer, or what a pack derives.

    One of `{months_before: n, day}`, `{months_after: n, day}` (the first day after that period),
    `{month_end_of: day, months: n}`, `{latest_of: [...]}`.

    Raises:
        PackError: it cannot be read.
    """
    try:
        return _made_of(raw)
    except _WrongError as wrong:
        raise PackError([finding("", wrong.code, wrong.detail)]) from wrong


def _made_of(raw: Any) -> FactDay | LatestOf:
    if not isinstance(raw, Mapping):
        raise _WrongError("wrong_type")
    if "latest_of" in raw:
        (days,) = _members(raw, "latest_of")
        made = [_made_of(one) for one in days] if isinstance(days, list) else []
        parts = tuple(one for one in made if isinstance(one, FactDay))
        if not parts or len(parts) < len(made):
            raise _WrongError("wrong_type")
        return LatestOf(parts)
    if "month_end_of" in raw:
        fact, months = _members({"months": 0, **raw}, "month_end_of", "months")
        return FactDay(_day_fact(fact), months=_months_of(months), month_end=True)
    if "months_after" in raw:
        months, fact = _members(raw, "months_after", "day")
        return FactDay(_day_fact(fact), months=_months_of(months), plus_days=1)
    months, fact = _members(raw, "months_before", "day")
    return FactDay(_day_fact(fact), months=-_months_of(months))


# -------------------------------------------------------------------------------- lists and forms

_SPARES: Mapping[str, Callable[[date], Condition]] = {
    "spared_if_applied_by": lambda day: _compare(
        f"asylum_applied_on <= {day}", FactDay("asylum_applied_on"), "on_or_before", FixedDay(day)
    ),
    "spared_if_tolerated_on": lambda day: _held("toleration_began_on", "first_tolerated_on", day),
    "spared_if_permit_held_on": lambda day: _compare(
        f"work_permit_since <= {day}", FactDay("work_permit_since"), "on_or_before", FixedDay(day)
    ),
}
"""What the attributes of a list of countries mean; which country spares whom is the list's."""


def _nationality_in_list(given: Any) -> Condition:
    if not isinstance(given, str) or not codes_of(given):
        raise _WrongError("unknown_list", str(given))
    spared = {
        code: AnyOf(tuple(spare(has[name]) for name, spare in _SPARES.items() if name in has))
        for code, has in ((c, entry.attributes) for c, entry in entries_of(given).items())
    }
    return Listed(f"nationalities in {given}", "nationalities", given, spared)


_FORMS: Mapping[str, Callable[[Any], Condition]] = {
    "status_in": lambda given: _in_codes(FACTS[STATUS], given),
    "status_group_in": lambda given: _in_groups(FACTS[STATUS], given),
    "procedure_flag_in": lambda given: _has(FACTS["procedure_flags"], given),
    "months_since": _months_since,
    "months_until": _months_until,
    "age_at_least": _age_at_least,
    "held_on": _held_on,
    "nationality_in_list": _nationality_in_list,
}
