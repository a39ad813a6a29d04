"""Nothing crosses between agencies without a ground: an effective consent or a seeded basis."""

from datetime import timedelta
from typing import Any

import pytest
from httpx import Response

from integration_api.kernel import clock
from tests.cast import id_of
from tests.clients import Clients
from tests.make import Made, Make

TOMORROW = (clock.now() + timedelta(days=1)).isoformat()


async def grant(clients: Clients, person: Made, ground: dict[str, Any], **changed: Any) -> Response:
    """An attempt of the lead to disclose to the jobcenter."""
    body = {
        "person_id": person.id,
        "recipient_agency_id": str(id_of("jobcenter")),
        "ground": ground,
        "purpose": "referral_handling",
        "compartments": ["core"],
    }
    return await clients.post("lead", "/v1/disclosures", body | changed)


def guard(answer: Response) -> str:
    """The guard that was not met."""
    assert answer.status_code == 409, answer.text
    name: str = answer.json()["guard"]
    return name


async def test_a_consent_opens_the_person_to_the_recipient_alone(
    make: Make, clients: Clients
) -> None:
    person = await make.person()
    await make.disclosure(person, await make.consent(person))
    seen = await clients.get("jobcenter", f"/v1/persons/{person.id}")
    assert seen.status_code == 200
    assert seen.json()["redactions"] == ["residence", "safety"]
    assert (await clients.get("outsider", f"/v1/persons/{person.id}")).status_code == 404


@pytest.mark.parametrize(
    "changed",
    [
        {"compartments": ["health"]},
        {"purpose": "benefit_decision"},
        {"recipient_agency_id": str(id_of("outsider"))},
        {"valid_to": "2099-01-01T00:00:00Z"},
        {"valid_from": "2020-01-01T00:00:00Z"},
    ],
    ids=lambda c: next(iter(c)),
)
async def test_a_consent_covers_no_more_than_it_says(
    make: Make, clients: Clients, changed: dict[str, Any]
) -> None:
    person = await make.person()
    consent = await make.consent(person)
    ground = {"kind": "consent", "consent_id": consent.id}
    assert guard(await grant(clients, person, ground, **changed)) == "consent_effective"
    assert (await grant(clients, person, ground)).status_code == 201


async def test_a_disclosure_that_has_ended_already_is_refused(make: Make, clients: Clients) -> None:
    person = await make.person()
    ground = {"kind": "consent", "consent_id": (await make.consent(person)).id}
    ended = (clock.now() - timedelta(hours=1)).isoformat()
    answer = await grant(clients, person, ground, valid_to=ended)
    assert answer.status_code == 409
    (finding,) = answer.json()["errors"]
    assert (finding["code"], finding["pointer"]) == ("period_order", "/valid_to")


async def test_a_revoked_consent_grounds_nothing(make: Make, clients: Clients) -> None:
    person = await make.person()
    consent = await make.consent(person)
    await clients.post("lead", f"/v1/consents/{consent.id}/revoke", etag=consent.etag)
    ground = {"kind": "consent", "consent_id": consent.id}
    assert guard(await grant(clients, person, ground)) == "consent_effective"


async def test_the_consent_of_another_person_is_unknown(make: Make, clients: Clients) -> None:
    person, other = await make.person(), await make.person()
    consent = await make.consent(other)
    answer = await grant(clients, person, {"kind": "consent", "consent_id": consent.id})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (409, "/ground")


