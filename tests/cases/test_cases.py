"""Cases: opened whole or not at all, numbered, found by foreign numbers, frozen when closed."""

import pytest

from tests.cases.references import valid_reference
from tests.cast import id_of
from tests.clients import Clients
from tests.make import Make


async def test_references_count_up_with_a_check_digit(make: Make) -> None:
    first, second = (await make.case()).body, (await make.case()).body
    for case in (first, second):
        assert valid_reference(case["reference"])
        assert case["reference"].startswith("W-")
    numbers = [int(c["reference"].split("-")[2]) for c in (first, second)]
    assert numbers[1] == numbers[0] + 1
    other = await make.case(who="koeln")
    assert other.body["reference"].startswith("K-")


async def test_a_case_is_opened_whole_or_not_at_all(make: Make, clients: Clients) -> None:
    person = await make.person()
    body = {
        "participants": [
            {"person_id": person.id, "role": "client"},
            {"person_id": str(id_of("nobody")), "role": "child"},
        ]
    }
    assert (await clients.post("lead", "/v1/cases", body)).status_code in (404, 409)
    assert (await clients.get("lead", "/v1/cases")).json()["items"] == []


async def test_own_numbers_find_the_case_and_are_the_agencys_own(
    make: Make, clients: Clients
) -> None:
    number = {"system": "own_file", "value": "A-4711"}
    person = await make.person()
    case = await make.case(person, external_ids=[number])
    await make.disclosure(person, await make.consent(person), case)
    query = "external_system=own_file&external_id=A-4711"
    found = (await clients.get("lead", f"/v1/cases?{query}")).json()["items"]
    assert [c["id"] for c in found] == [case.id]
    assert found[0]["external_ids"] == [number]
    assert (await clients.get("jobcenter", f"/v1/cases?{query}")).json()["items"] == []
    assert (await clients.get("jobcenter", f"/v1/cases/{case.id}")).json()["external_ids"] == []
    again = await clients.post("lead", "/v1/cases", {"external_ids": [number]})
    assert again.status_code == 409
    assert (await clients.post("outsider", "/v1/cases", {"external_ids": [number]})).is_success
    for half in ("external_system=own_file", "external_id=A-4711"):
        assert (await clients.get("lead", f"/v1/cases?{half}")).status_code == 400


async def test_a_participant_is_named_only_to_who_sees_the_person(
    make: Make, clients: Clients
) -> None:
    one, two = await make.person(), await make.person()
    case = await make.case(one, two)
    await make.disclosure(one, await make.consent(one), case)
    seen = (await clients.get("jobcenter", f"/v1/cases/{case.id}")).json()
    assert [p["person_id"] for p in seen["participants"]] == [one.id, None]
    assert seen["redactions"] == ["core", "health", "safety"]
    listed = (await clients.get("jobcenter", f"/v1/cases/{case.id}/participants")).json()["items"]
    assert {p["person_id"] for p in listed} == {one.id, None}


async def test_adding_a_participant_is_a_change_of_the_case(make: Make, clients: Clients) -> None:
    case, person = await make.case(), await make.person()
    path = f"/v1/cases/{case.id}/participants"
    added = await clients.post("lead", path, {"person_id": person.id, "role": "client"})
    assert added.json()["person_id"] == person.id
    after = await clients.get("lead", f"/v1/cases/{case.id}")
    assert after.headers["ETag"].startswith('"2.')
    twice = await clients.post("lead", path, {"person_id": person.id, "role": "client"})
    assert twice.status_code == 409
    unknown = await clients.post("lead", path, {"person_id": str(id_of("x")), "role": "client"})
    assert unknown.json()["errors"][0]["pointer"] == "/person_id"
    code = await clients.post("lead", path, {"person_id": person.id, "role": "no_such_role"})
    assert code.json()["errors"][0]["pointer"] == "/role"


