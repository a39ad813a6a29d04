"""Persons and residence periods: minimal, controlled by one agency, a history."""

import pytest

from integration_api.code_lists import service as code_lists
from tests.cast import id_of
from tests.clients import Clients
from tests.make import Made, Make

PERIOD = {
    "status_code": "duldung_60a",
    "valid_from": "2026-01-15",
    "work_annotation": "employment_with_permission_only",
    "source": "document_seen",
}


async def test_a_mononym_stays_one_name(clients: Clients) -> None:
    body = {"name": {"kind": "mononym", "mononym": "Einname"}, "birth_date": "1990"}
    made = await clients.post("lead", "/v1/persons", body)
    assert made.json()["name"] == {
        "kind": "mononym",
        "family_name": None,
        "given_name": None,
        "birth_name": None,
        "mononym": "Einname",
    }
    mixed = {"name": {"kind": "mononym", "mononym": "Einname", "family_name": "Zwei"}}
    assert (await clients.post("lead", "/v1/persons", mixed)).status_code == 422


async def test_an_unknown_member_is_pointed_at_in_its_own_branch(clients: Clients) -> None:
    body = {"name": {"kind": "mononym", "mononym": "Einname", "nickname": "x"}}
    answer = await clients.post("lead", "/v1/persons", body)
    assert [e["pointer"] for e in answer.json()["errors"]] == ["/name/nickname"]


async def test_names_are_kept_composed(clients: Clients) -> None:
    body = {"name": {"kind": "mononym", "mononym": "A\u0308hre"}}
    made = await clients.post("lead", "/v1/persons", body)
    assert made.json()["name"]["mononym"] == "\u00c4hre"


async def test_a_name_changes_its_form(make: Make, clients: Clients) -> None:
    person = await make.person()
    patch = {"name": {"kind": "mononym", "mononym": "Nureiner"}}
    changed = await clients.patch("lead", f"/v1/persons/{person.id}", patch, etag=person.etag)
    assert changed.json()["name"]["family_name"] is None
    assert changed.json()["birth_date"] == "1990-05"


async def test_a_birth_date_ahead_is_refused(make: Make, clients: Clients) -> None:
    body = {"name": {"kind": "mononym", "mononym": "Morgen"}, "birth_date": "2098-01-01"}
    answer = await clients.post("lead", "/v1/persons", body)
    assert (answer.status_code, answer.json()["guard"]) == (409, "birth_date_not_ahead")
    person = await make.person()
    patch = {"birth_date": "2098"}
    again = await clients.patch("lead", f"/v1/persons/{person.id}", patch, etag=person.etag)
    assert again.status_code == 409


async def test_the_recipient_reads_and_does_not_write(make: Make, clients: Clients) -> None:
    person = await make.person()
    await make.disclosure(person, await make.consent(person))
    path = f"/v1/persons/{person.id}"
    seen = await clients.get("jobcenter", path)
    answer = await clients.patch(
        "jobcenter", path, {"birth_date": "1980"}, etag=seen.headers["ETag"]
    )
    assert (answer.status_code, answer.json()["title"]) == (403, "Not your move")
    assert (await clients.get("lead", path)).json()["birth_date"] == "1990-05"


async def test_there_is_no_search_by_name(make: Make, clients: Clients) -> None:
    await make.person()
    for query in ("q=Muster", "name=Muster", "family_name=Muster", "birth_date=1990"):
        assert (await clients.get("lead", f"/v1/persons?{query}")).status_code == 400


async def disclosed_to_immigration(make: Make, compartments: list[str]) -> Made:
    """A person of the lead that the immigration office sees with these compartments."""
    person = await make.person()
    consent = await make.consent(person, "immigration")
    await make.disclosure(person, consent, to="immigration", compartments=compartments)
    return person


async def test_an_immigration_office_that_sees_residence_adds_periods(
    make: Make, clients: Clients
) -> None:
    person = await disclosed_to_immigration(make, ["core", "residence"])
    path = f"/v1/persons/{person.id}/residence-periods"
    added = await clients.post("immigration", path, PERIOD)
    assert added.status_code == 201
    assert added.json()["code_list_version"] == code_lists.version_of("residence_status_codes")
    assert added.json()["recorded_by_agency_id"] == str(id_of("immigration"))
    listed = (await clients.get("lead", path)).json()["items"]
    assert [p["id"] for p in listed] == [added.json()["id"]]
    current = (await clients.get("lead", f"/v1/persons/{person.id}")).json()["current_residence"]
    assert current["status_code"] == "duldung_60a"


