"""`/v1/cases/{id}/notes`, and who of an agency works on a case."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from integration_api.kernel import lists
from integration_api.kernel.concurrency import IfMatch, expected
from integration_api.kernel.db import LoggedRead, Write
from integration_api.kernel.operations import operation
from integration_api.kernel.scalars import Id
from integration_api.kernel.schemas import PageQuery
from integration_api.kernel.scopes import Scope

from . import service_notes as service
from .schemas import AssignCase, CaseOut, NoteIn, NoteOut, NotePage

router = APIRouter(prefix="/cases", tags=["Cases"])


@operation(
    router,
    "GET",
    "/{id}/notes",
    id="listNotes",
    summary="List notes on a case",
    answer=NotePage,
    scope=Scope.CASES_READ,
)
async def list_notes(
    request: Request, id: Id, db: LoggedRead, asked: Annotated[PageQuery, Query()]
) -> Response:
    """Notes of the own agency and shared ones, in the compartments that the caller may see."""
    place = lists.place(request, db.caller, asked.cursor, asked.limit)
    return await service.list_(db, id, place)


@operation(
    router,
    "POST",
    "/{id}/notes",
    id="addNote",
    summary="Add a note to a case",
    answer=NoteOut,
    scope=Scope.CASES_WRITE,
    status=201,
)
async def add_note(id: Id, body: NoteIn, db: Write) -> Response:
    """Adds a note in one compartment; nobody sees it who may not see that compartment."""
    return await service.add(db, id, body)


@operation(
    router,
    "POST",
    "/{id}/assign",
    id="assignCase",
    summary="Assign members to a case",
    answer=CaseOut,
    scope=Scope.CASES_WRITE,
)
async def assign_case(id: Id, body: AssignCase, db: Write, if_match: IfMatch = None) -> Response:
    """Says who of the own agency works on a case; some compartments only these members see."""
    return await service.assign(db, id, body.member_ids, expected(if_match))
