"""`/v1/webhook-endpoints`."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from integration_api.kernel import lists
from integration_api.kernel.concurrency import IfMatch, expected
from integration_api.kernel.db import Amend, OwnRead, Write
from integration_api.kernel.operations import operation, transition
from integration_api.kernel.scalars import Id
from integration_api.kernel.scopes import Scope

from . import service, service_deliveries, setup
from .lifecycle import WEBHOOK_ENDPOINT
from .schemas import (
    ReplayWebhooks,
    WebhookDeliveryOut,
    WebhookEndpointFilter,
    WebhookEndpointIn,
    WebhookEndpointOut,
    WebhookEndpointPage,
    WebhookEndpointPatch,
    WebhookEndpointSecretOut,
)

router = APIRouter(prefix="/webhook-endpoints", tags=["Webhooks"])


async def _rules(request: Request) -> setup.Rules:
    rules: setup.Rules = request.app.state.webhooks
    return rules


Rules = Annotated[setup.Rules, Depends(_rules)]


@operation(
    router,
    "GET",
    "",
    id="listWebhookEndpoints",
    summary="List webhook endpoints",
    answer=WebhookEndpointPage,
    scope=Scope.WEBHOOKS_READ,
)
async def list_endpoints(
    request: Request, db: OwnRead, narrowed: Annotated[WebhookEndpointFilter, Query()]
) -> Response:
    """Endpoints of the caller's agency, newest first."""
    place = lists.place(request, db.caller, narrowed.cursor, narrowed.limit)
    return await service.list_(db, narrowed, place)


@operation(
    router,
    "GET",
    "/{id}",
    id="getWebhookEndpoint",
    summary="Read a webhook endpoint",
    answer=WebhookEndpointOut,
    scope=Scope.WEBHOOKS_READ,
)
async def get_endpoint(id: Id, db: OwnRead) -> Response:
    """An endpoint of the caller's agency."""
    return await service.get(db, id)


@operation(
    router,
    "POST",
    "",
    id="createWebhookEndpoint",
    summary="Add a webhook endpoint",
    answer=WebhookEndpointSecretOut,
    scope=Scope.WEBHOOKS_WRITE,
    status=201,
)
async def create_endpoint(body: WebhookEndpointIn, db: Write, rules: Rules) -> Response:
    """From now on events addressed to the caller's agency are sent there, signed.

    The answer shows the secret, this once.
    """
    return await service.create(db, body, rules)


@operation(
    router,
    "PATCH",
    "/{id}",
    id="updateWebhookEndpoint",
    summary="Change a webhook endpoint",
    answer=WebhookEndpointOut,
    scope=Scope.WEBHOOKS_WRITE,
)
async def update_endpoint(
    id: Id, body: WebhookEndpointPatch, db: Amend, rules: Rules, if_match: IfMatch = None
) -> Response:
    """Changes address, types or description; what is queued goes to the new address."""
    return await service.amend(db, id, body, expected(if_match), rules)


@operation(
    router,
    "POST",
    "/{id}/rotate-secret",
    id="rotateSecretWebhookEndpoint",
    summary="Give an endpoint its next secret",
    answer=WebhookEndpointSecretOut,
    scope=Scope.WEBHOOKS_WRITE,
)
async def rotate_secret(id: Id, db: Write, rules: Rules, if_match: IfMatch = None) -> Response:
    """Shows a new secret, this once. The one before signs beside it for 24 hours more."""
    return await service.rotate(db, id, expected(if_match), rules)


@operation(
    router,
    "POST",
    "/{id}/test",
    id="testWebhookEndpoint",
    summary="Send a test event",
    answer=WebhookDeliveryOut,
    scope=Scope.WEBHOOKS_WRITE,
    status=201,
)
async def test_endpoint(id: Id, db: Write) -> Response:
    """Queues an event `webhook.test`; the delivery in the answer tells what comes of it."""
    return await service_deliveries.try_(db, id)


@operation(
    router,
    "POST",
    "/{id}/replay",
    id="replayWebhookEndpoint",
    summary="Send the events of a time again",
    answer=WebhookEndpointOut,
    scope=Scope.WEBHOOKS_WRITE,
    problems=(410,),
)
async def replay_endpoint(id: Id, body: ReplayWebhooks, db: Write, rules: Rules) -> Response:
    """Queues again what happened in a time and fits the endpoint, delivered or not.

    Each event keeps its `webhook-id`. One replay of an endpoint at a time.
    """
    return await service.replay(db, id, body, rules)


@transition(
    router,
    WEBHOOK_ENDPOINT,
    "disable",
    scope=Scope.WEBHOOKS_WRITE,
    answer=WebhookEndpointOut,
)
async def disable_endpoint(id: Id, db: Write, if_match: IfMatch = None) -> Response:
    """Switches off; see the drawing."""
    return await service.advance(db, id, "disable", expected(if_match))


@transition(
    router, WEBHOOK_ENDPOINT, "enable", scope=Scope.WEBHOOKS_WRITE, answer=WebhookEndpointOut
)
async def enable_endpoint(id: Id, db: Write, if_match: IfMatch = None) -> Response:
    """Switches on; see the drawing."""
    return await service.advance(db, id, "enable", expected(if_match))
