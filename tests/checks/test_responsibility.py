"""Responsibility checks: who decides, pays, promotes and advises, by the directory of the place."""

from datetime import timedelta
from typing import Any

import pytest
from asyncpg import Connection
from httpx import Response

from integration_api.kernel import clock, db
from tests.access.operations_competences import competence, waiting_time
from tests.access.operations_persons import PERIOD
from tests.cast import id_of
from tests.clients import Clients
from tests.make import Make, made

PATH = "/v1/responsibility-checks"
HERE = {"ags": "05124000"}
DAY = "2026-11-22"
PERMIT = {"service": "employment_permit_decision", "legal_basis": ["§ 71(1) AufenthG"]}


async def ask(clients: Clients, who: str | None = None, **asked: Any) -> Response:
    """One check."""
    return await clients.post(who, PATH, {"concern": "work_access", "as_of": DAY} | asked)


async def answer_of(clients: Clients, who: str | None = None, **asked: Any) -> dict[str, Any]:
    """The answer to a check that must go well."""
    answer = await ask(clients, who, **({} if who else HERE) | asked)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def named(said: dict[str, Any]) -> list[tuple[str, str, bool]]:
    """Service, office and whether it is certain."""
    return [(a["service"], a["agency"]["slug"], a["certain"]) for a in said["agencies"]]


async def test_anybody_asks_and_nothing_is_stored(
    make: Make, clients: Clients, connection: Connection
) -> None:
    await competence(make, "immigration", **PERMIT)
    before = await connection.fetchval("select count(*) from looking.journal()")
    facts = {"status_code": "gestattung", "permission_to_stay_began_on": "2026-08-01"}
    said = await answer_of(clients, facts=facts)
    assert said["orientation_only"] is True
    assert said["municipality"]["slug"] == "wuppertal"
    assert (said["as_of"], said["person_id"], said["concern"]) == (DAY, None, "work_access")
    assert [f["name"] for f in said["facts_used"]] == sorted(facts)
    assert named(said)[0][:2] == ("employment_permit_decision", "immigration")
    assert await connection.fetchval("select count(*) from looking.journal()") == before
    assert await connection.fetch("select * from looking.reads()") == []
    assert await connection.fetchval("select looking.count('idempotency_key')") == 0


async def test_an_agency_is_named_with_law_ways_and_waits(make: Make, clients: Clients) -> None:
    team = await make.agency()
    path = f"/v1/agencies/{team.id}"
    ways = [
        {"channel": "email", "value": "a@example.org", "label": "Post", "languages": ["de"]},
        {"channel": "hotline", "value": "+49 202 0", "label": "Ruf", "languages": ["uk", "de"]},
    ]
    there = await clients.patch("lead", path, {"contact_points": ways}, etag=team.etag)
    assert there.status_code == 200
    body = {"valid_from": "2026-01-01", **PERMIT}
    assert (await clients.post("lead", f"{path}/competences", body)).status_code == 201
    wait = {"service": PERMIT["service"], "kind": "days_to_appointment", "method": "counted"}
    for days, ago in ((9, 1), (40, 30)):
        at = f"{(clock.now() - timedelta(days=ago)).isoformat()}"
        seen = wait | {"days": days, "observed_at": at}
        answer = await clients.post("lead", f"{path}/waiting-times", seen)
        assert answer.status_code == 201
    other = wait | {"service": "case_management", "days": 77}
    assert (await clients.post("lead", f"{path}/waiting-times", other)).status_code == 201
    (one,) = (await answer_of(clients, languages=["uk"]))["agencies"]
    assert one["position"] == 1
    assert one["function"] == "decides"
    assert one["agency"]["parent"]["slug"] == "lead"
    assert one["legal_basis"] == ["§ 71(1) AufenthG"]
    assert [c["channel"] for c in one["contact_points"]] == ["hotline", "email"]
    assert [(w["kind"], w["days"]) for w in one["waiting_times"]] == [("days_to_appointment", 9)]
    assert one["because"]["de"].startswith("Team entscheidet: Entscheidung über die Erlaubnis")
    assert all(one["because"][lang] for lang in ("de", "de_simple", "en"))


