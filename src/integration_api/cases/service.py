"""What can be done with cases."""

from typing import Any
from uuid import UUID

import asyncpg

from integration_api.code_lists.service import attributes, must_know
from integration_api.kernel import clock, concurrency
from integration_api.kernel.answers import Answer, resource
from integration_api.kernel.db import LoggedReadTx, WriteTx
from integration_api.kernel.ids import uuid7
from integration_api.kernel.lists import Place
from integration_api.kernel.problems import (
    GuardNotMet,
    NotFound,
    NotYourMoveProblem,
    UnknownReference,
)
from integration_api.kernel.reactions import Cause, react
from integration_api.kernel.schemas import changes
from integration_api.persons.statements import SEE as SEE_PERSON

from .lifecycle import CASE, CASE_OPEN, OUTCOME_FITS, CaseParty, CasePhase
from .schemas import CaseFilter, CaseIn, CasePatch, CasePut, ParticipantIn
from .service_notes import take_on
from .statements import CHANGE, CREATE, ECHO, GET, LOCK, SEE, list_cases, move
from .statements_participants import ADD, list_participants

LEAD = frozenset({CaseParty.LEAD.value})


async def get(tx: LoggedReadTx, id: UUID) -> Answer:
    """One case.

    Raises:
        NotFound: absent or not visible.
    """
    return resource(await tx.row(GET, id=id))


async def list_(tx: LoggedReadTx, narrowed: CaseFilter, place: Place) -> Answer:
    """One page of the visible cases."""
    filters = narrowed.filters()
    statement = list_cases(frozenset(filters), place.direction)
    return place.answer(await tx.row(statement, **filters, **place.params))


async def create(tx: WriteTx, given: CaseIn) -> Answer:
    """Open a case with its participants and own numbers, whole or not at all.

    Raises:
        UnknownReference: a code or a person does not exist for the caller.
        Conflict: one of the own numbers is taken.
    """
    values = values_of(given)
    id = uuid7()
    try:
        row = await tx.row(CREATE, id=id, year=clock.today().year, **values)
    except (asyncpg.InsufficientPrivilegeError, asyncpg.ForeignKeyViolationError) as e:
        raise UnknownReference("/participants") from e
    if row is None or row["hidden"]:
        raise UnknownReference("/participants")
    await take_on(tx, tx.caller.member_id, id)
    return tx.answer(resource(row, status=201, location=f"/v1/cases/{id}"))


async def amend(tx: WriteTx, id: UUID, patch: CasePatch, version: int) -> Answer:
    """Change the concerns of a case that the caller's agency leads.

    Raises:
        NotFound, PreconditionFailed, NotYourMoveProblem, GuardNotMet, UnknownReference.
    """
    row = await concurrency.hold(tx, LOCK, SEE, version, id=id)
    if row["status"] == CasePhase.CLOSED.value:
        raise GuardNotMet(CASE_OPEN)
    values = changes(patch)
    _known(values.get("concerns", []))
    moved = await tx.row(CHANGE, id=id, **values) if values else None
    return resource(moved or await tx.row(ECHO, id=id))


async def advance(
    tx: WriteTx,
    id: UUID,
    arrow: str,
    version: int,
    *,
    reason: str | None = None,
    outcome: str | None = None,
) -> Answer:
    """Move a case along one arrow.

    Raises:
        NotFound, PreconditionFailed, NotYourMoveProblem, TransitionNotAllowed.
        GuardNotMet: it has open referrals, or the outcome does not fit the phase.
    """
    code = reason or outcome
    reasons = CASE[arrow].reasons
    if code and reasons:
        must_know(reasons, code, "/reason" if reason else "/outcome")
    row = await concurrency.hold(tx, LOCK, SEE, version, id=id)
    target = CASE.target(arrow, CasePhase(row["status"]), LEAD)
    if target is CasePhase.CLOSED:
        if row["status"] == CasePhase.CLARIFICATION.value and not _short(outcome):
            raise GuardNotMet(OUTCOME_FITS)
        await react(tx, Cause.CASE_CLOSING, {"case_id": id})
    values = {"target": target.value, "reason": reason, "outcome": outcome}
    return tx.answer(resource(await tx.row(move(arrow), id=id, **values)))


async def participants(tx: LoggedReadTx, id: UUID, place: Place) -> Answer:
    """One page of a case's participants.

    Raises:
        NotFound: the case is absent or not visible.
    """
    row = await tx.row(list_participants(place.direction), id=id, **place.params)
    if row is None or not row["there"]:
        raise NotFound
    return place.answer(row)


async def add_participant(tx: WriteTx, id: UUID, given: ParticipantIn) -> Answer:
    """Add a person to a case that the caller's agency leads.

    Raises:
        NotFound, NotYourMoveProblem, UnknownReference, GuardNotMet, Conflict.
    """
    must_know("participant_roles", given.role, "/role")
    row = await tx.row(LOCK, id=id)
    if row is None and await tx.row(SEE, id=id) is None:
        raise NotFound
    if row is None:
        raise NotYourMoveProblem
    if row["status"] == CasePhase.CLOSED.value:
        raise GuardNotMet(CASE_OPEN)
    await concurrency.exists(tx, SEE_PERSON, "/person_id", id=given.person_id)
    values = {"participant_id": uuid7(), "person_id": given.person_id, "role": given.role}
    return tx.answer(resource(await tx.row(ADD, id=id, **values), status=201))


def _short(outcome: str | None) -> bool:
    """Whether a case may end with this outcome straight from clarification."""
    return bool(attributes("case_outcomes", outcome or "").get("from_clarification"))


def values_of(given: CasePut) -> dict[str, Any]:
    """The members of a case that a request names, with an id for each participant.

    Raises:
        UnknownReference: a code is none, or a person is there twice.
    """
    values: dict[str, Any] = given.model_dump(mode="json")
    _known(values["concerns"])
    seen: set[str] = set()
    for place, one in enumerate(values["participants"]):
        must_know("participant_roles", one["role"], f"/participants/{place}/role")
        if one["person_id"] in seen:
            raise UnknownReference(f"/participants/{place}/person_id")
        seen.add(one["person_id"])
        one["id"] = str(uuid7())
    return values


def _known(concerns: list[dict[str, Any]]) -> None:
    for place, one in enumerate(concerns):
        must_know("life_areas", one["life_area"], f"/concerns/{place}/life_area")
        must_know("referral_topics", one["topic"], f"/concerns/{place}/topic")
