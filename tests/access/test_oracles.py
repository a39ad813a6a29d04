"""What answers might give away beside their text: keys, cursors, versions, replays, counts."""

import uuid
from typing import Any

import pytest
from httpx import Response

from tests.access.seam import LISTS, reader
from tests.access.stage import Stage, same_but_request
from tests.make import Made

NUMBER = [{"system": "fachverfahren", "value": "A-4711"}]
ESTABLISHMENT = "12345678"
GARBAGE = "QUJDRA"


async def opened(stage: Stage, who: str) -> Response:
    """A case with an own number."""
    person = await stage.make.person(who)
    body = {"participants": [{"person_id": person.id, "role": "client"}], "external_ids": NUMBER}
    return await stage.clients.post(who, "/v1/cases", body)


async def test_numbers_of_others_are_free(stage: Stage) -> None:
    for who in ("lead", "other", "koeln"):
        assert (await opened(stage, who)).status_code == 201, who
    assert (await opened(stage, "lead")).status_code == 409


async def test_a_number_that_others_take_would_be_found(stage: Stage) -> None:
    """The known-bad twin: a unique key without the agency."""
    async with stage.without_policies():
        await stage.connection.execute(
            "create unique index on ia.case_external_id (municipality_id, system, value)"
        )
    assert (await opened(stage, "lead")).status_code == 201
    refused = await opened(stage, "other")
    assert refused.status_code != 201


async def test_numbers_of_companies_are_free_in_another_municipality(stage: Stage) -> None:
    for who in ("labour", "koeln"):
        body = {"name": "Beispiel GmbH", "establishment_number": ESTABLISHMENT}
        answer = await stage.clients.post(who, "/v1/employers", body)
        assert answer.status_code == 201, who


async def test_looking_up_a_number_of_others_finds_nothing(stage: Stage) -> None:
    assert (await opened(stage, "lead")).status_code == 201
    answers = []
    for value in (NUMBER[0]["value"], "A-0815"):
        query = {"external_system": NUMBER[0]["system"], "external_id": value}
        answers.append(await stage.clients.get("other", "/v1/cases", params=query))
    assert same_but_request(answers[0]) == same_but_request(answers[1])
    assert answers[0].json()["items"] == []


async def test_a_cursor_of_somebody_else_is_like_garbage(stage: Stage) -> None:
    for _ in range(2):
        await stage.make.case(await stage.make.person())
    tried = 0
    for path in ("/v1/persons", "/v1/cases"):
        page = (await stage.clients.get("lead", f"{path}?limit=1")).json()["page"]
        for who in ("other", "koeln", "team", "lead/worker_1"):
            asked = [f"{path}?limit=1&cursor={c}" for c in (page["next_cursor"], GARBAGE)]
            answers = [same_but_request(await stage.clients.get(who, a)) for a in asked]
            assert answers[0] == answers[1]
            assert answers[0][0] == 400
            tried += 1
        mine = await stage.clients.get("lead", f"{path}?limit=1&cursor={page['next_cursor']}")
        assert mine.status_code == 200
    assert tried == 8


async def everything(stage: Stage) -> dict[str, Made]:
    """One of each thing that has a version."""
    scene = await stage.make.scene("sent")
    return {
        "persons": scene.person,
        "cases": scene.case,
        "consents": scene.consent,
        "disclosures": scene.disclosure,
        "referrals": scene.referral,
        "tandem-cases": await stage.make.tandem(),
    }


async def test_a_version_tells_strangers_nothing(stage: Stage) -> None:
    for noun, row in (await everything(stage)).items():
        for etag in (row.etag, '"999"', "*"):
            answers = [
                same_but_request(
                    await stage.clients.get(
                        "other", f"/v1/{noun}/{id}", headers={"If-None-Match": etag}
                    )
                )
                for id in (row.id, str(uuid.uuid4()))
            ]
            assert answers[0] == answers[1]
            assert answers[0][0] == 404
        fresh = await stage.clients.get("lead", f"/v1/{noun}/{row.id}")
        again = {"If-None-Match": fresh.headers["ETag"]}
        mine = await stage.clients.get("lead", f"/v1/{noun}/{row.id}", headers=again)
        assert mine.status_code in (200, 304), noun


@pytest.mark.parametrize("verb", ["stale", "right"])
async def test_a_stale_version_is_told_to_those_who_see_it_alone(stage: Stage, verb: str) -> None:
    case = await stage.make.case(await stage.make.person())
    etag = {"stale": '"999"', "right": case.etag}[verb]
    path = f"/v1/cases/{case.id}/begin-assessment"
    stranger = await stage.clients.post("other", path, etag=etag)
    assert stranger.status_code == 404
    assert "ETag" not in stranger.headers
    mine = await stage.clients.post("lead", path, etag=etag)
    assert mine.status_code == (200 if verb == "right" else 412)


async def test_a_key_is_of_its_client_alone(stage: Stage) -> None:
    """Neither replayed to others, nor refused to them because it was used."""
    body: dict[str, Any] = {"name": {"kind": "mononym", "mononym": "Geheim"}}
    first = await stage.clients.post("lead", "/v1/persons", body, key="shared-key")
    for who in ("other", "koeln", "team", "lead/worker_1"):
        same = await stage.clients.post(who, "/v1/persons", body, key="shared-key")
        assert same.status_code == 201, who
        assert "Idempotent-Replayed" not in same.headers
        assert same.json()["id"] != first.json()["id"]
    changed = {"name": {"kind": "mononym", "mononym": "Anders"}}
    other = await stage.clients.post("revoked", "/v1/persons", changed, key="shared-key")
    assert other.status_code == 201, "422 would tell that somebody used the key"
    mine = await stage.clients.post("lead", "/v1/persons", body, key="shared-key")
    assert mine.headers["Idempotent-Replayed"] == "true"
    assert mine.json()["id"] == first.json()["id"]


async def test_a_key_opens_no_path_to_others(stage: Stage) -> None:
    case = await stage.make.case(await stage.make.person())
    path = f"/v1/cases/{case.id}/begin-assessment"
    done = await stage.clients.post("lead", path, etag=case.etag, key="moved-once")
    assert done.status_code == 200
    for who in ("other", "koeln"):
        tried = await stage.clients.post(who, path, etag=case.etag, key="moved-once")
        assert tried.status_code == 404
        assert "Idempotent-Replayed" not in tried.headers


async def test_no_list_counts_what_it_does_not_show(stage: Stage) -> None:
    await everything(stage)
    for operation in LISTS.keys() - {"getMe", "listChanges"}:
        path = LISTS[operation]
        answer = await stage.clients.get(reader(operation, "lead"), f"{path}?limit=1")
        assert set(answer.json()) == {"items", "page"}
        assert set(answer.json()["page"]) == {"next_cursor", "prev_cursor", "limit"}
        assert not [h for h in answer.headers if "count" in h or "total" in h]
