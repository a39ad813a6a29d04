"""Competences: public, once for a service and day, kept by their agency, ended, not rewritten."""

import asyncpg
import pytest
from asyncpg import Connection

from tests.access.operations_competences import COMPETENCE, competence
from tests.cast import acting, id_of
from tests.clients import Clients
from tests.make import Make

AT = f"/v1/agencies/{id_of('lead')}/competences"


async def test_anybody_reads_what_an_agency_does(make: Make, clients: Clients) -> None:
    made = await competence(make, area=["05124000"])
    for who in (None, "jobcenter", "koeln"):
        one = await clients.get(who, f"{AT}/{made.id}")
        assert one.json() == made.body
        assert [c["id"] for c in (await clients.get(who, AT)).json()["items"]] == [made.id]
    assert made.body["jurisdiction"] == "integration_support"


async def test_it_is_found_below_its_own_agency_only(make: Make, clients: Clients) -> None:
    made = await competence(make)
    other = f"/v1/agencies/{id_of('jobcenter')}/competences"
    assert (await clients.get(None, f"{other}/{made.id}")).status_code == 404
    assert (await clients.get(None, other)).json()["items"] == []
    absent = "/v1/agencies/01990000-0000-7000-8000-00000000dead/competences"
    for path in (absent, f"{AT}/{id_of('nothing')}", f"{AT}/x"):
        assert (await clients.get(None, path)).status_code == 404


async def test_without_a_legal_basis_that_of_the_service_is_kept(make: Make) -> None:
    made = await competence(make, service="school_placement", legal_basis=[])
    assert made.body["legal_basis"] == ["§ 34 SchulG NRW"]
    no_law = await competence(make, service="status_independent_advice", legal_basis=[])
    assert no_law.body["legal_basis"] == [
        "Rechtskreisübergreifende Beratung, unabhängig vom Status"
    ]


@pytest.mark.parametrize(
    ("day", "found"),
    [("2025-12-31", 0), ("2026-01-01", 1), ("2026-06-30", 1), ("2026-07-01", 0)],
)
async def test_a_day_shows_what_holds_on_it(
    make: Make, clients: Clients, day: str, found: int
) -> None:
    await competence(make, valid_to="2026-07-01")
    assert len((await clients.get(None, f"{AT}?as_of={day}")).json()["items"]) == found
    other = await clients.get(None, f"{AT}?as_of={day}&service=school_placement")
    assert other.json()["items"] == []


async def test_a_service_is_there_once_on_a_day(make: Make, clients: Clients) -> None:
    first = await competence(make, valid_to="2026-07-01")
    again = await clients.post("lead", AT, COMPETENCE | {"valid_from": "2026-06-30"})
    assert (again.status_code, again.json()["errors"][0]["code"]) == (409, "overlaps")
    after = await clients.post("lead", AT, COMPETENCE | {"valid_from": "2026-07-01"})
    assert after.status_code == 201
    longer = await clients.patch("lead", f"{AT}/{first.id}", {"valid_to": None}, etag=first.etag)
    assert (longer.status_code, longer.json()["errors"][0]["pointer"]) == (409, "/valid_to")
    await competence(make, service="migration_advice")
    await competence(make, "jobcenter")


async def test_it_is_ended_by_its_own_agency_and_nothing_else_changes(
    make: Make, clients: Clients
) -> None:
    made = await competence(make)
    path, ends = f"{AT}/{made.id}", {"valid_to": "2027-01-01"}
    for who, status in (("jobcenter", 403), ("koeln", 403), ("lead/bare", 403)):
        assert (await clients.patch(who, path, ends, etag=made.etag)).status_code == status
    assert (await clients.patch("lead", path, ends)).status_code == 428
    early = await clients.patch("lead", path, {"valid_to": "2026-01-01"}, etag=made.etag)
    assert (early.status_code, early.json()["errors"][0]["code"]) == (409, "period_order")
    law = await clients.patch("lead", path, {"legal_basis": ["§ 1 X"]}, etag=made.etag)
    assert law.status_code == 422
    ended = await clients.patch("lead", path, ends, etag=made.etag)
    assert (ended.status_code, ended.json()["valid_to"]) == (200, "2027-01-01")
    assert (await clients.patch("lead", path, ends, etag=made.etag)).status_code == 412
    same = await clients.patch("lead", path, ends, etag=ended.headers["ETag"])
    empty = await clients.patch("lead", path, {}, etag=ended.headers["ETag"])
    assert same.headers["ETag"] == empty.headers["ETag"] == ended.headers["ETag"]


