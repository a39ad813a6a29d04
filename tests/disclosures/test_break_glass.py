"""An emergency access: by a person, short, no more than the ceiling, told and reviewed."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from asyncpg import Connection
from httpx import Response

from integration_api.code_lists.service import attributes
from integration_api.kernel import clock
from integration_api.kernel.calendar import add_working_days
from integration_api.kernel.principal import context_sql
from tests.cast import id_of
from tests.clients import Clients
from tests.make import Made, Make
from tests.tandem.test_compartments import disclose, legal, track
from tests.tandem.test_status_check import recorded

WHY = "Person liegt bewusstlos im Wartebereich, Notärztin ist gerufen."


async def take(
    clients: Clients, person: Made, who: str = "jobcenter/worker_1", **changed: Any
) -> Response:
    """Break the glass over a person of the lead."""
    body = {"person_id": person.id, "reason": "danger_to_life", "justification": WHY}
    return await clients.post(who, "/v1/disclosures/break-glass", body | changed)


async def task_of(clients: Clients, taken: Response) -> dict[str, Any]:
    """The review that the controller owes."""
    page = (await clients.get("lead", "/v1/tasks?status=open")).json()["items"]
    (found,) = [t for t in page if t["disclosure_id"] == taken.json()["id"]]
    return dict(found)


async def test_it_opens_at_once_and_says_so_on_both_sides(
    make: Make, clients: Clients, connection: Connection
) -> None:
    person = await make.person()
    case = await make.case(person)
    where = f"/v1/persons/{person.id}"
    assert (await clients.get("jobcenter/worker_1", where)).status_code == 404
    taken = await take(clients, person, case_id=case.id)
    assert taken.status_code == 201, taken.text
    assert (await clients.get("jobcenter/worker_1", where)).status_code == 200
    assert (await clients.get("jobcenter/worker_1", f"/v1/cases/{case.id}")).status_code == 200
    theirs = (await clients.get("lead", f"/v1/disclosures/{taken.json()['id']}")).json()
    assert (theirs["emergency_reason"], theirs["justification"]) == ("danger_to_life", WHY)
    assert theirs["grantor_agency_id"] == str(id_of("lead"))
    events = await connection.fetch(
        "select type, agency_ids from looking.events($1, 0)", taken.json()["id"]
    )
    assert [(e["type"], set(e["agency_ids"])) for e in events] == [
        ("disclosure.taken", {id_of("lead"), id_of("jobcenter")})
    ]


async def test_it_opens_what_reason_unit_and_roles_have_in_common_for_as_long_as_the_reason_says(
    make: Make, clients: Clients
) -> None:
    said = attributes("emergency_reasons", "danger_to_life")
    taken = (await take(clients, await make.person())).json()
    may = {"core", "residence", "case_notes", "health", "safety"} & set(
        attributes("agency_types", "jobcenter")["compartments"]
    )
    assert set(taken["compartments"]) == may
    end = clock.now() + timedelta(hours=said["hours"])
    assert abs(datetime.fromisoformat(taken["valid_to"]) - end) < timedelta(minutes=1)
    assert taken["allowed_actions"] == []


async def test_it_runs_out_by_itself(make: Make, clients: Clients, connection: Connection) -> None:
    person = await make.person()
    assert (await take(clients, person)).status_code == 201
    await connection.execute("select looking.lapse($1)", person.id)
    gone = await clients.get("jobcenter/worker_1", f"/v1/persons/{person.id}")
    assert gone.status_code == 404


@pytest.mark.parametrize(
    ("who", "changed", "status", "said"),
    [
        ("jobcenter/machine", {}, 403, "not-your-move"),
        ("jobcenter/advisor", {}, 403, "not-your-move"),
        ("lead/worker_1", {}, 409, "/person_id"),
        ("koeln/worker_1", {}, 409, "/person_id"),
        ("jobcenter/worker_1", {"reason": "curiosity"}, 409, "/reason"),
        ("jobcenter/worker_1", {"justification": "weil"}, 422, "/justification"),
        ("jobcenter/worker_1", {"case_id": "01990000-0000-7000-8000-00000000dead"}, 409, "/case"),
        ("jobcenter/bare", {}, 403, "missing"),
    ],
)
async def test_who_may_not_takes_nothing(
    make: Make, clients: Clients, who: str, changed: dict[str, Any], status: int, said: str
) -> None:
    person = await make.person()
    answer = await take(clients, person, who, **changed)
    assert answer.status_code == status, answer.text
    assert said in answer.text
    assert (await clients.get("lead", "/v1/tasks")).json()["items"] == []


async def test_a_case_of_somebody_else_is_not_taken_along(make: Make, clients: Clients) -> None:
    person, other = await make.person(), await make.person()
    case = await make.case(other)
    assert (await take(clients, person, case_id=case.id)).status_code == 409


@pytest.mark.parametrize(
    ("member", "kinds", "hours"),
    [
        (None, ["core"], 24),
        (id_of("jobcenter", "worker_1"), ["core", "placement"], 24),
        (id_of("jobcenter", "worker_1"), ["core"], 24 * 365),
    ],
)
async def test_the_database_refuses_what_the_service_would_let_through(
    make: Make, connection: Connection, member: UUID | None, kinds: list[str], hours: int
) -> None:
    person = await make.person()
    ids = id_of("wuppertal"), id_of("jobcenter"), id_of("jobcenter", "worker_1")
    await connection.execute(context_sql(*ids, member, ["core"]))
    call = "select * from ia.take_disclosure($1,$2,$3,null,'danger_to_life','x',$4,$5,$6,'p',now())"
    args = (id_of("one"), id_of("two"), person.id, kinds, hours, clock.today())
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.fetch(call, *args)


async def test_the_controller_reviews_by_a_working_day(make: Make, clients: Clients) -> None:
    taken = await take(clients, await make.person())
    task = await task_of(clients, taken)
    assert task["kind"] == "emergency_review"
    assert task["due_on"] == add_working_days(clock.today(), 3).isoformat()
    assert (await clients.get("jobcenter", f"/v1/tasks/{task['id']}")).status_code == 404
    one = await clients.get("lead", f"/v1/tasks/{task['id']}")
    done = await clients.post(
        "lead/worker_1",
        f"/v1/tasks/{task['id']}/complete",
        {"outcome": "justified"},
        etag=one.headers["ETag"],
    )
    assert done.status_code == 200, done.text
    assert (done.json()["status"], done.json()["outcome"]) == ("done", "justified")
    live = await clients.get("lead", f"/v1/disclosures/{taken.json()['id']}")
    assert live.json()["live"]
    again = await clients.post(
        "lead/worker_1",
        f"/v1/tasks/{task['id']}/complete",
        {"outcome": "justified"},
        etag=done.headers["ETag"],
    )
    assert (again.status_code, again.json()["allowed_actions"]) == (409, [])


async def test_what_was_not_justified_ends_with_the_review(make: Make, clients: Clients) -> None:
    person = await make.person()
    taken = await take(clients, person)
    task = await task_of(clients, taken)
    one = await clients.get("lead", f"/v1/tasks/{task['id']}")
    machine = await clients.post(
        "lead",
        f"/v1/tasks/{task['id']}/complete",
        {"outcome": "justified"},
        etag=one.headers["ETag"],
    )
    assert machine.status_code == 403, "a machine reviews nothing"
    done = await clients.post(
        "lead/worker_1",
        f"/v1/tasks/{task['id']}/complete",
        {"outcome": "not_justified"},
        etag=one.headers["ETag"],
    )
    assert done.status_code == 200, done.text
    gone = await clients.get("jobcenter/worker_1", f"/v1/persons/{person.id}")
    assert gone.status_code == 404
    ended = await clients.get("lead", f"/v1/disclosures/{taken.json()['id']}")
    assert ended.json()["status"] == "revoked"
    again = await take(clients, person)
    assert (again.status_code, again.json()["guard"]) == (409, "emergency_not_taken_twice")
    with clock.moved(timedelta(days=31)):
        assert (await take(clients, person)).status_code == 201


async def test_one_emergency_access_at_a_time(make: Make, clients: Clients) -> None:
    person = await make.person()
    assert (await take(clients, person)).status_code == 201
    second = await take(clients, person, "jobcenter/worker_2")
    assert (second.status_code, second.json()["guard"]) == (409, "emergency_not_taken_twice")


async def test_who_takes_a_case_works_on_it_and_sees_what_only_assigned_members_see(
    make: Make, clients: Clients
) -> None:
    person = await make.person()
    case = await make.case(person)
    note = {"compartment": "health", "visibility": "case", "text": "Asthma"}
    noted = await clients.post("lead/worker_1", f"/v1/cases/{case.id}/notes", note)
    if noted.status_code == 403:  # only who is assigned writes it
        etag = (await clients.get("lead/worker_1", f"/v1/cases/{case.id}")).headers["ETag"]
        me = (await clients.get("lead/worker_1", "/v1/me")).json()["member"]["id"]
        ids = {"member_ids": [me]}
        where = f"/v1/cases/{case.id}/assign"
        done = await clients.post("lead/worker_1", where, ids, etag=etag)
        assert done.status_code == 200, done.text
        noted = await clients.post("lead/worker_1", f"/v1/cases/{case.id}/notes", note)
    assert noted.status_code == 201, noted.text
    assert (await take(clients, person, case_id=case.id)).status_code == 201
    notes = await clients.get("jobcenter/worker_1", f"/v1/cases/{case.id}/notes")
    assert [n["text"] for n in notes.json()["items"]] == ["Asthma"]
    other = await clients.get("jobcenter/worker_2", f"/v1/cases/{case.id}/notes")
    assert other.json()["items"] == []


async def test_nothing_is_recorded_in_an_emergency_that_stays(make: Make, clients: Clients) -> None:
    person = await make.person()
    assert (await take(clients, person, "immigration/worker_1")).status_code == 201
    period = {
        "status_code": "ae_18a",
        "valid_from": "2026-01-01",
        "work_annotation": "employment_allowed",
        "work_annotation_text": "Beschäftigung erlaubt.",
        "source": "document_seen",
    }
    where = f"/v1/persons/{person.id}/residence-periods"
    assert (await clients.post("immigration/worker_1", where, period)).status_code == 403
    fact = {"fact": "entered_on", "value": "2026-01-01", "source": "document_seen"}
    where = f"/v1/persons/{person.id}/residence-facts"
    body = {"items": [fact]}
    assert (await clients.post("immigration/worker_1", where, body)).status_code == 403


async def test_a_status_check_in_an_emergency_keeps_no_answer(make: Make, clients: Clients) -> None:
    tandem = await make.tandem()
    given = await disclose(make, tandem, "immigration", "residence")
    await recorded(make, tandem, "duldung_60b")
    path = f"/v1/disclosures/{given.id}"
    etag = (await clients.get("lead", path)).headers["ETag"]
    assert (await clients.post("lead", f"{path}/revoke", etag=etag)).status_code == 200
    person = Made({"id": tandem.body["person_id"]}, "")
    assert (await take(clients, person, "immigration/worker_1")).status_code == 201
    await legal(clients, tandem).moves("check-status")
    found = (await track(clients, "immigration", tandem))["eligibility"]
    assert found is None or "status_code" not in found["facts_used"]


async def test_a_repetition_after_the_refusal_shows_nobody(make: Make, clients: Clients) -> None:
    person = await make.person()
    body = {"person_id": person.id, "reason": "danger_to_life", "justification": WHY}
    where = "/v1/disclosures/break-glass"
    taken = await clients.post("jobcenter/worker_1", where, body, key="emergency-1")
    task = await task_of(clients, taken)
    one = await clients.get("lead", f"/v1/tasks/{task['id']}")
    refused = {"outcome": "not_justified"}
    path = f"/v1/tasks/{task['id']}/complete"
    done = await clients.post("lead/worker_1", path, refused, etag=one.headers["ETag"])
    assert done.status_code == 200
    again = await clients.post("jobcenter/worker_1", where, body, key="emergency-1")
    assert again.status_code == 404, again.text


async def test_neither_side_deletes_the_entry(
    make: Make, clients: Clients, connection: Connection
) -> None:
    taken = (await take(clients, await make.person())).json()
    entries = await connection.fetch("select canonical from looking.audits($1)", taken["id"])
    assert len(entries) == 1
    for table in ("audit_entry", "disclosure", "task", "access_record"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with connection.transaction():
                await connection.execute(f"delete from ia.{table}")


async def test_a_protected_address_stays_closed(make: Make, clients: Clients) -> None:
    address = {"postal_code": "42103", "town": "Wuppertal", "protected": True}
    person = await make.person(address=address)
    assert (await take(clients, person)).status_code == 201
    seen = (await clients.get("jobcenter/worker_1", f"/v1/persons/{person.id}")).json()
    assert (seen["address"], "safety" in seen["redactions"]) == (None, True)