async def test_what_nobody_does_here_is_said(clients: Clients) -> None:
    said = await answer_of(clients, concern="naturalisation", audience="volunteer")
    assert said["agencies"] == []
    assert [(u["service"], u["certain"]) for u in said["unanswered"]] == [
        ("naturalisation_decision", True),
        ("migration_advice", True),
    ]
    assert said["unanswered"][0]["legal_basis"] == "§§ 8–10 StAG"


async def test_an_unknown_status_leaves_several_and_says_what_would_decide(
    make: Make, clients: Clients
) -> None:
    done = {"service": "training_placement"}
    tolerated = {"status_group_in": ["tolerated"]}
    await competence(make, "employment", **done, applies_when={"not": tolerated})
    await competence(make, "labour", **done, applies_when=tolerated)
    ask_ = {"concern": "training_access"}
    open_ = await answer_of(clients, **ask_)
    mine = [a for a in open_["agencies"] if a["service"] == "training_placement"]
    assert [(a["agency"]["slug"], a["certain"]) for a in mine] == [
        ("employment", False),
        ("labour", False),
    ]
    assert all(a["depends_on_missing_facts"] == ["status_code"] for a in mine)
    assert "status_code" in open_["missing_facts"]
    known = await answer_of(clients, **ask_, facts={"status_code": "duldung_60a"})
    assert [n for n in named(known) if n[0] == "training_placement"] == [
        ("training_placement", "labour", True)
    ]


async def test_who_ended_yesterday_is_not_named_and_the_change_to_come_is(
    make: Make, clients: Clients
) -> None:
    done = {"service": "civil_registration"}
    await competence(make, "lead", **done, valid_to=DAY)
    await competence(make, "labour", **done, valid_from=DAY, valid_to="2027-01-01")
    await competence(make, "outsider", **done, valid_from="2027-01-01")
    said = await answer_of(clients, concern="registration")
    assert named(said) == [("civil_registration", "labour", True)]
    change = said["next_change"]
    assert change["on"] == "2027-01-01"
    assert [c["agency_id"] for c in change["begins"]] == [str(id_of("outsider"))]
    assert [c["agency_id"] for c in change["ends"]] == [str(id_of("labour"))]
    before = await answer_of(clients, concern="registration", as_of="2026-11-21")
    assert named(before) == [("civil_registration", "lead", True)]
    assert before["next_change"]["on"] == DAY
    after = await answer_of(clients, concern="registration", as_of="2027-01-01")
    assert after["next_change"] is None


async def test_an_agency_is_named_while_it_works(make: Make, clients: Clients) -> None:
    team = await make.agency()
    body = {"service": "civil_registration", "valid_from": "2025-01-01"}
    path = f"/v1/agencies/{team.id}"
    assert (await clients.post("lead", f"{path}/competences", body)).status_code == 201
    ends = {"active_to": "2027-03-01"}
    assert (await clients.patch("lead", path, ends, etag=team.etag)).status_code == 200
    days = {"2025-12-31": 0, "2026-01-01": 1, "2027-02-28": 1, "2027-03-01": 0}
    for day, found in days.items():
        said = await answer_of(clients, concern="registration", as_of=day)
        assert len(said["agencies"]) == found, day
    said = await answer_of(clients, concern="registration")
    assert said["next_change"]["on"] == "2027-03-01"
    early = await answer_of(clients, concern="registration", as_of="2025-12-31")
    assert early["next_change"]["on"] == "2026-01-01"


async def test_a_waiting_period_that_ends_is_a_change_to_come(make: Make, clients: Clients) -> None:
    waited = {"months_since": {"anchor": "entered_on", "gte": 3}}
    await competence(make, "lead", service="civil_registration", applies_when=waited)
    facts = {"entered_on": "2026-10-31"}
    said = await answer_of(clients, concern="registration", facts=facts)
    assert named(said) == []
    assert said["next_change"]["on"] == "2027-02-01"


