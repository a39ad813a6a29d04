"""`/v1/sites`."""

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
from .schemas import SiteFilter, SiteIn, SiteOut, SitePage, SitePatch

router = APIRouter(prefix="/sites", tags=["Sites"])


@operation(
    router,
    "GET",
    "",
    id="listSites",
    summary="List sites",
    answer=SitePage,
    public=True,
    extra=CACHED,
)
async def list_sites(
    request: Request, db: Read, narrowed: Annotated[SiteFilter, Query()]
) -> Response:
    """Houses where agencies are met, in German order, with whether they are open now."""
    place = lists.place(request, ANONYMOUS, narrowed.cursor, narrowed.limit)
    return await service.list_(db, narrowed, place)


@operation(
    router,
    "GET",
    "/{id}",
    id="getSite",
    summary="Read a site",
    answer=SiteOut,
    public=True,
    extra=CACHED,
)
async def get_site(id: Id, db: Read) -> Response:
    """One site with its address, hours, and the agencies under its roof."""
    return await service.get(db, id)


@operation(
    router,
    "POST",
    "",
    id="createSite",
    summary="Add a site",
    answer=SiteOut,
    scope=Scope.SITES_WRITE,
    status=201,
)
async def create_site(body: SiteIn, db: Write) -> Response:
    """Adds a site to the directory, which the caller's agency keeps up to date."""
    return await service.create(db, body)


@operation(
    router,
    "PATCH",
    "/{id}",
    id="updateSite",
    summary="Change a site",
    answer=SiteOut,
    scope=Scope.SITES_WRITE,
)
async def update_site(id: Id, body: SitePatch, db: Amend, if_match: IfMatch = None) -> Response:
    """Changes a site that the caller's agency keeps (JSON merge patch; lists as a whole)."""
    return await service.amend(db, id, body, expected(if_match))
