"""How a tandem case ends when a team has lost its access: the lead closes in its place."""

from typing import Any
from uuid import UUID

import asyncpg
import pytest
from asyncpg import Connection, Record

from integration_api.kernel import clock
from tests.cast import acting, id_of
from tests.clients import Clients
from tests.make import Made, Make
from tests.tandem.test_acts import END, act

TEAMS = {"legal": "immigration", "placement": "labour"}
OTHER = {"legal": "placement", "placement": "legal"}
LAST = {"legal": "closed", "placement": "cancelled"}


async def revoke(clients: Clients, team: str) -> None:
    """The person revokes the consent that a team's access rests on."""
    consents = (await clients.get("lead", "/v1/consents")).json()["items"]
    (consent,) = [c for c in consents if str(id_of(TEAMS[team])) in c["recipient_agency_ids"]]
    path = f"/v1/consents/{consent['id']}"
    etag = (await clients.get("lead", path)).headers["ETag"]
    assert (await clients.post("lead", f"{path}/revoke", etag=etag)).status_code == 200


async def end_disclosure(clients: Clients, team: str) -> None:
    """The controller ends what it has disclosed to a team."""
    disclosures = (await clients.get("lead", "/v1/disclosures")).json()["items"]
    (one,) = [d for d in disclosures if d["recipient_agency_id"] == str(id_of(TEAMS[team]))]
    path = f"/v1/disclosures/{one['id']}"
    etag = (await clients.get("lead", path)).headers["ETag"]
    assert (await clients.post("lead", f"{path}/revoke", etag=etag)).status_code == 200


async def close_agency(clients: Clients, team: str) -> None:
    """The agency of a team works no more."""
    path = f"/v1/agencies/{id_of(TEAMS[team])}"
    etag = (await clients.get("lead", path)).headers["ETag"]
    body = {"active_to": f"{clock.today()}"}
    answer = await clients.patch(f"{TEAMS[team]}/admin", path, body, etag=etag)
    assert answer.status_code == 200, answer.text


WAYS = {"consent": revoke, "disclosure": end_disclosure, "agency": close_agency}


async def seen(clients: Clients, who: str, tandem: Made) -> dict[str, Any]:
    """The tandem case as somebody sees it."""
    body: dict[str, Any] = (await clients.get(who, f"/v1/tandem-cases/{tandem.id}")).json()
    return body


async def last_event(connection: Connection, tandem: Made) -> Record:
    """The newest event of a tandem case."""
    found = await connection.fetch("select * from looking.events($1, 0)", UUID(tandem.id))
    return found[-1]


@pytest.mark.parametrize("gone", TEAMS)
@pytest.mark.parametrize("way", WAYS)
async def test_the_lead_closes_for_a_team_that_has_lost_its_access(
    make: Make, clients: Clients, connection: Connection, gone: str, way: str
) -> None:
    there = OTHER[gone]
    tandem = await make.tandem()
    await make.put_track(tandem, there, LAST[there])
    assert "close" not in (await seen(clients, "lead", tandem))["allowed_actions"]
    assert (await act(clients, "lead", tandem, "close", END)).status_code == 403
    await WAYS[way](clients, gone)
    assert "close" in (await seen(clients, "lead", tandem))["allowed_actions"]
    closed = await act(clients, "lead", tandem, "close", END)
    assert closed.status_code == 200, closed.text
    assert closed.json()["closed_in_place_of"] == [gone]
    assert closed.json()["closed_at"] is None
    event = await last_event(connection, tandem)
    assert event["type"] == "tandem_case.closed_in_place"
    assert set(event["agency_ids"]) == {id_of("lead"), id_of(TEAMS[there])}
    again = await act(clients, "lead", tandem, "close", END)
    assert (again.status_code, again.headers["ETag"]) == (200, closed.headers["ETag"])
    both = await act(clients, TEAMS[there], tandem, "close", END)
    assert (both.json()["status"], both.json()["closed_in_place_of"]) == ("closed", [gone])
    gates = (await clients.get("lead", f"/v1/tandem-cases/{tandem.id}/gates")).json()["gates"]
    assert next(g["missing"] for g in gates if g["name"] == "G4") == []


async def test_with_both_teams_gone_the_lead_closes_at_once_and_the_case_after_it(
    make: Make, clients: Clients
) -> None:
    tandem = await make.tandem()
    await make.put_track(tandem, "legal", "granted")
    for team in TEAMS:
        await revoke(clients, team)
    closed = await act(clients, "lead", tandem, "close", END)
    assert (closed.json()["status"], closed.json()["outcome"]) == ("closed", END["outcome"])
    assert closed.json()["closed_in_place_of"] == ["legal", "placement"]
    path = f"/v1/cases/{tandem.body['case_id']}"
    etag = (await clients.get("lead", path)).headers["ETag"]
    done = await clients.post("lead", f"{path}/close", END, etag=etag)
    assert done.status_code == 200, done.text