async def test_life_areas_are_those_of_the_concerns(make: Make, clients: Clients) -> None:
    case = await make.case()
    concerns = [
        {"life_area": "work", "topic": "job_placement"},
        {"life_area": "language", "topic": "language_course"},
        {"life_area": "work", "topic": "recognition_advice"},
    ]
    path = f"/v1/cases/{case.id}"
    changed = await clients.patch("lead", path, {"concerns": concerns}, etag=case.etag)
    assert changed.json()["life_areas"] == ["language", "work"]
    same = await clients.patch("lead", path, {"concerns": concerns}, etag=changed.headers["ETag"])
    assert same.headers["ETag"] == changed.headers["ETag"]
    wrong = [{"life_area": "astrology", "topic": "job_placement"}]
    answer = await clients.patch("lead", path, {"concerns": wrong}, etag=changed.headers["ETag"])
    assert answer.json()["errors"][0]["pointer"] == "/concerns/0/life_area"


async def test_from_clarification_only_short_outcomes_close(make: Make, clients: Clients) -> None:
    case = await make.case()
    path = f"/v1/cases/{case.id}/close"
    answer = await clients.post("lead", path, {"outcome": "goals_reached"}, etag=case.etag)
    assert (answer.status_code, answer.json()["guard"]) == (409, "outcome_fits_phase")
    closed = await clients.post("lead", path, {"outcome": "advice_only"}, etag=case.etag)
    assert closed.json()["outcome"] == "advice_only"


@pytest.mark.parametrize("status", ["draft", "sent", "received", "accepted", "on_hold"])
async def test_a_case_with_pending_referrals_does_not_close(
    make: Make, clients: Clients, status: str
) -> None:
    scene = await make.scene(status)
    path = f"/v1/cases/{scene.case.id}/close"
    answer = await clients.post("lead", path, {"outcome": "referred"}, etag=scene.case.etag)
    assert (answer.status_code, answer.json()["guard"]) == (409, "no_open_referrals")


async def test_a_closed_case_takes_nothing_new(make: Make, clients: Clients) -> None:
    scene = await make.scene("completed")
    path = f"/v1/cases/{scene.case.id}"
    closed = await clients.post(
        "lead", f"{path}/close", {"outcome": "referred"}, etag=scene.case.etag
    )
    assert closed.status_code == 200
    person = await make.person()
    attempts = [
        await clients.patch("lead", path, {"concerns": []}, etag=closed.headers["ETag"]),
        await clients.post(
            "lead", f"{path}/participants", {"person_id": person.id, "role": "client"}
        ),
        await clients.post(
            "lead",
            "/v1/referrals",
            {
                "case_id": scene.case.id,
                "person_id": scene.person.id,
                "disclosure_id": scene.disclosure.id,
                "topic": "housing_search",
            },
        ),
        await clients.post(
            "lead",
            "/v1/disclosures",
            {
                "person_id": scene.person.id,
                "case_id": scene.case.id,
                "recipient_agency_id": str(id_of("jobcenter")),
                "ground": {"kind": "consent", "consent_id": scene.consent.id},
                "purpose": "referral_handling",
                "compartments": ["core"],
            },
        ),
    ]
    assert [(a.status_code, a.json()["guard"]) for a in attempts] == [(409, "case_open")] * 4
    body = {"reason": "need_returned"}
    again = await clients.post("lead", f"{path}/reopen", body, etag=closed.headers["ETag"])
    assert (again.json()["status"], again.json()["outcome"]) == ("evaluation", None)


async def test_the_status_filter_follows_every_move(make: Make, clients: Clients) -> None:
    person = await make.person()
    case = await make.case(person)
    await make.disclosure(person, await make.consent(person), case)
    await clients.post("lead", f"/v1/cases/{case.id}/begin-assessment", etag=case.etag)
    for who in ("lead", "jobcenter"):
        new = await clients.get(who, "/v1/cases?status=assessment")
        old = await clients.get(who, "/v1/cases?status=clarification")
        assert [c["id"] for c in new.json()["items"]] == [case.id]
        assert old.json()["items"] == []
