"""`/v1/persons`."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from integration_api.kernel import lists
from integration_api.kernel.concurrency import IfMatch, expected
from integration_api.kernel.db import Amend, LoggedRead, Write
from integration_api.kernel.operations import operation
from integration_api.kernel.scalars import Id
from integration_api.kernel.schemas import PageQuery
from integration_api.kernel.scopes import Scope

from . import service
from .schemas import PersonIn, PersonOut, PersonPage, PersonPatch

router = APIRouter(prefix="/persons", tags=["Persons"])


@operation(
    router,
    "GET",
    "",
    id="listPersons",
    summary="List persons",
    answer=PersonPage,
    scope=Scope.PERSONS_READ,
)
async def list_persons(
    request: Request, db: LoggedRead, asked: Annotated[PageQuery, Query()]
) -> Response:
    """Persons of the own agency and persons disclosed to it. There is no search by name."""
    place = lists.place(request, db.caller, asked.cursor, asked.limit)
    return await service.list_(db, place)


@operation(
    router,
    "GET",
    "/{id}",
    id="getPerson",
    summary="Read a person",
    answer=PersonOut,
    scope=Scope.PERSONS_READ,
)
async def get_person(id: Id, db: LoggedRead) -> Response:
    """A person of the own agency, or one disclosed to it; `redactions` names what is left out."""
    return await service.get(db, id)


@operation(
    router,
    "POST",
    "",
    id="createPerson",
    summary="Record a person",
    answer=PersonOut,
    scope=Scope.PERSONS_WRITE,
    status=201,
)
async def create_person(body: PersonIn, db: Write) -> Response:
    """Records a person; the caller's agency becomes the controller of the record."""
    return await service.create(db, body)


@operation(
    router,
    "PATCH",
    "/{id}",
    id="updatePerson",
    summary="Change a person",
    answer=PersonOut,
    scope=Scope.PERSONS_WRITE,
)
async def update_person(id: Id, body: PersonPatch, db: Amend, if_match: IfMatch = None) -> Response:
    """Changes a person of the own agency (JSON merge patch)."""
    return await service.amend(db, id, body, expected(if_match))