async def test_the_track_of_a_team_that_is_there_has_to_end_first(
    make: Make, clients: Clients
) -> None:
    tandem = await make.tandem()
    await revoke(clients, "placement")
    refused = await act(clients, "lead", tandem, "close", END)
    assert (refused.status_code, refused.json()["guard"]) == (409, "tracks_ended")
    await make.put_track(tandem, "legal", "closed")
    first = await act(clients, "immigration", tandem, "close", {"outcome": "no_match"})
    assert first.json()["closed_in_place_of"] == []
    other = await act(clients, "lead", tandem, "close", END)
    assert (other.status_code, other.json()["guard"]) == (409, "same_outcome")


async def test_the_timeline_says_for_whom_the_lead_has_closed(make: Make, clients: Clients) -> None:
    tandem = await make.tandem()
    await make.put_track(tandem, "legal", "closed")
    path = f"/v1/tandem-cases/{tandem.id}/timeline"
    assert (await clients.get("immigration", path)).json()["steps"] == []
    await revoke(clients, "placement")
    await act(clients, "lead", tandem, "close", END)
    for who in ("lead", "immigration"):
        (step,) = (await clients.get(who, path)).json()["steps"]
        assert (step["lane"], step["status"]) == ("tandem_case", "closed_in_place_of_placement")
    drawn = await clients.get("lead", f"{path}.svg?lang=en")
    assert "closed for placement" in drawn.text


async def test_a_reopened_tandem_case_is_closed_in_nobodys_place(
    make: Make, clients: Clients
) -> None:
    tandem = await make.tandem()
    await make.put_track(tandem, "legal", "closed")
    await revoke(clients, "placement")
    await act(clients, "lead", tandem, "close", END)
    reopened = await act(clients, "immigration", tandem, "reopen")
    assert (reopened.json()["closed_in_place_of"], reopened.json()["outcome"]) == ([], None)


async def test_a_blocker_of_a_team_that_is_gone_can_be_cleared_by_the_other(
    make: Make, clients: Clients
) -> None:
    tandem = await make.tandem()
    await act(clients, "labour", tandem, "flag-blocker", {"blocker": "Pass fehlt"})
    assert "clear_blocker" not in (await seen(clients, "immigration", tandem))["allowed_actions"]
    await revoke(clients, "placement")
    assert "clear_blocker" in (await seen(clients, "immigration", tandem))["allowed_actions"]
    cleared = await act(clients, "immigration", tandem, "clear-blocker")
    assert (cleared.status_code, cleared.json()["blocker"]) == (200, None)
    none = await act(clients, "immigration", tandem, "clear-blocker")
    assert (none.status_code, none.json()["guard"]) == (409, "blocker_own")


async def audience(connection: Connection, who: str, tandem: Made) -> set[UUID] | None:
    """Whom the function names when an agency asks."""
    await connection.execute(acting(who))
    found = await connection.fetchval("select ia.tandem_audience($1)", UUID(tandem.id))
    return None if found is None else set(found)


async def test_who_still_has_access_is_told_to_the_parties_alone(
    make: Make, clients: Clients, connection: Connection
) -> None:
    tandem = await make.tandem()
    everybody = {id_of(n) for n in ("lead", "immigration", "labour")}
    for who in ("lead", "immigration", "labour"):
        assert await audience(connection, who, tandem) == everybody
    for who in ("outsider", "jobcenter", "koeln"):
        assert await audience(connection, who, tandem) is None
    await revoke(clients, "placement")
    assert await audience(connection, "lead", tandem) == everybody - {id_of("labour")}


async def test_the_function_runs_as_its_owner_on_a_path_that_nobody_can_bend(
    connection: Connection,
) -> None:
    row = await connection.fetchrow(
        "select p.prosecdef, p.proconfig, has_function_privilege('public', p.oid, 'execute') as all"
        " from pg_proc p where p.proname = 'tandem_audience'"
    )
    assert row is not None
    assert (row["prosecdef"], row["all"]) == (True, False)
    assert row["proconfig"] == ["search_path=pg_catalog, pg_temp", "TimeZone=Europe/Berlin"]


async def test_the_table_knows_no_closing_in_place_without_a_closing(
    make: Make, connection: Connection
) -> None:
    tandem = await make.tandem()
    await connection.execute(acting("lead"))
    with pytest.raises(asyncpg.CheckViolationError, match="in_place"):
        await connection.execute(
            "update ia.tandem_case set legal_closed_in_place = true where id = $1", UUID(tandem.id)
        )
