"""`/v1/tasks`."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from integration_api.kernel import lists
from integration_api.kernel.concurrency import IfMatch, expected
from integration_api.kernel.db import LoggedRead, Write
from integration_api.kernel.operations import operation, transition
from integration_api.kernel.scalars import Id
from integration_api.kernel.scopes import Scope

from . import service
from .lifecycle import TASK
from .schemas import CompleteTask, TaskFilter, TaskOut, TaskPage

router = APIRouter(prefix="/tasks", tags=["Tasks"])


@operation(
    router,
    "GET",
    "",
    id="listTasks",
    summary="List tasks",
    answer=TaskPage,
    scope=Scope.TASKS_READ,
)
async def list_tasks(
    request: Request, db: LoggedRead, narrowed: Annotated[TaskFilter, Query()]
) -> Response:
    """Tasks of the caller's agency, newest first."""
    place = lists.place(request, db.caller, narrowed.cursor, narrowed.limit)
    return await service.list_(db, narrowed, place)


@operation(
    router,
    "GET",
    "/{id}",
    id="getTask",
    summary="Read a task",
    answer=TaskOut,
    scope=Scope.TASKS_READ,
)
async def get_task(id: Id, db: LoggedRead) -> Response:
    """A task of the caller's agency."""
    return await service.get(db, id)


@transition(router, TASK, "complete", scope=Scope.TASKS_WRITE, answer=TaskOut)
async def complete_task(
    id: Id, body: CompleteTask, db: Write, if_match: IfMatch = None
) -> Response:
    """Completes; see the drawing."""
    return await service.complete(db, id, body.outcome, expected(if_match))