async def test_a_legal_basis_carries_its_agencies_and_compartments_only(
    make: Make, clients: Clients
) -> None:
    person = await make.person("jobcenter")
    body = {
        "person_id": person.id,
        "recipient_agency_id": str(id_of("employment")),
        "ground": {"kind": "transfer_basis", "transfer_basis": "jobcenter_employment_agency"},
        "purpose": "case_management",
        "compartments": ["core", "benefit"],
    }
    granted = await clients.post("jobcenter", "/v1/disclosures", body)
    assert granted.status_code == 201, granted.text
    assert granted.json()["valid_to"] is None
    assert (await clients.get("employment", f"/v1/persons/{person.id}")).status_code == 200
    for wrong in (
        {"compartments": ["core", "health"]},
        {"recipient_agency_id": str(id_of("outsider"))},
        {"ground": {"kind": "transfer_basis", "transfer_basis": "course_data"}},
    ):
        answer = await clients.post("jobcenter", "/v1/disclosures", body | wrong)
        assert guard(answer) == "transfer_basis_applies"
    unknown = {"ground": {"kind": "transfer_basis", "transfer_basis": "no_such_basis"}}
    answer = await clients.post("jobcenter", "/v1/disclosures", body | unknown)
    assert answer.json()["errors"][0]["pointer"] == "/ground"


async def test_case_management_has_no_basis_without_consent(make: Make, clients: Clients) -> None:
    person = await make.person()
    ground = {"kind": "transfer_basis", "transfer_basis": "jobcenter_employment_agency"}
    assert guard(await grant(clients, person, ground)) == "transfer_basis_applies"


async def test_only_the_controller_grants(make: Make, clients: Clients) -> None:
    person = await make.person()
    consent = await make.consent(person)
    await make.disclosure(person, consent)
    body = {
        "person_id": person.id,
        "recipient_agency_id": str(id_of("employment")),
        "ground": {"kind": "transfer_basis", "transfer_basis": "jobcenter_employment_agency"},
        "purpose": "case_management",
        "compartments": ["core"],
    }
    onward = await clients.post("jobcenter", "/v1/disclosures", body)
    assert (onward.status_code, onward.json()["title"]) == (403, "Not your move")
    assert (await clients.get("employment", f"/v1/persons/{person.id}")).status_code == 404


async def test_only_the_lead_discloses_a_case(make: Make, clients: Clients) -> None:
    person = await make.person("jobcenter")
    theirs = await make.case(who="lead")
    body = {
        "person_id": person.id,
        "case_id": theirs.id,
        "recipient_agency_id": str(id_of("employment")),
        "ground": {"kind": "transfer_basis", "transfer_basis": "jobcenter_employment_agency"},
        "purpose": "case_management",
        "compartments": ["core"],
    }
    answer = await clients.post("jobcenter", "/v1/disclosures", body)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (409, "/case_id")


async def test_nothing_crosses_to_another_municipality(make: Make, clients: Clients) -> None:
    person = await make.person()
    consent = await make.consent(person)
    ground = {"kind": "consent", "consent_id": consent.id}
    there = await grant(clients, person, ground, recipient_agency_id=str(id_of("koeln")))
    absent = await grant(clients, person, ground, recipient_agency_id=str(id_of("nobody")))
    assert there.status_code == absent.status_code == 409
    assert there.json()["errors"] == absent.json()["errors"]


async def test_revoking_a_consent_ends_access_and_open_referrals_at_once(
    make: Make, clients: Clients
) -> None:
    scene = await make.scene("accepted")
    for path in (f"/v1/persons/{scene.person.id}", f"/v1/cases/{scene.case.id}"):
        assert (await clients.get("jobcenter", path)).status_code == 200
    revoked = await clients.post(
        "lead", f"/v1/consents/{scene.consent.id}/revoke", etag=scene.consent.etag
    )
    assert revoked.json()["effective"] is False
    for path in (f"/v1/persons/{scene.person.id}", f"/v1/cases/{scene.case.id}"):
        assert (await clients.get("jobcenter", path)).status_code == 404
    told = (await clients.get("jobcenter", f"/v1/referrals/{scene.referral.id}")).json()
    assert (told["status"], told["reason"], told["person"]) == ("withdrawn", None, None)
    known = (await clients.get("lead", f"/v1/referrals/{scene.referral.id}")).json()
    assert known["reason"] == "disclosure_ended"
    assert (await clients.get("jobcenter", "/v1/cases")).json()["items"] == []


