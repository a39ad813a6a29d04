"""What can be done with notes on a case, and who of an agency works on it."""

from uuid import UUID

import asyncpg

from integration_api.code_lists.service import must_know
from integration_api.kernel import concurrency
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

from .lifecycle import CASE_OPEN, CasePhase
from .schemas import NoteIn
from .statements_assignments import ASSIGN, MEMBERS, TAKE_ON, assigned
from .statements_notes import ADD, SEE, list_notes


async def list_(tx: LoggedReadTx, case_id: UUID, place: Place) -> Answer:
    """One page of the notes that the caller may see.

    Raises:
        NotFound: the case is absent or not visible.
    """
    row = await tx.row(list_notes(place.direction), case_id=case_id, **place.params)
    if row is None or not row["there"]:
        raise NotFound
    return place.answer(row)


async def add(tx: WriteTx, case_id: UUID, given: NoteIn) -> Answer:
    """Add a note to a visible case, in a compartment that the caller itself may see.

    Raises:
        NotFound, UnknownReference, GuardNotMet.
        NotYourMoveProblem: the caller may not see the compartment, or only when assigned.
    """
    must_know("compartments", given.compartment, "/compartment")
    case = await tx.row(SEE, case_id=case_id)
    if case is None:
        raise NotFound
    if case["status"] == CasePhase.CLOSED.value:
        raise GuardNotMet(CASE_OPEN)
    values = given.model_dump(mode="json") | {"lead_agency_id": case["lead_agency_id"]}
    try:
        row = await tx.row(ADD, id=uuid7(), case_id=case_id, **values)
    except asyncpg.InsufficientPrivilegeError as e:
        raise NotYourMoveProblem from e
    return tx.answer(resource(row, status=201))


async def assign(tx: WriteTx, id: UUID, member_ids: list[UUID], version: int) -> Answer:
    """Say who of the own agency works on a visible case; the case itself does not change.

    Raises:
        NotFound, PreconditionFailed.
        UnknownReference: one of them is no member of the own agency.
    """
    case = await tx.row(SEE, case_id=id)
    if case is None:
        raise NotFound
    concurrency.check(case, version)
    chosen = list(dict.fromkeys(member_ids))
    known = await tx.row(MEMBERS, member_ids=chosen)
    if known is None or known["known"] != len(chosen):
        raise UnknownReference("/member_ids")
    await tx.row(ASSIGN, id=id, member_ids=chosen)
    return tx.answer(resource(await tx.row(assigned(), id=id)))


async def take_on(tx: WriteTx, member_id: UUID | None, *case_ids: UUID) -> None:
    """Somebody of the own agency begins to work on cases, as far as the agency may see them."""
    if member_id:
        await tx.row(TAKE_ON, ids=case_ids, member_id=member_id)
