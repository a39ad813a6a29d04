"""`/v1/consents`."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from integration_api.kernel import lists
from integration_api.kernel.concurrency import IfMatch, expected
from integration_api.kernel.db import LoggedRead, Write
from integration_api.kernel.operations import operation, transition
from integration_api.kernel.scalars import Id
from integration_api.kernel.scopes import Scope

from . import service_consents as service
from .lifecycle import CONSENT
from .schemas_consents import ConsentFilter, ConsentIn, ConsentOut, ConsentPage

router = APIRouter(prefix="/consents", tags=["Consents"])


@operation(
    router,
    "GET",
    "",
    id="listConsents",
    summary="List consents",
    answer=ConsentPage,
    scope=Scope.CONSENTS_READ,
)
async def list_consents(
    request: Request, db: LoggedRead, narrowed: Annotated[ConsentFilter, Query()]
) -> Response:
    """Consents given to the caller's agency, newest first."""
    place = lists.place(request, db.caller, narrowed.cursor, narrowed.limit)
    return await service.list_(db, narrowed, place)


@operation(
    router,
    "GET",
    "/{id}",
    id="getConsent",
    summary="Read a consent",
    answer=ConsentOut,
    scope=Scope.CONSENTS_READ,
)
async def get_consent(id: Id, db: LoggedRead) -> Response:
    """A consent given to the caller's agency."""
    return await service.get(db, id)


@operation(
    router,
    "POST",
    "",
    id="createConsent",
    summary="Record a consent",
    answer=ConsentOut,
    scope=Scope.CONSENTS_WRITE,
    status=201,
)
async def create_consent(body: ConsentIn, db: Write) -> Response:
    """Records a consent: recipients, purposes, compartments, term (Art. 7 GDPR)."""
    return await service.create(db, body)


@transition(router, CONSENT, "revoke", scope=Scope.CONSENTS_WRITE, answer=ConsentOut)
async def revoke_consent(id: Id, db: Write, if_match: IfMatch = None) -> Response:
    """Revokes; see the drawing."""
    return await service.revoke(db, id, expected(if_match))
