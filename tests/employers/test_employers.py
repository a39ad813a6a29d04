"""Employers: seen by the whole municipality, kept by who recorded them, a number once."""

import uuid

import pytest
from asyncpg import Connection

from tests.cast import acting
from tests.clients import Clients
from tests.make import Make


async def test_every_agency_of_the_municipality_sees_it_and_no_other(
    make: Make, clients: Clients
) -> None:
    path = f"/v1/employers/{(await make.employer()).id}"
    for who in ("labour", "jobcenter", "outsider"):
        assert (await clients.get(who, path)).status_code == 200
    foreign = await clients.get("koeln", path)
    absent = await clients.get("koeln", f"/v1/employers/{uuid.uuid4()}")
    assert (foreign.status_code, foreign.json()["title"]) == (404, absent.json()["title"])
    assert (await clients.get("koeln", "/v1/employers")).json()["items"] == []


async def test_only_who_recorded_it_changes_it(make: Make, clients: Clients) -> None:
    employer = await make.employer()
    path, change = f"/v1/employers/{employer.id}", {"sector": "Gastronomie"}
    other = await clients.patch("jobcenter", path, change, etag=employer.etag)
    assert (other.status_code, other.json()["type"].rsplit("/", 1)[1]) == (403, "not-your-move")
    assert (await clients.patch("koeln", path, change, etag=employer.etag)).status_code == 404
    assert (await clients.patch("labour", path, change)).status_code == 428
    mine = await clients.patch("labour", path, change, etag=employer.etag)
    assert (mine.status_code, mine.json()["sector"]) == (200, "Gastronomie")
    assert (await clients.patch("labour", path, change, etag=employer.etag)).status_code == 412
    same = await clients.patch("labour", path, change, etag=mine.headers["ETag"])
    assert same.headers["ETag"] == mine.headers["ETag"]


async def test_an_establishment_number_is_taken_once_in_a_municipality(
    make: Make, clients: Clients
) -> None:
    number = {"establishment_number": "12345678"}
    await make.employer(**number)
    again = await clients.post("jobcenter", "/v1/employers", {"name": "Zwei GmbH", **number})
    assert (again.status_code, again.json()["errors"][0]["pointer"]) == (
        409, "/establishment_number",
    )  # fmt: skip
    other = await make.employer("jobcenter")
    path = f"/v1/employers/{other.id}"
    taken = await clients.patch("jobcenter", path, number, etag=other.etag)
    assert (taken.status_code, taken.json()["errors"][0]["code"]) == (409, "taken")
    elsewhere = await clients.post("koeln", "/v1/employers", {"name": "Drei GmbH", **number})
    assert elsewhere.status_code == 201
    found = await clients.get("jobcenter", "/v1/employers?establishment_number=12345678")
    assert len(found.json()["items"]) == 1


@pytest.mark.parametrize("number", ["1234567", "123456789", "1234567a", "１２３４５６７８"])
async def test_a_number_has_eight_digits(clients: Clients, number: str) -> None:
    body = {"name": "Eins GmbH", "establishment_number": number}
    assert (await clients.post("labour", "/v1/employers", body)).status_code == 422


async def test_the_list_is_walked_both_ways(make: Make, clients: Clients) -> None:
    ids = [(await make.employer()).id for _ in range(5)]
    first = (await clients.get("labour", "/v1/employers?limit=2")).json()
    cursor = first["page"]["next_cursor"]
    second = (await clients.get("labour", f"/v1/employers?limit=2&cursor={cursor}")).json()
    seen = [e["id"] for e in (*first["items"], *second["items"])]
    assert seen == ids[:0:-1]
    back = second["page"]["prev_cursor"]
    again = (await clients.get("labour", f"/v1/employers?limit=2&cursor={back}")).json()
    assert again["items"] == first["items"]


async def test_an_excluded_employer_gets_no_request(make: Make, clients: Clients) -> None:
    tandem = await make.tandem()
    declaration = await make.declaration(tandem)
    path = f"/v1/employers/{declaration.body['employer_id']}"
    etag = (await clients.get("labour", path)).headers["ETag"]
    excluded = {"ba_excluded_until": "2099-12-31"}
    assert (await clients.patch("labour", path, excluded, etag=etag)).status_code == 200
    body = {"declaration_id": declaration.id}
    refused = await clients.post("immigration", "/v1/ba-approval-requests", body)
    assert (refused.status_code, refused.json()["guard"]) == (409, "employer_not_excluded")


async def test_the_policy_alone_keeps_it_for_who_recorded_it(
    make: Make, connection: Connection
) -> None:
    employer = await make.employer()
    await connection.execute(acting("jobcenter"))
    changed = await connection.execute(
        "update ia.employer set sector = 'x' where id = $1", employer.body["id"]
    )
    assert changed == "UPDATE 0"


async def test_the_policy_alone_hides_it(make: Make, connection: Connection) -> None:
    await make.employer()
    for agency, seen in (("outsider", 1), ("koeln", 0)):
        await connection.execute(acting(agency))
        assert await connection.fetchval("select count(*) from ia.employer") == seen
