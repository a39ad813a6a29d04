"""Offers: drafts are their agency's alone, the rest is public and found by what people look for."""

import math
from typing import Any

import asyncpg
import pytest
from asyncpg import Connection

from integration_api.offers import near
from tests.cast import acting, id_of
from tests.clients import Clients
from tests.make import Made, Make
from tests.offers.offers import COURSE


async def names(clients: Clients, query: str, who: str | None = None) -> list[str]:
    """What a list finds."""
    answer = await clients.get(who, f"/v1/offers?{query}")
    assert answer.status_code == 200, answer.text
    return [o["name_de"] for o in answer.json()["items"]]


async def test_a_draft_is_its_agencys_alone_until_it_is_published(
    make: Make, clients: Clients
) -> None:
    draft = await make.offer(name_de="Entwurf")
    path = f"/v1/offers/{draft.id}"
    for who in (None, "jobcenter", "koeln"):
        assert (await clients.get(who, path)).status_code == 404
        assert await names(clients, "status=draft", who) == []
        if who:
            refused = await clients.post(who, f"{path}/publish", etag=draft.etag)
            assert refused.status_code == 404
    assert await names(clients, "", "lead") == []
    assert await names(clients, "status=draft", "lead") == ["Entwurf"]
    mine = await clients.get("lead", path)
    assert mine.headers["Cache-Control"] == "no-store"
    assert mine.json()["allowed_actions"] == ["publish"]
    assert (await clients.post("lead", f"{path}/publish", etag=draft.etag)).status_code == 200
    assert await names(clients, "") == ["Entwurf"]
    public = await clients.get(None, path)
    assert (public.json()["status"], public.json()["allowed_actions"]) == ("published", [])
    assert public.headers["Cache-Control"] == "public, max-age=60"
    assert public.headers["Vary"] == "Authorization, Acting-Agency"


async def test_who_has_an_offer_already_is_told_so_and_a_change_is_seen(
    make: Make, clients: Clients
) -> None:
    offer = await make.offer("publish")
    paths = (f"/v1/offers/{offer.id}", "/v1/offers", "/v1/offers?near=51,7")
    tags = {p: {"If-None-Match": (await clients.get(None, p)).headers["ETag"]} for p in paths}
    for path, tag in tags.items():
        assert (await clients.get(None, path, headers=tag)).status_code == 304
    change = {"capacity_free": 1}
    await clients.patch("lead", f"/v1/offers/{offer.id}", change, etag=offer.etag)
    for path in paths[:2]:
        assert (await clients.get(None, path, headers=tags[path])).status_code == 200
    mine = await clients.get("lead", paths[0])
    assert "Access-Control-Allow-Origin" not in mine.headers


async def test_a_key_that_is_worth_nothing_is_refused_and_never_taken_for_none(
    make: Make, clients: Clients
) -> None:
    offer = await make.offer("publish")
    for text in ("Bearer ia_test_00000000_" + "0" * 72, "Bearer", "Basic eA=="):
        headers = {"Authorization": text}
        answer = await clients.get(None, f"/v1/offers/{offer.id}", headers=headers)
        assert answer.status_code == 401
    foreign = {"Acting-Agency": str(id_of("jobcenter"))}
    draft = await make.offer()
    assert (await clients.get("lead", f"/v1/offers/{draft.id}", headers=foreign)).status_code == 403


async def test_the_policy_alone_hides_a_draft_and_keeps_offers_for_their_agency(
    make: Make, connection: Connection
) -> None:
    site = await make.site()
    draft = await make.offer(site_ids=[site.id])
    offer = await make.offer("publish", site_ids=[site.id])
    for other in ("jobcenter", "koeln"):
        await connection.execute(acting(other))
        seen = await connection.fetch("select id::text from ia.offer")
        assert [r["id"] for r in seen] == [offer.id]
        changed = "update ia.offer set status = 'ended' where id = $1"
        for id in (draft.body["id"], offer.body["id"]):
            assert await connection.execute(changed, id) == "UPDATE 0"
        assert await connection.execute("delete from ia.offer_site") == "DELETE 0"
    await connection.execute(acting("lead"))
    assert await connection.fetchval("select count(*) from ia.offer") == 2
    with pytest.raises(asyncpg.CheckViolationError, match="no such arrow"):
        await connection.execute(
            "update ia.offer set status = 'draft' where id = $1", offer.body["id"]
        )


