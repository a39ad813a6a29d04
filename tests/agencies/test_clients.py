"""API clients of an agency: what its administration hands out, and that secrets are shown once."""

import json
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI
from httpx import Response

from integration_api.identity.keys import digest, well_formed
from integration_api.kernel.scopes import Scope
from tests.cast import id_of
from tests.clients import Clients
from tests.login import Login
from tests.make import Made, Make

ADMIN = "lead/admin"
BODY = {"name": "Fachverfahren", "scopes": ["cases:read"], "purposes": ["case_management"]}


async def act(
    clients: Clients, row: Made, verb: str, body: Any = None, who: str = ADMIN, **kw: Any
) -> Response:
    """POST on a client."""
    return await clients.post(who, f"/v1/api-clients/{row.id}/{verb}", body, etag=row.etag, **kw)


def code(answer: Response) -> tuple[int, str]:
    """Status and the code of the first finding."""
    return answer.status_code, answer.json()["errors"][0]["code"]


async def status(clients: Clients, key: str, path: str = "/v1/cases") -> int:
    """What a key gets."""
    headers = {"Authorization": f"Bearer {key}"}
    return (await clients.get(None, path, headers=headers)).status_code


async def test_a_new_client_works_with_what_it_was_given(make: Make, clients: Clients) -> None:
    client = await make.api_client()
    key = client.body["key"]
    assert well_formed(key)
    assert key.startswith("ia_test_")
    assert await status(clients, key) == 200
    assert await status(clients, key, "/v1/persons") == 403
    assert await status(clients, key, "/v1/members") == 403


async def test_the_text_of_a_key_is_in_one_answer_alone(clients: Clients) -> None:
    first = await clients.post(ADMIN, "/v1/api-clients", BODY, key="client-0001")
    again = await clients.post(ADMIN, "/v1/api-clients", BODY, key="client-0001")
    key = first.json()["key"]
    assert (again.status_code, again.json()) == (201, first.json() | {"key": None})
    client = Made(first.json(), first.headers["ETag"])
    for path in (f"/v1/api-clients/{client.id}", "/v1/api-clients"):
        assert key[-64:] not in (await clients.get(ADMIN, path)).text
    rotated = await act(clients, client, "rotate-key", {}, key="client-0002")
    repeated = await act(clients, client, "rotate-key", {}, key="client-0002")
    assert (rotated.status_code, repeated.json()["key"]) == (200, None)


