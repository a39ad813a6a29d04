"""Waiting times: observations of an instant, public, kept by the agency, never overwritten."""

from datetime import timedelta

import asyncpg
import pytest
from asyncpg import Connection

from integration_api.kernel import clock
from tests.access.operations_competences import OBSERVED, waiting_time
from tests.cast import acting, id_of
from tests.clients import Clients
from tests.make import Make

AT = f"/v1/agencies/{id_of('lead')}/waiting-times"


def ago(days: int) -> str:
    """An instant of the past."""
    return f"{(clock.now() - timedelta(days=days)).isoformat()}"


async def test_an_older_observation_stays_beside_the_newer(make: Make, clients: Clients) -> None:
    newer = await waiting_time(make, days=9, observed_at=ago(1))
    older = await waiting_time(make, days=40, observed_at=ago(30))
    listed = (await clients.get(None, AT)).json()["items"]
    assert [(w["id"], w["days"]) for w in listed] == [(newer.id, 9), (older.id, 40)]
    other = await waiting_time(make, kind="days_to_decision", observed_at=ago(60))
    current = (await clients.get(None, f"{AT}?current=true")).json()["items"]
    assert [w["id"] for w in current] == [newer.id, other.id]
    assert len((await clients.get(None, f"{AT}?current=false")).json()["items"]) == 3
    one = await clients.get(None, f"{AT}?kind=days_to_decision&service=case_management")
    assert [w["id"] for w in one.json()["items"]] == [other.id]


async def test_the_list_is_walked_both_ways(make: Make, clients: Clients) -> None:
    ids = [(await waiting_time(make, observed_at=ago(days))).id for days in (1, 2, 3, 4, 5)]
    first = (await clients.get(None, f"{AT}?limit=2")).json()
    cursor = first["page"]["next_cursor"]
    second = (await clients.get(None, f"{AT}?limit=2&cursor={cursor}")).json()
    assert [w["id"] for w in (*first["items"], *second["items"])] == ids[:4]
    back = second["page"]["prev_cursor"]
    again = (await clients.get(None, f"{AT}?limit=2&cursor={back}")).json()
    assert again["items"] == first["items"]


async def test_two_of_one_instant_have_one_that_is_current(make: Make, clients: Clients) -> None:
    same = ago(1)
    await waiting_time(make, days=1, observed_at=same)
    last = await waiting_time(make, days=2, observed_at=same)
    current = (await clients.get(None, f"{AT}?current=true")).json()["items"]
    assert [w["id"] for w in current] == [last.id]


async def test_without_an_instant_it_is_observed_now(make: Make) -> None:
    made = await waiting_time(make)
    assert made.body["observed_at"] == made.body["recorded_at"]


async def test_nothing_is_observed_in_the_future(clients: Clients) -> None:
    body = OBSERVED | {"observed_at": ago(-1)}
    answer = await clients.post("lead", AT, body)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (409, "in_future")


@pytest.mark.parametrize("name", ["service", "kind", "method"])
async def test_an_unknown_code_is_named(clients: Clients, name: str) -> None:
    answer = await clients.post("lead", AT, OBSERVED | {name: "hearsay"})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (409, f"/{name}")


@pytest.mark.parametrize("changed", [{"days": -1}, {"days": 3651}, {"sample_size": 0}])
async def test_a_number_that_cannot_be_is_refused(
    clients: Clients, changed: dict[str, int]
) -> None:
    assert (await clients.post("lead", AT, OBSERVED | changed)).status_code == 422


async def test_only_the_agency_itself_says_how_long_one_waits(clients: Clients) -> None:
    for who in ("jobcenter", "koeln"):
        assert (await clients.post(who, AT, OBSERVED)).status_code == 403
    absent = "/v1/agencies/01990000-0000-7000-8000-00000000dead/waiting-times"
    assert (await clients.post("lead", absent, OBSERVED)).status_code == 404
    assert (await clients.get(None, absent)).status_code == 404


async def test_the_database_lets_nobody_overwrite_one(make: Make, connection: Connection) -> None:
    made = await waiting_time(make)
    await connection.execute(acting("lead"))
    for change in ("update ia.waiting_time set days = 1", "delete from ia.waiting_time"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with connection.transaction():
                await connection.execute(f"{change} where id = $1", made.body["id"])


async def test_the_policy_alone_keeps_it_for_its_own_agency(
    make: Make, connection: Connection
) -> None:
    await waiting_time(make)
    copy = (
        "insert into ia.waiting_time (id, municipality_id, agency_id, service, kind, days, method,"
        " observed_at, recorded_at) select gen_random_uuid(), municipality_id, agency_id, service,"
        " kind, days, method, observed_at, recorded_at from ia.waiting_time limit 1"
    )
    await connection.execute(acting("jobcenter"))
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with connection.transaction():
            await connection.execute(copy)
    await connection.execute(acting("lead"))
    assert await connection.execute(copy) == "INSERT 0 1"
