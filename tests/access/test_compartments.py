"""Unit × role × compartment × assignment: what each may see of the same person and case."""

from typing import Any

import asyncpg
import pytest
from asyncpg import Connection

from integration_api.cases.models import case_note
from integration_api.identity.rights import rights
from integration_api.persons.models import person_address
from tests.cast import AGENCIES, acting, id_of
from tests.clients import Clients
from tests.make import Made, Make

SECRET = "Frauenhausweg 7"
HOME = {"street": SECRET, "postal_code": "42103", "town": "Wuppertal", "protected": True}
CONCERNS = [
    {"life_area": "language", "topic": "language_course"},
    {"life_area": "health", "topic": "health_care"},
    {"life_area": "violence_protection", "topic": "violence_protection"},
]
KINDS = ["core", "residence", "benefit", "placement", "case_notes", "health", "safety"]


async def note(clients: Clients, who: str, case: Made, kind: str, **changed: Any) -> Any:
    """A shared note of `who` in one compartment."""
    body = {"compartment": kind, "visibility": "case", "text": f"canary-{kind}"} | changed
    return await clients.post(who, f"/v1/cases/{case.id}/notes", body)


async def kinds_seen(clients: Clients, who: str, case: Made) -> set[str]:
    """The compartments of the notes that somebody gets."""
    answer = await clients.get(who, f"/v1/cases/{case.id}/notes")
    assert answer.status_code == 200, answer.text
    return {n["compartment"] for n in answer.json()["items"]}


async def assign(clients: Clients, agency: str, case: Made, *desks: str) -> None:
    """Put members of an agency on a case."""
    etag = (await clients.get(agency, f"/v1/cases/{case.id}")).headers["ETag"]
    body = {"member_ids": [str(id_of(agency, desk, "member")) for desk in desks]}
    answer = await clients.post(agency, f"/v1/cases/{case.id}/assign", body, etag=etag)
    assert answer.status_code == 200, answer.text
    assert answer.json()["assigned_member_ids"] == body["member_ids"]


async def told(make: Make, *to: str, kinds: list[str] = KINDS) -> tuple[Made, Made]:
    """A case with notes of every kind, disclosed to some agencies with some compartments."""
    person = await make.person(address=HOME)
    case = await make.case(person, who="lead/worker_1", concerns=CONCERNS)
    for kind in KINDS:
        added = await note(make.clients, "lead/worker_1", case, kind)
        assert added.status_code == 201, added.text
    for agency in to:
        consent = await make.consent(person, agency, compartments=KINDS)
        ceiling = rights(AGENCIES[agency][1], ["case_worker"]).compartments
        opened = [k for k in kinds if k in ceiling]
        release = await make.release(person, agency)
        ground = {"kind": "consent", "consent_id": consent.id, "release_id": release.id}
        await make.disclosure(person, consent, case, agency, compartments=opened, ground=ground)
    return person, case


async def test_a_disclosure_opens_the_compartments_that_it_names(
    make: Make, clients: Clients
) -> None:
    _, case = await told(make, "jobcenter", kinds=["core", "benefit"])
    assert await kinds_seen(clients, "jobcenter", case) == {"core", "benefit"}


async def test_only_assigned_members_see_what_is_kept_apart(make: Make, clients: Clients) -> None:
    _, case = await told(make, "jobcenter")
    free = {"core", "residence", "benefit", "placement", "case_notes"}
    assert await kinds_seen(clients, "jobcenter/worker_1", case) == free
    await assign(clients, "jobcenter", case, "worker_1")
    assert await kinds_seen(clients, "jobcenter/worker_1", case) == {*free, "health", "safety"}
    assert await kinds_seen(clients, "jobcenter/worker_2", case) == free
    await assign(clients, "jobcenter", case, "worker_2")
    assert await kinds_seen(clients, "jobcenter/worker_1", case) == free


async def test_who_opens_a_case_at_a_desk_is_assigned_to_it(make: Make, clients: Clients) -> None:
    _, case = await told(make)
    assert case.body["assigned_member_ids"] == [str(id_of("lead", "worker_1", "member"))]
    assert await kinds_seen(clients, "lead/worker_1", case) == set(KINDS)
    assert await kinds_seen(clients, "lead/worker_2", case) == set(KINDS) - {"health", "safety"}


async def test_who_accepts_a_referral_is_assigned_to_its_case(make: Make, clients: Clients) -> None:
    scene = await make.scene("received")
    path = f"/v1/referrals/{scene.referral.id}"
    taken = await clients.post("jobcenter/worker_2", f"{path}/claim", etag=scene.referral.etag)
    accepted = await clients.post("jobcenter", f"{path}/accept", etag=taken.headers["ETag"])
    assert accepted.status_code == 200, accepted.text
    seen = (await clients.get("jobcenter", f"/v1/cases/{scene.case.id}")).json()
    assert seen["assigned_member_ids"] == [str(id_of("jobcenter", "worker_2", "member"))]
    lead = (await clients.get("lead", f"/v1/cases/{scene.case.id}")).json()
    assert lead["assigned_member_ids"] == []


