"""What can be done with requests for the approval of the employment agency."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

import asyncpg
from asyncpg import Record

from integration_api.code_lists.service import must_know, version_of
from integration_api.kernel import clock
from integration_api.kernel.answers import Answer, resource
from integration_api.kernel.db import LoggedReadTx, WriteTx
from integration_api.kernel.ids import uuid7
from integration_api.kernel.lists import Place
from integration_api.kernel.problems import GuardNotMet, UnknownReference

from .deadlines import deemed_from, due_on
from .lifecycle_approvals import (
    APPROVAL,
    DECLARATION_SUBMITTED,
    EMPLOYER_ALLOWED,
    IN_TIME,
    NOT_AHEAD,
    ONE_REQUEST,
    ApprovalStatus,
    DeclarationStatus,
)
from .models_work import ba_approval_request, employer_declaration
from .schemas_work import ApprovalIn
from .service import held_below, must_be_known, of_team, of_visible
from .statements_approvals import CREATE_APPROVAL, GET_APPROVAL, list_approvals, move_approval
from .statements_below import above, row_of
from .statements_declarations import SEE_EMPLOYER

LEGAL = "legal"
POLICIES = "deadline_policies"


async def get(tx: LoggedReadTx, id: UUID) -> Answer:
    """One request.

    Raises:
        NotFound: absent, or of a tandem case that is not visible.
    """
    return resource(await tx.row(GET_APPROVAL, id=id))


async def list_(tx: LoggedReadTx, tandem_case_id: UUID, place: Place) -> Answer:
    """One page of the requests of a tandem case.

    Raises:
        NotFound: the tandem case is absent or not visible.
    """
    statement = list_approvals(place.direction)
    row = await tx.row(statement, tandem_case_id=tandem_case_id, **place.params)
    return of_visible(row, place)


async def create(tx: WriteTx, given: ApprovalIn) -> Answer:
    """Draft a request for a submitted declaration, as the legal team.

    Raises:
        UnknownReference: the declaration or the deadline policy does not exist.
        NotYourMoveProblem.
        GuardNotMet: the declaration is a draft, the employer excluded, another request open.
    """
    must_know(POLICIES, given.deadline_policy, "/deadline_policy")
    found = await tx.row(above(employer_declaration), id=given.declaration_id)
    if found is None:
        raise UnknownReference("/declaration_id")
    await of_team(tx, found["id"], LEGAL, "/declaration_id")
    declared = await tx.row(row_of(employer_declaration), id=given.declaration_id)
    assert declared is not None
    if declared["status"] != DeclarationStatus.SUBMITTED.value:
        raise GuardNotMet(DECLARATION_SUBMITTED)
    employer = await tx.row(SEE_EMPLOYER, employer_id=declared["employer_id"])
    assert employer is not None
    if employer["ba_excluded_until"] and employer["ba_excluded_until"] >= clock.today():
        raise GuardNotMet(EMPLOYER_ALLOWED)
    id = uuid7()
    try:
        values = given.model_dump()
        row = await tx.row(CREATE_APPROVAL, id=id, tandem_case_id=found["id"], **values)
    except asyncpg.UniqueViolationError as e:
        raise GuardNotMet(ONE_REQUEST) from e
    return tx.answer(resource(row, status=201, location=f"/v1/ba-approval-requests/{id}"))


async def advance(
    tx: WriteTx, id: UUID, arrow: str, version: int, brought: Mapping[str, Any] | None = None
) -> Answer:
    """Move a request along one arrow of the legal team.

    Raises:
        NotFound, PreconditionFailed, NotYourMove, TransitionNotAllowed, UnknownReference.
        GuardNotMet: the deadline is over, or a day lies in the future.
    """
    values = dict(brought or {})
    if reasons := APPROVAL[arrow].reasons:
        must_know(reasons, values["reason"], "/reason")
    row = await held_below(
        tx, above(ba_approval_request), row_of(ba_approval_request), id, version, LEGAL
    )
    status = ApprovalStatus(row["status"])
    target = APPROVAL.target(arrow, status, frozenset({LEGAL}))
    day = next((v for v in values.values() if isinstance(v, date)), clock.today())
    _in_time(arrow, row, day)
    await must_be_known(tx, values.get("restrictions"), "/restrictions")
    if arrow == "transmit":
        policy = row["deadline_policy"]
        values |= {"due_on": due_on(policy, day), "deemed_from": deemed_from(policy, day)}
        values["deadline_policy_version"] = version_of(POLICIES)
    moved = await tx.row(move_approval(arrow), id=id, target=target.value, **values)
    return tx.answer(resource(moved))


def _in_time(arrow: str, row: Record, day: date) -> None:
    """Receipt counts, and what comes after the last day changes nothing any more."""
    if day > clock.today():
        raise GuardNotMet(NOT_AHEAD)
    waits = row["status"] == ApprovalStatus.TRANSMITTED.value
    if IN_TIME in APPROVAL[arrow].guards and waits and day >= row["deemed_from"]:
        raise GuardNotMet(IN_TIME)
