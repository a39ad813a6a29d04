"""`/v1/referrals`."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from integration_api.kernel import lists
from integration_api.kernel.concurrency import IfMatch, expected
from integration_api.kernel.db import LoggedRead, Write
from integration_api.kernel.operations import operation, transition
from integration_api.kernel.scalars import Id
from integration_api.kernel.scopes import Scope

from . import service
from .lifecycle import REFERRAL
from .schemas import (
    CompleteReferral,
    DeclineReferral,
    FailReferral,
    HoldReferral,
    ReferralFilter,
    ReferralIn,
    ReferralOut,
    ReferralPage,
    VoidReferral,
    WithdrawReferral,
)

router = APIRouter(prefix="/referrals", tags=["Referrals"])
WRITE = Scope.REFERRALS_WRITE


@operation(
    router,
    "GET",
    "",
    id="listReferrals",
    summary="List referrals",
    answer=ReferralPage,
    scope=Scope.REFERRALS_READ,
)
async def list_referrals(
    request: Request, db: LoggedRead, narrowed: Annotated[ReferralFilter, Query()]
) -> Response:
    """Referrals to the caller's agency, or from it, newest first."""
    place = lists.place(request, db.caller, narrowed.cursor, narrowed.limit)
    return await service.list_(db, narrowed, place)


@operation(
    router,
    "GET",
    "/{id}",
    id="getReferral",
    summary="Read a referral",
    answer=ReferralOut,
    scope=Scope.REFERRALS_READ,
)
async def get_referral(id: Id, db: LoggedRead) -> Response:
    """A referral; its recipient sees a preview until it accepts, and `redactions` says so."""
    return await service.get(db, id)


@operation(
    router,
    "POST",
    "",
    id="createReferral",
    summary="Write a referral",
    answer=ReferralOut,
    scope=WRITE,
    status=201,
)
async def create_referral(body: ReferralIn, db: Write) -> Response:
    """Writes a draft; nobody else sees it until it is sent."""
    return await service.create(db, body)


@transition(router, REFERRAL, "send", scope=WRITE, answer=ReferralOut)
async def send(id: Id, db: Write, if_match: IfMatch = None) -> Response:
    """Sends; see the drawing."""
    return await service.advance(db, id, "send", expected(if_match))


@transition(router, REFERRAL, "receive", scope=WRITE, answer=ReferralOut)
async def receive(id: Id, db: Write, if_match: IfMatch = None) -> Response:
    """Confirms receipt; see the drawing."""
    return await service.advance(db, id, "receive", expected(if_match))


@transition(router, REFERRAL, "accept", scope=WRITE, answer=ReferralOut)
async def accept(id: Id, db: Write, if_match: IfMatch = None) -> Response:
    """Accepts; see the drawing."""
    return await service.advance(db, id, "accept", expected(if_match))


@transition(router, REFERRAL, "decline", scope=WRITE, answer=ReferralOut)
async def decline(id: Id, body: DeclineReferral, db: Write, if_match: IfMatch = None) -> Response:
    """Declines; see the drawing."""
    return await service.advance(db, id, "decline", expected(if_match), body.model_dump())


@transition(router, REFERRAL, "start", scope=WRITE, answer=ReferralOut)
async def start(id: Id, db: Write, if_match: IfMatch = None) -> Response:
    """Starts; see the drawing."""
    return await service.advance(db, id, "start", expected(if_match))


@transition(router, REFERRAL, "hold", scope=WRITE, answer=ReferralOut)
async def hold(id: Id, body: HoldReferral, db: Write, if_match: IfMatch = None) -> Response:
    """Pauses; see the drawing."""
    return await service.advance(db, id, "hold", expected(if_match), body.model_dump())


@transition(router, REFERRAL, "resume", scope=WRITE, answer=ReferralOut)
async def resume(id: Id, db: Write, if_match: IfMatch = None) -> Response:
    """Goes on; see the drawing."""
    return await service.advance(db, id, "resume", expected(if_match))


@transition(router, REFERRAL, "complete", scope=WRITE, answer=ReferralOut)
async def complete(id: Id, body: CompleteReferral, db: Write, if_match: IfMatch = None) -> Response:
    """Completes; see the drawing."""
    return await service.advance(db, id, "complete", expected(if_match), body.model_dump())


@transition(router, REFERRAL, "fail", scope=WRITE, answer=ReferralOut)
async def fail(id: Id, body: FailReferral, db: Write, if_match: IfMatch = None) -> Response:
    """Gives back; see the drawing."""
    return await service.advance(db, id, "fail", expected(if_match), body.model_dump())


@transition(router, REFERRAL, "withdraw", scope=WRITE, answer=ReferralOut)
async def withdraw(id: Id, body: WithdrawReferral, db: Write, if_match: IfMatch = None) -> Response:
    """Withdraws; see the drawing."""
    return await service.advance(db, id, "withdraw", expected(if_match), body.model_dump())


@transition(router, REFERRAL, "void", scope=WRITE, answer=ReferralOut)
async def void(id: Id, body: VoidReferral, db: Write, if_match: IfMatch = None) -> Response:
    """Marks as an error; see the drawing."""
    return await service.advance(db, id, "void", expected(if_match), body.model_dump())


@operation(
    router,
    "POST",
    "/{id}/claim",
    id="claimReferral",
    summary="Claim a referral",
    answer=ReferralOut,
    scope=WRITE,
)
async def claim(id: Id, db: Write, if_match: IfMatch = None) -> Response:
    """A member of the recipient takes the referral from the agency's queue; moves no state."""
    return await service.claim(db, id, expected(if_match))


@operation(
    router,
    "POST",
    "/{id}/release",
    id="releaseReferral",
    summary="Release a referral",
    answer=ReferralOut,
    scope=WRITE,
)
async def release(id: Id, db: Write, if_match: IfMatch = None) -> Response:
    """Gives the referral back to the agency's queue; moves no state."""
    return await service.release(db, id, expected(if_match))
