"""The directory is public; changes are the own tree's."""

from datetime import timedelta
from itertools import pairwise

import asyncpg
import pytest
from asyncpg import Connection

from integration_api.kernel import clock
from tests.cast import acting, id_of
from tests.clients import Clients

TEAM = {
    "slug": "lead-team",
    "name": "Team Fallmanagement",
    "type": "case_management",
    "jurisdictions": ["integration_support"],
    "active_from": "2026-01-01",
    "contact_points": [
        {"channel": "hotline", "value": "+49 202 74763333", "label": "Allgemeine Auskünfte"}
    ],
}


async def test_anybody_reads_the_directory(clients: Clients) -> None:
    listed = await clients.get(None, "/v1/agencies?limit=200")
    assert {a["slug"] for a in listed.json()["items"]} >= {"lead", "jobcenter", "koeln"}
    one = await clients.get(None, f"/v1/agencies/{id_of('koeln')}")
    assert one.json()["municipality"]["ags"] == "05315000"
    assert one.json()["municipality"]["name"] == "Köln"


@pytest.mark.parametrize(
    ("query", "slugs"),
    [
        ("slug=jobcenter", {"jobcenter"}),
        ("ags=05315000", {"koeln"}),
        ("type=case_management", {"lead", "koeln"}),
        (f"municipality_id={id_of('koeln')}&type=jobcenter", set()),
        (f"parent_id={id_of('lead')}", set()),
    ],
)
async def test_filters_narrow(clients: Clients, query: str, slugs: set[str]) -> None:
    answer = await clients.get(None, f"/v1/agencies?{query}")
    assert {a["slug"] for a in answer.json()["items"]} == slugs


async def test_a_team_is_added_and_changed_by_its_authority(clients: Clients) -> None:
    body = TEAM | {"parent_id": str(id_of("lead"))}
    made = await clients.post("lead", "/v1/agencies", body)
    assert made.status_code == 201
    path = made.headers["Location"]
    patch = {"name": "Team Eins", "active_to": "2030-01-01"}
    other = await clients.patch("jobcenter", path, patch, etag=made.headers["ETag"])
    assert other.status_code == 403
    foreign = await clients.patch("koeln", path, patch, etag=made.headers["ETag"])
    assert foreign.status_code == 403
    changed = await clients.patch("lead", path, patch, etag=made.headers["ETag"])
    assert (changed.json()["name"], changed.json()["active_to"]) == ("Team Eins", "2030-01-01")
    stale = await clients.patch("lead", path, patch, etag=made.headers["ETag"])
    assert stale.status_code == 412
    cleared = await clients.patch("lead", path, {"active_to": None}, etag=changed.headers["ETag"])
    assert cleared.json()["active_to"] is None


async def test_a_patch_that_changes_nothing_keeps_the_etag(clients: Clients) -> None:
    made = await clients.post("lead", "/v1/agencies", TEAM | {"parent_id": str(id_of("lead"))})
    same = {"name": TEAM["name"]}
    for patch in ({}, same):
        answer = await clients.patch(
            "lead", made.headers["Location"], patch, etag=made.headers["ETag"]
        )
        assert (answer.status_code, answer.headers["ETag"]) == (200, made.headers["ETag"])


async def test_a_slug_is_taken_in_its_own_municipality_only(clients: Clients) -> None:
    taken = await clients.post("lead", "/v1/agencies", TEAM | {"slug": "jobcenter"})
    assert (taken.status_code, taken.json()["title"]) == (409, "Conflict")
    assert (await clients.post("koeln", "/v1/agencies", TEAM | {"slug": "jobcenter"})).is_success


async def test_a_parent_of_another_municipality_is_unknown(clients: Clients) -> None:
    answers = [
        await clients.post("koeln", "/v1/agencies", TEAM | {"parent_id": str(parent)})
        for parent in (id_of("lead"), id_of("nobody"))
    ]
    assert [a.status_code for a in answers] == [409, 409]
    assert answers[0].json()["title"] == answers[1].json()["title"]


