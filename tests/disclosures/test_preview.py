"""What a recipient would see of a disclosure, before it is granted."""

from typing import Any

import pytest
from asyncpg import Connection
from httpx import Response

from tests.cast import id_of
from tests.clients import Clients
from tests.make import Made, Make

COUNTED = "agency", "disclosure", "case_access", "outbox", "audit_entry"


async def asked(
    clients: Clients, person: Made, case: Made | None = None, who: str = "lead", **changed: Any
) -> Response:
    """Ask for a preview of a disclosure to the jobcenter, under a consent in `changed`."""
    body = {
        "person_id": person.id,
        "case_id": case and case.id,
        "recipient_agency_id": str(id_of("jobcenter")),
        "purpose": "referral_handling",
        "compartments": ["core"],
    }
    return await clients.post(who, "/v1/disclosures/preview", body | changed)


async def by_consent(make: Make, person: Made, *kinds: str) -> dict[str, Any]:
    """A ground and the compartments it carries."""
    consent = await make.consent(person, compartments=["core", *kinds])
    ground = {"kind": "consent", "consent_id": consent.id}
    return {"ground": ground, "compartments": ["core", *kinds]}


async def test_a_preview_is_what_the_recipient_gets_afterwards(
    make: Make, clients: Clients
) -> None:
    person = await make.person()
    case = await make.case(person)
    note = {"compartment": "case_notes", "visibility": "case", "text": "Geteilt"}
    hidden = note | {"visibility": "agency", "text": "Nur hier"}
    for one in (note, hidden):
        assert (await clients.post("lead", f"/v1/cases/{case.id}/notes", one)).status_code == 201
    given = await by_consent(make, person, "case_notes")
    seen = (await asked(clients, person, case, **given)).json()
    body = {
        "person_id": person.id,
        "case_id": case.id,
        "recipient_agency_id": str(id_of("jobcenter")),
        "purpose": "referral_handling",
    }
    assert (await clients.post("lead", "/v1/disclosures", body | given)).status_code == 201
    theirs = await clients.get("jobcenter", f"/v1/persons/{person.id}")
    assert seen["person"] == theirs.json()
    assert seen["case"] == (await clients.get("jobcenter", f"/v1/cases/{case.id}")).json()
    notes = (await clients.get("jobcenter", f"/v1/cases/{case.id}/notes")).json()
    assert seen["notes"] == notes["items"]
    assert [n["text"] for n in seen["notes"]] == ["Geteilt"]
    assert seen["residence_periods"] == []


async def test_facts_of_residence_show_with_their_compartment_alone(
    make: Make, clients: Clients
) -> None:
    person = await make.person("immigration")
    fact = {"fact": "entered_on", "value": "2026-01-02", "source": "document_seen"}
    where = f"/v1/persons/{person.id}/residence-facts"
    made = await clients.post("immigration", where, {"items": [fact]})
    assert made.status_code == 201
    for kinds, expected in ((["core"], []), (["core", "residence"], made.json()["items"])):
        consent = await make.consent(person, who="immigration", compartments=kinds)
        ground = {"kind": "consent", "consent_id": consent.id}
        seen = await asked(clients, person, who="immigration", ground=ground, compartments=kinds)
        assert seen.status_code == 200, seen.text
        assert seen.json()["residence_facts"] == expected


async def test_a_preview_leaves_nothing_but_its_access_record(
    make: Make, clients: Clients, connection: Connection
) -> None:
    person = await make.person()
    case = await make.case(person)
    given = await by_consent(make, person, "residence")

    async def counts() -> list[int]:
        return [await connection.fetchval("select looking.count($1)", t) for t in COUNTED]

    before = await counts()
    assert (await asked(clients, person, case, **given)).status_code == 200
    assert await counts() == before
    told = await connection.fetch(
        "select agency_id, subjects from looking.reads() where operation = 'previewDisclosure'"
    )
    assert [(r["agency_id"], [str(i) for i in r["subjects"]]) for r in told] == [
        (id_of("lead"), [person.id])
    ]
    assert (await clients.get("jobcenter", f"/v1/persons/{person.id}")).status_code == 404


