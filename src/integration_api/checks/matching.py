"""Who is responsible: what a concern takes, whose competences apply, what is missing. Pure.

A condition that facts leave open keeps its agency in the answer and says what is missing; nothing
that is unknown becomes a no. Source: § 14 SGB I (advice), § 25 VwVfG.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any
from uuid import UUID

import orjson

from integration_api.code_lists.service import attributes
from integration_api.rules.conditions import Condition, parse
from integration_api.rules.engine import Answer
from integration_api.rules.facts import FACTS
from integration_api.rules.findings import PackError
from integration_api.rules.topics import REVIEW

ALWAYS: Mapping[str, Any] = {}
AUDIENCE = "audience"
PLACE = "ags"
"""What is missing where an agency has a part of the municipality, and nobody said which."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A service that a concern takes, in which function, and when the law knows it."""

    service: str
    function: str
    when: Condition


@dataclass(frozen=True, slots=True)
class Competence:
    """A competence of the directory as the matching needs it."""

    id: UUID
    agency_id: UUID
    slug: str
    service: str
    when: Condition | None
    """None: it cannot be read by this version, so that the agency has to say."""
    valid_from: date
    valid_to: date | None
    area: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Named:
    """An agency of the answer; where it is not `certain`, `missing` are facts that would decide."""

    taken: Taken
    competence: Competence
    certain: bool
    missing: frozenset[str]


@dataclass(frozen=True, slots=True)
class Matched:
    """The agencies in their order; services without one, and whether the law knows them here."""

    named: tuple[Named, ...]
    unanswered: tuple[tuple[Taken, bool], ...]

    def seats(self) -> frozenset[tuple[str, UUID, bool]]:
        """Who does what: what has to change for the answer to be another one."""
        return frozenset((n.taken.service, n.competence.agency_id, n.certain) for n in self.named)


def condition(raw: Mapping[str, Any] | None) -> Condition | None:
    """Put a condition together, once in a process; None where it cannot be read."""
    return _condition(orjson.dumps(raw or ALWAYS))


@lru_cache(maxsize=2048)
def _condition(text: bytes) -> Condition | None:
    try:
        return parse(orjson.loads(text))
    except PackError:
        return None


def taken(concern: str, audience: str) -> tuple[Taken, ...]:
    """The services that a concern takes for who asks, in the order of the list.

    Raises:
        PackError: a condition of the lists cannot be read.
    """
    found = []
    for one in attributes("concerns", concern)["services"]:
        if audience not in one.get("audiences", (audience,)):
            continue
        law = attributes("services", one["service"]).get("applies_when", ALWAYS)
        when = parse(one.get("applies_when", law))
        found.append(Taken(one["service"], one["function"], when))
    return tuple(found)


def topics(
    concern: str, services: Iterable[Taken], competences: Iterable[Competence]
) -> tuple[str, ...]:
    """What the rules have to be asked: what the concern says, then what the conditions use."""
    conditions = [*(t.when for t in services), *(c.when for c in competences if c.when)]
    used = sorted({name for one in conditions for name in one.uses()})
    derived = (FACTS[name].topic for name in used)
    named = [*attributes("concerns", concern)["topics"], *filter(None, derived)]
    return tuple(dict.fromkeys(named))


def derived(answers: Iterable[Answer]) -> dict[str, Any]:
    """What the rules have answered, as facts; what an office has to judge is not known."""
    return {
        name: value
        for answer in answers
        for name, value in answer.answer.items()
        if name in FACTS and FACTS[name].derived and value != REVIEW
    }


def match(
    services: Sequence[Taken],
    competences: Sequence[Competence],
    facts: Mapping[str, Any],
    as_of: date,
    answers: Iterable[Answer],
    ags: str | None = None,
) -> Matched:
    """Name who is responsible for these facts on that day, in the municipality or a part of it."""
    lacking = {answer.topic: frozenset(answer.missing_facts) for answer in answers}
    named: list[Named] = []
    unanswered: list[tuple[Taken, bool]] = []
    for one in services:
        known = one.when.holds(facts, as_of)
        if known is False:
            continue
        mine = _of(one, competences, as_of, ags)
        found = [n for c in mine if (n := _named(one, c, facts, as_of, lacking, ags))]
        named += sorted(found, key=lambda n: (not n.certain, n.competence.slug))
        if not found:
            unanswered.append((one, known is True))
    return Matched(tuple(named), tuple(unanswered))


def _of(
    one: Taken, competences: Sequence[Competence], day: date, ags: str | None
) -> Iterable[Competence]:
    for c in competences:
        begun = c.valid_from <= day and (c.valid_to is None or day < c.valid_to)
        elsewhere = ags is not None and c.area != () and ags not in c.area
        if c.service == one.service and begun and not elsewhere:
            yield c


def _named(
    one: Taken,
    competence: Competence,
    facts: Mapping[str, Any],
    as_of: date,
    lacking: Mapping[str, frozenset[str]],
    ags: str | None,
) -> Named | None:
    if competence.when is None:
        return Named(one, competence, certain=False, missing=frozenset())
    both = (one.when, competence.when)
    verdicts = [c.holds(facts, as_of) for c in both]
    if False in verdicts:
        return None
    asked = frozenset[str]().union(*(c.missing(facts, as_of) for c in both))
    somewhere = competence.area != () and ags is None
    missing = stated(asked, lacking) | ({PLACE} if somewhere else set())
    return Named(one, competence, None not in verdicts and not somewhere, missing)


def stated(asked: Iterable[str], lacking: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """The facts that a person could state, where an answer of the rules is what is missing."""
    found: set[str] = set()
    for name in asked:
        topic = FACTS[name].topic
        found |= {name} if topic is None else lacking.get(topic, frozenset())
    return frozenset(found)


def days(
    services: Iterable[Taken],
    competences: Iterable[Competence],
    facts: Mapping[str, Any],
    answers: Iterable[Answer],
) -> set[date]:
    """The days on which somebody else may become responsible."""
    found = {answer.next_change[0] for answer in answers if answer.next_change}
    for c in competences:
        found |= {c.valid_from, *((c.valid_to,) if c.valid_to else ())}
        found |= set(c.when.dates(facts)) if c.when else set()
    return found.union(*(t.when.dates(facts) for t in services))
