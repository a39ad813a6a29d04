"""Two instruments, guardians, forms, evidence; both sides of a legal basis."""

from datetime import UTC, datetime
from typing import Any

import pytest
from asyncpg import Connection
from httpx import Response

from integration_api.code_lists.service import entries
from integration_api.kernel import clock
from integration_api.persons.service_consents import surely_under
from tests.cast import id_of
from tests.clients import Clients
from tests.make import Made, Make


def guard(answer: Response) -> str:
    """The guard that refused."""
    assert answer.status_code == 409, answer.text
    return str(answer.json()["guard"])


async def grant(clients: Clients, person: Made, ground: dict[str, Any], *kinds: str) -> Response:
    """Ask for a disclosure to the jobcenter."""
    body = {
        "person_id": person.id,
        "recipient_agency_id": str(id_of("jobcenter")),
        "ground": ground,
        "purpose": "referral_handling",
        "compartments": list(kinds),
    }
    return await clients.post("lead", "/v1/disclosures", body)


async def test_what_is_bound_to_secrecy_needs_a_release_beside_the_consent(
    make: Make, clients: Clients
) -> None:
    person = await make.person()
    consent = await make.consent(person, compartments=["core", "health", "case_notes"])
    ground = {"kind": "consent", "consent_id": consent.id}
    assert (await grant(clients, person, ground, "case_notes")).status_code == 201
    assert guard(await grant(clients, person, ground, "health")) == "release_covers"
    narrow = await make.release(person, compartments=["case_notes"])
    ground["release_id"] = narrow.id
    assert guard(await grant(clients, person, ground, "health")) == "release_covers"
    elsewhere = await make.release(person, "immigration")
    ground["release_id"] = elsewhere.id
    assert guard(await grant(clients, person, ground, "health")) == "release_covers"
    ground["release_id"] = (await make.release(person)).id
    granted = await grant(clients, person, ground, "health")
    assert granted.status_code == 201, granted.text
    assert granted.json()["release_id"] == ground["release_id"]


async def test_neither_instrument_stands_for_the_other(make: Make, clients: Clients) -> None:
    person = await make.person()
    kinds = ["core", "health"]
    release = await make.release(person, compartments=kinds)
    ground = {"kind": "consent", "consent_id": release.id}
    assert guard(await grant(clients, person, ground, "core")) == "consent_effective"
    consent = await make.consent(person, compartments=kinds)
    ground = {"kind": "consent", "consent_id": consent.id, "release_id": consent.id}
    assert guard(await grant(clients, person, ground, "health")) == "release_covers"


async def test_the_release_of_another_person_is_unknown(make: Make, clients: Clients) -> None:
    person, other = await make.person(), await make.person()
    consent = await make.consent(person, compartments=["core", "health"])
    ground = {
        "kind": "consent",
        "consent_id": consent.id,
        "release_id": (await make.release(other)).id,
    }
    answer = await grant(clients, person, ground, "health")
    assert answer.json()["errors"][0]["pointer"] == "/ground/release_id"


async def test_revoking_the_release_ends_the_disclosure(make: Make, clients: Clients) -> None:
    person = await make.person()
    consent = await make.consent(person, compartments=["core", "health"])
    release = await make.release(person)
    ground = {"kind": "consent", "consent_id": consent.id, "release_id": release.id}
    assert (await grant(clients, person, ground, "health")).status_code == 201
    assert (await clients.get("jobcenter", f"/v1/persons/{person.id}")).status_code == 200
    await clients.post("lead", f"/v1/consents/{release.id}/revoke", etag=release.etag)
    assert (await clients.get("jobcenter", f"/v1/persons/{person.id}")).status_code == 404


@pytest.mark.parametrize(
    "said",
    [
        {"instrument": "confidentiality_release"},
        {"released_functions": ["physician"]},
    ],
)
async def test_a_release_names_functions_and_nothing_else_does(
    make: Make, clients: Clients, said: dict[str, Any]
) -> None:
    person = await make.person()
    good = (await make.consent(person)).body
    keep = ["person_id", "recipient_agency_ids", "compartments", "purposes", "instrument"]
    keep += ["form", "language_version", "informed_at", "granted_at"]
    answer = await clients.post("lead", "/v1/consents", {n: good[n] for n in keep} | said)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["code"] == "release_names_functions"


async def test_health_is_consented_to_in_writing(make: Make, clients: Clients) -> None:
    person = await make.person()
    body = (await make.consent(person)).body
    keep = ["person_id", "recipient_agency_ids", "purposes", "instrument"]
    keep += ["language_version", "informed_at", "granted_at"]
    said = {n: body[n] for n in keep} | {"form": "oral_documented"}
    refused = await clients.post("lead", "/v1/consents", said | {"compartments": ["health"]})
    assert guard(refused) == "form_fits"
    taken = await clients.post("lead", "/v1/consents", said | {"compartments": ["core"]})
    assert taken.status_code == 201


