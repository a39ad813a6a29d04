"""`/v1/persons/{id}/residence-periods`."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from integration_api.kernel import lists
from integration_api.kernel.db import LoggedRead, Write
from integration_api.kernel.operations import operation
from integration_api.kernel.scalars import Id
from integration_api.kernel.schemas import PageQuery
from integration_api.kernel.scopes import Scope

from . import service_periods as service
from .schemas import ResidencePeriodIn, ResidencePeriodOut, ResidencePeriodPage

router = APIRouter(prefix="/persons/{id}/residence-periods", tags=["Persons"])


@operation(
    router,
    "GET",
    "",
    id="listResidencePeriods",
    summary="List residence periods",
    answer=ResidencePeriodPage,
    scope=Scope.PERSONS_READ,
)
async def list_periods(
    request: Request, id: Id, db: LoggedRead, asked: Annotated[PageQuery, Query()]
) -> Response:
    """The person's history as recorded, newest record first; empty without `residence`."""
    place = lists.place(request, db.caller, asked.cursor, asked.limit)
    return await service.list_(db, id, place)


@operation(
    router,
    "POST",
    "",
    id="addResidencePeriod",
    summary="Record a residence period",
    answer=ResidencePeriodOut,
    scope=Scope.PERSONS_WRITE,
    status=201,
)
async def add_period(id: Id, body: ResidencePeriodIn, db: Write) -> Response:
    """Records a period; for immigration offices that see the compartment `residence`."""
    return await service.create(db, id, body)
