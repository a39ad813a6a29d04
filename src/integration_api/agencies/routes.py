"""`/v1/agencies`."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from integration_api.code_lists.served import CACHED
from integration_api.kernel import lists
from integration_api.kernel.concurrency import IfMatch, expected
from integration_api.kernel.db import Amend, Read, Write
from integration_api.kernel.operations import operation
from integration_api.kernel.principal import ANONYMOUS
from integration_api.kernel.scalars import Id
from integration_api.kernel.scopes import Scope

from . import service
from .schemas import AgencyFilter, AgencyIn, AgencyOut, AgencyPage, AgencyPatch

router = APIRouter(prefix="/agencies", tags=["Agencies"])


@operation(
    router,
    "GET",
    "",
    id="listAgencies",
    summary="List agencies",
    answer=AgencyPage,
    public=True,
    extra=CACHED,
)
async def list_agencies(
    request: Request, db: Read, narrowed: Annotated[AgencyFilter, Query()]
) -> Response:
    """The public directory in German order: authorities, their teams, partners of the house."""
    place = lists.place(request, ANONYMOUS, narrowed.cursor, narrowed.limit)
    return await service.list_(db, narrowed, place)


@operation(
    router,
    "GET",
    "/{id}",
    id="getAgency",
    summary="Read an agency",
    answer=AgencyOut,
    public=True,
    extra=CACHED,
)
async def get_agency(id: Id, db: Read) -> Response:
    """One agency of the public directory with its contact points."""
    return await service.get(db, id)


@operation(
    router,
    "POST",
    "",
    id="createAgency",
    summary="Add an agency",
    answer=AgencyOut,
    scope=Scope.AGENCIES_WRITE,
    status=201,
)
async def create_agency(body: AgencyIn, db: Write) -> Response:
    """Adds an authority or a team to the directory of the caller's municipality."""
    return await service.create(db, body)


@operation(
    router,
    "PATCH",
    "/{id}",
    id="updateAgency",
    summary="Change an agency",
    answer=AgencyOut,
    scope=Scope.AGENCIES_WRITE,
)
async def update_agency(id: Id, body: AgencyPatch, db: Amend, if_match: IfMatch = None) -> Response:
    """Changes the caller's own agency or one of its teams (JSON merge patch)."""
    return await service.amend(db, id, body, expected(if_match))
