"""What both teams do beside moving their tracks: again, against each other, out of order."""

from typing import Any
from uuid import UUID

import pytest
from asyncpg import Connection
from httpx import Response

from tests.clients import Clients
from tests.make import Made, Make

END = {"outcome": "advice_only"}


async def act(
    clients: Clients, who: str, tandem: Made, verb: str, body: dict[str, Any] | None = None
) -> Response:
    """An act on the present version."""
    path = f"/v1/tandem-cases/{tandem.id}"
    etag = (await clients.get(who, path)).headers["ETag"]
    return await clients.post(who, f"{path}/{verb}", body, etag=etag)


async def events(connection: Connection, tandem: Made) -> list[str]:
    """The events of a tandem case, in order."""
    rows = await connection.fetch("select type from looking.events($1, 0)", UUID(tandem.id))
    return [r["type"].removeprefix("tandem_case.") for r in rows]


async def ended(make: Make) -> Made:
    """A tandem case whose tracks have both ended."""
    tandem = await make.tandem()
    await make.put_track(tandem, "legal", "closed")
    await make.put_track(tandem, "placement", "cancelled")
    return tandem


async def test_no_team_loses_its_blocker_by_the_other_teams(make: Make, clients: Clients) -> None:
    tandem = await make.tandem()
    flagged = await act(clients, "labour", tandem, "flag-blocker", {"blocker": "Pass fehlt"})
    assert "flag_blocker" in flagged.json()["allowed_actions"]
    seen = (await clients.get("immigration", f"/v1/tandem-cases/{tandem.id}")).json()
    assert "flag_blocker" not in seen["allowed_actions"]
    other = await act(clients, "immigration", tandem, "flag-blocker", {"blocker": "Duldung endet"})
    assert (other.status_code, other.json()["guard"]) == (409, "no_blocker_of_the_other")
    foreign = await act(clients, "immigration", tandem, "clear-blocker")
    assert (foreign.status_code, foreign.json()["guard"]) == (409, "blocker_own")
    reworded = await act(clients, "labour", tandem, "flag-blocker", {"blocker": "Pass beantragt"})
    assert reworded.json()["blocker"] == "Pass beantragt"
    cleared = await act(clients, "labour", tandem, "clear-blocker")
    assert cleared.json()["blocker"] is None
    now = await act(clients, "immigration", tandem, "flag-blocker", {"blocker": "Duldung endet"})
    assert now.json()["blocker"] == "Duldung endet"


async def test_acknowledging_again_changes_nothing(
    make: Make, clients: Clients, connection: Connection
) -> None:
    tandem = await make.tandem(acknowledged=False)
    once = await act(clients, "labour", tandem, "acknowledge")
    twice = await act(clients, "labour", tandem, "acknowledge")
    assert (twice.status_code, twice.content) == (200, once.content)
    assert twice.headers["ETag"] == once.headers["ETag"]
    assert await events(connection, tandem) == ["opened", "acknowledged"]


async def test_closing_again_changes_nothing_before_and_after_the_other_team(
    make: Make, clients: Clients, connection: Connection
) -> None:
    tandem = await ended(make)
    before = await events(connection, tandem)
    once = await act(clients, "labour", tandem, "close", END)
    twice = await act(clients, "labour", tandem, "close", END)
    assert (twice.status_code, twice.content) == (200, once.content)
    other = await act(clients, "labour", tandem, "close", {"outcome": "no_match"})
    assert (other.status_code, other.json()["guard"]) == (409, "same_outcome")
    both = await act(clients, "immigration", tandem, "close", END)
    assert both.json()["status"] == "closed"
    for who in ("labour", "immigration"):
        late = await act(clients, who, tandem, "close", END)
        assert (late.status_code, late.headers["ETag"].split(".")[0]) == (
            200,
            both.headers["ETag"].split(".")[0],
        )
        other = await act(clients, who, tandem, "close", {"outcome": "no_match"})
        assert (other.status_code, other.json()["guard"]) == (409, "tandem_case_open")
        noted = await act(clients, who, tandem, "acknowledge")
        assert noted.status_code == 200
    assert await events(connection, tandem) == [*before, "closed", "closed"]


async def test_who_never_took_note_of_a_closed_one_no_longer_does(
    make: Make, clients: Clients
) -> None:
    tandem = await make.tandem(acknowledged=False)
    await make.put_track(tandem, "legal", "closed")
    await make.put_track(tandem, "placement", "cancelled")
    for who in ("labour", "immigration"):
        closed = await act(clients, who, tandem, "close", END)
        assert closed.status_code == 200, closed.text
    late = await act(clients, "labour", tandem, "acknowledge")
    assert (late.status_code, late.json()["guard"]) == (409, "tandem_case_open")


async def test_an_act_on_an_older_state_is_refused_even_if_it_is_done(
    make: Make, clients: Clients
) -> None:
    tandem = await make.tandem(acknowledged=False)
    path = f"/v1/tandem-cases/{tandem.id}/acknowledge"
    assert (await clients.post("labour", path, etag=tandem.etag)).status_code == 200
    assert (await clients.post("labour", path, etag=tandem.etag)).status_code == 412


BAR = {
    "legal_basis": "§ 60a(6) Nr. 3 AufenthG",
    "unblock_conditions": "Ausreise",
    "safe_country": {"country": "ge", "asylum_applied_on": "2015-01-01"},
}


@pytest.mark.parametrize(
    ("who", "status", "etag", "expected"),
    [
        ("outsider", "status_check", None, (404, None)),
        ("immigration", "status_check", '"9"', (412, None)),
        ("labour", "status_check", None, (403, None)),
        ("immigration", "permit_needed", None, (409, None)),
        ("immigration", "status_check", None, (409, "safe_country_spared")),
    ],
    ids=["invisible", "stale", "not your move", "no such arrow", "spared"],
)
async def test_a_bar_that_spares_the_person_is_the_last_thing_refused(
    make: Make,
    clients: Clients,
    who: str,
    status: str,
    etag: str | None,
    expected: tuple[int, str | None],
) -> None:
    tandem = await make.tandem()
    track = await make.put_track(tandem, "legal", status)
    path = f"/v1/tandem-cases/{tandem.id}/legal-track/block"
    answer = await clients.post(who, path, BAR, etag=etag or track.etag)
    assert (answer.status_code, answer.json().get("guard")) == expected


async def test_a_closed_tandem_case_is_refused_before_the_bar(make: Make, clients: Clients) -> None:
    tandem = await ended(make)
    for who in ("labour", "immigration"):
        await act(clients, who, tandem, "close", END)
    track = await make.put_track(tandem, "legal", "status_check")
    path = f"/v1/tandem-cases/{tandem.id}/legal-track/block"
    answer = await clients.post("immigration", path, BAR, etag=track.etag)
    assert (answer.status_code, answer.json()["guard"]) == (409, "tandem_case_open")