async def test_a_team_is_looked_after_by_its_agency(make: Make, clients: Clients) -> None:
    team = await make.agency()
    path = f"/v1/agencies/{team.id}/competences"
    assert (await clients.post("lead", path, COMPETENCE)).status_code == 201
    assert (await clients.post("jobcenter", path, COMPETENCE)).status_code == 403
    absent = "/v1/agencies/01990000-0000-7000-8000-00000000dead/competences"
    assert (await clients.post("lead", absent, COMPETENCE)).status_code == 404


@pytest.mark.parametrize(
    ("changed", "pointer"),
    [
        ({"service": "fortune_telling"}, "/service"),
        ({"area": ["05124000", "05315000"]}, "/area/1"),
    ],
)
async def test_what_does_not_exist_here_is_named(
    clients: Clients, changed: dict[str, object], pointer: str
) -> None:
    answer = await clients.post("lead", AT, COMPETENCE | changed)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (409, pointer)


@pytest.mark.parametrize(
    "changed", [{"valid_to": "2026-01-01"}, {"area": ["5124000"]}, {"legal_basis": [""]}]
)
async def test_a_request_out_of_form_is_refused(
    clients: Clients, changed: dict[str, object]
) -> None:
    assert (await clients.post("lead", AT, COMPETENCE | changed)).status_code == 422


async def test_the_policy_alone_keeps_it_for_its_own_agency(
    make: Make, connection: Connection
) -> None:
    made = await competence(make)
    end = "update ia.agency_competence set valid_to = '2027-01-01' where id = $1"
    for who in ("jobcenter", "koeln"):
        await connection.execute(acting(who))
        assert await connection.execute(end, made.body["id"]) == "UPDATE 0"
    await connection.execute(acting("lead"))
    assert await connection.execute(end, made.body["id"]) == "UPDATE 1"


async def test_nobody_rewrites_what_it_says(make: Make, connection: Connection) -> None:
    made = await competence(make)
    await connection.execute(acting("lead"))
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute(
            "update ia.agency_competence set legal_basis = '{x}' where id = $1", made.body["id"]
        )


async def test_for_whom_is_a_condition_of_the_rules(make: Make, clients: Clients) -> None:
    mine = {"status_group_in": ["tolerated"], "livelihood_agency": {"is": "jobcenter"}}
    assert (await competence(make, applies_when=mine)).body["applies_when"] == mine
    wrong = {"status_group_in": ["martian"], "moon_phase": {"is": "full"}}
    answer = await clients.post("lead", AT, COMPETENCE | {"applies_when": wrong})
    assert answer.status_code == 422
    assert {(e["pointer"], e["code"]) for e in answer.json()["errors"]} == {
        ("/applies_when/status_group_in", "unknown_code"),
        ("/applies_when/moon_phase", "unknown_member"),
    }


@pytest.mark.parametrize(
    "wrong",
    [
        {"months_since": {"anchor": "entered_on", "gte": 10**6}},
        {"months_since": {"anchor": "entered_on", "gte": 2**70}},
        {"status_code": {"is": "a\x00b"}},
        {"all": [{"status_code": {"is": ["x"]}}]},
        {"status_code": 1},
        {"any": {}},
    ],
    ids=str,
)
async def test_a_condition_that_nobody_could_apply_is_refused(
    clients: Clients, wrong: dict[str, object]
) -> None:
    answer = await clients.post("lead", AT, COMPETENCE | {"applies_when": wrong})
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["pointer"].startswith("/applies_when")
