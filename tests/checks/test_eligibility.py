"""Eligibility checks: orientation by rule packs, with or without a key, and nothing is stored."""

from typing import Any

import asyncpg
import pytest
from asyncpg import Connection
from fastapi import FastAPI
from httpx import Response

from integration_api.app import create_app
from integration_api.checks.schemas import FactsIn, Topic
from integration_api.edge.limiter import Limits
from integration_api.identity.credentials import Credentials
from integration_api.identity.keys import Keys
from integration_api.kernel import clock
from integration_api.kernel.db import Database, pool
from integration_api.rules import service_answering
from integration_api.rules.compiled import Kept
from integration_api.rules.engine import TOPICS
from integration_api.rules.facts import FACTS
from tests.cast import id_of
from tests.clients import Clients, guard_of
from tests.conftest import SECRET, SETTINGS, Committed
from tests.make import Made, Make
from tests.rule_packs.packs import EDITOR, OTHER, RULE, pack

PATH = "/v1/eligibility-checks"
WORK = "labour_market_access"
CITY = {"ags": "05124000"}
HELD = {"topics": [WORK], "as_of": "2026-11-25"}
SKILLED = HELD | {"facts": {"status_code": "ae_18a"}}
OWN_WORK = RULE | {
    "id": "own-work-rule",
    "then": {
        "employment_access": "prohibited",
        "permit_modality": "barred",
        "ba_approval": "not_applicable",
        "self_employment": "prohibited",
    },
}


async def ask(clients: Clients, who: str | None, **asked: Any) -> Response:
    """One check."""
    return await clients.post(who, PATH, asked)


async def answer_of(clients: Clients, who: str | None, **asked: Any) -> dict[str, Any]:
    """The one answer of a check that must go well."""
    answer = await ask(clients, who, **asked)
    assert answer.status_code == 200, answer.text
    (only,) = answer.json()["answers"]
    return dict(only)


def test_topics_and_facts_of_the_contract_are_those_of_the_engine() -> None:
    assert [t.value for t in Topic] == list(TOPICS)
    assert set(FactsIn.model_fields) == {n for n, fact in FACTS.items() if not fact.derived}


async def test_without_a_key_stated_facts_are_judged(clients: Clients) -> None:
    said = await ask(clients, None, **SKILLED, **CITY)
    assert said.status_code == 200, said.text
    document = said.json()
    assert document["orientation_only"] is True
    assert document["municipality"] == {
        "id": str(id_of("wuppertal")), "slug": "wuppertal", "name": "Wuppertal",
    }  # fmt: skip
    assert document["facts_used"] == [{"name": "status_code", "origin": "stated"}]
    (answer,) = document["answers"]
    assert answer["topic"] == WORK
    assert answer["answer"]["employment_access"] in ("free", "free_within_limits")
    assert answer["legal_basis"]
    assert set(answer["explanation"]) == {"de", "de_simple", "en"}
    pack_of_it = (await clients.get(None, f"/v1/rule-packs/{answer['pack']['id']}")).json()
    assert answer["rule_id"] in [rule["id"] for rule in pack_of_it["rules"]]


async def test_nothing_known_is_for_the_office_and_never_a_no(clients: Clients) -> None:
    answer = await answer_of(clients, None, **HELD, **CITY)
    assert answer["answer"]["employment_access"] == "individual_review"
    assert "status_code" in answer["missing_facts"]


async def test_an_answer_names_the_day_on_which_it_changes(clients: Clients) -> None:
    facts = {"status_code": "gestattung", "procedure_flags": [], "nationalities": ["sy"]}
    facts |= dict.fromkeys(BEGAN, "2026-08-10")
    now = await answer_of(clients, None, topics=[WORK], as_of="2026-11-10", facts=facts, **CITY)
    change = now["next_change"]
    assert now["answer"]["employment_access"] == "prohibited"
    assert change["on"] == "2026-11-11"
    then = await answer_of(clients, None, topics=[WORK], as_of=change["on"], facts=facts, **CITY)
    assert then["answer"] == change["answer"] != now["answer"]


