"""Sites: public, kept by one agency, housing units of several, open by their own clock."""

import uuid
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest
from asyncpg import Connection

from integration_api.kernel import clock
from tests.cast import acting, id_of
from tests.clients import Clients
from tests.make import Make
from tests.sites.sites import HOUSE

UNIT = {"agency_id": str(id_of("jobcenter")), "valid_from": "2026-07-01", "room": "2.14"}


def moment(text: str) -> datetime:
    """An instant."""
    return datetime.fromisoformat(text).astimezone(UTC)


async def opening(clients: Clients, path: str, at: str) -> tuple[str | None, str | None]:
    """Whether a site is open at an instant, and when it opens next."""
    with clock.moved(moment(at) - clock.now()):
        answer = await clients.get(None, path)
    body = answer.json()
    return body["open_now"], body["next_opening"] and body["next_opening"][:16]


async def test_anybody_reads_a_site_and_the_agencies_under_its_roof(
    make: Make, clients: Clients
) -> None:
    later = UNIT | {"agency_id": str(id_of("employment")), "valid_from": "2027-01-01"}
    site = await make.site(units=[UNIT, later])
    answer = await clients.get(None, f"/v1/sites/{site.id}")
    body = answer.json()
    assert (body["place"], body["time_zone"]) == ("Wuppertal", "Europe/Berlin")
    assert [(u["name"], u["valid_from"], u["room"]) for u in body["units"]] == [
        ("Employment", "2027-01-01", "2.14"),
        ("Jobcenter", "2026-07-01", "2.14"),
    ]
    assert answer.headers["Cache-Control"] == "public, max-age=60"
    tag = {"If-None-Match": answer.headers["ETag"]}
    again = await clients.get(None, f"/v1/sites/{site.id}", headers=tag)
    assert again.status_code == 304
    absent = await clients.get(None, f"/v1/sites/{uuid.uuid4()}")
    assert absent.status_code == 404
    listed = await clients.get(None, "/v1/sites")
    tag = {"If-None-Match": listed.headers["ETag"]}
    assert (await clients.get(None, "/v1/sites", headers=tag)).status_code == 304


@pytest.mark.parametrize(
    ("at", "open_now", "following"),
    [
        ("2026-11-23T07:59:59+01:00", "no", "2026-11-23T07:00"),  # a Monday
        ("2026-11-23T08:00:00+01:00", "yes", "2026-11-23T12:30"),
        ("2026-11-23T11:59:59+01:00", "yes", "2026-11-23T12:30"),
        ("2026-11-23T12:00:00+01:00", "no", "2026-11-23T12:30"),
        ("2026-11-23T16:00:00+01:00", "no", "2026-11-26T07:00"),
        ("2026-11-26T23:30:00+01:00", "no", "2026-11-30T07:00"),
        ("2026-12-24T10:00:00+01:00", "no", "2026-12-28T07:00"),  # a Thursday, closed
    ],
)
async def test_it_is_open_by_the_week_and_its_exceptions(
    make: Make, clients: Clients, at: str, following: str, *, open_now: str
) -> None:
    site = await make.site()
    assert await opening(clients, f"/v1/sites/{site.id}", at) == (open_now, following)


SUNDAYS: dict[str, Any] = {
    "opening_hours": [{"weekday": 7, "opens": "01:00", "closes": "03:30"}],
    "exceptions": [],
}


@pytest.mark.parametrize(
    ("at", "open_now"),
    [
        ("2026-03-29T00:30:00+00:00", "yes"),  # 01:30 CET
        ("2026-03-29T01:15:00+00:00", "yes"),  # 03:15 CEST: two o'clock was never
        ("2026-03-29T01:30:00+00:00", "no"),  # 03:30 CEST, an hour and a half after it opened
        ("2026-10-24T23:00:00+00:00", "yes"),  # 01:00 CEST
        ("2026-10-25T01:15:00+00:00", "yes"),  # 02:15 for the second time
        ("2026-10-25T02:29:00+00:00", "yes"),  # 03:29 CET, three hours and a half after
        ("2026-10-25T02:30:00+00:00", "no"),
    ],
)
async def test_it_is_open_by_the_clock_on_the_wall_when_summer_time_begins_and_ends(
    make: Make, clients: Clients, at: str, *, open_now: str
) -> None:
    site = await make.site(**SUNDAYS)
    found, _ = await opening(clients, f"/v1/sites/{site.id}", at)
    assert found == open_now


