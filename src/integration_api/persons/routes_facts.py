"""`/v1/persons/{id}/residence-facts`."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from integration_api.kernel import lists
from integration_api.kernel.db import LoggedRead, Write
from integration_api.kernel.operations import operation
from integration_api.kernel.scalars import Id
from integration_api.kernel.schemas import PageQuery
from integration_api.kernel.scopes import Scope

from . import service_facts as service
from .schemas_facts import ResidenceFactPage, ResidenceFactsIn, ResidenceFactsOut

router = APIRouter(prefix="/persons/{id}/residence-facts", tags=["Persons"])


@operation(
    router,
    "GET",
    "",
    id="listResidenceFacts",
    summary="List residence facts",
    answer=ResidenceFactPage,
    scope=Scope.PERSONS_READ,
)
async def list_facts(
    request: Request, id: Id, db: LoggedRead, asked: Annotated[PageQuery, Query()]
) -> Response:
    """The present value of each fact, newest record first; empty without `residence`."""
    place = lists.place(request, db.caller, asked.cursor, asked.limit)
    return await service.list_(db, id, place)


@operation(
    router,
    "POST",
    "",
    id="recordResidenceFacts",
    summary="Record residence facts",
    answer=ResidenceFactsOut,
    scope=Scope.PERSONS_WRITE,
    status=201,
)
async def record_facts(id: Id, body: ResidenceFactsIn, db: Write) -> Response:
    """Records facts that rules ask for; for immigration offices that see `residence`.

    What was recorded before stays; the newest record of a fact counts.
    """
    return await service.create(db, id, body)
