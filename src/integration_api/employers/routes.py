"""`/v1/employers`."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from integration_api.kernel import lists
from integration_api.kernel.concurrency import IfMatch, expected
from integration_api.kernel.db import Amend, OwnRead, Write
from integration_api.kernel.operations import operation
from integration_api.kernel.scalars import Id
from integration_api.kernel.scopes import Scope

from . import service
from .schemas import EmployerFilter, EmployerIn, EmployerOut, EmployerPage, EmployerPatch

router = APIRouter(prefix="/employers", tags=["Employers"])


@operation(
    router,
    "GET",
    "",
    id="listEmployers",
    summary="List employers",
    answer=EmployerPage,
    scope=Scope.EMPLOYERS_READ,
)
async def list_employers(
    request: Request, db: OwnRead, narrowed: Annotated[EmployerFilter, Query()]
) -> Response:
    """Employers of the caller's municipality, newest first."""
    place = lists.place(request, db.caller, narrowed.cursor, narrowed.limit)
    return await service.list_(db, narrowed, place)


@operation(
    router,
    "GET",
    "/{id}",
    id="getEmployer",
    summary="Read an employer",
    answer=EmployerOut,
    scope=Scope.EMPLOYERS_READ,
)
async def get_employer(id: Id, db: OwnRead) -> Response:
    """An employer of the caller's municipality."""
    return await service.get(db, id)


@operation(
    router,
    "POST",
    "",
    id="createEmployer",
    summary="Record an employer",
    answer=EmployerOut,
    scope=Scope.EMPLOYERS_WRITE,
    status=201,
)
async def create_employer(body: EmployerIn, db: Write) -> Response:
    """Records an employer, which every agency of the municipality then sees."""
    return await service.create(db, body)


@operation(
    router,
    "PATCH",
    "/{id}",
    id="updateEmployer",
    summary="Change an employer",
    answer=EmployerOut,
    scope=Scope.EMPLOYERS_WRITE,
)
async def update_employer(
    id: Id, body: EmployerPatch, db: Amend, if_match: IfMatch = None
) -> Response:
    """Changes an employer that the caller's agency has recorded (JSON merge patch)."""
    return await service.amend(db, id, body, expected(if_match))
