"""`/v1/webhook-deliveries`."""

from typing import Annotated

from fastapi import APIRouter, Header, Query, Request, Response

from integration_api.kernel import lists
from integration_api.kernel.db import OwnRead, Write
from integration_api.kernel.operations import operation
from integration_api.kernel.scalars import Id
from integration_api.kernel.scopes import Scope

from . import service_deliveries as service
from .schemas import WebhookDeliveryFilter, WebhookDeliveryOut, WebhookDeliveryPage

router = APIRouter(prefix="/webhook-deliveries", tags=["Webhooks"])
Key = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        description="Makes a repetition safe for 24 hours: same key, same answer.",
        min_length=8,
        max_length=64,
        pattern=r"^[A-Za-z0-9_.:-]+$",
        examples=["redelivery-0001"],
    ),
]


@operation(
    router,
    "GET",
    "",
    id="listWebhookDeliveries",
    summary="List webhook deliveries",
    answer=WebhookDeliveryPage,
    scope=Scope.WEBHOOKS_READ,
)
async def list_deliveries(
    request: Request, db: OwnRead, narrowed: Annotated[WebhookDeliveryFilter, Query()]
) -> Response:
    """Deliveries to endpoints of the caller's agency, newest first; ended ones for 30 days."""
    place = lists.place(request, db.caller, narrowed.cursor, narrowed.limit)
    return await service.list_(db, narrowed, place)


@operation(
    router,
    "GET",
    "/{id}",
    id="getWebhookDelivery",
    summary="Read a webhook delivery",
    answer=WebhookDeliveryOut,
    scope=Scope.WEBHOOKS_READ,
)
async def get_delivery(id: Id, db: OwnRead) -> Response:
    """A delivery with what came of its attempts."""
    return await service.get(db, id)


@operation(
    router,
    "POST",
    "/{id}/redeliver",
    id="redeliverWebhookDelivery",
    summary="Send a delivery again",
    answer=WebhookDeliveryOut,
    scope=Scope.WEBHOOKS_WRITE,
)
async def redeliver(id: Id, db: Write, key: Key) -> Response:
    """Sends the same event with the same `webhook-id` once more, now; needs a key."""
    return await service.redeliver(db, id)
