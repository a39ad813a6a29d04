"""Endpoints as their agency keeps them: addresses, types, secrets, switching off and on."""

from dataclasses import replace
from uuid import UUID, uuid4

import asyncpg
import pytest
from asyncpg import Connection
from fastapi import FastAPI

from integration_api.changes.service import cursor
from integration_api.edge.vault import Vault
from integration_api.kernel.principal import ANONYMOUS
from integration_api.webhooks import signing
from tests.cast import id_of
from tests.clients import Clients
from tests.conftest import SECRET, Committed
from tests.make import Make, made
from tests.webhooks.queue import ENDPOINTS, endpoint, vault

URL = "https://hooks.example.org/integration"


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://hooks.example.org/", "scheme_not_allowed"),
        ("https://hooks.example.org:22/", "port_not_allowed"),
        ("https://hooks.example.org:99999/", "port_not_allowed"),
        ("https://user:word@hooks.example.org/", "wrong_form"),
        ("https://hooks.example.org/#here", "wrong_form"),
        ("https://①②⑦.0.0.1/", "wrong_form"),
        ("ftp://hooks.example.org/", "wrong_form"),
        ("https://[::1]/", "wrong_form"),
        ("https:///nowhere", "wrong_form"),
    ],
)
async def test_an_address_that_is_never_called_is_refused(
    clients: Clients, url: str, code: str
) -> None:
    answer = await clients.post("lead", ENDPOINTS, {"url": url})
    assert answer.status_code == 422
    (finding,) = answer.json()["errors"]
    assert (finding["pointer"], finding["code"]) == ("/url", code)


async def test_an_allowed_port_may_be_named(clients: Clients) -> None:
    for url in (URL, "https://hooks.example.org:443/", "https://hooks.example.org:8443/x?y=z"):
        assert (await clients.post("lead", ENDPOINTS, {"url": url})).status_code == 201


async def test_a_type_that_nobody_sends_is_refused(clients: Clients) -> None:
    body = {"url": URL, "types": ["case.opened", "case.eaten"]}
    answer = await clients.post("lead", ENDPOINTS, body)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (409, "/types/1")


async def test_a_secret_is_shown_once_and_never_compressed(clients: Clients) -> None:
    packed = {"Accept-Encoding": "gzip"}
    types = ["case.opened"] * 200  # more than a kilobyte
    body = {"url": URL, "types": types}
    first = await clients.post("lead", ENDPOINTS, body, key="made-once-1", headers=packed)
    assert first.json()["secret"].startswith("whsec_")
    assert "content-encoding" not in first.headers
    again = await clients.post("lead", ENDPOINTS, body, key="made-once-1", headers=packed)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.json()["secret"] is None
    path = f"{ENDPOINTS}/{first.json()['id']}"
    assert "secret" not in (await clients.get("lead", path)).json()


async def test_a_secret_is_stored_sealed_for_its_endpoint(committed: Committed) -> None:
    one, other = [await endpoint(committed, URL) for _ in range(2)]
    rows = await committed.admin.fetch("select endpoint_id, sealed from ia.webhook_secret")
    sealed = {str(r["endpoint_id"]): r["sealed"] for r in rows}
    text = one.body["secret"]
    assert text.encode() not in sealed[one.id]
    of = UUID(one.id)
    assert signing.opened(vault(), [sealed[one.id]], of) == [text]
    assert signing.opened(vault(), [sealed[other.id]], of) == []
    assert signing.opened(Vault(SECRET), [sealed[one.id]], of) == [], "answers have another key"
    assert signing.opened(Vault(b"x" * 32, what=signing.SEALED_AS), [sealed[one.id]], of) == []


async def test_the_application_writes_secrets_and_reads_none(
    make: Make, connection: Connection
) -> None:
    await make.webhook_endpoint()
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.fetch("select sealed from ia.webhook_secret")


async def test_networks_are_the_operators(make: Make, connection: Connection) -> None:
    await make.webhook_endpoint()
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute("update ia.webhook_endpoint set networks = '{10.0.0.0/8}'")


async def test_an_endpoint_is_seen_by_its_agency_alone(make: Make, clients: Clients) -> None:
    e = await make.webhook_endpoint("jobcenter")
    assert (await clients.get("jobcenter", f"{ENDPOINTS}/{e.id}")).status_code == 200
    for stranger in ("lead", "koeln"):
        assert (await clients.get(stranger, f"{ENDPOINTS}/{e.id}")).status_code == 404
        assert (await clients.get(stranger, ENDPOINTS)).json()["items"] == []
        tried = await clients.post(stranger, f"{ENDPOINTS}/{e.id}/test")
        assert tried.status_code == 404