async def test_hours_are_those_of_its_own_zone(make: Make, clients: Clients) -> None:
    lisbon = await make.site(time_zone="Europe/Lisbon")
    at = "2026-11-23T08:30:00+01:00"
    assert await opening(clients, f"/v1/sites/{lisbon.id}", at) == ("no", "2026-11-23T08:00")


async def test_a_day_can_end_at_midnight_and_have_hours_of_its_own(
    make: Make, clients: Clients
) -> None:
    hours = [{"opens": "20:00", "closes": "24:00"}]
    night = {"day": "2026-11-24", "hours": hours, "note_de": "Lange Nacht"}
    site = await make.site(exceptions=[night])
    path = f"/v1/sites/{site.id}"
    for at, expected in [
        ("2026-11-24T19:59:00+01:00", ("no", "2026-11-24T19:00")),
        ("2026-11-24T23:59:00+01:00", ("yes", "2026-11-26T07:00")),
        ("2026-11-25T00:00:00+01:00", ("no", "2026-11-26T07:00")),
    ]:
        assert await opening(clients, path, at) == expected


async def test_of_a_site_without_hours_nobody_knows(make: Make, clients: Clients) -> None:
    site = await make.site(opening_hours=[], exceptions=[])
    at = "2026-11-23T10:00:00+01:00"
    assert await opening(clients, f"/v1/sites/{site.id}", at) == (None, None)


HOURS = [{"weekday": 1, "opens": "08:00", "closes": "12:00"}]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"opening_hours": [*HOURS, {"weekday": 1, "opens": "11:59", "closes": "13:00"}]},
         "hours_overlap"),
        ({"opening_hours": [{"weekday": 1, "opens": "12:00", "closes": "08:00"}]}, "hours_overlap"),
        ({"exceptions": [{"day": "2026-12-24"}, {"day": "2026-12-24"}]}, "hours_overlap"),
        ({"exceptions": [{"day": "2026-12-24", "hours": [
            {"opens": "08:00", "closes": "10:00"}, {"opens": "09:00", "closes": "11:00"}]}]},
         "hours_overlap"),
        ({"opening_hours": [{"weekday": 8, "opens": "08:00", "closes": "12:00"}]}, "out_of_range"),
        ({"opening_hours": [{"weekday": 1, "opens": "24:00", "closes": "12:00"}]}, "wrong_form"),
        ({"latitude": None}, "both_or_neither"),
        ({"latitude": 90.5}, "out_of_range"),
        ({"units": [UNIT | {"valid_to": "2026-07-01"}]}, "period_order"),
        ({"units": [UNIT, UNIT | {"valid_from": "2027-01-01"}]}, "periods_overlap"),
        ({"time_zone": "Berlin"}, "wrong_form"),
    ],
)  # fmt: skip
async def test_what_cannot_be_is_refused(
    clients: Clients, changed: dict[str, Any], code: str
) -> None:
    answer = await clients.post("lead", "/v1/sites", HOUSE | changed)
    assert answer.status_code == 422, answer.text
    assert {e["code"] for e in answer.json()["errors"]} == {code}


@pytest.mark.parametrize(
    ("changed", "pointer"),
    [
        ({"accessibility": ["step_free", "no_such"]}, "/accessibility/1"),
        ({"contact_points": [{"channel": "pigeon", "value": "x", "label": "x"}]},
         "/contact_points/0/channel"),
        ({"units": [UNIT, UNIT | {"agency_id": str(id_of("koeln"))}]}, "/units/1/agency_id"),
        ({"units": [UNIT | {"agency_id": str(id_of("nobody"))}]}, "/units/0/agency_id"),
        ({"time_zone": "Europe/Nowhere"}, "/time_zone"),
    ],
)  # fmt: skip
async def test_what_does_not_exist_is_named(
    clients: Clients, changed: dict[str, Any], pointer: str
) -> None:
    answer = await clients.post("lead", "/v1/sites", HOUSE | changed)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (409, pointer)


async def test_only_the_agency_that_keeps_it_changes_it(make: Make, clients: Clients) -> None:
    site = await make.site(units=[UNIT])
    path, change = f"/v1/sites/{site.id}", {"street": "Beispielweg 3"}
    for other in ("jobcenter", "koeln"):
        refused = await clients.patch(other, path, change, etag=site.etag)
        assert (refused.status_code, refused.json()["title"]) == (403, "Not your move")
    assert (await clients.patch("lead", path, change)).status_code == 428
    mine = await clients.patch("lead", path, change, etag=site.etag)
    assert (mine.status_code, mine.json()["street"]) == (200, "Beispielweg 3")
    assert mine.json()["units"] == site.body["units"]
    assert (await clients.patch("lead", path, change, etag=site.etag)).status_code == 412


