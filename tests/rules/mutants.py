"""Wrong versions of single rules: each must make at least one golden vector fail."""

import copy
import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from integration_api.rules.loading import check_pack, parse_pack
from integration_api.rules.pack import Pack, Rule
from integration_api.rules.topics import BY_TOPIC, COMPONENTS, REVIEW
from tests.rules.golden_vectors import Vector

_DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Mutant:
    """One rule of one pack, changed or dropped."""

    pack: Pack
    rule: Rule
    what: str
    changed: Rule | None

    def packs(self, shipped: Mapping[str, Pack]) -> dict[str, Pack]:
        """The shipped packs with the wrong rule in its place."""
        others = [rule for rule in self.pack.rules if rule is not self.rule]
        rules = (*others, self.changed) if self.changed else tuple(others)
        wrong = replace(self.pack, rules=rules, _by_status={})
        return {code: wrong if pack is self.pack else pack for code, pack in shipped.items()}

    def killed_by(self, vectors: list[Vector], shipped: Mapping[str, Pack]) -> str | None:
        """The first vector that fails; a pack that no vector refutes may be refused at load."""
        wrong = self.packs(shipped)
        for vector in vectors:
            if vector.fails(wrong):
                return str(vector)
        (changed,) = (pack for code, pack in wrong.items() if pack is not shipped[code])
        refused = {one.code for one in check_pack(changed)} & {"tie", "duplicate_rule"}
        return f"refused at load: {min(refused)}" if refused else None


def mutants(pack: Pack) -> Iterator[Mutant]:
    """Every wrong version of every rule of a pack."""
    for raw, rule in zip(pack.raw["rules"], pack.rules, strict=True):
        yield Mutant(pack, rule, "drop the rule", None)
        for what, wrong in _wrong(raw):
            (changed,) = parse_pack({**pack.raw, "rules": [wrong]}).rules
            yield Mutant(pack, rule, what, changed)


def concerned(rule: Rule, pack: Pack, vectors: tuple[Vector, ...]) -> list[Vector]:
    """The vectors that a rule may answer, its own first: of its topic, with one of its statuses."""
    topics = {name for name, topic in BY_TOPIC.items() if topic.rule_set == pack.code}
    named = rule.when.statuses()
    found = [v for v in vectors if v.topic in topics and (named is None or named & _statuses(v))]
    return sorted(found, key=lambda vector: vector.rule != f"{rule.id}@{rule.version}")


def _statuses(vector: Vector) -> set[Any]:
    names = ("status_code", "prior_status_code", "applied_status_code")
    return {vector.facts.get(name) for name in names}


def _wrong(raw: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    yield "negate the condition", {**raw, "when": {"not": raw["when"]}}
    for name in ("valid_from", "valid_to"):
        if raw[name] is not None:
            for days in (-1, 1):
                moved = raw[name] + days * _DAY
                yield f"{name} {days:+d} day", {**raw, name: moved}
    if "unless_review" in raw:
        yield "answer without review", {n: v for n, v in raw.items() if n != "unless_review"}
    for path, value in _leaves(raw["when"], ("when",)):
        yield from ((what, _put(raw, path, new)) for what, new in _moved(path, value))
    for name, value in raw["then"].items():
        for new in _others(name, value):
            yield f"{name}: {value} -> {new}", _put(raw, ("then", name), new)


def _leaves(value: Any, path: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], Any]]:
    if isinstance(value, Mapping):
        for name, one in value.items():
            yield from _leaves(one, (*path, name))
    elif isinstance(value, list) and any(isinstance(one, Mapping) for one in value):
        for n, one in enumerate(value):
            yield from _leaves(one, (*path, n))
    else:
        yield path, value


def _moved(path: tuple[Any, ...], value: Any) -> Iterator[tuple[str, Any]]:
    """Days of the law by a day, periods by a month, ages by a year, lists by each code."""
    at = "/".join(map(str, path[1:]))
    if isinstance(value, dt.date):
        yield from ((f"{at} {days:+d} day", value + days * _DAY) for days in (-1, 1))
    elif isinstance(value, bool):
        yield f"{at}: {value} -> {not value}", not value
    elif isinstance(value, int):
        yield from ((f"{at} {n:+d}", value + n) for n in (-1, 1))
    elif isinstance(value, list) and len(value) > 1:
        yield from ((f"{at} without {one}", [v for v in value if v != one]) for one in value)


def _others(name: str, value: Any) -> Iterator[Any]:
    """Every other answer that the component may have."""
    if name == "as_status":
        yield from {"prior_status_code", "applied_status_code"} - {value}
        return
    if name == "without":
        yield []
        return
    component = COMPONENTS[name]
    if component.kind == "day":
        yield {"months_before": 5, "day": "training_starts_on"}
    elif component.kind == "codes":
        yield [one for one in component.values if one not in (value or [])][:1]
    else:
        known = [*component.values, *([REVIEW] if component.required else [])]
        yield from (one for one in known if one != value)
    if value is not None and not component.required:
        yield None


def _put(raw: Mapping[str, Any], path: tuple[Any, ...], new: Any) -> dict[str, Any]:
    wrong: Any = copy.deepcopy(dict(raw))
    place = wrong
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = new
    return dict(wrong)