async def test_a_change_that_changes_nothing_is_none(make: Make, clients: Clients) -> None:
    e = await make.webhook_endpoint()
    path = f"{ENDPOINTS}/{e.id}"
    same = await clients.patch("lead", path, {"types": e.body["types"]}, etag=e.etag)
    assert same.headers["ETag"].startswith('"1.')
    changed = await clients.patch("lead", path, {"description": None, "types": []}, etag=e.etag)
    assert (changed.json()["description"], changed.json()["types"]) == (None, [])
    stale = await clients.patch("lead", path, {"types": []}, etag=e.etag)
    assert stale.status_code == 412
    nowhere = await clients.patch(
        "lead", path, {"url": "http://x.example.org/"}, etag=changed.headers["ETag"]
    )
    assert nowhere.status_code == 422


async def test_it_is_switched_off_and_on_and_not_twice(make: Make, clients: Clients) -> None:
    e = await make.webhook_endpoint()
    path = f"{ENDPOINTS}/{e.id}"
    off = made(await clients.post("lead", f"{path}/disable", etag=e.etag), 200)
    assert (off.body["status"], off.body["disabled_reason"]) == ("disabled", "owner")
    assert off.body["allowed_actions"] == ["enable"]
    twice = await clients.post("lead", f"{path}/disable", etag=off.etag)
    assert (twice.status_code, twice.json()["current"]) == (409, "disabled")
    on = made(await clients.post("lead", f"{path}/enable", etag=off.etag), 200)
    assert (on.body["status"], on.body["disabled_at"]) == ("enabled", None)
    listed = await clients.get("lead", ENDPOINTS, params={"status": "disabled"})
    assert listed.json()["items"] == []


async def test_an_agency_has_an_end_of_endpoints_and_secrets(
    make: Make, clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("integration_api.webhooks.service.MOST_ENDPOINTS", 1)
    e = await make.webhook_endpoint()
    more = await clients.post("lead", ENDPOINTS, {"url": URL})
    assert (more.status_code, more.json()["errors"][0]["code"]) == (409, "too_many")
    for found in (2, 3, 4, 5):
        e = made(await clients.post("lead", f"{ENDPOINTS}/{e.id}/rotate-secret", etag=e.etag), 200)
        assert e.body["secrets_valid"] == found
    again = await clients.post("lead", f"{ENDPOINTS}/{e.id}/rotate-secret", etag=e.etag)
    assert (again.status_code, again.json()["errors"][0]["code"]) == (409, "too_many_secrets")


async def test_a_replay_has_a_beginning_and_is_alone(make: Make, clients: Clients) -> None:
    e = await make.webhook_endpoint()
    path = f"{ENDPOINTS}/{e.id}/replay"
    turned = {"from_at": "2026-01-03T08:00:00Z", "to_at": "2026-01-02T08:00:00Z"}
    assert (await clients.post("lead", path, turned)).status_code == 422
    later = {"from_at": "2099-01-01T00:00:00Z"}
    answer = await clients.post("lead", path, later)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (409, "not_begun")
    first = {"from_at": "2026-01-01T00:00:00Z"}
    assert (await clients.post("lead", path, first)).json()["replay"] is not None
    second = await clients.post("lead", path, first)
    assert (second.status_code, second.json()["errors"][0]["code"]) == (409, "replay_under_way")


@pytest.mark.parametrize("body", [{}, {"from_at": "2026-01-01T00:00:00Z", "after": "AQ"}])
async def test_a_replay_begins_at_one_place(
    make: Make, clients: Clients, body: dict[str, str]
) -> None:
    e = await make.webhook_endpoint()
    answer = await clients.post("lead", f"{ENDPOINTS}/{e.id}/replay", body)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "one_of_both")


async def test_a_cursor_from_which_nobody_can_go_on_is_told(
    make: Make, clients: Clients, app: FastAPI
) -> None:
    e = await make.webhook_endpoint()
    path = f"{ENDPOINTS}/{e.id}/replay"
    agency = (id_of("wuppertal"), id_of("lead"))
    caller = replace(ANONYMOUS, municipality_id=agency[0], agency_id=agency[1])
    other = cursor(app.state.cursors, caller, uuid4(), 0)
    gone = await clients.post("lead", path, {"after": other})
    assert (gone.status_code, gone.json()["resync"]) == (410, "/v1/exports")
    for foreign in ("AQ", cursor(app.state.cursors, ANONYMOUS, uuid4(), 0)):
        refused = await clients.post("lead", path, {"after": foreign})
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (409, "/after")


async def test_a_redelivery_needs_a_key_and_has_one_effect(make: Make, clients: Clients) -> None:
    d = await make.webhook_delivery()
    path = f"/v1/webhook-deliveries/{d.id}/redeliver"
    bare = await clients.request("lead", "POST", path, key="")
    assert bare.status_code == 400
    assert bare.json()["errors"][0]["parameter"] == "Idempotency-Key"
    first = await clients.post("lead", path, key="once-more-1")
    again = await clients.post("lead", path, key="once-more-1")
    assert first.headers["ETag"].startswith('"2.')
    assert again.content == first.content
