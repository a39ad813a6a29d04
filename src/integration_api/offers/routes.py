"""`/v1/offers`."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from integration_api.code_lists.served import CACHED
from integration_api.edge.optional import ANONYMOUSLY, REFUSALS, PublicRead
from integration_api.kernel import lists
from integration_api.kernel.concurrency import IfMatch, expected
from integration_api.kernel.db import Amend, Write
from integration_api.kernel.operations import operation, transition
from integration_api.kernel.scalars import Id
from integration_api.kernel.scopes import Scope

from . import service
from .lifecycle import OFFER
from .schemas import OfferFilter, OfferIn, OfferOut, OfferPage, OfferPatch

router = APIRouter(prefix="/offers", tags=["Offers"])
OPEN = {**CACHED, **ANONYMOUSLY}


@operation(
    router,
    "GET",
    "",
    id="listOffers",
    summary="List offers",
    answer=OfferPage,
    public=True,
    problems=REFUSALS,
    extra=OPEN,
)
async def list_offers(
    request: Request, db: PublicRead, narrowed: Annotated[OfferFilter, Query()]
) -> Response:
    """Offers of all partners that are published or paused and not over, in German order.

    With `near`, the nearest come first, by the straight line to their nearest site. Without a key
    drafts are not there; with its own key an agency finds them by `status=draft`.
    """
    place = lists.place(request, db.caller, narrowed.cursor, narrowed.limit)
    return await service.list_(db, narrowed, place)


@operation(
    router,
    "GET",
    "/{id}",
    id="getOffer",
    summary="Read an offer",
    answer=OfferOut,
    public=True,
    problems=REFUSALS,
    extra=OPEN,
)
async def get_offer(id: Id, db: PublicRead) -> Response:
    """One offer; a draft only with the key of its agency."""
    return await service.get(db, id)


@operation(
    router,
    "POST",
    "",
    id="createOffer",
    summary="Draft an offer",
    answer=OfferOut,
    scope=Scope.OFFERS_WRITE,
    status=201,
)
async def create_offer(body: OfferIn, db: Write) -> Response:
    """Drafts an offer of the caller's agency, which nobody else sees until it is published."""
    return await service.create(db, body)


@operation(
    router,
    "PATCH",
    "/{id}",
    id="updateOffer",
    summary="Change an offer",
    answer=OfferOut,
    scope=Scope.OFFERS_WRITE,
)
async def update_offer(id: Id, body: OfferPatch, db: Amend, if_match: IfMatch = None) -> Response:
    """Changes an offer of the caller's agency that has not ended (JSON merge patch)."""
    return await service.amend(db, id, body, expected(if_match))


@transition(router, OFFER, "publish", scope=Scope.OFFERS_WRITE, answer=OfferOut)
async def publish_offer(id: Id, db: Write, if_match: IfMatch = None) -> Response:
    """Publishes; see the drawing."""
    return await service.advance(db, id, "publish", expected(if_match))


@transition(router, OFFER, "pause", scope=Scope.OFFERS_WRITE, answer=OfferOut)
async def pause_offer(id: Id, db: Write, if_match: IfMatch = None) -> Response:
    """Pauses; see the drawing."""
    return await service.advance(db, id, "pause", expected(if_match))


@transition(router, OFFER, "resume", scope=Scope.OFFERS_WRITE, answer=OfferOut)
async def resume_offer(id: Id, db: Write, if_match: IfMatch = None) -> Response:
    """Resumes; see the drawing."""
    return await service.advance(db, id, "resume", expected(if_match))


@transition(router, OFFER, "end", scope=Scope.OFFERS_WRITE, answer=OfferOut)
async def end_offer(id: Id, db: Write, if_match: IfMatch = None) -> Response:
    """Ends; see the drawing."""
    return await service.advance(db, id, "end", expected(if_match))
