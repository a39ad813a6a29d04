"""Residence facts: recorded like periods of residence, the newest of each counts."""

from datetime import timedelta
from typing import Any

import pytest

from integration_api.kernel import clock
from integration_api.persons.schemas_facts import CODED, DAYS, FLAGS, NATIONALITIES, RECORDED
from tests.cast import id_of
from tests.clients import Clients
from tests.make import Made, Make


def facts(*items: tuple[str, Any], source: str = "document_seen") -> dict[str, Any]:
    """A request that records these."""
    return {"items": [{"fact": f, "value": v, "source": source} for f, v in items]}


def where(person: Made) -> str:
    """The address of a person's facts."""
    return f"/v1/persons/{person.id}/residence-facts"


async def disclosed(make: Make, *compartments: str) -> Made:
    """A person of the lead that the immigration office sees with these compartments."""
    person = await make.person()
    consent = await make.consent(person, "immigration")
    await make.disclosure(person, consent, to="immigration", compartments=list(compartments))
    return person


def test_every_recorded_fact_has_a_form_and_its_codes() -> None:
    assert len(RECORDED) >= 18
    assert {*DAYS, *CODED, *FLAGS, NATIONALITIES} == set(RECORDED)
    assert all(RECORDED[name].list for name in CODED)
    assert all(RECORDED[name].values for name in FLAGS)


async def test_an_immigration_office_that_sees_residence_records_facts(
    make: Make, clients: Clients
) -> None:
    person = await disclosed(make, "core", "residence")
    body = facts(("asylum_registered_on", "2026-08-10"), ("nationalities", ["423", "439"]))
    made = await clients.post("immigration", where(person), body)
    assert made.status_code == 201
    first, second = made.json()["items"]
    assert (first["fact"], first["value"]) == ("asylum_registered_on", "2026-08-10")
    assert (second["fact"], second["value"]) == ("nationalities", ["423", "439"])
    assert first["recorded_by_agency_id"] == str(id_of("immigration"))
    for item in (first, second):
        (event,) = await make.connection.fetch("select * from looking.events($1, 0)", item["id"])
        assert event["type"] == "residence_fact.recorded"
        assert set(event["agency_ids"]) == {id_of("lead"), id_of("immigration")}
        assert "2026-08-10" not in event["body"]
    listed = (await clients.get("lead", where(person))).json()["items"]
    assert {i["id"] for i in listed} == {first["id"], second["id"]}


async def test_the_newest_record_of_a_fact_counts_and_the_others_stay(
    make: Make, clients: Clients
) -> None:
    person = await make.person("immigration")
    for day in ("2026-08-01", None, "2026-08-10"):
        body = facts(("asylum_registered_on", day))
        assert (await clients.post("immigration", where(person), body)).status_code == 201
    listed = (await clients.get("immigration", where(person))).json()["items"]
    assert [i["value"] for i in listed] == ["2026-08-10"]
    rows = await make.connection.fetchval("select looking.count('residence_fact')")
    assert rows == 3


async def test_a_list_of_facts_is_paged_by_what_counts(make: Make, clients: Clients) -> None:
    person = await make.person("immigration")
    days = [n for n, f in RECORDED.items() if f.kind == "day"]
    for name in days:
        await clients.post("immigration", where(person), facts((name, "2026-01-01")))
    await clients.post("immigration", where(person), facts((days[0], "2026-01-02")))
    seen: list[str] = []
    page = {"next_cursor": ""}
    while (cursor := page["next_cursor"]) is not None:
        query = "?limit=4" + (f"&cursor={cursor}" if cursor else "")
        body = (await clients.get("immigration", where(person) + query)).json()
        seen += [i["fact"] for i in body["items"]]
        page = body["page"]
    assert seen == [days[0], *reversed(days[1:])]


async def test_without_the_compartment_nothing_shows_and_nothing_is_recorded(
    make: Make, clients: Clients
) -> None:
    person = await disclosed(make, "core")
    body = facts(("entered_on", "2026-01-01"))
    assert (await clients.post("immigration", where(person), body)).status_code == 403
    other = await make.person("immigration")
    assert (await clients.post("immigration", where(other), body)).status_code == 201
    await make.disclosure(other, await make.consent(other, who="immigration"), who="immigration")
    listed = await clients.get("jobcenter", where(other))
    assert (listed.status_code, listed.json()["items"]) == (200, [])
    assert (await clients.get("outsider", where(other))).status_code == 404


