"""What can be done with employer declarations."""

from uuid import UUID

import asyncpg
from asyncpg import Record

from integration_api.code_lists.service import must_know
from integration_api.kernel import concurrency
from integration_api.kernel.answers import Answer, resource
from integration_api.kernel.db import LoggedReadTx, WriteTx
from integration_api.kernel.ids import uuid7
from integration_api.kernel.lists import Place
from integration_api.kernel.problems import (
    Conflict,
    Finding,
    GuardNotMet,
    UnknownReference,
)
from integration_api.kernel.schemas import changes

from .lifecycle_approvals import COMPLETE, DECLARATION, DECLARATION_DRAFT, DeclarationStatus
from .models_work import employer_declaration
from .schemas_work import DeclarationIn, DeclarationPatch
from .service import held_below, of_team, of_visible
from .statements_below import above, row_of
from .statements_clearances import INVALIDATE
from .statements_declarations import (
    CREATE_DECLARATION,
    ECHO_DECLARATION,
    GET_DECLARATION,
    MATERIALLY_OTHER,
    SEE_EMPLOYER,
    SUBMIT,
    change_declaration,
    list_declarations,
)

LISTED = {"purpose": "declaration_purposes", "pay_period": "pay_periods"}


async def get(tx: LoggedReadTx, id: UUID) -> Answer:
    """One declaration.

    Raises:
        NotFound: absent, or of a tandem case that is not visible.
    """
    return resource(await tx.row(GET_DECLARATION, id=id))


async def list_(tx: LoggedReadTx, tandem_case_id: UUID, place: Place) -> Answer:
    """One page of the declarations of a tandem case.

    Raises:
        NotFound: the tandem case is absent or not visible.
    """
    statement = list_declarations(place.direction)
    row = await tx.row(statement, tandem_case_id=tandem_case_id, **place.params)
    return of_visible(row, place)


async def create(tx: WriteTx, given: DeclarationIn) -> Answer:
    """Record a draft as the placement team, on behalf of the employer.

    Raises:
        UnknownReference: a code, the tandem case, employer or replaced one does not exist.
        NotYourMoveProblem, GuardNotMet.
    """
    values = given.model_dump()
    _codes(values)
    await of_team(tx, given.tandem_case_id, "placement", "/tandem_case_id")
    await concurrency.exists(tx, SEE_EMPLOYER, "/employer_id", employer_id=given.employer_id)
    id = uuid7()
    try:
        row = await tx.row(CREATE_DECLARATION, id=id, **values)
    except asyncpg.ForeignKeyViolationError as e:
        raise UnknownReference("/replaces_id") from e
    return tx.answer(resource(row, status=201, location=f"/v1/employer-declarations/{id}"))


async def amend(tx: WriteTx, id: UUID, patch: DeclarationPatch, version: int) -> Answer:
    """Change a draft.

    Raises:
        NotFound, PreconditionFailed, NotYourMoveProblem, UnknownReference.
        GuardNotMet: it is submitted.
        Conflict: it would end before it begins.
    """
    values = changes(patch)
    _codes(values)
    row = await _held(tx, id, version)
    if row["status"] != DeclarationStatus.DRAFT.value:
        raise GuardNotMet(DECLARATION_DRAFT)
    if employer := values.get("employer_id"):
        await concurrency.exists(tx, SEE_EMPLOYER, "/employer_id", employer_id=employer)
    _term(dict(row) | values)
    changed = {n: v for n, v in values.items() if v != row[n]}
    moved = None
    if changed:
        moved = await tx.row(change_declaration(frozenset(changed)), id=id, **changed)
    return resource(moved or await tx.row(ECHO_DECLARATION, id=id))


async def submit(tx: WriteTx, id: UUID, version: int) -> Answer:
    """Submit a draft; where its terms are materially others, a clearance ends with it.

    Raises:
        NotFound, PreconditionFailed, NotYourMove, TransitionNotAllowed.
        GuardNotMet: something is missing.
    """
    row = await _held(tx, id, version)
    status = DeclarationStatus(row["status"])
    target = DECLARATION.target("submit", status, frozenset({"placement"}))
    facts = await tx.row(MATERIALLY_OTHER, id=id)
    assert facts is not None
    if facts["missing"]:
        raise GuardNotMet(COMPLETE)
    moved = await tx.row(SUBMIT, id=id, target=target.value)
    if facts["other"]:
        await tx.rows(INVALIDATE, tandem_case_id=row["tandem_case_id"], why="terms_changed")
    return tx.answer(resource(moved))


async def _held(tx: WriteTx, id: UUID, version: int) -> Record:
    return await held_below(
        tx, above(employer_declaration), row_of(employer_declaration), id, version, "placement"
    )


def _term(row: dict[str, object]) -> None:
    starts, ends = row["starts_on"], row["ends_on"]
    if starts and ends and ends < starts:  # type: ignore[operator]
        words = ("Endet, bevor es beginnt.", "Ends before it begins.")
        raise Conflict(Finding("period_order", *words, pointer="/ends_on"))


def _codes(values: dict[str, object]) -> None:
    for member, name in LISTED.items():
        if code := values.get(member):
            must_know(name, str(code), f"/{member}")
