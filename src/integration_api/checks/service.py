"""What can be asked: what follows from a residence status."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

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
from integration_api.rules.facts import typed
from integration_api.rules.findings import FactsError
from integration_api.rules.service_answering import Answering, answering
from integration_api.rules.topics import BY_TOPIC

from .schemas import EligibilityCheckIn, Origin
from .statements import asked

OPERATION = "createEligibilityCheck"
WHERE = ("municipality_id", "ags")
RESIDENCE = "residence"


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts that count: stated ones go before recorded ones."""

    values: Mapping[str, Any]
    origins: Mapping[str, Origin]


async def eligibility(tx: QuestionTx, given: EligibilityCheckIn) -> Answer:
    """Answer the topics for the facts on that day; nothing is stored but who was read.

    Raises:
        Unauthenticated: a person is asked about without a key.
        InvalidPurpose: a person is asked about without a purpose that is registered.
        Unprocessable: nobody says which municipality.
        NotFound: the person is absent or not visible.
        UnknownReference: a code or the municipality does not exist, or is not the caller's.
        Unavailable: no rule pack answers a topic.
    """
    named = _places(tx, given)
    stated = _stated(given)
    as_of = date.fromisoformat(given.as_of) if given.as_of else clock.today()
    heads = await _heads(tx, given, named)
    facts = Facts(stated, dict.fromkeys(stated, Origin.STATED))
    if given.person_id:
        if heads[0][RESIDENCE] is None:
            raise NotFound
        facts = await _with_recorded(tx, given, as_of, stated)
    behind = await answering(tx, heads)
    document = {
        "as_of": as_of,
        "orientation_only": True,
        "municipality": behind.municipality,
        "person_id": given.person_id and str(given.person_id),
        "facts_used": [{"name": n, "origin": o} for n, o in sorted(facts.origins.items())],
        "redactions": [RESIDENCE] if heads[0][RESIDENCE] is False else [],
        "answers": answers(behind, given.topics or TOPICS, facts.values, as_of),
    }
    return Answer(as_json(document))


def answers(
    behind: Answering, topics: Iterable[str], facts: Mapping[str, Any], as_of: date
) -> list[dict[str, Any]]:
    """The answer to each topic as JSON has it, with the rows of the packs.

    Raises:
        Unavailable: no rule pack answers one of them (503).
    """
    found = []
    for topic in dict.fromkeys(map(str, topics)):
        if BY_TOPIC[topic].rule_set not in behind.packs:
            raise Unavailable
        said = check(topic, facts, as_of, behind.packs).document()
        for part in filter(None, (said, said["upcoming"])):
            pack = part["pack"]
            part["pack"] = {"id": behind.ids[pack["code"], pack["version"]], **pack}
        found.append(said)
    return found


def _stated(given: EligibilityCheckIn) -> dict[str, Any]:
    """The stated facts as the engine takes them; a code of a list may be unknown."""
    try:
        return typed(changes(given.facts))
    except FactsError as error:
        raise UnknownReference(*(f"/facts{f.pointer}" for f in error.findings)) from error


def _places(tx: QuestionTx, given: EligibilityCheckIn) -> dict[str, Any]:
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


async def _heads(
    tx: QuestionTx, given: EligibilityCheckIn, named: Mapping[str, Any]
) -> Sequence[Record]:
    """The municipality and its packs."""
    places = frozenset(named) | (set() if tx.caller is ANONYMOUS else {"mine"})
    statement = asked(places, about=given.person_id is not None)
    heads = await tx.rows(statement, person_id=given.person_id, today=clock.today(), **named)
    if not heads:
        raise UnknownReference(*(f"/{name}" for name in named))
    return heads


async def _with_recorded(
    tx: QuestionTx, given: EligibilityCheckIn, as_of: date, stated: Mapping[str, Any]
) -> Facts:
    assert given.person_id is not None
    recorded = await recorded_facts(tx, given.person_id, as_of, operation=OPERATION)
    origins = dict.fromkeys(recorded, Origin.RECORDED) | dict.fromkeys(stated, Origin.STATED)
    return Facts({**recorded, **stated}, origins)