@pytest.mark.parametrize(
    ("changed", "pointer"),
    [
        ({"type": "no_such_type"}, "/type"),
        ({"jurisdictions": ["residence", "no_such"]}, "/jurisdictions/1"),
        ({"contact_points": [{"channel": "pigeon", "value": "x", "label": "x"}]},
         "/contact_points/0/channel"),
    ],
)  # fmt: skip
async def test_an_unknown_code_is_named(
    clients: Clients, changed: dict[str, object], pointer: str
) -> None:
    answer = await clients.post("lead", "/v1/agencies", TEAM | changed)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (409, pointer)


async def test_a_period_that_ends_before_it_begins_is_refused(clients: Clients) -> None:
    answer = await clients.post("lead", "/v1/agencies", TEAM | {"active_to": "2025-12-31"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["code"] == "period_order"


async def test_an_agency_cannot_end_before_the_day_on_which_it_began(clients: Clients) -> None:
    made = await clients.post("lead", "/v1/agencies", TEAM | {"parent_id": str(id_of("lead"))})
    path, etag = made.headers["Location"], made.headers["ETag"]
    began = made.json()["active_from"]
    for end in ("2000-01-01", began):
        refused = await clients.patch("lead", path, {"active_to": end}, etag=etag)
        assert refused.status_code == 409
        (finding,) = refused.json()["errors"]
        assert (finding["code"], finding["pointer"]) == ("period_order", "/active_to")
    assert (await clients.get("lead", path)).headers["ETag"] == etag


async def test_who_has_the_directory_already_is_told_so(clients: Clients) -> None:
    for path in ("/v1/agencies", f"/v1/agencies/{id_of('jobcenter')}"):
        first = await clients.get(None, path)
        assert first.headers["Cache-Control"] == "public, max-age=60"
        assert first.headers["Access-Control-Allow-Origin"] == "*"
        again = await clients.get(None, path, headers={"If-None-Match": first.headers["ETag"]})
        assert (again.status_code, again.content) == (304, b"")
        other = await clients.get(None, path, headers={"If-None-Match": '"other"'})
        assert other.content == first.content


async def test_a_page_with_cursors_is_told_apart_by_what_is_on_it(
    clients: Clients,
) -> None:
    path = "/v1/agencies?limit=1"
    first = await clients.get(None, path)
    tag = {"If-None-Match": first.headers["ETag"]}
    assert first.json()["page"]["next_cursor"]
    assert (await clients.get(None, path, headers=tag)).status_code == 304
    with clock.moved(timedelta(hours=12)):  # or its cursor would run out in somebody's cache
        assert (await clients.get(None, path, headers=tag)).status_code == 200
    await clients.post("lead", "/v1/agencies", TEAM | {"name": "Aa", "slug": "aa"})
    assert (await clients.get(None, path, headers=tag)).status_code == 200
    only = await clients.get(None, f"{path}&slug=aa")
    assert only.json()["page"]["next_cursor"] is None


async def test_a_private_answer_is_never_kept_but_can_be_unchanged(clients: Clients) -> None:
    first = await clients.get("lead", "/v1/me")
    assert first.headers["Cache-Control"] == "no-store"
    again = await clients.get("lead", "/v1/me", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    stranger = await clients.get(
        "outsider", "/v1/me", headers={"If-None-Match": first.headers["ETag"]}
    )
    assert stranger.status_code == 200


@pytest.mark.parametrize(
    ("who", "kind"),
    [
        ("enforcement", "case_management"),  # it would see notes that its agency never sees
        ("lead", "immigration_office_employment"),  # it would own the legal track
        ("lead", "immigration_office"),  # it would record residence periods
    ],
)
async def test_a_team_does_no_more_than_its_agency(clients: Clients, who: str, kind: str) -> None:
    body = TEAM | {"parent_id": str(id_of(who)), "type": kind}
    answer = await clients.post(who, "/v1/agencies", body)
    assert (answer.status_code, answer.json()["guard"]) == (409, "team_within_its_agency")


async def test_nobody_makes_a_team_of_another_agency(
    clients: Clients, connection: Connection
) -> None:
    body = TEAM | {"parent_id": str(id_of("jobcenter"))}
    answer = await clients.post("lead", "/v1/agencies", body)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (409, "/parent_id")
    await connection.execute(acting("lead"))
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute(
            "insert into ia.agency (id, municipality_id, parent_id, slug, type, name,"
            " jurisdictions, contact_points, active_from, created_at, updated_at)"
            " values (gen_random_uuid(), $1, $2, 'fremd', 'jobcenter', 'Fremd', '{}', '[]',"
            " current_date, now(), now())",
            id_of("wuppertal"),
            id_of("jobcenter"),
        )


NAMED = ["Zander", "Ähre", "Müller", "Mueller", "Ahorn", "Ahorn", "Şahin", "Sander", "Özil"]


async def named(clients: Clients) -> None:
    """Agencies with names that code-point order would put elsewhere."""
    for place, name in enumerate(NAMED):
        body = TEAM | {"slug": f"stelle-{place}", "name": f"Stelle {name}"}
        assert (await clients.post("lead", "/v1/agencies", body)).status_code == 201


async def test_the_directory_is_in_german_order_both_ways(clients: Clients) -> None:
    await named(clients)
    pages, cursor = [], ""
    while True:
        where = f"/v1/agencies?q=stelle&limit=2{cursor}"
        pages.append((await clients.get(None, where)).json())
        if not (onward := pages[-1]["page"]["next_cursor"]):
            break
        cursor = f"&cursor={onward}"
    found = [a["name"].removeprefix("Stelle ") for p in pages for a in p["items"]]
    assert sorted(found) == sorted(NAMED)
    assert found[:3] == ["Ähre", "Ahorn", "Ahorn"]
    assert set(found[3:5]) == {"Müller", "Mueller"}
    assert found[5:] == ["Özil", "Şahin", "Sander", "Zander"]
    for before, here in reversed(list(pairwise(pages))):
        back = here["page"]["prev_cursor"]
        again = (await clients.get(None, f"/v1/agencies?q=stelle&limit=2&cursor={back}")).json()
        assert again["items"] == before["items"]
    assert pages[0]["page"]["prev_cursor"] is None


@pytest.mark.parametrize(
    ("sought", "found"),
    [
        ("mueller", {"Müller", "Mueller"}),
        ("SAHIN stelle", {"Şahin"}),
        ("ander", {"Sander", "Zander"}),
        ("ander ahorn", set()),
        ("'", set()),
        ("%25_", set()),
    ],
)
async def test_names_are_found_however_they_are_typed(
    clients: Clients, sought: str, found: set[str]
) -> None:
    await named(clients)
    answer = await clients.get(None, f"/v1/agencies?q={sought}&ags=05124000")
    assert {a["name"].removeprefix("Stelle ") for a in answer.json()["items"]} == found


async def test_the_cursor_of_a_long_name_is_taken(clients: Clients) -> None:
    for place in range(2):
        body = TEAM | {"slug": f"lang-{place}", "name": "\U0001f3e0" * 200}
        assert (await clients.post("lead", "/v1/agencies", body)).status_code == 201
    last = (await clients.get(None, "/v1/agencies?limit=200")).json()["items"][-2:]
    assert {a["slug"] for a in last} == {"lang-0", "lang-1"}
    seen, cursor = [], ""
    for _ in range(50):
        page = (await clients.get(None, f"/v1/agencies?limit=1{cursor}")).json()
        seen += [a["slug"] for a in page["items"]]
        if not page["page"]["next_cursor"]:
            break
        cursor = f"&cursor={page['page']['next_cursor']}"
    assert {"lang-0", "lang-1"} <= set(seen)
    assert len(seen) == len(set(seen))
