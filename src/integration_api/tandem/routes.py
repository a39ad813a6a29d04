"""`/v1/tandem-cases`."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from integration_api.kernel import lists
from integration_api.kernel.concurrency import IfMatch, expected
from integration_api.kernel.db import LoggedRead, Write
from integration_api.kernel.operations import operation
from integration_api.kernel.scalars import Id
from integration_api.kernel.scopes import Scope

from . import service
from .schemas import (
    CloseTandemCase,
    FlagBlocker,
    TandemCaseFilter,
    TandemCaseIn,
    TandemCaseOut,
    TandemCasePage,
)

router = APIRouter(prefix="/tandem-cases", tags=["Tandem"])
READ, WRITE = Scope.TANDEM_READ, Scope.TANDEM_WRITE


@operation(
    router,
    "GET",
    "",
    id="listTandemCases",
    summary="List tandem cases",
    answer=TandemCasePage,
    scope=READ,
)
async def list_tandem_cases(
    request: Request, db: LoggedRead, narrowed: Annotated[TandemCaseFilter, Query()]
) -> Response:
    """Tandem cases that the caller's agency leads, or in which it is a team, newest first."""
    place = lists.place(request, db.caller, narrowed.cursor, narrowed.limit)
    return await service.list_(db, place)


@operation(
    router,
    "GET",
    "/{id}",
    id="getTandemCase",
    summary="Read a tandem case",
    answer=TandemCaseOut,
    scope=READ,
)
async def get_tandem_case(id: Id, db: LoggedRead) -> Response:
    """A tandem case with where its tracks stand; `status_reasons` says why it has its status."""
    return await service.get(db, id)


@operation(
    router,
    "POST",
    "",
    id="createTandemCase",
    summary="Open a tandem case",
    answer=TandemCaseOut,
    scope=WRITE,
    status=201,
)
async def create_tandem_case(body: TandemCaseIn, db: Write) -> Response:
    """Opens a tandem case of a person with both tracks; the person is disclosed to both teams."""
    return await service.create(db, body)


@operation(
    router,
    "POST",
    "/{id}/acknowledge",
    id="acknowledgeTandemCase",
    summary="Acknowledge a tandem case",
    answer=TandemCaseOut,
    scope=WRITE,
)
async def acknowledge(id: Id, db: Write, if_match: IfMatch = None) -> Response:
    """A team has taken note, both have to before the intake is complete (G0); again is no harm."""
    return await service.acknowledge_(db, id, expected(if_match))


@operation(
    router,
    "POST",
    "/{id}/flag-blocker",
    id="flagBlockerTandemCase",
    summary="Flag a blocker",
    answer=TandemCaseOut,
    scope=WRITE,
)
async def flag_blocker(id: Id, body: FlagBlocker, db: Write, if_match: IfMatch = None) -> Response:
    """A team says what stands in the way; it stands until the team clears it."""
    return await service.flag_blocker(db, id, expected(if_match), body.blocker)


@operation(
    router,
    "POST",
    "/{id}/clear-blocker",
    id="clearBlockerTandemCase",
    summary="Clear a blocker",
    answer=TandemCaseOut,
    scope=WRITE,
)
async def clear_blocker(id: Id, db: Write, if_match: IfMatch = None) -> Response:
    """The team that flagged a blocker takes it back."""
    return await service.clear_blocker(db, id, expected(if_match))


@operation(
    router,
    "POST",
    "/{id}/close",
    id="closeTandemCase",
    summary="Close a tandem case",
    answer=TandemCaseOut,
    scope=WRITE,
)
async def close(id: Id, body: CloseTandemCase, db: Write, if_match: IfMatch = None) -> Response:
    """A team closes once both tracks have ended (G4); the lead for one that lost its access."""
    return await service.close_(db, id, expected(if_match), body.outcome)


@operation(
    router,
    "POST",
    "/{id}/reopen",
    id="reopenTandemCase",
    summary="Reopen a tandem case",
    answer=TandemCaseOut,
    scope=WRITE,
)
async def reopen(id: Id, db: Write, if_match: IfMatch = None) -> Response:
    """Either team takes the closing back, so that both can close with another outcome."""
    return await service.reopen(db, id, expected(if_match))
