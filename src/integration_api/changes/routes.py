"""`/v1/changes`."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from integration_api.kernel.operations import operation
from integration_api.kernel.scopes import Scope

from .schemas import ChangePage, ChangeQuery
from .service import Feed

router = APIRouter(tags=["Changes"])


@operation(
    router,
    "GET",
    "/changes",
    id="listChanges",
    summary="Read what has changed",
    answer=ChangePage,
    scope=Scope.CHANGES_READ,
    problems=(410, 503),
)
async def list_changes(request: Request, asked: Annotated[ChangeQuery, Query()]) -> Response:
    """What happened to what the caller's agency may see, in one order without gaps.

    Each event names a thing and says nothing about it: read it again with your own rights; 200 is
    its state now, 404 says that it is no longer for you. An event may come more than once. Go on
    with `page.next_cursor`, which an empty page has, too; with `wait` the answer comes when
    something is new. Kept for 90 days.
    """
    state = request.app.state
    feed = Feed(state.db, state.cursors, state.bell, state.event_types, request.state.caller)
    return await feed.read(asked, request.state.more_time)