async def test_only_its_agency_changes_it(make: Make, clients: Clients) -> None:
    offer = await make.offer("publish")
    path, change = f"/v1/offers/{offer.id}", {"topic": "interpreting"}
    for other in ("jobcenter", "koeln"):
        refused = await clients.patch(other, path, change, etag=offer.etag)
        assert (refused.status_code, refused.json()["title"]) == (403, "Not your move")
    mine = await clients.patch("lead", path, change, etag=offer.etag)
    assert (mine.status_code, mine.json()["topic"]) == (200, "interpreting")
    assert (await clients.patch("lead", path, change, etag=offer.etag)).status_code == 412
    same = await clients.patch("lead", path, change, etag=mine.headers["ETag"])
    assert same.headers["ETag"] == mine.headers["ETag"]


async def test_an_ended_offer_leaves_the_lists_and_changes_no_more(
    make: Make, clients: Clients
) -> None:
    ended = await make.offer("publish", "end", name_de="Vorbei")
    assert await names(clients, "") == []
    assert await names(clients, "status=ended") == ["Vorbei"]
    path = f"/v1/offers/{ended.id}"
    assert (await clients.get(None, path)).json()["status"] == "ended"
    refused = await clients.patch("lead", path, {"name_de": "Neu"}, etag=ended.etag)
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (409, "ended")


async def test_free_places_say_when_they_were_counted(make: Make, clients: Clients) -> None:
    offer = await make.offer("publish")
    counted = offer.body["capacity_as_of"]
    assert counted
    path = f"/v1/offers/{offer.id}"
    renamed = await clients.patch("lead", path, {"name_en": "Café"}, etag=offer.etag)
    assert renamed.json()["capacity_as_of"] == counted
    again = await clients.patch("lead", path, {"capacity_free": 3}, etag=renamed.headers["ETag"])
    assert again.json()["capacity_as_of"] > counted
    none = await clients.patch("lead", path, {"capacity_free": None}, etag=again.headers["ETag"])
    assert (none.json()["capacity_free"], none.json()["capacity_as_of"]) == (None, None)


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"valid_to": "2026-01-01"}, "period_order"),
        ({"fee_cents": 1500}, "fee_without_cost"),
        ({"capacity_free": 13}, "more_free_than_places"),
        ({"capacity_total": None}, "more_free_than_places"),
        ({"capacity_total": None, "capacity_free": 0}, "more_free_than_places"),
    ],
)
async def test_what_does_not_fit_together_is_refused(
    make: Make, clients: Clients, connection: Connection, changed: dict[str, Any], code: str
) -> None:
    answer = await clients.post("lead", "/v1/offers", COURSE | changed)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, code)
    offer = await make.offer()
    path = f"/v1/offers/{offer.id}"
    later = await clients.patch("lead", path, changed, etag=offer.etag)
    assert (later.status_code, later.json()["errors"][0]["code"]) == (409, code)
    await connection.execute(acting("lead"))
    written = {n: "null" if value is None else f"'{value}'" for n, value in changed.items()}
    columns = ", ".join(f"{name} = {value}" for name, value in written.items())
    with pytest.raises(asyncpg.CheckViolationError):
        await connection.execute(
            f"update ia.offer set {columns} where id = $1",
            offer.body["id"],
        )


@pytest.mark.parametrize(
    ("changed", "pointer"),
    [
        ({"topic": "no_such"}, "/topic"),
        ({"cost": "no_such"}, "/cost"),
        ({"audiences": ["person", "no_such"]}, "/audiences/1"),
        ({"status_groups": ["no_such"]}, "/status_groups/0"),
        ({"channels": ["pigeon"]}, "/channels/0"),
        ({"site_ids": [str(id_of("nobody"))]}, "/site_ids/0"),
    ],
)
async def test_what_does_not_exist_is_named(
    make: Make, clients: Clients, changed: dict[str, Any], pointer: str
) -> None:
    answer = await clients.post("lead", "/v1/offers", COURSE | changed)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (409, pointer)
    offer = await make.offer()
    later = await clients.patch("lead", f"/v1/offers/{offer.id}", changed, etag=offer.etag)
    assert (later.status_code, later.json()["errors"][0]["pointer"]) == (409, pointer)