async def test_no_agency_of_another_municipality_is_ever_named(
    make: Make, clients: Clients
) -> None:
    await competence(make, "koeln", service="civil_registration")
    here = await answer_of(clients, concern="registration")
    assert here["agencies"] == []
    assert str(id_of("koeln")) not in str(here)
    there = await ask(clients, concern="registration", ags="05315000")
    assert named(there.json()) == [("civil_registration", "koeln", True)]
    with_key = await ask(clients, "lead", concern="registration", ags="05315000")
    assert (with_key.status_code, with_key.json()["errors"][0]["pointer"]) == (409, "/ags")
    own = await answer_of(clients, "koeln", concern="registration")
    assert named(own) == [("civil_registration", "koeln", True)]


@pytest.mark.parametrize(
    ("changed", "status", "pointer"),
    [
        ({"concern": "moon"}, 409, "/concern"),
        ({"audience": "king"}, 409, "/audience"),
        ({"ags": "05124999"}, 409, "/ags"),
        ({"ags": "5124000"}, 422, "/ags"),
        ({"facts": {"moon_phase": "full"}}, 422, "/facts/moon_phase"),
        ({"facts": {"status_code": "martian"}}, 409, "/facts/status_code"),
    ],
    ids=str,
)
async def test_what_cannot_be_asked_is_named(
    clients: Clients, changed: dict[str, Any], status: int, pointer: str
) -> None:
    answer = await ask(clients, **(HERE | changed))
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (status, pointer)


async def test_who_does_not_say_where_is_asked(clients: Clients) -> None:
    assert (await ask(clients)).status_code == 422


async def test_with_a_key_the_recorded_facts_of_a_person_count_and_the_read_is_recorded(
    make: Make, clients: Clients, connection: Connection
) -> None:
    tolerated = {"status_group_in": ["tolerated"]}
    await competence(make, "labour", service="training_placement", applies_when=tolerated)
    person = await make.person("immigration")
    period = PERIOD | {"status_code": "duldung_60a", "valid_from": "2026-01-01"}
    where = f"/v1/persons/{person.id}/residence-periods"
    made(await clients.post("immigration", where, period))
    asked = {"concern": "training_access", "person_id": person.id}
    assert (await ask(clients, **asked, **HERE)).status_code == 401
    before = await connection.fetchval("select count(*) from looking.reads()")
    said = await answer_of(clients, "immigration", **asked)
    assert {"name": "status_code", "origin": "recorded"} in said["facts_used"]
    assert ("training_placement", "labour", True) in named(said)
    reads = await connection.fetch("select * from looking.reads()")
    assert len(reads) == before + 1
    assert reads[-1]["operation"] == "createResponsibilityCheck"
    stated = await answer_of(clients, "immigration", **asked, facts={"status_code": "ae_18a"})
    assert {"name": "status_code", "origin": "stated"} in stated["facts_used"]
    assert ("training_placement", "labour", True) not in named(stated)
    for stranger in ("outsider", "koeln"):
        assert (await ask(clients, stranger, **asked)).status_code == 404


async def test_a_check_costs_two_statements_and_three_with_a_person(
    make: Make, clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, who in enumerate(("lead", "labour", "immigration", "jobcenter")):
        await competence(make, who, service="employment_permit_decision")
        await waiting_time(make, who, service="employment_permit_decision", days=number)
    person = await make.person("immigration")
    await answer_of(clients)  # puts the packs together, once in a process
    counted: list[int] = []
    monkeypatch.setattr(db, "count_statement", lambda: counted.append(1))
    assert len((await answer_of(clients))["agencies"]) == 4
    assert len(counted) == 2
    counted.clear()
    await answer_of(clients, "immigration", person_id=person.id)
    assert len(counted) == 3