async def test_concerns_are_told_by_compartment_and_never_lost(
    make: Make, clients: Clients
) -> None:
    _, case = await told(make)
    path = f"/v1/cases/{case.id}"
    whole = (await clients.get("lead/worker_1", path)).json()
    assert [c["life_area"] for c in whole["concerns"]] == [c["life_area"] for c in CONCERNS]
    assert whole["redactions"] == []
    part = await clients.get("lead/worker_2", path)
    assert part.json()["life_areas"] == ["language"]
    assert part.json()["redactions"] == ["health", "safety"]
    changed = await clients.patch(
        "lead/worker_2", path, {"concerns": []}, etag=part.headers["ETag"]
    )
    assert changed.status_code == 200, changed.text
    assert changed.json()["concerns"] == []
    left = (await clients.get("lead/worker_1", path)).json()["life_areas"]
    assert left == ["health", "violence_protection"]


async def test_redactions_do_not_tell_whether_there_is_anything(
    make: Make, clients: Clients
) -> None:
    bare = await make.case(await make.person())
    seen = (await clients.get("lead/worker_2", f"/v1/cases/{bare.id}")).json()
    assert seen["redactions"] == ["health", "safety"]


async def test_the_enforcement_unit_never_sees_placement_or_case_notes(
    make: Make, clients: Clients, connection: Connection
) -> None:
    person, case = await told(make)
    consent = await make.consent(person, "enforcement", compartments=KINDS)
    body = {
        "person_id": person.id,
        "case_id": case.id,
        "recipient_agency_id": str(id_of("enforcement")),
        "ground": {"kind": "consent", "consent_id": consent.id},
        "purpose": "referral_handling",
    }
    for kind in ("placement", "case_notes"):
        refused = await clients.post("lead", "/v1/disclosures", body | {"compartments": [kind]})
        assert refused.status_code == 409
        assert refused.json()["guard"] == "recipient_may_see"
    granted = await clients.post("lead", "/v1/disclosures", body | {"compartments": ["residence"]})
    assert granted.status_code == 201, granted.text
    # even a row that names them, however it came about
    await connection.execute("select looking.widen($1)", granted.json()["id"])
    for desk in ("enforcement", "enforcement/worker_1"):
        assert await kinds_seen(clients, desk, case) == {"core", "residence"}
    await connection.execute(acting("enforcement"))
    rows = await connection.fetch("select compartment from ia.case_note")
    assert {r["compartment"] for r in rows} == {"core", "residence"}


async def test_a_role_that_needs_no_person_sees_none(make: Make, clients: Clients) -> None:
    person, case = await told(make, "jobcenter")
    for who in ("lead/advisor", "jobcenter/advisor"):
        for path in (f"/v1/persons/{person.id}", f"/v1/cases/{case.id}"):
            assert (await clients.get(who, path)).status_code == 404
        for noun in ("persons", "cases", "referrals", "disclosures", "consents", "tandem-cases"):
            assert (await clients.get(who, f"/v1/{noun}")).json()["items"] == []


async def test_a_protected_address_is_of_the_controllers_assigned_members_alone(
    make: Make, clients: Clients
) -> None:
    person, case = await told(make, "jobcenter", "immigration")
    await assign(clients, "jobcenter", case, "worker_1")
    path = f"/v1/persons/{person.id}"
    for who in ("lead", "lead/worker_2", "jobcenter", "jobcenter/worker_1", "immigration"):
        seen = await clients.get(who, path)
        assert seen.json()["address"] is None, who
        assert "safety" in seen.json()["redactions"]
        assert SECRET not in seen.text
        assert SECRET not in (await clients.get(who, "/v1/persons")).text
    mine = (await clients.get("lead/worker_1", path)).json()
    assert mine["address"] == HOME
    assert "safety" not in mine["redactions"]


async def test_an_open_address_is_core_data(make: Make, clients: Clients) -> None:
    home = HOME | {"protected": False}
    person = await make.person(address=home)
    await make.disclosure(person, await make.consent(person))
    assert person.body["address"] == home
    seen = (await clients.get("jobcenter", f"/v1/persons/{person.id}")).json()
    assert seen["address"] == home


