"""The golden vectors: read from files that no pack loader can reach, judged one day at a time."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from integration_api.rules import engine
from integration_api.rules.facts import typed
from integration_api.rules.pack import Pack
from integration_api.rules.topics import BY_TOPIC, COMPONENTS, REVIEW

FOLDER = Path(__file__).parent / "golden"
_DAY = dt.timedelta(days=1)
_MEMBERS = {"about", "status", "facts", "each", "rule", "answer", "days", "first_day"}
_MEMBERS |= {"before", "last_day", "after", "missing", "next_change", "basis", "conflict"}
_MEMBERS |= {"upcoming", "looks_at", "looks_past"}
_MORE = ("missing", "basis", "conflict", "upcoming", "looks_at", "looks_past")


@dataclass(frozen=True)
class Vector:
    """One question on one day, and what must come out."""

    about: str
    topic: str
    facts: Mapping[str, Any]
    as_of: dt.date
    rule: str | None
    answer: Mapping[str, Any]
    more: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.topic}: {self.about} on {self.as_of}"

    def fails(self, packs: Mapping[str, Pack]) -> str | None:
        """What comes out instead; None where it is right."""
        found = engine.check(self.topic, self.facts, self.as_of, packs)
        rule = f"{found.rule_id}@{found.rule_version}" if found.rule_id else None
        answer = found.document()["answer"]
        wrong = [
            f"{name}: {is_!r} instead of {must!r}"
            for name, is_, must in (
                ("rule", rule, self.rule),
                ("answer", answer, self.answer),
                *((name, self._of(found, name), must) for name, must in self.more.items()),
            )
            if is_ != must
        ]
        return "; ".join(wrong) or None

    def _of(self, found: engine.Answer, name: str) -> Any:
        if name in ("looks_at", "looks_past"):
            return _seen(found, self.more[name], there=name == "looks_at")
        return _plain(found, name)


def _plain(found: engine.Answer, name: str) -> Any:
    if name == "next_change":
        return found.next_change and found.next_change[0]
    if name == "missing":
        return list(found.missing_facts)
    if name == "upcoming":
        bill = found.document()["upcoming"]
        return bill and {"answer": bill["answer"], "rules": bill["rule_ids"]}
    return getattr(found, name)


def _seen(found: engine.Answer, must: list[str], *, there: bool) -> list[str]:
    """Of those rules the ones that were looked at, or were not; equal to `must` when right."""
    looked = {step.rule_id for step in found.trace}
    return [rule for rule in must if (rule in looked) is there]


@lru_cache(maxsize=1)
def vectors() -> tuple[Vector, ...]:
    """All vectors of all files."""
    files = sorted(FOLDER.glob("*.yaml"))
    return tuple(one for file in files for one in _of_file(yaml.safe_load(file.read_text())))


def _of_file(raw: Mapping[str, Any]) -> Iterator[Vector]:
    for one in raw["vectors"]:
        assert set(one) <= _MEMBERS, set(one) - _MEMBERS
        for facts in _facts(one):
            yield from _days(raw, one, facts)


def _facts(one: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    statuses = one["status"] if isinstance(one["status"], list) else [one["status"]]
    ((name, values),) = one.get("each", {"": [None]}).items()
    for status in statuses:
        for value in values:
            extra = {name: value} if name else {}
            yield typed({"status_code": status, **one.get("facts", {}), **extra})


def _days(
    raw: Mapping[str, Any], one: Mapping[str, Any], facts: Mapping[str, Any]
) -> Iterator[Vector]:
    about = f"{one.get('about', 'by status')} [{facts['status_code']}]"
    more = {n: one[n] for n in _MORE if n in one}

    def on(day: dt.date, must: Mapping[str, Any], **extra: Any) -> Vector:
        answer = must["answer"]
        whole = raw["answers"][answer] if isinstance(answer, str) else answer
        return Vector(about, raw["topic"], facts, day, must["rule"], whole, extra)

    last, first = one.get("last_day"), one.get("first_day")
    for day in one.get("days", ()):
        yield on(day, one, **more)
    if first:
        yield on(first, one, **more)
        unanswered = {
            name: REVIEW for name in BY_TOPIC[raw["topic"]].components if COMPONENTS[name].required
        }
        before = one.get("before", {"rule": None, "answer": unanswered})
        yield on(first - _DAY, before, **{n: before[n] for n in _MORE if n in before})
    if last:
        change = {"next_change": one["next_change"]} if "next_change" in one else {}
        yield on(last, one, **more, **change)
        yield on(last + _DAY, one["after"])