async def test_a_stored_answer_with_the_key_would_be_found(
    clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The known-bad twin: the answer kept as it goes out shows the secret again for a day."""
    from integration_api.agencies import service_clients

    def careless(tx: Any, answer: Any, name: str, key: str) -> Any:
        body = json.loads(answer.body) | {name: key}
        return tx.answer(type(answer)(json.dumps(body).encode(), 201))

    monkeypatch.setattr(service_clients, "shown_once", careless)
    made = await clients.post(ADMIN, "/v1/api-clients", BODY, key="client-0003")
    again = await clients.post(ADMIN, "/v1/api-clients", BODY, key="client-0003")
    assert again.json()["key"] == made.json()["key"]


async def test_an_answer_with_a_key_is_never_compressed(clients: Clients) -> None:
    oversight = (Scope.AUDIT_READ, Scope.RULE_PACKS_WRITE)
    given = [s.value for s in Scope if s not in oversight]
    long = BODY | {"name": "ä" * 200, "scopes": given}
    packed = {"Accept-Encoding": "gzip"}
    made = await clients.post(ADMIN, "/v1/api-clients", long, headers=packed)
    assert len(made.content) > 1024
    assert "content-encoding" not in made.headers
    path = f"/v1/api-clients/{made.json()['id']}"
    read = await clients.get(ADMIN, path, headers=packed)
    assert read.headers["content-encoding"] == "gzip", "as everything else"


async def test_rotation_keeps_two_keys_and_revocation_ends_one(
    make: Make, clients: Clients
) -> None:
    client = await make.api_client()
    old, old_id = client.body["key"], client.body["keys"][0]["id"]
    rotated = await act(clients, client, "rotate-key", {"key_days": 30})
    new = rotated.json()["key"]
    client = Made(rotated.json(), rotated.headers["ETag"])
    assert [await status(clients, key) for key in (old, new)] == [200, 200]
    assert code(await act(clients, client, "rotate-key", {})) == (409, "two_live_keys")
    ended = await act(clients, client, "revoke-key", {"key_id": old_id})
    assert [await status(clients, key) for key in (old, new)] == [401, 200]
    client = Made(ended.json(), ended.headers["ETag"])
    again = await act(clients, client, "revoke-key", {"key_id": old_id})
    assert code(again) == (409, "unknown_reference")
    assert (await act(clients, client, "rotate-key", {})).status_code == 200


async def test_a_revoked_client_is_out_with_all_of_its_keys(make: Make, clients: Clients) -> None:
    client = await make.api_client()
    key = client.body["key"]
    assert await status(clients, key) == 200
    revoked = await act(clients, client, "revoke")
    assert revoked.json()["revoked_at"]
    assert await status(clients, key) == 401
    client = Made(revoked.json(), revoked.headers["ETag"])
    for verb, body in (("revoke", None), ("rotate-key", {}), ("revoke-key", {"key_id": client.id})):
        assert code(await act(clients, client, verb, body)) == (409, "revoked")


async def test_a_key_of_another_client_is_no_key_of_this_one(make: Make, clients: Clients) -> None:
    mine, other = await make.api_client(), await make.api_client()
    body = {"key_id": other.body["keys"][0]["id"]}
    assert code(await act(clients, mine, "revoke-key", body)) == (409, "unknown_reference")
    assert await status(clients, other.body["key"]) == 200


async def test_nothing_is_handed_out_beyond_the_roles_of_an_agency(
    clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    purpose = BODY | {"purposes": ["case_management", "data_protection_audit"]}
    refused = await clients.post(ADMIN, "/v1/api-clients", purpose)
    assert code(refused) == (403, "operator_only")
    assert refused.json()["errors"][0]["pointer"] == "/purposes/1"
    service = BODY | {"purposes": ["administration"]}
    assert code(await clients.post(ADMIN, "/v1/api-clients", service)) == (409, "unknown_reference")
    from integration_api.agencies import service_clients

    monkeypatch.setattr(service_clients, "scopes", lambda _: frozenset({"cases:read"}))
    beyond = BODY | {"scopes": ["cases:read", "cases:write"]}
    refused = await clients.post(ADMIN, "/v1/api-clients", beyond)
    assert code(refused) == (403, "operator_only")
    assert refused.json()["errors"][0]["pointer"] == "/scopes/1"


async def test_a_client_that_may_more_or_speaks_for_a_person_gets_no_key_here(
    make: Make, clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"/v1/api-clients/{id_of('lead', 'worker_1')}"
    found = await clients.get(ADMIN, path)
    desk = Made(found.json(), found.headers["ETag"])
    assert desk.body["member_id"]
    assert code(await act(clients, desk, "rotate-key", {})) == (403, "operator_only")
    client = await make.api_client()
    from integration_api.agencies import service_clients

    monkeypatch.setattr(service_clients, "scopes", lambda _: frozenset({"agencies:write"}))
    assert code(await act(clients, client, "rotate-key", {})) == (403, "operator_only")
    assert (await act(clients, client, "revoke")).status_code == 200


async def test_who_oversees_the_agency_is_not_the_agencys_to_end(
    make: Make, clients: Clients
) -> None:
    await _as(make, "wuppertal", "lead")
    await make.connection.execute(
        "update ia.member set roles = '{data_protection_officer}' where id = $1",
        id_of("lead", "worker_1", "member"),
    )
    found = await clients.get(ADMIN, f"/v1/api-clients/{id_of('lead', 'worker_1')}")
    desk = Made(found.json(), found.headers["ETag"])
    assert code(await act(clients, desk, "revoke")) == (403, "operator_only")


@pytest.mark.parametrize("who", ["lead/worker_1", "lead/machine"])
async def test_with_the_scope_alone_nobody_administers(
    make: Make, clients: Clients, who: str
) -> None:
    client = await make.api_client()
    assert code(await clients.post(who, "/v1/api-clients", BODY)) == (403, "role_missing")
    for verb, body in (("revoke", None), ("rotate-key", {}), ("revoke-key", {"key_id": client.id})):
        assert code(await act(clients, client, verb, body, who)) == (403, "role_missing")


async def test_clients_are_of_the_own_tree(make: Make, clients: Clients) -> None:
    team = await make.agency()
    inside = await make.api_client(agency_id=team.id)
    listed = await clients.get(ADMIN, f"/v1/api-clients?agency_id={team.id}")
    assert [c["id"] for c in listed.json()["items"]] == [inside.id]
    for stranger in (id_of("jobcenter"), id_of("koeln"), id_of("nobody")):
        body = BODY | {"agency_id": str(stranger)}
        refused = await clients.post(ADMIN, "/v1/api-clients", body)
        assert code(refused) == (409, "unknown_reference")


async def test_the_policies_alone_keep_clients_and_keys_in_the_tree(make: Make) -> None:
    client = await make.api_client()
    queries = {
        "select count(*) from ia.api_client where id = $1": UUID(client.id),
        "select count(id) from ia.api_key where client_id = $1": UUID(client.id),
    }
    for city, slug, seen in (
        ("wuppertal", "lead", 1), ("wuppertal", "jobcenter", 0), ("koeln", "koeln", 0),
    ):  # fmt: skip
        await _as(make, city, slug)
        for sql, id in queries.items():
            assert await make.connection.fetchval(sql, id) == seen, (slug, sql)


async def test_events_and_audit_hold_no_secret(make: Make, clients: Clients) -> None:
    client = await make.api_client()
    rotated = await act(clients, client, "rotate-key", {})
    client = Made(rotated.json(), rotated.headers["ETag"])
    await act(clients, client, "revoke")
    events = await make.connection.fetch("select * from looking.events($1, 0)", UUID(client.id))
    kinds = ["api_client.created", "api_client.key_added", "api_client.revoked"]
    assert [e["type"] for e in events] == kinds
    audits = await make.connection.fetch("select * from looking.audits($1)", client.id)
    text = str([*map(dict, events), *map(dict, audits)])
    for secret in (client.body["key"], digest(client.body["key"]).hex()):
        assert secret not in text


async def test_a_machine_that_logs_in_is_shown_with_its_subject(
    clients: Clients, login: Login, app: FastAPI
) -> None:
    path = f"/v1/api-clients/{id_of('jobcenter', 'machine-jobcenter')}"
    found = await clients.get("jobcenter/admin", path)
    assert found.json()["subject"] == "machine-jobcenter"
    token = login.issuer.token("machine-jobcenter")
    assert await login.status(token) == 200
    row = Made(found.json(), found.headers["ETag"])
    assert (await act(clients, row, "revoke", who="jobcenter/admin")).status_code == 200
    assert await login.status(token) == 401
    assert (await app.state.credentials.tokens.find(token)) == ()


async def _as(make: Make, city: str, slug: str) -> None:
    await make.connection.execute(
        "select set_config('app.municipality_id', $1, true), set_config('app.agency_id', $2, true)",
        str(id_of(city)), str(id_of(slug)),
    )  # fmt: skip