async def test_a_patch_that_changes_nothing_keeps_the_version(make: Make, clients: Clients) -> None:
    site = await make.site(units=[UNIT])
    same = {n: HOUSE[n] for n in ("street", "opening_hours", "latitude", "accessibility")}
    unit = {n: v for n, v in site.body["units"][0].items() if n != "name"}
    for patch in ({}, same, {"units": [unit]}):
        answer = await clients.patch("lead", f"/v1/sites/{site.id}", patch, etag=site.etag)
        assert (answer.status_code, answer.headers["ETag"]) == (200, site.etag)


async def test_units_are_replaced_as_a_whole(make: Make, clients: Clients) -> None:
    site = await make.site(units=[UNIT])
    other = {"agency_id": str(id_of("labour")), "valid_from": "2026-01-01"}
    path = f"/v1/sites/{site.id}"
    changed = await clients.patch("lead", path, {"units": [other]}, etag=site.etag)
    assert [u["name"] for u in changed.json()["units"]] == ["Labour"]
    assert changed.headers["ETag"].startswith('"2.')
    nobody = await clients.patch("lead", path, {"units": []}, etag=changed.headers["ETag"])
    assert nobody.json()["units"] == []


async def test_one_coordinate_does_not_stand_alone(make: Make, clients: Clients) -> None:
    site = await make.site()
    path = f"/v1/sites/{site.id}"
    refused = await clients.patch("lead", path, {"latitude": None}, etag=site.etag)
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (409, "both_or_neither")
    none = {"latitude": None, "longitude": None}
    assert (await clients.patch("lead", path, none, etag=site.etag)).status_code == 200


async def test_sites_are_found(make: Make, clients: Clients) -> None:
    await make.site(name="Öffnung", units=[UNIT])
    await make.site(name="Zentrum")
    await make.site("koeln", name="Aachener Tor", place="Köln")
    gone = UNIT | {"valid_from": "2026-01-01", "valid_to": "2026-02-01"}
    await make.site(name="Altbau", units=[gone])

    async def named(query: str) -> list[str]:
        return [s["name"] for s in (await clients.get(None, f"/v1/sites?{query}")).json()["items"]]

    assert await named("") == ["Aachener Tor", "Altbau", "Öffnung", "Zentrum"]
    assert await named("ags=05315000") == ["Aachener Tor"]
    assert await named(f"municipality_id={id_of('wuppertal')}&q=zent") == ["Zentrum"]
    assert await named("q=koeln") == ["Aachener Tor"]
    assert await named(f"agency_id={id_of('koeln')}") == ["Aachener Tor"]
    assert await named(f"unit_id={id_of('jobcenter')}") == ["Öffnung"]


BAD = {
    "opening_hours": '[{"weekday": 1, "opens": "08:00", "closes": "10:00"},'
    ' {"weekday": 1, "opens": "09:00", "closes": "11:00"}]',
    "exceptions": '[{"day": "2026-12-24", "hours": []}, {"day": "2026-12-24", "hours": []}]',
    "time_zone": "Europe/Nowhere",
    "postal_code": "4210",
}


@pytest.mark.parametrize("column", sorted(BAD))
async def test_the_database_alone_refuses_what_cannot_be(
    make: Make, connection: Connection, column: str
) -> None:
    site = await make.site()
    await connection.execute(acting("lead"))
    refused = (asyncpg.CheckViolationError, asyncpg.InvalidParameterValueError)
    kind = "jsonb" if BAD[column].startswith("[") else "text"
    sql = f"update ia.site set {column} = '{BAD[column]}'::{kind} where id = '{site.id}'"
    with pytest.raises(refused):
        await connection.execute(sql)


async def test_the_policies_alone_keep_it_for_its_agency(
    make: Make, connection: Connection
) -> None:
    site = await make.site(units=[UNIT])
    for other in ("jobcenter", "koeln"):
        await connection.execute(acting(other))
        assert await connection.fetchval("select count(*) from ia.site") == 1
        changed = "update ia.site set street = 'x' where id = $1"
        assert await connection.execute(changed, site.body["id"]) == "UPDATE 0"
        assert await connection.execute("delete from ia.site_unit") == "DELETE 0"
        joined = connection.transaction()
        await joined.start()
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(
                "insert into ia.site_unit (municipality_id, site_id, agency_id, valid_from)"
                " select municipality_id, id, $1, '2020-01-01' from ia.site",
                id_of("labour"),
            )
        await joined.rollback()
