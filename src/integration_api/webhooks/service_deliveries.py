"""What the agency that owns an endpoint can see and repeat of its deliveries."""

from uuid import UUID

import orjson

from integration_api.kernel import clock
from integration_api.kernel.answers import Answer, resource
from integration_api.kernel.db import ReadTx, WriteTx
from integration_api.kernel.ids import uuid7
from integration_api.kernel.lists import Place
from integration_api.kernel.problems import NotFound

from .lifecycle import TEST
from .schemas import WebhookDeliveryFilter
from .statements import SEE
from .statements_deliveries import GET, REDELIVER, TRY, list_deliveries


async def get(tx: ReadTx, id: UUID) -> Answer:
    """One delivery with its last attempts.

    Raises:
        NotFound: there is none.
    """
    return resource(await tx.row(GET, id=id))


async def list_(tx: ReadTx, narrowed: WebhookDeliveryFilter, place: Place) -> Answer:
    """One page of deliveries."""
    filters = narrowed.filters()
    statement = list_deliveries(frozenset(filters), place.direction)
    return place.answer(await tx.row(statement, **filters, **place.params))


async def try_(tx: WriteTx, endpoint_id: UUID) -> Answer:
    """Queue an event that says nothing but that it is a test.

    Raises:
        NotFound: there is no such endpoint.
    """
    row = await tx.row(SEE, id=endpoint_id)
    if row is None:
        raise NotFound
    id, event_id = uuid7(), uuid7()
    event = {
        "id": str(event_id),
        "type": TEST,
        "occurred_at": clock.now().strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "data": {"webhook_id": str(endpoint_id), "version": row["version"], "changed": []},
    }
    named = {"type": TEST, "agg_type": "webhook", "body": orjson.dumps(event).decode()}
    await tx.row(TRY, id=id, endpoint_id=endpoint_id, event_id=event_id, **named)
    location = f"/v1/webhook-deliveries/{id}"
    return tx.answer(resource(await tx.row(GET, id=id), status=201, location=location))


async def redeliver(tx: WriteTx, id: UUID) -> Answer:
    """Send once more, now, whatever came of it before.

    Raises:
        NotFound: there is none.
    """
    await tx.row(REDELIVER, id=id)
    return tx.answer(resource(await tx.row(GET, id=id)))
