"""What stands against a request to an endpoint or a delivery, and bodies that are no JSON."""

import pytest

from tests.cast import id_of
from tests.clients import Clients
from tests.conftest import Committed
from tests.make import Make

PLAIN = {"Content-Type": "text/plain"}
FEWER = "update ia.api_client set scopes = array_remove(scopes, 'cases:write') where id = $1"


async def test_an_unknown_type_is_refused(make: Make, clients: Clients) -> None:
    row = await make.webhook_endpoint()
    path = f"/v1/webhook-endpoints/{row.id}"
    unknown = await clients.patch("lead", path, {"types": ["case.invented"]}, etag=row.etag)
    assert unknown.status_code == 409


async def test_after_a_change_of_rights_a_repetition_shows_nothing(committed: Committed) -> None:
    make, clients = committed.make, committed.clients
    endpoint, delivery = await make.webhook_endpoint(), await make.webhook_delivery()
    asked = {
        f"/v1/webhook-endpoints/{endpoint.id}/test": "tested-once",
        f"/v1/webhook-deliveries/{delivery.id}/redeliver": "sent-again-once",
    }
    for path, key in asked.items():
        assert (await clients.post("lead", path, key=key)).is_success
    await committed.admin.execute(FEWER, id_of("lead", "machine"))
    committed.app.state.credentials.forget()
    for path, key in asked.items():
        answer = await clients.post("lead", path, key=key)
        assert answer.status_code == 409
        assert answer.json()["type"].endswith("/stored-answer-sealed")


@pytest.mark.parametrize("below", ["", "/replay"])
async def test_a_body_of_another_type_is_refused(make: Make, clients: Clients, below: str) -> None:
    row = await make.webhook_endpoint()
    path = f"/v1/webhook-endpoints/{row.id}{below}"
    method = "POST" if below else "PATCH"
    answer = await clients.request(
        "lead", method, path, etag=row.etag, headers=PLAIN, content=b"{}"
    )
    assert answer.status_code == 415
    for where in ("/v1/webhook-endpoints", "/v1/exports"):
        made = await clients.request(
            "lead", "POST", where, key="another-type", headers=PLAIN, content=b"{}"
        )
        assert made.status_code == 415