async def test_today_is_the_day_in_berlin_and_all_topics_are_answered(clients: Clients) -> None:
    said = await ask(clients, None, **CITY)
    assert said.status_code == 200, said.text
    assert said.json()["as_of"] == clock.today().isoformat()
    assert [a["topic"] for a in said.json()["answers"]] == list(TOPICS)


async def test_the_municipality_is_named_by_id_too(clients: Clients) -> None:
    named = {"municipality_id": str(id_of("koeln"))}
    said = await ask(clients, None, **SKILLED, **named)
    assert said.json()["municipality"]["slug"] == "koeln"
    both = await ask(clients, None, **SKILLED, **named, **CITY)
    assert both.status_code == 409, "two different ones"


async def test_without_a_key_nothing_is_stored(clients: Clients, connection: Connection) -> None:
    tables = ("access_record", "audit_entry", "outbox", "idempotency_key")
    before = [await connection.fetchval("select looking.count($1)", t) for t in tables]
    for _ in range(2):  # the key is ignored: the answer is made anew
        asked = await clients.post(None, PATH, SKILLED | CITY, key="anonymous-check-1")
        assert asked.status_code == 200
        assert "Idempotent-Replayed" not in asked.headers
    other = await clients.post(None, PATH, HELD | CITY, key="anonymous-check-1")
    assert other.status_code == 200
    after = [await connection.fetchval("select looking.count($1)", t) for t in tables]
    assert after == before


async def test_without_a_key_the_database_is_only_read(committed: Committed) -> None:
    """A statement that wrote anything would fail: the transaction is read-only."""
    asked = await committed.clients.post(None, PATH, SKILLED | CITY)
    assert asked.status_code == 200
    count = await committed.admin.fetchval("select count(*) from ia.access_record")
    assert count == 0


@pytest.mark.parametrize(
    ("asked", "status", "pointer"),
    [
        ({}, 422, "/municipality_id"),
        (CITY | {"facts": {"shoe_size": 44}}, 422, "/facts/shoe_size"),
        (CITY | {"facts": {"entered_on": "2026-02-30"}}, 422, "/facts/entered_on"),
        (CITY | {"facts": {"entered_on": "2026-02"}}, 422, "/facts/entered_on"),
        (CITY | {"facts": {"status_code": None}}, 422, "/facts/status_code"),
        (CITY | {"facts": {"procedure_flags": ["none_such"]}}, 422, "/facts/procedure_flags/0"),
        (CITY | {"topics": ["weather"]}, 422, "/topics/0"),
        (CITY | {"as_of": "9999-12-31"}, 422, "/as_of"),
        (CITY | {"facts": {"status_code": "ae_99z"}}, 409, "/facts/status_code"),
        ({"ags": "09162000"}, 409, "/ags"),
        ({"municipality_id": str(id_of("nobody"))}, 409, "/municipality_id"),
    ],
)
async def test_what_cannot_be_judged_is_said_with_its_place(
    clients: Clients, asked: dict[str, Any], status: int, pointer: str
) -> None:
    said = await ask(clients, None, **asked)
    assert said.status_code == status, said.text
    assert pointer in [e["pointer"] for e in said.json()["errors"]]


async def test_a_question_about_a_person_needs_a_key(make: Make, clients: Clients) -> None:
    person = await make.person("immigration")
    said = await ask(clients, None, **HELD, **CITY, person_id=person.id)
    assert said.status_code == 401
    wrong = {"Authorization": "Bearer ia_test_00000000_" + "0" * 72}
    said = await clients.post(None, PATH, SKILLED | CITY, headers=wrong)
    assert said.status_code == 401, "a wrong key is not taken for none"
    bare = await clients.post("lead/bare", PATH, SKILLED)
    assert bare.json()["missing_scopes"] == ["eligibility_checks:write"]


PERIOD = {
    "status_code": "duldung_60b",
    "valid_from": "2026-01-01",
    "work_annotation": "unknown",
    "source": "own_decision",
}


async def tolerated(make: Make, who: str = "immigration") -> Made:
    """A person with a recorded toleration under § 60b."""
    person = await make.person(who)
    path = f"/v1/persons/{person.id}/residence-periods"
    assert (await make.clients.post(who, path, PERIOD)).status_code == 201
    return person