async def test_other_offices_do_not_record_facts(make: Make, clients: Clients) -> None:
    person = await make.person()
    body = facts(("entered_on", "2026-01-01"))
    answer = await clients.post("lead", where(person), body)
    assert (answer.status_code, answer.json()["title"]) == (403, "Not your move")


async def test_the_same_key_records_once(make: Make, clients: Clients) -> None:
    person = await make.person("immigration")
    body = facts(("entered_on", "2026-01-01"))
    first = await clients.post("immigration", where(person), body, key="facts-once-1")
    again = await clients.post("immigration", where(person), body, key="facts-once-1")
    assert again.json() == first.json()
    assert again.headers["Idempotent-Replayed"] == "true"
    assert await make.connection.fetchval("select looking.count('residence_fact')") == 1


@pytest.mark.parametrize(
    ("items", "pointer"),
    [
        ([("height", "2026-01-01")], "/items/0"),
        ([("born_on", "2026-01-01")], "/items/0"),
        ([("entered_on", "1.1.2026")], "/items/0/value"),
        ([("entered_on", "2026-02-30")], "/items/0/value"),
        ([("entered_on", ["2026-01-01"])], "/items/0/value"),
        ([("nationalities", "423")], "/items/0/value"),
        ([("nationalities", None)], "/items/0/value"),
        ([("nationalities", [])], "/items/0/value"),
        ([("nationalities", ["af"])], "/items/0/value/0"),
        ([("identity_status", ["unclear"])], "/items/0/value"),
        ([("identity_status", None)], "/items/0/value"),
        ([("procedure_flags", "non_cooperation")], "/items/0/value"),
        ([("entered_on", "2026-01-01"), ("entered_on", "2026-01-02")], ""),
        ([], "/items"),
    ],
)
async def test_what_cannot_be_a_fact_is_refused(
    make: Make, clients: Clients, items: list[tuple[str, Any]], pointer: str
) -> None:
    person = await make.person("immigration")
    answer = await clients.post("immigration", where(person), facts(*items))
    assert answer.status_code == 422, answer.text
    assert [e["pointer"] for e in answer.json()["errors"]] == [pointer]


@pytest.mark.parametrize(
    ("fact", "value", "pointer"),
    [
        ("nationalities", ["423", "111"], "/items/0/value/1"),
        ("identity_status", "lost", "/items/0/value"),
        ("procedure_flags", ["non_cooperation", "none"], "/items/0/value/1"),
    ],
)
async def test_unknown_codes_are_named(
    make: Make, clients: Clients, fact: str, value: Any, pointer: str
) -> None:
    person = await make.person("immigration")
    answer = await clients.post("immigration", where(person), facts((fact, value)))
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (409, pointer)


async def test_an_unknown_source_is_named(make: Make, clients: Clients) -> None:
    person = await make.person("immigration")
    body = facts(("entered_on", "2026-01-01"), source="rumour")
    answer = await clients.post("immigration", where(person), body)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (409, "/items/0/source")


@pytest.mark.parametrize(
    ("fact", "days", "status"),
    [
        ("entered_on", 0, 201),
        ("entered_on", 1, 409),
        ("entered_on", -60000, 409),
        ("reception_duty_ends_on", 400, 201),
        ("reception_duty_ends_on", 4000, 409),
    ],
)
async def test_what_has_happened_does_not_lie_ahead(
    make: Make, clients: Clients, fact: str, days: int, status: int
) -> None:
    person = await make.person("immigration")
    day = (clock.today() + timedelta(days=days)).isoformat()
    answer = await clients.post("immigration", where(person), facts((fact, day)))
    assert answer.status_code == status
    if status == 409:
        assert answer.json()["guard"] == "fact_day_plausible"


async def test_a_code_that_is_named_twice_counts_once(make: Make, clients: Clients) -> None:
    person = await make.person("immigration")
    body = facts(("nationalities", ["439", "423", "439"]), ("toleration_flags", []))
    made = await clients.post("immigration", where(person), body)
    assert [i["value"] for i in made.json()["items"]] == [["439", "423"], []]
