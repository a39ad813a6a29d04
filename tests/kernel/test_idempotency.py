"""Idempotency-Key: one effect, one answer, for who may still see it."""

from typing import Any

import pytest

from tests.clients import Clients
from tests.make import Make

BODY: dict[str, Any] = {"name": {"kind": "mononym", "mononym": "Schlüssel"}}


async def test_a_repeated_key_gives_the_same_answer_and_no_second_person(clients: Clients) -> None:
    first = await clients.post("lead", "/v1/persons", BODY, key="same-key-1")
    again = await clients.post("lead", "/v1/persons", BODY, key="same-key-1")
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["ETag"] == first.headers["ETag"]
    assert again.headers["Idempotent-Replayed"] == "true"
    listed = (await clients.get("lead", "/v1/persons")).json()["items"]
    assert [p["name"]["mononym"] for p in listed].count("Schlüssel") == 1


async def test_the_order_of_members_is_no_other_request(clients: Clients) -> None:
    body = {"birth_date": "1990", **BODY}
    first = await clients.post("lead", "/v1/persons", body, key="same-key-2")
    turned = {"name": BODY["name"], "birth_date": "1990"}
    again = await clients.post("lead", "/v1/persons", turned, key="same-key-2")
    assert again.content == first.content


async def test_a_key_with_another_body_is_refused(clients: Clients) -> None:
    await clients.post("lead", "/v1/persons", BODY, key="same-key-3")
    other = {"name": {"kind": "mononym", "mononym": "Anders"}}
    answer = await clients.post("lead", "/v1/persons", other, key="same-key-3")
    assert answer.status_code == 422
    assert answer.json()["type"].endswith("/idempotency-key-reused")


async def test_the_same_key_of_another_client_is_its_own(clients: Clients) -> None:
    first = await clients.post("lead", "/v1/persons", BODY, key="same-key-4")
    other = await clients.post("outsider", "/v1/persons", BODY, key="same-key-4")
    assert other.status_code == 201
    assert other.json()["id"] != first.json()["id"]


async def test_a_refused_request_leaves_its_key_free(make: Make, clients: Clients) -> None:
    scene = await make.scene("sent")
    path = f"/v1/referrals/{scene.referral.id}/accept"
    stale = await clients.post("jobcenter", path, etag='"77"', key="same-key-5")
    assert stale.status_code == 412
    right = await clients.post("jobcenter", path, etag=scene.referral.etag, key="same-key-6")
    again = await clients.post("jobcenter", path, etag=scene.referral.etag, key="same-key-6")
    assert (right.status_code, again.content) == (200, right.content)


async def test_what_was_revoked_is_not_replayed(make: Make, clients: Clients) -> None:
    scene = await make.scene("sent")
    path = f"/v1/referrals/{scene.referral.id}/accept"
    tag = scene.referral.etag
    accepted = await clients.post("jobcenter", path, etag=tag, key="same-key-7")
    assert accepted.json()["person"] is not None
    assert (await clients.post("jobcenter", path, etag=tag, key="same-key-7")).status_code == 200
    await clients.post("lead", f"/v1/consents/{scene.consent.id}/revoke", etag=scene.consent.etag)
    again = await clients.post("jobcenter", path, etag=tag, key="same-key-7")
    assert again.status_code == 404
    assert scene.person.body["name"]["family_name"] not in again.text


async def test_what_one_of_two_disclosures_showed_is_not_replayed_after_it(
    make: Make, clients: Clients
) -> None:
    scene = await make.scene("sent")
    await make.disclosure(scene.person, scene.consent, compartments=["core"])
    path = f"/v1/referrals/{scene.referral.id}/accept"
    tag = scene.referral.etag
    accepted = await clients.post("jobcenter", path, etag=tag, key="same-key-8")
    assert accepted.json()["message"] is not None
    ended = f"/v1/disclosures/{scene.disclosure.id}"
    now = await clients.get("lead", ended)
    await clients.post("lead", f"{ended}/revoke", etag=now.headers["ETag"])
    assert (await clients.get("jobcenter", f"/v1/persons/{scene.person.id}")).status_code == 200
    again = await clients.post("jobcenter", path, etag=tag, key="same-key-8")
    assert again.status_code == 404


@pytest.mark.parametrize("key", ["x" * 7, "x" * 65, "a b c d e f g h"])
async def test_a_malformed_key_is_refused(clients: Clients, key: str) -> None:
    answer = await clients.post("lead", "/v1/persons", BODY, key=key)
    assert answer.status_code == 400