async def test_of_a_person_the_recorded_facts_count_and_the_read_is_recorded(
    make: Make, clients: Clients, connection: Connection
) -> None:
    person = await tolerated(make)
    before = len(await connection.fetch("select * from looking.reads()"))
    said = await ask(clients, "immigration", **HELD, person_id=person.id)
    assert said.status_code == 200, said.text
    (answer,) = said.json()["answers"]
    assert answer["answer"]["employment_access"] == "prohibited"
    assert {"name": "status_code", "origin": "recorded"} in said.json()["facts_used"]
    assert "duldung_60b" not in str(said.json()["facts_used"])
    reads = (await connection.fetch("select * from looking.reads()"))[before:]
    assert [(r["operation"], str(r["subjects"][0])) for r in reads] == [
        ("createEligibilityCheck", person.id)
    ]
    assert "residence" in reads[0]["compartments"]
    journal = await connection.fetch("select looking.journal()")
    assert not [line for line in journal if "ligibility" in str(line)]


BEGAN = ("asylum_registered_on", "permission_to_stay_began_on", "stay_uninterrupted_since")


async def test_an_asylum_seeker_in_the_fourth_month_is_answered_from_the_record(
    make: Make, clients: Clients
) -> None:
    """Registered on 10 August: prohibited on 10 November, to be permitted from the next day on."""
    person = await make.person("immigration")
    path = f"/v1/persons/{person.id}"
    period = PERIOD | {"status_code": "gestattung", "valid_from": "2026-08-10"}
    assert (await clients.post("immigration", f"{path}/residence-periods", period)).is_success
    values = {**dict.fromkeys(BEGAN, "2026-08-10"), "procedure_flags": [], "nationalities": ["475"]}
    items = [{"fact": n, "value": v, "source": "own_decision"} for n, v in values.items()]
    recorded = await clients.post("immigration", f"{path}/residence-facts", {"items": items})
    assert recorded.status_code == 201, recorded.text
    asked: dict[str, Any] = {"topics": [WORK], "person_id": person.id}
    before = await answer_of(clients, "immigration", **asked, as_of="2026-11-10")
    assert before["answer"]["employment_access"] == "prohibited"
    assert before["missing_facts"] == []
    assert before["next_change"]["on"] == "2026-11-11"
    after = await answer_of(clients, "immigration", **asked, as_of="2026-11-11")
    assert after["answer"]["employment_access"] == "permit_required"
    assert after["answer"]["permit_modality"] == "entitlement"
    accelerated = {"procedure_flags": ["accelerated_art42"]}
    stated = await ask(clients, "immigration", **asked, as_of="2026-11-11", facts=accelerated)
    (answer,) = stated.json()["answers"]
    assert answer["answer"]["employment_access"] != "permit_required"
    origins = {f["name"]: f["origin"] for f in stated.json()["facts_used"]}
    assert origins["procedure_flags"] == "stated"
    assert {origins[name] for name in BEGAN} == {"recorded"}


async def test_a_stated_fact_goes_before_a_recorded_one(make: Make, clients: Clients) -> None:
    person = await tolerated(make)
    facts = {"status_code": "ae_18a"}
    said = await ask(clients, "immigration", **HELD, facts=facts, person_id=person.id)
    assert {"name": "status_code", "origin": "stated"} in said.json()["facts_used"]
    assert said.json()["answers"][0]["answer"]["employment_access"] != "prohibited"


async def test_a_key_brings_its_own_municipality(clients: Clients) -> None:
    said = await ask(clients, "koeln", **SKILLED)
    assert said.json()["municipality"]["slug"] == "koeln"
    assert (await ask(clients, "koeln", **SKILLED, ags="05315000")).status_code == 200
    foreign = await ask(clients, "koeln", **SKILLED, **CITY)
    absent = await ask(clients, "koeln", **SKILLED, ags="09162000")
    assert (foreign.status_code, absent.status_code) == (409, 409)