async def test_a_protected_address_is_changed_by_who_sees_it_alone(
    make: Make, clients: Clients
) -> None:
    person, _ = await told(make)
    path = f"/v1/persons/{person.id}"
    etag = (await clients.get("lead", path)).headers["ETag"]
    for given in (None, HOME | {"protected": False}):
        refused = await clients.patch("lead/worker_2", path, {"address": given}, etag=etag)
        if given is None:
            assert refused.status_code == 200  # nothing that it sees is there to be cleared
            etag = refused.headers["ETag"]
        else:
            assert refused.status_code == 409
            assert refused.json()["guard"] == "address_protected"
    kept = await clients.get("lead/worker_1", path)
    assert kept.json()["address"] == HOME
    moved = HOME | {"protected": False, "street": "Neumarkt 10"}
    done = await clients.patch("lead/worker_1", path, {"address": moved}, etag=kept.headers["ETag"])
    assert done.json()["address"] == moved
    gone = await clients.patch("lead", path, {"address": None}, etag=done.headers["ETag"])
    assert gone.json()["address"] is None


async def test_a_note_of_an_agency_is_its_own(make: Make, clients: Clients) -> None:
    _, case = await told(make, "jobcenter")
    added = await note(clients, "jobcenter/worker_1", case, "benefit", visibility="agency")
    assert added.status_code == 201
    for who in ("lead", "lead/worker_1"):
        assert added.json()["id"] not in (await clients.get(who, f"/v1/cases/{case.id}/notes")).text
    shared = await note(clients, "jobcenter/worker_1", case, "benefit", text="gemeinsam")
    seen = (await clients.get("lead", f"/v1/cases/{case.id}/notes")).json()["items"]
    found = next(n for n in seen if n["id"] == shared.json()["id"])
    assert (found["text"], found["member_id"]) == ("gemeinsam", None)


async def test_nobody_writes_what_it_may_not_see(make: Make, clients: Clients) -> None:
    _, case = await told(make, "enforcement", kinds=["core"])
    assert (await note(clients, "enforcement", case, "case_notes")).status_code == 403
    assert (await note(clients, "lead/worker_2", case, "health")).status_code == 403
    assert (await note(clients, "lead", case, "moon")).status_code == 409
    assert (await note(clients, "outsider", case, "core")).status_code == 404


async def test_members_of_others_cannot_be_assigned(make: Make, clients: Clients) -> None:
    case = await make.case(await make.person())
    body = {"member_ids": [str(id_of("jobcenter", "worker_1", "member"))]}
    refused = await clients.post("lead", f"/v1/cases/{case.id}/assign", body, etag=case.etag)
    assert refused.status_code == 409
    stale = await clients.post("lead", f"/v1/cases/{case.id}/assign", body, etag='"9"')
    assert stale.status_code == 412


async def rows_seen(connection: Connection, agency: str) -> dict[str, int]:
    """What the policies alone leave of notes and addresses."""
    await connection.execute(acting(agency))
    return {
        t: await connection.fetchval(f"select count(*) from ia.{t}")
        for t in (case_note.name, person_address.name)
    }


async def test_the_policies_alone_keep_compartments_apart(
    make: Make, connection: Connection
) -> None:
    await told(make, "jobcenter", kinds=["core", "benefit"])
    assert await rows_seen(connection, "jobcenter") == {"case_note": 2, "person_address": 0}
    assert await rows_seen(connection, "outsider") == {"case_note": 0, "person_address": 0}
    assert await rows_seen(connection, "koeln") == {"case_note": 0, "person_address": 0}
    lead = await rows_seen(connection, "lead")  # a machine: neither assigned nor with `safety`
    assert lead == {"case_note": len(KINDS) - 1, "person_address": 0}


async def test_a_context_without_compartments_sees_nothing(
    make: Make, connection: Connection
) -> None:
    """The known-bad twin of the ceiling: the same rows with it, none without."""
    await told(make, "jobcenter")
    await connection.execute(acting("lead"))
    assert await connection.fetchval("select count(*) from ia.person") == 1
    await connection.execute("set local app.compartments = ''")
    for table in ("person", '"case"', "case_note", "consent", "disclosure", "case_access"):
        assert await connection.fetchval(f"select count(*) from ia.{table}") == 0


async def test_the_policy_refuses_a_note_beyond_the_ceiling(
    make: Make, connection: Connection
) -> None:
    _, case = await told(make, "enforcement", kinds=["core"])
    await connection.execute(acting("enforcement"))
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute(
            "insert into ia.case_note (id, municipality_id, case_id, lead_agency_id, agency_id,"
            " compartment, visibility, text, created_at) values (gen_random_uuid(), $1, $2, $3, $4,"
            " 'placement', 'agency', 'x', now())",
            id_of("wuppertal"), case.body["id"], id_of("lead"), id_of("enforcement"),
        )  # fmt: skip