async def test_a_site_of_another_municipality_does_not_exist(make: Make, clients: Clients) -> None:
    site = await make.site("koeln")
    answer = await clients.post("lead", "/v1/offers", COURSE | {"site_ids": [site.id]})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (409, "/site_ids/0")


async def test_sites_are_replaced_as_a_whole(make: Make, clients: Clients) -> None:
    one, two = await make.site(name="Eins"), await make.site(name="Zwei")
    offer = await make.offer("publish", site_ids=[two.id, one.id, two.id])
    assert [s["name"] for s in offer.body["sites"]] == ["Eins", "Zwei"]
    path = f"/v1/offers/{offer.id}"
    same = await clients.patch("lead", path, {"site_ids": [one.id, two.id]}, etag=offer.etag)
    assert same.headers["ETag"] == offer.etag
    fewer = await clients.patch("lead", path, {"site_ids": [two.id]}, etag=offer.etag)
    assert [s["name"] for s in fewer.json()["sites"]] == ["Zwei"]
    assert await names(clients, f"site_id={two.id}") == [offer.body["name_de"]]
    assert await names(clients, f"site_id={one.id}") == []


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["Ämterlotse", "Bewerbungshilfe", "Öffnungstag", "Sprachkurs"]),
        ("topic=language_course", ["Sprachkurs"]),
        ("audience=volunteer", ["Ämterlotse"]),
        ("audience=person&topic=job_application_support", ["Bewerbungshilfe"]),
        ("language=ckb", ["Sprachkurs"]),
        ("language=ku", []),
        ("status_group=tolerated", ["Ämterlotse", "Bewerbungshilfe", "Öffnungstag"]),
        ("status_group=eu", ["Ämterlotse", "Öffnungstag", "Sprachkurs"]),
        ("channel=video", ["Bewerbungshilfe"]),
        ("status=paused", ["Öffnungstag"]),
        ("q=amter", []),
        ("q=aemter", ["Ämterlotse"]),
        ("q=kurs", ["Sprachkurs"]),
        ("q=freiwillige begleiten", ["Ämterlotse"]),
        ("ags=05315000", ["Öffnungstag"]),
        ("ags=05124000&channel=on_site", ["Ämterlotse", "Sprachkurs"]),
    ],
)
async def test_offers_are_found_by_what_people_look_for(
    make: Make, clients: Clients, query: str, found: list[str]
) -> None:
    await make.offer(
        "publish", name_de="Ämterlotse", audiences=["volunteer"], topic="volunteering",
        description_de="Freiwillige begleiten zu Behörden.",
    )  # fmt: skip
    await make.offer(
        "publish", name_de="Sprachkurs", languages=[{"tag": "ckb"}], status_groups=["eu"],
        audiences=["person"],
    )  # fmt: skip
    await make.offer(
        "publish", name_de="Bewerbungshilfe", topic="job_application_support",
        status_groups=["tolerated", "protection"], channels=["video"], audiences=["person"],
    )  # fmt: skip
    await make.offer(
        "publish", "pause", who="koeln", name_de="Öffnungstag", topic="study_advice",
        audiences=["family"],
    )  # fmt: skip
    await make.offer("publish", name_de="Vergangen", valid_to="2026-01-02")
    assert await names(clients, query) == found


PLACES = {
    "Elberfeld": (51.2562, 7.1508),
    "Barmen": (51.2717, 7.1997),
    "Köln": (50.9413, 6.9583),
}


async def around(make: Make) -> dict[str, Made]:
    """An offer at each place, one at two of them, one nowhere."""
    sites = {
        name: await make.site(name=name, latitude=lat, longitude=lon)
        for name, (lat, lon) in PLACES.items()
    }
    for name, site in sites.items():
        await make.offer("publish", name_de=f"Kurs {name}", site_ids=[site.id])
    both = [sites["Köln"].id, sites["Barmen"].id]
    await make.offer("publish", name_de="Kurs überall", site_ids=both)
    await make.offer("publish", name_de="Kurs nirgends")
    return sites