async def test_of_a_foreign_person_nothing_is_told(
    make: Make, clients: Clients, connection: Connection
) -> None:
    person = await tolerated(make)
    before = len(await connection.fetch("select * from looking.reads()"))
    for who in ("koeln", "jobcenter", "immigration/advisor"):
        foreign = await ask(clients, who, **HELD, person_id=person.id)
        absent = await ask(clients, who, **HELD, person_id=str(id_of("nobody")))
        assert (foreign.status_code, absent.status_code) == (404, 404)
        assert foreign.json() | {"request_id": 0} == absent.json() | {"request_id": 0}
    assert len(await connection.fetch("select * from looking.reads()")) == before


async def test_without_the_compartment_residence_no_recorded_status_counts(
    make: Make, clients: Clients
) -> None:
    person = await tolerated(make)
    consent = await make.consent(person, "jobcenter", "immigration")
    await make.disclosure(person, consent, who="immigration", compartments=["core"])
    said = await ask(clients, "jobcenter", **HELD, person_id=person.id)
    assert said.status_code == 200, said.text
    assert said.json()["redactions"] == ["residence"]
    assert [f["name"] for f in said.json()["facts_used"]] == []
    assert said.json()["answers"][0]["answer"]["employment_access"] == "individual_review"
    mine = await ask(clients, "immigration", **HELD, person_id=person.id)
    assert mine.json()["redactions"] == []


async def test_a_person_at_the_desk_states_the_purpose(make: Make, clients: Clients) -> None:
    person = await tolerated(make)
    asked = HELD | {"person_id": person.id}
    none = {"Processing-Purpose": "data_protection_audit"}
    refused = await clients.post("immigration/worker_1", PATH, asked, headers=none)
    assert refused.status_code == 400
    assert (await clients.post("immigration/worker_1", PATH, asked)).status_code == 200
    assert (await clients.post("immigration/worker_1", PATH, SKILLED, headers=none)).is_success


async def test_an_own_released_pack_answers_in_its_municipality_alone(
    make: Make, clients: Clients
) -> None:
    before = await answer_of(clients, None, **SKILLED, **CITY)
    own = {"code": WORK, "version": "own-1", "rules": [OWN_WORK]}
    drafted = await pack(make, "review", **own)
    assert await answer_of(clients, None, **SKILLED, **CITY) == before, "a draft does not answer"
    release = f"/v1/rule-packs/{drafted.id}/release"
    released = await clients.post(OTHER, release, etag=drafted.etag)
    assert released.status_code == 200
    after = await answer_of(clients, None, **SKILLED, **CITY)
    assert after["pack"] == {"id": drafted.id, "code": WORK, "version": "own-1"}
    assert after["answer"]["employment_access"] == "prohibited"
    elsewhere = await answer_of(clients, None, **SKILLED, ags="05315000")
    assert elsewhere["pack"] == before["pack"]


async def test_what_one_person_holds_in_a_municipality_is_told_to_nobody(
    make: Make, clients: Clients
) -> None:
    bill = {"code": WORK, "version": "bill", "amends": "2026.2"}
    before = await answer_of(clients, None, **SKILLED, **CITY)
    await pack(make, "pending_legislation", **bill, rules=[OWN_WORK | {"priority": 999}])
    assert await answer_of(clients, None, **SKILLED, **CITY) == before
    assert await answer_of(clients, EDITOR, **SKILLED) == before


BILLED = {
    "status_code": "ae_24",
    "title_first_issued_on": "2025-06-02",
    "provisional_document_issued_on": "2025-05-05",
    "born_on": "1990-01-01",
    "able_to_work": True,
}


async def test_a_bill_that_came_with_the_service_is_shown_beside_the_answer(
    clients: Clients,
) -> None:
    asked = {"topics": ["livelihood_agency"], "facts": BILLED, **CITY}
    answer = await clients.post(None, PATH, asked)
    (found,) = answer.json()["answers"]
    assert found["upcoming"]["on"] is None
    assert found["upcoming"]["pack"]["version"] == "2026.2-lraa"