async def test_without_the_compartment_nothing_of_it_shows(make: Make, clients: Clients) -> None:
    person = await disclosed_to_immigration(make, ["core"])
    path = f"/v1/persons/{person.id}/residence-periods"
    assert (await clients.post("immigration", path, PERIOD)).status_code == 403
    consent = await make.consent(person)
    await make.disclosure(person, consent)
    other = await make.consent(person, "immigration")
    await make.disclosure(person, other, to="immigration", compartments=["core", "residence"])
    assert (await clients.post("immigration", path, PERIOD)).status_code == 201
    seen = (await clients.get("jobcenter", f"/v1/persons/{person.id}")).json()
    assert (seen["current_residence"], seen["redactions"]) == (None, ["residence", "safety"])
    listed = await clients.get("jobcenter", path)
    assert (listed.status_code, listed.json()["items"]) == (200, [])


async def test_other_offices_do_not_add_periods(make: Make, clients: Clients) -> None:
    person = await make.person()
    path = f"/v1/persons/{person.id}/residence-periods"
    answer = await clients.post("lead", path, PERIOD)
    assert (answer.status_code, answer.json()["title"]) == (403, "Not your move")


async def test_a_correction_is_a_new_period(make: Make, clients: Clients) -> None:
    person = await disclosed_to_immigration(make, ["core", "residence"])
    path = f"/v1/persons/{person.id}/residence-periods"
    first = (await clients.post("immigration", path, PERIOD)).json()
    corrected = PERIOD | {"status_code": "ae_18a", "corrects_id": first["id"]}
    second = (await clients.post("immigration", path, corrected)).json()
    items = (await clients.get("immigration", path)).json()["items"]
    assert {i["id"]: i["corrected_by_id"] for i in items} == {
        first["id"]: second["id"],
        second["id"]: None,
    }
    current = (await clients.get("lead", f"/v1/persons/{person.id}")).json()["current_residence"]
    assert current["id"] == second["id"]
    stranger = PERIOD | {"corrects_id": str(id_of("nothing"))}
    assert (await clients.post("immigration", path, stranger)).status_code == 409


@pytest.mark.parametrize("field", ["status_code", "work_annotation", "source"])
async def test_unknown_codes_are_named(make: Make, clients: Clients, field: str) -> None:
    person = await make.person("immigration")
    path = f"/v1/persons/{person.id}/residence-periods"
    answer = await clients.post("immigration", path, PERIOD | {field: "no_such_code"})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (409, f"/{field}")


async def test_every_personal_read_is_recorded_with_its_purpose(
    make: Make, clients: Clients
) -> None:
    person = await make.person()
    await make.disclosure(person, await make.consent(person))
    before = await make.connection.fetch("select * from looking.reads()")
    path = f"/v1/persons/{person.id}"
    await clients.get("jobcenter/worker_1", path, headers={"X-Request-Id": "story-1"})
    await clients.get("outsider", path)
    rows = (await make.connection.fetch("select * from looking.reads()"))[len(before) :]
    assert len(rows) == 1
    (row,) = rows
    assert (str(row["agency_id"]), row["operation"]) == (str(id_of("jobcenter")), "getPerson")
    assert str(row["member_id"]) == str(id_of("jobcenter", "worker_1", "member"))
    assert [str(s) for s in row["subjects"]] == [person.id]
    assert (row["purpose"], row["compartments"]) == ("case_management", ["core"])


async def test_a_list_is_one_record(make: Make, clients: Clients) -> None:
    persons = {(await make.person()).id for _ in range(3)}
    before = await make.connection.fetch("select * from looking.reads()")
    await clients.get("lead", "/v1/persons")
    rows = (await make.connection.fetch("select * from looking.reads()"))[len(before) :]
    assert len(rows) == 1
    assert {str(s) for s in rows[0]["subjects"]} == persons


@pytest.mark.parametrize(
    ("who", "purpose", "status"),
    [
        ("lead/worker_1", None, 200),
        ("lead/worker_1", "benefit_decision", 400),
        ("lead/worker_1", "no_such_purpose", 400),
        ("lead/worker_1", "Not a code", 400),
        ("lead", "referral_handling", 400),
        ("lead", "case_management", 200),
    ],
)
async def test_a_purpose_is_registered_and_stated(
    make: Make, clients: Clients, who: str, purpose: str | None, status: int
) -> None:
    person = await make.person()
    headers = {"Processing-Purpose": purpose} if purpose else {}
    answer = await clients.get(who, f"/v1/persons/{person.id}", headers=headers)
    assert answer.status_code == status


async def test_a_person_at_a_desk_states_the_purpose(make: Make, clients: Clients) -> None:
    person = await make.person()
    headers = {"Processing-Purpose": ""}
    answer = await clients.get("lead/worker_1", f"/v1/persons/{person.id}", headers=headers)
    assert answer.status_code == 400