async def test_a_guardian_consents_for_a_minor(make: Make, clients: Clients) -> None:
    child = await make.person(birth_date=f"{clock.today().year - 9}")
    mother = await make.person()
    said = (await make.consent(mother)).body
    keep = ["recipient_agency_ids", "compartments", "purposes", "instrument", "form"]
    keep += ["language_version", "informed_at", "granted_at"]
    body = {n: said[n] for n in keep} | {"person_id": child.id}
    assert guard(await clients.post("lead", "/v1/consents", body)) == "guardian_consents"
    guardian = {"relation": "parent", "person_id": mother.id}
    evidence = {"kind": "paper_file", "reference": "KIM-2026-118/4"}
    body |= {"guardian": guardian, "evidence": evidence}
    given = await clients.post("lead", "/v1/consents", body)
    assert given.status_code == 201, given.text
    assert (given.json()["guardian"], given.json()["evidence"]) == (guardian, evidence)
    stranger = await make.person("koeln")
    body["guardian"] = {"relation": "parent", "person_id": stranger.id}
    answer = await clients.post("lead", "/v1/consents", body)
    assert answer.json()["errors"][0]["pointer"] == "/guardian/person_id"


@pytest.mark.parametrize(
    ("born", "minor"),
    [
        (None, False),
        ("2008", False),  # might have had its birthday
        ("2009", True),
        ("2008-11", False),
        ("2008-12", True),
        ("2008-11-25", False),  # 18 today
        ("2008-11-26", True),
    ],
)
def test_nobody_is_taken_for_a_minor_where_the_date_leaves_it_open(
    born: str | None, minor: bool
) -> None:
    assert surely_under(born, datetime(2026, 11, 25, 12, tzinfo=UTC), 18) is minor


async def test_what_the_law_opens_on_request_names_the_request(
    make: Make, clients: Clients
) -> None:
    person = await make.person("jobcenter")
    ground = {"kind": "transfer_basis", "transfer_basis": "social_body_to_immigration_office"}
    body = {
        "person_id": person.id,
        "recipient_agency_id": str(id_of("immigration")),
        "ground": ground,
        "purpose": "case_management",
        "compartments": ["core", "benefit"],
    }
    assert guard(await clients.post("jobcenter", "/v1/disclosures", body)) == "request_named"
    ground["request_reference"] = "ABH 33-1/2026"
    granted = await clients.post("jobcenter", "/v1/disclosures", body)
    assert granted.status_code == 201, granted.text
    seen = await clients.get("immigration", f"/v1/disclosures/{granted.json()['id']}")
    assert seen.json()["request_reference"] == "ABH 33-1/2026"


@pytest.mark.parametrize(
    ("who", "to", "basis", "carried"),
    [
        ("jobcenter", "employment", "jobcenter_employment_agency", True),
        ("employment", "jobcenter", "jobcenter_employment_agency", True),
        # course data goes to the federal office and back, not among the others
        ("jobcenter", "employment", "course_data", False),
        ("jobcenter", "youth", "social_bodies_youth_office", True),
        ("youth", "jobcenter", "social_bodies_youth_office", True),
        ("immigration", "jobcenter", "immigration_office_to_labour_bodies", True),
        ("jobcenter", "immigration", "immigration_office_to_labour_bodies", False),
        ("jobcenter", "enforcement", "social_body_duty_to_immigration_office", True),
        ("youth", "enforcement", "social_body_duty_to_immigration_office", False),
        ("lead", "jobcenter", "jobcenter_employment_agency", False),
    ],
)
async def test_a_basis_carries_from_side_to_side(
    make: Make, clients: Clients, who: str, to: str, basis: str, carried: bool
) -> None:
    person = await make.person(who)
    body = {
        "person_id": person.id,
        "recipient_agency_id": str(id_of(to)),
        "ground": {"kind": "transfer_basis", "transfer_basis": basis},
        "purpose": "case_management",
        "compartments": ["core"],
    }
    answer = await clients.post(who, "/v1/disclosures", body)
    assert (answer.status_code == 201) is carried, answer.text
    if not carried:
        assert guard(answer) == "transfer_basis_applies"


async def test_the_table_of_bases_is_the_served_list(connection: Connection) -> None:
    rows = await connection.fetch("select * from ia.transfer_basis")
    table = {
        r["code"]: (
            r["label_de"], r["label_en"], r["from_types"], r["to_types"], r["compartments"],
            ", ".join(r["legal_basis"]), r["mutual"], r["on_request"], r["valid_from"],
            r["valid_to"],
        )
        for r in rows
    }  # fmt: skip
    served = {
        e.code: (
            e.de, e.en, e.attributes["from"], e.attributes["to"], e.attributes["compartments"],
            e.legal_basis, e.attributes.get("mutual", False), e.attributes.get("on_request", False),
            e.valid_from, e.valid_to,
        )
        for e in entries("transfer_bases")
    }  # fmt: skip
    assert table == served
