"""Cases by the caller's own numbers: opened once, changed where something differs, never twice."""

import asyncio
from typing import Any

from httpx import Response

from tests.cast import id_of
from tests.clients import Clients
from tests.conftest import Committed
from tests.make import Made, Make, made

WHERE = "/v1/cases/by-external-id/own_file/A-4711"
LANGUAGE = {"life_area": "language", "topic": "language_course"}
HOUSING = {"life_area": "housing", "topic": "housing_search"}


async def put(clients: Clients, body: Any, who: str = "lead", **kw: Any) -> Response:
    """The case as its number says."""
    return await clients.request(who, "PUT", WHERE, json=body, **kw)


def taking_part(*persons: Made) -> list[dict[str, str]]:
    """Persons as participants."""
    return [{"person_id": one.id, "role": "client"} for one in persons]


async def test_the_first_opens_and_the_next_ones_change_what_differs(
    make: Make, clients: Clients
) -> None:
    one, two = await make.person(), await make.person()
    body = {"participants": taking_part(one), "concerns": [LANGUAGE]}
    answer = await put(clients, body)
    assert answer.headers["location"] == f"/v1/cases/{answer.json()['id']}"
    first = made(answer)
    assert first.body["external_ids"] == [{"system": "own_file", "value": "A-4711"}]
    assert made(await put(clients, body), 200) == first
    more = {"participants": taking_part(two), "concerns": [HOUSING]}
    second = made(await put(clients, more), 200)
    assert second.body["concerns"] == [HOUSING]
    assert [p["person_id"] for p in second.body["participants"]] == [one.id, two.id]
    assert second.etag.startswith('"2.')
    assert made(await clients.get("lead", f"/v1/cases/{first.id}"), 200) == second
    events = "select type, agg_version from looking.events($1, 0)"
    told = await make.connection.fetch(events, first.id)
    assert [tuple(r) for r in told] == [("case.opened", 1), ("case.changed", 2)]


async def test_preconditions_hold(make: Make, clients: Clients) -> None:
    absent = await put(clients, {}, etag='"1"')
    assert (absent.status_code, absent.json()["current_etag"]) == (412, None)
    only_new = {"If-None-Match": "*"}
    case = made(await put(clients, {}, headers=only_new))
    there = await put(clients, {}, headers=only_new)
    assert (there.status_code, there.json()["current_etag"]) == (412, '"1"')
    body = {"concerns": [LANGUAGE]}
    assert (await put(clients, body, etag=case.etag)).status_code == 200
    assert (await put(clients, {"concerns": [HOUSING]}, etag=case.etag)).status_code == 412
    assert (await put(clients, body, headers={"If-None-Match": '"1"'})).status_code == 400


async def test_what_is_no_number_is_not_there(clients: Clients) -> None:
    for path in ("own_file/Frau%20Muster", "Own-File/A-1", f"own_file/{'A' * 65}"):
        answer = await clients.request("lead", "PUT", f"/v1/cases/by-external-id/{path}", json={})
        assert answer.status_code == 404, path


async def test_numbers_are_the_agencys_own(make: Make, clients: Clients) -> None:
    mine = made(await put(clients, {}))
    theirs = made(await put(clients, {}, "jobcenter"))
    assert mine.id != theirs.id
    assert (await clients.get("jobcenter", f"/v1/cases/{mine.id}")).status_code == 404


async def test_who_is_not_visible_is_named_and_nothing_is_written(
    make: Make, clients: Clients
) -> None:
    mine, foreign = await make.person(), await make.person("jobcenter")
    answer = await put(clients, {"participants": taking_part(mine, foreign)})
    assert answer.status_code == 409
    assert [e["pointer"] for e in answer.json()["errors"]] == ["/participants/1/person_id"]
    wrong = {"concerns": [LANGUAGE, LANGUAGE | {"topic": "no_such_topic"}]}
    answer = await put(clients, wrong)
    assert [e["pointer"] for e in answer.json()["errors"]] == ["/concerns/1/topic"]
    twice = await put(clients, {"participants": taking_part(mine, mine)})
    assert twice.status_code == 409
    assert (await clients.get("lead", "/v1/cases")).json()["items"] == []


async def test_a_closed_case_stays_as_it_is(make: Make, clients: Clients) -> None:
    case = made(await put(clients, {"concerns": [LANGUAGE]}))
    close = {"outcome": "advice_only"}
    closed = await clients.post("lead", f"/v1/cases/{case.id}/close", close, etag=case.etag)
    assert closed.status_code == 200, closed.text
    assert (await put(clients, {"concerns": [LANGUAGE]})).status_code == 200
    refused = await put(clients, {"concerns": [HOUSING]})
    assert (refused.status_code, refused.json()["guard"]) == (409, "case_open")


async def test_a_case_that_another_agency_leads_is_not_the_callers_to_change(
    committed: Committed,
) -> None:
    make, clients = committed.make, committed.clients
    person = await make.person()
    case = made(await put(clients, {"participants": taking_part(person)}))
    number = "update ia.case_external_id set agency_id = $1 where case_id = $2"
    await committed.admin.execute(number, id_of("jobcenter"), case.id)
    gone = await put(clients, {}, "jobcenter")
    assert gone.status_code == 409, "a number of what is not visible any more"
    await make.disclosure(person, await make.consent(person), case)
    assert (await put(clients, {}, "jobcenter")).status_code == 403


async def test_what_the_caller_does_not_see_stays(make: Make, clients: Clients) -> None:
    health = {"life_area": "health", "topic": "health_care"}
    case = made(await put(clients, {"concerns": [LANGUAGE, health]}))
    desk = "lead/worker_1"
    seen = (await clients.get(desk, f"/v1/cases/{case.id}")).json()
    assert seen["concerns"] == [LANGUAGE]
    assert made(await put(clients, {"concerns": [HOUSING]}, desk), 200).body["concerns"] == [
        HOUSING
    ]
    whole = (await clients.get("lead", f"/v1/cases/{case.id}")).json()
    assert whole["concerns"] == [HOUSING, health]


async def test_two_at_once_open_one(committed: Committed) -> None:
    answers = await asyncio.gather(*(put(committed.clients, {}) for _ in range(8)))
    codes = sorted(a.status_code for a in answers)
    assert codes.count(201) == 1
    assert set(codes) <= {200, 201, 409}, codes
    assert len({a.json()["id"] for a in answers if a.is_success}) == 1
    assert await committed.admin.fetchval('select count(*) from ia."case"') == 1
