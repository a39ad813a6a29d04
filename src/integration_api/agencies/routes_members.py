"""`/v1/members`."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from integration_api.identity.credentials import Forgetting
from integration_api.kernel import lists
from integration_api.kernel.concurrency import IfMatch, expected
from integration_api.kernel.db import Amend, OwnRead, Write
from integration_api.kernel.operations import operation
from integration_api.kernel.scalars import Id
from integration_api.kernel.scopes import Scope

from . import service_members as service
from .schemas_members import MemberFilter, MemberIn, MemberOut, MemberPage, MemberPatch

router = APIRouter(prefix="/members", tags=["Members"])


@operation(
    router,
    "GET",
    "",
    id="listMembers",
    summary="List members",
    answer=MemberPage,
    scope=Scope.MEMBERS_READ,
)
async def list_members(
    request: Request, db: OwnRead, narrowed: Annotated[MemberFilter, Query()]
) -> Response:
    """Members of the caller's agency and its teams, newest first: functions, no names."""
    place = lists.place(request, db.caller, narrowed.cursor, narrowed.limit)
    return await service.list_(db, narrowed, place)


@operation(
    router,
    "GET",
    "/{id}",
    id="getMember",
    summary="Read a member",
    answer=MemberOut,
    scope=Scope.MEMBERS_READ,
)
async def get_member(id: Id, db: OwnRead) -> Response:
    """A member of the caller's agency or of one of its teams."""
    return await service.get(db, id)


@operation(
    router,
    "POST",
    "",
    id="createMember",
    summary="Add a member",
    answer=MemberOut,
    scope=Scope.MEMBERS_WRITE,
    status=201,
)
async def create_member(body: MemberIn, db: Write, _: Forgetting) -> Response:
    """Adds a member to the caller's agency or one of its teams; by its administration alone.

    Roles with `granted_by: operator` in the list `roles` are granted on the command line only.
    """
    return await service.create(db, body)


@operation(
    router,
    "PATCH",
    "/{id}",
    id="updateMember",
    summary="Change a member",
    answer=MemberOut,
    scope=Scope.MEMBERS_WRITE,
)
async def update_member(
    id: Id, body: MemberPatch, db: Amend, _: Forgetting, if_match: IfMatch = None
) -> Response:
    """Changes function, roles, last day or login of a member (JSON merge patch).

    By the administration of its agency, and never by the member itself. It is felt within
    30 seconds everywhere.
    """
    return await service.amend(db, id, body, expected(if_match))