async def test_a_release_reaches_another_process_at_its_next_request(
    committed: Committed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two applications on one database; each has what it put together itself."""
    dsn = committed.server.dsn("ia_app", committed.name)
    other_app = create_app(SETTINGS, dsn=dsn, secret=SECRET)
    caches = {"one": Kept(), "other": Kept()}

    async def answered(clients: Clients, process: str) -> dict[str, Any]:
        monkeypatch.setattr(service_answering, "KEPT", caches[process])
        return await answer_of(clients, None, **SKILLED, **CITY)

    async with pool(dsn, 2) as connections, Clients(other_app) as others:
        other_app.state.db = Database(connections)
        other_app.state.credentials = Credentials(Keys(connections))
        other_app.state.probe, other_app.state.started = connections, True
        before = await answered(others, "other")
        assert before == await answered(committed.clients, "one")
        own = {"code": WORK, "version": "own-1", "rules": [OWN_WORK]}
        await pack(committed.make, "released", **own)
        after = await answered(others, "other")
    assert (before["pack"]["version"], after["pack"]["version"]) == ("2026.2", "own-1")
    assert after == await answered(committed.clients, "one")


async def statements(connection: Connection, clients: Clients, who: str | None, asked: Any) -> int:
    """How many statements one check sends, brackets left out."""
    sent: list[str] = []

    def note(record: asyncpg.connection.LoggedQuery) -> None:
        sent.append(record.query)

    with connection.query_logger(note):
        assert (await clients.post(who, PATH, asked)).status_code == 200
    return len([q for q in sent if not q.startswith(("SAVEPOINT", "RELEASE"))])


async def test_a_check_costs_one_statement_and_with_a_person_two(
    make: Make, clients: Clients, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = await tolerated(make)
    asked = HELD | {"person_id": person.id}
    assert (await clients.post("immigration", PATH, asked)).status_code == 200
    assert await statements(connection, clients, None, SKILLED | CITY) == 1
    assert await statements(connection, clients, "immigration", SKILLED) == 1
    assert await statements(connection, clients, "immigration", asked) == 2
    monkeypatch.setattr(service_answering, "KEPT", Kept())
    assert await statements(connection, clients, None, SKILLED | CITY) == 2, "a fresh process"
    assert await statements(connection, clients, None, SKILLED | CITY) == 1


async def test_who_has_no_key_pays_by_address(
    clients: Clients, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard_of(app), "limits", Limits("100/hour", "1/hour"))
    first, second = [await ask(clients, None, **SKILLED, **CITY) for _ in range(2)]
    assert (first.status_code, second.status_code) == (200, 429)
    assert second.headers["Retry-After"]


async def test_a_pack_that_this_version_cannot_apply_is_no_wrong_answer(
    committed: Committed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Written past the service, as by a newer version: 503, never a guess."""
    await pack(committed.make, "released", code=WORK, version="own-1", rules=[OWN_WORK])
    monkeypatch.setattr(service_answering, "KEPT", Kept())
    await committed.admin.execute("set session_replication_role = replica")
    await committed.admin.execute(
        "update ia.rule_pack set rules = '[{\"id\": 1}]' where pack_version = 'own-1'"
    )
    said = await committed.clients.post(None, PATH, SKILLED | CITY)
    assert said.status_code == 503
    assert (await committed.clients.post(None, PATH, SKILLED | {"ags": "05315000"})).is_success


async def test_a_rule_set_without_a_pack_is_a_503(committed: Committed) -> None:
    await committed.admin.execute("set session_replication_role = replica")
    await committed.admin.execute("delete from ia.rule_pack")
    assert (await committed.clients.post(None, PATH, SKILLED | CITY)).status_code == 503


def test_what_was_put_together_is_bounded() -> None:
    kept = Kept(most=2)
    keys = [(id_of(str(n)), 1) for n in range(3)]
    for key in keys:
        kept.keep(key, object())  # type: ignore[arg-type]
    assert [kept.get(key) is not None for key in keys] == [False, True, True]


@pytest.mark.parametrize("day", ["1900-01-01", "2099-12-31"])
@pytest.mark.parametrize("status", ["gestattung", "duldung_60a", "fiktion_81_4", "ae_24"])
async def test_no_day_is_too_far_away(clients: Clients, day: str, status: str) -> None:
    days = {n: day for n, fact in FACTS.items() if fact.kind == "day" and not fact.derived}
    for as_of in ("1900-01-01", "2026-11-25", "2099-12-31"):
        asked = {"as_of": as_of, "facts": {"status_code": status, **days}, "topics": [WORK]}
        assert (await ask(clients, None, **asked, **CITY)).status_code == 200
