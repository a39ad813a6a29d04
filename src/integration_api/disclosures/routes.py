"""`/v1/disclosures`."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from integration_api.kernel import lists
from integration_api.kernel.concurrency import IfMatch, expected
from integration_api.kernel.db import LoggedRead, Write
from integration_api.kernel.operations import operation, transition
from integration_api.kernel.scalars import Id
from integration_api.kernel.scopes import Scope
from integration_api.persons.lifecycle import DISCLOSURE

from . import service, service_break_glass, service_preview
from .schemas import DisclosureFilter, DisclosureIn, DisclosureOut, DisclosurePage
from .schemas_break_glass import BreakGlassIn
from .schemas_preview import PreviewIn, PreviewOut

router = APIRouter(prefix="/disclosures", tags=["Disclosures"])


@operation(
    router,
    "GET",
    "",
    id="listDisclosures",
    summary="List disclosures",
    answer=DisclosurePage,
    scope=Scope.DISCLOSURES_READ,
)
async def list_disclosures(
    request: Request, db: LoggedRead, narrowed: Annotated[DisclosureFilter, Query()]
) -> Response:
    """Disclosures granted by or to the caller's agency, newest first."""
    place = lists.place(request, db.caller, narrowed.cursor, narrowed.limit)
    return await service.list_(db, narrowed, place)


@operation(
    router,
    "GET",
    "/{id}",
    id="getDisclosure",
    summary="Read a disclosure",
    answer=DisclosureOut,
    scope=Scope.DISCLOSURES_READ,
)
async def get_disclosure(id: Id, db: LoggedRead) -> Response:
    """A disclosure granted by or to the caller's agency."""
    return await service.get(db, id)


@operation(
    router,
    "POST",
    "",
    id="grantDisclosure",
    summary="Grant a disclosure",
    answer=DisclosureOut,
    scope=Scope.DISCLOSURES_WRITE,
    status=201,
)
async def grant_disclosure(body: DisclosureIn, db: Write) -> Response:
    """Opens data of a person to another agency: by consent or by a seeded legal basis only."""
    return await service.grant(db, body)


@operation(
    router,
    "POST",
    "/preview",
    id="previewDisclosure",
    summary="Preview a disclosure",
    answer=PreviewOut,
    scope=Scope.DISCLOSURES_WRITE,
)
async def preview_disclosure(body: PreviewIn, db: Write) -> Response:
    """Answers what the recipient would see, and grants nothing: judged as a grant would be.

    Needs `persons:read` besides, and `cases:read` with a case.
    """
    return await service_preview.preview(db, body)


@operation(
    router,
    "POST",
    "/break-glass",
    id="breakGlass",
    summary="Take what was not disclosed, in an emergency",
    answer=DisclosureOut,
    scope=Scope.DISCLOSURES_EMERGENCY,
    status=201,
    problems=(404,),  # a repetition after the access has ended
)
async def break_glass(body: BreakGlassIn, db: Write) -> Response:
    """Opens at once and for a short term; the controller is told and owes a review.

    Only a person at a desk may, and sees no more than unit and roles allow at all.
    """
    return await service_break_glass.take(db, body)


@transition(router, DISCLOSURE, "revoke", scope=Scope.DISCLOSURES_WRITE, answer=DisclosureOut)
async def revoke_disclosure(id: Id, db: Write, if_match: IfMatch = None) -> Response:
    """Revokes; see the drawing."""
    return await service.revoke(db, id, expected(if_match))