def metres(a: tuple[float, float], b: tuple[float, float]) -> float:
    """The great circle by the law of cosines, another way than the product's."""
    (lat1, lon1), (lat2, lon2) = (tuple(map(math.radians, p)) for p in (a, b))
    angle = math.sin(lat1) * math.sin(lat2)
    angle += math.cos(lat1) * math.cos(lat2) * math.cos(lon1 - lon2)
    return near.RADIUS * math.acos(angle)


async def test_the_nearest_offers_come_first(make: Make, clients: Clients) -> None:
    await around(make)
    answer = await clients.get(None, "/v1/offers?near=51.2562,7.1508&within=50000")
    items = answer.json()["items"]
    assert items[0]["name_de"] == "Kurs Elberfeld"
    assert {i["name_de"] for i in items[1:3]} == {"Kurs Barmen", "Kurs überall"}
    assert [i["name_de"] for i in items[3:]] == ["Kurs Köln"]
    here = PLACES["Elberfeld"]
    for item, place in ((items[0], "Elberfeld"), (items[1], "Barmen"), (items[3], "Köln")):
        assert abs(item["distance_metres"] - metres(here, PLACES[place])) <= 1
    assert await names(clients, "near=51.2562,7.1508&within=3600") == ["Kurs Elberfeld"]
    assert await names(clients, "near=51.2562,7.1508") == [i["name_de"] for i in items[:3]]
    assert await names(clients, "near=51.2562,7.1508&q=elberfeld") == ["Kurs Elberfeld"]


async def test_what_is_near_is_walked_both_ways(make: Make, clients: Clients) -> None:
    await around(make)
    base = "/v1/offers?near=51.2562,7.1508&within=50000"
    whole = (await clients.get(None, base)).json()["items"]
    first = (await clients.get(None, f"{base}&limit=2")).json()
    cursor = first["page"]["next_cursor"]
    second = (await clients.get(None, f"{base}&limit=2&cursor={cursor}")).json()
    assert [*first["items"], *second["items"]] == whole
    assert second["page"]["next_cursor"] is None
    back = second["page"]["prev_cursor"]
    assert (await clients.get(None, f"{base}&limit=2&cursor={back}")).json()["items"] == whole[:2]
    elsewhere = await clients.get(None, f"/v1/offers?near=51,7&limit=2&cursor={cursor}")
    assert elsewhere.status_code == 400


@pytest.mark.parametrize(
    "query",
    ["near=91,7", "near=51", "near=51.2562,181", "near=x,y", "near=51.2562,7.1508&within=0",
     "near=51.2562,7.1508&within=50001", "within=100", "near=51.25621234,7"],
)  # fmt: skip
async def test_a_place_that_is_none_is_refused(clients: Clients, query: str) -> None:
    assert (await clients.get(None, f"/v1/offers?{query}")).status_code == 400


@pytest.mark.parametrize("latitude", [0.0, 51.2562, -89.9, 90.0])
def test_the_box_holds_the_circle(latitude: float) -> None:
    given = near.place(f"{latitude},7.1508", 10_000)
    for direction in range(0, 360, 5):
        north = math.cos(math.radians(direction)) * 9_990 / near.RADIUS
        there = math.radians(latitude) + north
        if abs(math.degrees(there)) > 89:
            continue  # around the poles every longitude is near
        east = math.sin(math.radians(direction)) * 9_990 / near.RADIUS / math.cos(there)
        assert given["south"] <= math.degrees(there) <= given["north"]
        assert given["west"] <= 7.1508 + math.degrees(east) <= given["east"]


async def test_the_list_is_walked_both_ways_by_name(make: Make, clients: Clients) -> None:
    for name in ("Zelt", "Ähre", "Ahorn", "Oz", "Özil"):
        await make.offer("publish", name_de=name)
    first = (await clients.get(None, "/v1/offers?limit=2")).json()
    cursor = first["page"]["next_cursor"]
    second = (await clients.get(None, f"/v1/offers?limit=2&cursor={cursor}")).json()
    seen = [o["name_de"] for o in (*first["items"], *second["items"])]
    assert seen == ["Ähre", "Ahorn", "Özil", "Oz"]
    back = second["page"]["prev_cursor"]
    again = (await clients.get(None, f"/v1/offers?limit=2&cursor={back}")).json()
    assert again["items"] == first["items"]
