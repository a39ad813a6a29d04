"""Operations of webhooks."""

from tests.access.operations_register import Call, call, reading
from tests.make import Make

PATH = "/v1/webhook-endpoints"
URL = "https://hooks.example.org/integration"


@call("createWebhookEndpoint")
async def _(make: Make) -> Call:
    types = ["referral.sent", "referral.withdrawn"]
    return Call("POST", PATH, {"url": URL, "types": types, "description": "Fachverfahren"})


@call("getWebhookEndpoint")
async def _(make: Make) -> Call:
    return reading("webhook-endpoints", await make.webhook_endpoint())


@call("updateWebhookEndpoint")
async def _(make: Make) -> Call:
    e = await make.webhook_endpoint()
    return Call("PATCH", f"{PATH}/{e.id}", {"types": ["referral.sent"]}, e.etag, (e.id,))


@call("rotateSecretWebhookEndpoint")
async def _(make: Make) -> Call:
    e = await make.webhook_endpoint()
    return Call("POST", f"{PATH}/{e.id}/rotate-secret", None, e.etag, (e.id,))


@call("testWebhookEndpoint")
async def _(make: Make) -> Call:
    e = await make.webhook_endpoint()
    return Call("POST", f"{PATH}/{e.id}/test", ids=(e.id,))


@call("replayWebhookEndpoint")
async def _(make: Make) -> Call:
    e = await make.webhook_endpoint()
    body = {"from_at": "2026-01-02T08:00:00Z", "to_at": "2026-01-03T08:00:00Z"}
    return Call("POST", f"{PATH}/{e.id}/replay", body, ids=(e.id,))


@call("disableWebhookEndpoint")
async def _(make: Make) -> Call:
    e = await make.webhook_endpoint()
    return Call("POST", f"{PATH}/{e.id}/disable", None, e.etag, (e.id,))


@call("enableWebhookEndpoint")
async def _(make: Make) -> Call:
    e = await make.webhook_endpoint()
    off = await make.clients.post("lead", f"{PATH}/{e.id}/disable", etag=e.etag)
    return Call("POST", f"{PATH}/{e.id}/enable", None, off.headers["ETag"], (e.id,))


@call("getWebhookDelivery")
async def _(make: Make) -> Call:
    return reading("webhook-deliveries", await make.webhook_delivery())


@call("redeliverWebhookDelivery")
async def _(make: Make) -> Call:
    d = await make.webhook_delivery()
    return Call("POST", f"/v1/webhook-deliveries/{d.id}/redeliver", ids=(d.id,))
