"""What can be asked: what follows from a residence status."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from asyncpg import Record

from integration_api.code_lists.served import as_json
from integration_api.edge.optional import QuestionTx
from integration_api.kernel import clock
from integration_api.kernel.answers import Answer
from integration_api.kernel.principal import ANONYMOUS
from integration_api.kernel.problems import (
    Finding,
    NotFound,
    Unauthenticated,
    Unavailable,
    UnknownReference,
    Unprocessable,
)
from integration_api.kernel.schemas import changes
from integration_api.persons.service_facts import recorded_facts
from integration_api.rules.engine import TOPICS, check
from integration_api.rules.engine import Answer as Answered
from integration_api.rules.facts import typed
from integration_api.rules.findings import FactsError
from integration_api.rules.service_answering import Answering, answering
from integration_api.rules.topics import BY_TOPIC

from .schemas import EligibilityCheckIn, Origin, QuestionIn
from .statements import asked

OPERATION = "createEligibilityCheck"
WHERE = ("municipality_id", "ags")
RESIDENCE = "residence"


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts that count: stated ones go before recorded ones."""

    values: Mapping[str, Any]
    origins: Mapping[str, Origin]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that can be answered: for which day, by which facts, behind which packs."""

    as_of: date
    facts: Facts
    behind: Answering
    redactions: tuple[str, ...]

    def document(self, given: QuestionIn) -> dict[str, Any]:
        """What every answer to a question says of it."""
        return {
            "as_of": self.as_of,
            "orientation_only": True,
            "municipality": self.behind.municipality,
            "person_id": given.person_id and str(given.person_id),
            "facts_used": [{"name": n, "origin": o} for n, o in sorted(self.facts.origins.items())],
            "redactions": list(self.redactions),
        }


async def eligibility(tx: QuestionTx, given: EligibilityCheckIn) -> Answer:
    """Answer the topics for the facts on that day; nothing is stored but who was read.

    Raises:
        Unauthenticated, InvalidPurpose, Unprocessable, NotFound, UnknownReference: as `question`.
        Unavailable: no rule pack answers a topic.
    """
    asked_for = await question(tx, given, OPERATION)
    facts, behind = asked_for.facts.values, asked_for.behind
    found = checked(behind, given.topics or TOPICS, facts, asked_for.as_of)
    document = asked_for.document(given) | {"answers": [shown(behind, one) for one in found]}
    return Answer(as_json(document))


async def question(tx: QuestionTx, given: QuestionIn, operation: str) -> Asked:
    """Read what is needed to answer; `operation` is the one that an access record names.

    Raises:
        Unauthenticated: a person is asked about without a key.
        InvalidPurpose: a person is asked about without a purpose that is registered.
        Unprocessable: nobody says which municipality.
        NotFound: the person is absent or not visible.
        UnknownReference: a code or the municipality does not exist, or is not the caller's.
        Unavailable: a pack cannot be applied by this version.
    """
    named = _places(tx, given)
    stated = _stated(given)
    as_of = date.fromisoformat(given.as_of) if given.as_of else clock.today()
    heads = await _heads(tx, given, named)
    facts = Facts(stated, dict.fromkeys(stated, Origin.STATED))
    if given.person_id:
        if heads[0][RESIDENCE] is None:
            raise NotFound
        facts = await _with_recorded(tx, given.person_id, as_of, stated, operation)
    hidden = (RESIDENCE,) if heads[0][RESIDENCE] is False else ()
    return Asked(as_of, facts, await answering(tx, heads), hidden)


def checked(
    behind: Answering, topics: Iterable[str], facts: Mapping[str, Any], as_of: date
) -> list[Answered]:
    """The answer to each topic, once.

    Raises:
        Unavailable: no rule pack answers one of them (503).
    """
    asked_for = tuple(dict.fromkeys(map(str, topics)))
    if any(BY_TOPIC[topic].rule_set not in behind.packs for topic in asked_for):
        raise Unavailable
    return [check(topic, facts, as_of, behind.packs) for topic in asked_for]


def shown(behind: Answering, answer: Answered) -> dict[str, Any]:
    """An answer as JSON has it, with the rows of the packs."""
    said = answer.document()
    for part in filter(None, (said, said["upcoming"])):
        pack = part["pack"]
        part["pack"] = {"id": behind.ids[pack["code"], pack["version"]], **pack}
    return said


def _stated(given: QuestionIn) -> dict[str, Any]:
    """The stated facts as the engine takes them; a code of a list may be unknown."""
    try:
        return typed(changes(given.facts))
    except FactsError as error:
        raise UnknownReference(*(f"/facts{f.pointer}" for f in error.findings)) from error


def _places(tx: QuestionTx, given: QuestionIn) -> dict[str, Any]:
    """How the question names its municipality; a key brings its own."""
    named = {n: getattr(given, n) for n in WHERE if getattr(given, n) is not None}
    if tx.caller is ANONYMOUS and given.person_id:
        raise Unauthenticated
    if tx.caller is ANONYMOUS and not named:
        words = ("Ohne Schlüssel nötig, oder `ags`.", "Needed without a key, or `ags`.")
        raise Unprocessable(Finding("required", *words, pointer="/municipality_id"))
    if given.person_id:
        tx.concerning_a_person()
    return named


async def _heads(tx: QuestionTx, given: QuestionIn, named: Mapping[str, Any]) -> Sequence[Record]:
    """The municipality and its packs."""
    places = frozenset(named) | (set() if tx.caller is ANONYMOUS else {"mine"})
    statement = asked(places, about=given.person_id is not None)
    heads = await tx.rows(statement, person_id=given.person_id, today=clock.today(), **named)
    if not heads:
        raise UnknownReference(*(f"/{name}" for name in named))
    return heads


async def _with_recorded(
    tx: QuestionTx, person_id: UUID, as_of: date, stated: Mapping[str, Any], operation: str
) -> Facts:
    recorded = await recorded_facts(tx, person_id, as_of, operation=operation)
    origins = dict.fromkeys(recorded, Origin.RECORDED) | dict.fromkeys(stated, Origin.STATED)
    return Facts({**recorded, **stated}, origins)
