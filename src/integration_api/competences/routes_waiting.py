"""`/v1/agencies/{id}/waiting-times`."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from integration_api.code_lists.served import CACHED
from integration_api.kernel import lists
from integration_api.kernel.db import Read, Write
from integration_api.kernel.operations import operation
from integration_api.kernel.principal import ANONYMOUS
from integration_api.kernel.scalars import Id
from integration_api.kernel.scopes import Scope

from . import service_waiting as service
from .schemas import WaitingTimeFilter, WaitingTimeIn, WaitingTimeOut, WaitingTimePage

router = APIRouter(prefix="/agencies/{id}/waiting-times", tags=["Waiting times"])


@operation(
    router,
    "GET",
    "",
    id="listWaitingTimes",
    summary="List waiting times",
    answer=WaitingTimePage,
    public=True,
    extra=CACHED,
)
async def list_waiting_times(
    request: Request, id: Id, db: Read, narrowed: Annotated[WaitingTimeFilter, Query()]
) -> Response:
    """How long one waited at an agency, newest observation first; never one number for ever."""
    place = lists.place(request, ANONYMOUS, narrowed.cursor, narrowed.limit)
    return await service.list_(db, id, narrowed, place)


@operation(
    router,
    "POST",
    "",
    id="addWaitingTime",
    summary="Record a waiting time",
    answer=WaitingTimeOut,
    scope=Scope.WAITING_TIMES_WRITE,
    status=201,
)
async def add_waiting_time(id: Id, body: WaitingTimeIn, db: Write) -> Response:
    """Records what the caller's own agency or one of its teams observed; it stays as it is."""
    return await service.create(db, id, body)
