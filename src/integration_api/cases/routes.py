"""`/v1/cases`."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from integration_api.kernel import lists
from integration_api.kernel.concurrency import IfMatch, expected
from integration_api.kernel.db import Amend, LoggedRead, Write
from integration_api.kernel.operations import operation, transition
from integration_api.kernel.scalars import Id
from integration_api.kernel.schemas import PageQuery
from integration_api.kernel.scopes import Scope

from . import service
from .lifecycle import CASE
from .schemas import (
    CaseFilter,
    CaseIn,
    CaseOut,
    CasePage,
    CasePatch,
    CloseCase,
    ParticipantIn,
    ParticipantOut,
    ParticipantPage,
    ReasonedMove,
    ReopenCase,
)

router = APIRouter(prefix="/cases", tags=["Cases"])


@operation(
    router, "GET", "", id="listCases", summary="List cases", answer=CasePage, scope=Scope.CASES_READ
)
async def list_cases(
    request: Request, db: LoggedRead, narrowed: Annotated[CaseFilter, Query()]
) -> Response:
    """Cases that the caller's agency leads or that are disclosed to it, newest first."""
    place = lists.place(request, db.caller, narrowed.cursor, narrowed.limit)
    return await service.list_(db, narrowed, place)


@operation(
    router,
    "GET",
    "/{id}",
    id="getCase",
    summary="Read a case",
    answer=CaseOut,
    scope=Scope.CASES_READ,
)
async def get_case(id: Id, db: LoggedRead) -> Response:
    """A case with its participants; `redactions` names what is left out."""
    return await service.get(db, id)


@operation(
    router,
    "POST",
    "",
    id="createCase",
    summary="Open a case",
    answer=CaseOut,
    scope=Scope.CASES_WRITE,
    status=201,
)
async def create_case(body: CaseIn, db: Write) -> Response:
    """Opens a case with participants, concerns and own numbers at once; the caller leads it."""
    return await service.create(db, body)


@operation(
    router,
    "PATCH",
    "/{id}",
    id="updateCase",
    summary="Change a case",
    answer=CaseOut,
    scope=Scope.CASES_WRITE,
)
async def update_case(id: Id, body: CasePatch, db: Amend, if_match: IfMatch = None) -> Response:
    """Changes the concerns of a case (JSON merge patch)."""
    return await service.amend(db, id, body, expected(if_match))


@operation(
    router,
    "GET",
    "/{id}/participants",
    id="listParticipants",
    summary="List participants of a case",
    answer=ParticipantPage,
    scope=Scope.CASES_READ,
)
async def list_participants(
    request: Request, id: Id, db: LoggedRead, asked: Annotated[PageQuery, Query()]
) -> Response:
    """Who takes part; persons that the caller may not see have no id."""
    place = lists.place(request, db.caller, asked.cursor, asked.limit)
    return await service.participants(db, id, place)


@operation(
    router,
    "POST",
    "/{id}/participants",
    id="addParticipant",
    summary="Add a participant to a case",
    answer=ParticipantOut,
    scope=Scope.CASES_WRITE,
    status=201,
)
async def add_participant(id: Id, body: ParticipantIn, db: Write) -> Response:
    """Adds a person whom the caller may see to a case that it leads."""
    return await service.add_participant(db, id, body)


def _plain(arrow: str) -> None:
    """Register an arrow that needs no body."""

    @transition(router, CASE, arrow, scope=Scope.CASES_WRITE, answer=CaseOut)
    async def move(id: Id, db: Write, if_match: IfMatch = None) -> Response:
        return await service.advance(db, id, arrow, expected(if_match))


def _reasoned(arrow: str) -> None:
    """Register an arrow that needs a reason."""

    @transition(router, CASE, arrow, scope=Scope.CASES_WRITE, answer=CaseOut)
    async def move(id: Id, body: ReasonedMove, db: Write, if_match: IfMatch = None) -> Response:
        return await service.advance(db, id, arrow, expected(if_match), reason=body.reason)


for _arrow in ("begin_assessment", "plan_goals", "plan_services", "link", "monitor", "evaluate"):
    _plain(_arrow)
for _arrow in ("reassess", "return_to_assessment", "return_to_goals"):
    _reasoned(_arrow)


@transition(router, CASE, "close", scope=Scope.CASES_WRITE, answer=CaseOut)
async def close_case(id: Id, body: CloseCase, db: Write, if_match: IfMatch = None) -> Response:
    """Closes; see the drawing."""
    return await service.advance(db, id, "close", expected(if_match), outcome=body.outcome)


@transition(router, CASE, "reopen", scope=Scope.CASES_WRITE, answer=CaseOut)
async def reopen_case(id: Id, body: ReopenCase, db: Write, if_match: IfMatch = None) -> Response:
    """Goes on; see the drawing."""
    return await service.advance(db, id, "reopen", expected(if_match), reason=body.reason)