async def test_what_was_disclosed_before_is_seen_beside_the_new(
    make: Make, clients: Clients
) -> None:
    person = await make.person()
    period = {"status_code": "16b_1", "valid_from": "2026-01-01"}
    await clients.post("lead", f"/v1/persons/{person.id}/residence-periods", period)
    given = await by_consent(make, person, "residence", "placement")
    narrow = given | {"compartments": ["placement"]}
    assert (await asked(clients, person, **narrow)).json()["person"]["redactions"] == [
        "residence",
        "safety",
    ]
    body = {
        "person_id": person.id,
        "recipient_agency_id": str(id_of("jobcenter")),
        "purpose": "referral_handling",
        **given,
        "compartments": ["residence"],
    }
    assert (await clients.post("lead", "/v1/disclosures", body)).status_code == 201
    assert (await asked(clients, person, **narrow)).json()["person"]["redactions"] == ["safety"]


async def test_a_role_narrows_and_who_asks_sees_no_more_than_itself(
    make: Make, clients: Clients
) -> None:
    person = await make.person()
    given = await by_consent(make, person)
    blind = await asked(clients, person, **given, role="anonymous_advisor")
    assert (blind.json()["person"], blind.json()["withheld"]) == (None, [])
    machine = await asked(clients, person, **given, role="case_worker")
    assert machine.json()["person"]["id"] == person.id
    assert machine.json()["withheld"] == ["safety"]  # no machine sees it


async def test_what_the_recipient_wrote_for_itself_stays_its_own(
    make: Make, clients: Clients
) -> None:
    person = await make.person()
    case = await make.case(person)
    given = await by_consent(make, person, "case_notes")
    body = {
        "person_id": person.id,
        "case_id": case.id,
        "recipient_agency_id": str(id_of("jobcenter")),
        "purpose": "referral_handling",
    }
    assert (await clients.post("lead", "/v1/disclosures", body | given)).status_code == 201
    own = {"compartment": "case_notes", "visibility": "agency", "text": "Nur Jobcenter"}
    noted = await clients.post("jobcenter", f"/v1/cases/{case.id}/notes", own)
    assert noted.status_code == 201, noted.text
    assert (await asked(clients, person, case, **given)).json()["notes"] == []


@pytest.mark.parametrize(
    ("changed", "status", "said"),
    [
        ({"compartments": ["placement"]}, 409, "consent_effective"),
        ({"role": "unheard_of"}, 409, "/role"),
        ({"purpose": "unheard_of"}, 409, "/purpose"),
    ],
)
async def test_a_preview_is_judged_as_the_grant(
    make: Make, clients: Clients, changed: dict[str, Any], status: int, said: str
) -> None:
    person = await make.person()
    answer = await asked(clients, person, **(await by_consent(make, person) | changed))
    assert answer.status_code == status
    assert said in answer.text


async def test_a_preview_to_oneself_is_none(make: Make, clients: Clients) -> None:
    person = await make.person()
    given = await by_consent(make, person)
    own = await asked(clients, person, **given, recipient_agency_id=str(id_of("lead")))
    assert (own.status_code, "/recipient_agency_id" in own.text) == (409, True)


async def test_who_may_not_read_previews_nothing(
    make: Make, clients: Clients, connection: Connection
) -> None:
    person = await make.person()
    case = await make.case(person)
    given = await by_consent(make, person)
    scopes = ["disclosures:write"]
    client = await make.api_client(scopes=scopes)
    key = {"Authorization": f"Bearer {client.body['key']}"}
    body = {
        "person_id": person.id,
        "case_id": case.id,
        "recipient_agency_id": str(id_of("jobcenter")),
        "purpose": "referral_handling",
        **given,
    }
    answer = await clients.post(None, "/v1/disclosures/preview", body, headers=key)
    assert answer.status_code == 403
    assert answer.json()["missing_scopes"] == ["cases:read", "persons:read"]


async def test_a_preview_is_only_asked_for(clients: Clients) -> None:
    answer = await clients.get("lead", "/v1/disclosures/preview")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")


async def test_who_does_not_control_the_person_previews_nothing(
    make: Make, clients: Clients
) -> None:
    person = await make.person()
    given = await by_consent(make, person)
    stranger = await asked(clients, person, who="outsider", **given)
    assert (stranger.status_code, stranger.json()["errors"][0]["pointer"]) == (409, "/person_id")