async def test_a_disclosure_that_begins_tomorrow_opens_nothing_today(
    make: Make, clients: Clients
) -> None:
    person = await make.person()
    case = await make.case(person)
    consent = await make.consent(person)
    later = await make.disclosure(person, consent, case, valid_from=TOMORROW)
    assert later.body["live"] is False
    assert (await clients.get("jobcenter", f"/v1/persons/{person.id}")).status_code == 404
    assert (await clients.get("jobcenter", f"/v1/cases/{case.id}")).status_code == 404


async def test_a_disclosure_that_lapsed_ends_access_without_a_write(
    make: Make, clients: Clients
) -> None:
    person = await make.person()
    case = await make.case(person)
    ends = (clock.now() + timedelta(milliseconds=900)).isoformat()
    await make.disclosure(person, await make.consent(person), case, valid_to=ends)
    assert (await clients.get("jobcenter", f"/v1/cases/{case.id}")).status_code == 200
    # the policies judge by the database's clock, which stands still in a transaction: move the data
    await make.connection.execute("select looking.lapse($1)", person.body["id"])
    assert (await clients.get("jobcenter", f"/v1/persons/{person.id}")).status_code == 404
    assert (await clients.get("jobcenter", f"/v1/cases/{case.id}")).status_code == 404


async def test_the_consent_of_one_does_not_open_the_case_of_another(
    make: Make, clients: Clients
) -> None:
    person, other = await make.person(), await make.person()
    case = await make.case(other)
    consent = await make.consent(person)
    ground = {"kind": "consent", "consent_id": consent.id}
    answer = await grant(clients, person, ground, case_id=case.id)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (409, "/case_id")
    assert (await clients.get("jobcenter", f"/v1/cases/{case.id}")).status_code == 404


async def test_a_recipient_does_not_learn_of_whom_before_it_is_open(
    make: Make, clients: Clients
) -> None:
    scene = await make.scene("sent")
    path = f"/v1/disclosures/{scene.disclosure.id}"
    before = (await clients.get("jobcenter", path)).json()
    assert (before["person_id"], before["case_id"], before["live"]) == (None, None, False)
    for query in (
        f"/v1/disclosures?direction=received&person_id={scene.person.id}",
        f"/v1/disclosures?direction=received&case_id={scene.case.id}",
        f"/v1/referrals?direction=incoming&case_id={scene.case.id}",
    ):
        assert (await clients.get("jobcenter", query)).json()["items"] == []
    accept = f"/v1/referrals/{scene.referral.id}/accept"
    await clients.post("jobcenter", accept, etag=scene.referral.etag)
    after = (await clients.get("jobcenter", path)).json()
    assert (after["person_id"], after["case_id"]) == (scene.person.id, scene.case.id)
    query = f"/v1/referrals?direction=incoming&case_id={scene.case.id}"
    assert len((await clients.get("jobcenter", query)).json()["items"]) == 1
    await clients.post("lead", f"/v1/consents/{scene.consent.id}/revoke", etag=scene.consent.etag)
    ended = (await clients.get("jobcenter", path)).json()
    assert (ended["person_id"], ended["case_id"]) == (None, None)


async def test_a_consent_is_given_before_it_is_recorded(make: Make, clients: Clients) -> None:
    person = await make.person()
    body = (await make.consent(person)).body
    keep = ["person_id", "recipient_agency_ids", "compartments", "purposes", "instrument"]
    body = {n: body[n] for n in [*keep, "form", "language_version", "informed_at", "granted_at"]}
    for wrong in (
        {"granted_at": TOMORROW, "informed_at": body["informed_at"]},
        {"granted_at": "9999-02-01T00:00:00Z"},
        {"valid_from": "9999-02-01T00:00:00Z"},
    ):
        answer = await clients.post("lead", "/v1/consents", body | wrong)
        assert guard(answer) == "consent_given"
    for wrong in ({"informed_at": TOMORROW}, {"valid_from": "2020-01-01T00:00:00Z"}):
        assert (await clients.post("lead", "/v1/consents", body | wrong)).status_code == 422
