"""`/status`: what waits and since when, over all municipalities, and of nobody in particular."""

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from asyncpg import Connection
from fastapi import FastAPI

from integration_api import __version__, worker
from integration_api.health import page, service
from integration_api.health.service import Counted, Part, Rule, overall, rules
from integration_api.kernel import clock
from integration_api.kernel.db import Database, pool
from integration_api.portal.texts import texts
from tests.cast import id_of
from tests.clients import Clients
from tests.conftest import Committed
from tests.webhooks.queue import endpoint, event

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
JSON = {"Accept": "application/json"}
LATE = "now() - interval '2 hours'"


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that does much else at once is not a database that is too slow."""
    monkeypatch.setattr(service, "COUNT_CAP_SECONDS", 20.0)


def fresh(app: FastAPI) -> None:
    """Forget what was counted and asked."""
    app.state.readiness, app.state.counted = (-10.0, {}), (-10.0, {})


async def told(clients: Clients, **headers: str) -> Any:
    """The document anew."""
    fresh(clients.app)
    return (await clients.get(None, "/status", headers=JSON | headers)).json()


async def counted(connection: Connection) -> dict[str, tuple[int, int | None, float | None]]:
    """What the function says: part → waiting, of how many, age in seconds."""
    rows = await connection.fetch(service.COUNT, clock.today())
    ages = {r["part"]: r["oldest_at"] and (r["at"] - r["oldest_at"]).total_seconds() for r in rows}
    return {r["part"]: (r["waiting"], r["total"], ages[r["part"]]) for r in rows}


async def test_a_worker_that_runs_makes_the_service_well(committed: Committed) -> None:
    before = await told(committed.clients)
    assert before["status"] == "fail"
    assert before["checks"]["worker"][0]["status"] == "fail"
    async with pool(committed.server.dsn("ia_worker", committed.name), 2) as connections:
        await worker.note(Database(connections))
        first = await committed.admin.fetchval("select at from ia.worker_round")
        await worker.note(Database(connections))  # at most once a second
        assert await committed.admin.fetchval("select at from ia.worker_round") == first
    await committed.number()
    answer = await committed.clients.get(None, "/status", headers=JSON)
    assert answer.status_code == 503, "kept for five seconds"
    fresh(committed.app)
    answer = await committed.clients.get(None, "/status", headers=JSON)
    checks = answer.json()["checks"]
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/health+json"
    assert answer.headers["Cache-Control"] == "public, max-age=5"
    assert checks["worker:age"][0]["observedValue"] < 30
    assert {name.partition(":")[0] for name in checks} == rules().keys() - {"draining"}


async def late_event(town: Committed) -> None:
    await event(town, uuid4())
    await town.admin.execute(f"update ia.outbox set occurred_at = {LATE} where seq is null")


async def late_delivery(town: Committed) -> None:
    await endpoint(town, "https://hooks.example.org/a")
    await town.admin.execute(
        "insert into ia.webhook_delivery (municipality_id, agency_id, endpoint_id, event_id,"
        " event_seq, type, agg_type, agg_id, next_at) select municipality_id, agency_id, id,"
        f" gen_random_uuid(), n, 'case.closed', 'case', $1, {LATE} + n * interval '1 s'"
        " from ia.webhook_endpoint, generate_series(1, 3) n",
        uuid4(),
    )


async def late_job(town: Committed) -> None:
    asked = await town.clients.post("lead", "/v1/exports", {"types": ["case"]}, key="an-export-1")
    assert asked.status_code == 202, asked.text
    await town.admin.execute(f"update ia.job set created_at = {LATE}")


async def late_referral(town: Committed) -> None:
    await town.make.scene("sent")
    await town.admin.execute(f"update ia.referral set due_at = {LATE} where status = 'sent'")


async def late_entry(town: Committed) -> None:
    await town.admin.execute(
        "insert into ia.audit_entry (municipality_id, canonical, recorded_at)"
        f" values ($1, '{{}}', {LATE}) returning id",
        id_of("wuppertal"),
    )


@pytest.mark.parametrize(
    ("part", "make_late", "state"),
    [
        ("events", late_event, "fail"),
        ("deliveries", late_delivery, "warn"),
        ("jobs", late_job, "warn"),
        ("deadlines", late_referral, "fail"),
        ("sealing", late_entry, "fail"),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
async def test_what_is_late_is_seen_by_the_role_that_sees_no_row_of_it(
    part: str, make_late: Any, state: str, committed: Committed
) -> None:
    app = await asyncpg.connect(committed.server.dsn("ia_app", committed.name))
    before = (await counted(app))[part]
    await make_late(committed)
    waiting, _, age = (await counted(app))[part]
    assert waiting - before[0] >= 1
    assert age is not None
    assert 7000 < age < 7400
    if part == "deliveries":
        assert waiting == 1, "what comes behind an event of the same resource waits for that one"
    shown = await told(committed.clients)
    assert shown["checks"][f"{part}:age"][0]["status"] == state
    if part != "sealing":
        table = {"events": "outbox", "deliveries": "webhook_delivery", "jobs": "job"}
        seen = await app.fetchval(f"select count(*) from ia.{table.get(part, 'referral')}")
        assert seen == 0, "without a context the API itself sees nothing"
    await app.close()


async def test_deadlines_of_a_day_count_from_midnight_in_berlin(committed: Committed) -> None:
    tandem = await committed.make.tandem()
    await committed.make.approval(tandem, "transmitted")
    await committed.make.put_track(tandem, "legal", "active")
    late = {
        "ba_approval_request": "update ia.ba_approval_request set deemed_from = $1::date,"
        " due_on = $1::date - 1, transmitted_on = $1::date - 10",
        "legal_track": "update ia.legal_track set permit_valid_to = $1::date - 1",
    }
    app = await asyncpg.connect(committed.server.dsn("ia_app", committed.name))
    for found, sql in enumerate(late.values()):
        assert (await counted(app))["deadlines"][0] == found
        await committed.admin.execute(sql, clock.today() + timedelta(days=1))
        assert (await counted(app))["deadlines"][0] == found, "not before the day has come"
        await committed.admin.execute(sql, clock.today())
        waiting, _, age = (await counted(app))["deadlines"]
        assert waiting == found + 1
        assert age is not None
        assert 0 <= age <= 86_400 + 3_600
    await app.close()


async def test_attempts_of_the_last_hour_are_counted(committed: Committed) -> None:
    await late_delivery(committed)
    await committed.admin.execute(
        "insert into ia.webhook_attempt (municipality_id, agency_id, delivery_id, at, latency_ms,"
        " status_code) select d.municipality_id, d.agency_id, d.id,"
        " now() - (case when n > 30 then interval '2 hours' else interval '1 minute' end), 1,"
        " case when n % 3 = 0 then 500 when n % 3 = 1 then 204 end from"
        " (select * from ia.webhook_delivery limit 1) d, generate_series(1, 40) n"
    )
    shown = (await told(committed.clients))["checks"]["attempts:success"][0]
    assert shown["observedValue"] == 33.3, "an attempt without an answer failed too"
    assert (shown["observedUnit"], shown["status"]) == ("percent", "warn")
    async with asyncpg.create_pool(committed.server.dsn("ia_app", committed.name)) as connections:
        assert (await counted(connections))["attempts"][:2] == (20, 30)  # type: ignore[arg-type]


async def test_numbers_for_operators_are_in_the_metrics(committed: Committed) -> None:
    await late_event(committed)
    await endpoint(committed, "https://hooks.example.org/b")
    await committed.admin.execute(
        "update ia.webhook_endpoint set status = 'disabled', disabled_reason = 'failing',"
        " disabled_at = now()"
    )
    fresh(committed.app)
    text = (await committed.clients.get(None, "/metrics")).text
    values = dict(re.findall(r"^(\w+(?:\{.*\})?) ([\d.e+-]+|NaN)$", text, re.MULTILINE))
    assert float(values['status_waiting{part="events"}']) >= 1
    assert float(values['status_oldest_seconds{part="events"}']) > 7000
    assert float(values["webhook_endpoints_disabled"]) == 1
    assert values["worker_round_age_seconds"] == "NaN"


HIDDEN = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-|\d+\.\d+\.\d+\.\d+|/tmp|postgres|ia_", re.IGNORECASE)


async def test_a_stranger_reads_states_and_ages_and_no_more(clients: Clients) -> None:
    document = await told(clients)
    text = json.dumps(document)
    assert document.keys() == {"status", "checks"}
    for name, (check,) in document["checks"].items():
        assert check.keys() <= {"status", "time", "observedValue", "observedUnit"}, name
    assert not HIDDEN.search(text)
    assert __version__ not in text
    assert "waiting" not in text


@pytest.mark.parametrize("lang", ["de", "en"])
async def test_the_page_says_the_same_in_words(lang: str, clients: Clients) -> None:
    fresh(clients.app)
    answer = await clients.get(None, f"/status?lang={lang}", headers=BROWSER)
    at = 0 if lang == "de" else 1
    assert answer.headers["Content-Language"] == lang
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert "<script" not in answer.text
    for name, rule in rules().items():
        assert (f">{rule.name[at]}<br>" in answer.text) == (name != "draining")
    assert answer.text.count("data-state=") == len(rules()) - 1
    assert answer.text.count("<h1>") == 1


def test_every_text_is_there_in_both_languages() -> None:
    found = texts("integration_api.health")
    assert [key for key, both in found.items() if len(both) != 2 or not all(both)] == []
    for rule in rules().values():
        assert all((*rule.name, *rule.about))
        assert rule.name[0] != rule.about[0]


class Away:
    """A database that is not there, or one that does not answer."""

    def __init__(self, *, hangs: bool) -> None:
        self.hangs = hangs

    @asynccontextmanager
    async def acquire(self, *, timeout: float | None = None) -> AsyncIterator[Any]:
        """Fail, now or never."""
        if not self.hangs:
            raise OSError
        await asyncio.sleep(60)
        yield


@pytest.mark.parametrize("hangs", [False, True])
async def test_without_the_database_the_page_is_there_all_the_same(
    hangs: bool, clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "COUNT_CAP_SECONDS", 0.2)
    clients.app.state.probe = Away(hangs=hangs)
    for sent in (JSON, BROWSER):
        fresh(clients.app)
        began = time.monotonic()
        answer = await clients.get(None, "/status", headers=sent)
        assert answer.status_code == 503
        assert answer.headers["Retry-After"] == "5"
        assert time.monotonic() - began < 3
    document = await told(clients)
    assert document["status"] == "fail"
    assert {n: c[0]["status"] for n, c in document["checks"].items()} == {"database": "fail"}
    fresh(clients.app)
    metrics = await clients.get(None, "/metrics")
    assert (metrics.status_code, 'status_waiting{part="events"} NaN' in metrics.text) == (200, True)


class Slow:
    """The pool of one connection, on which counting takes long."""

    def __init__(self, inner: Any, seconds: float) -> None:
        self.inner, self.seconds, self.asked, self.checked = inner, seconds, 0, 0

    @asynccontextmanager
    async def acquire(self, *, timeout: float | None = None) -> AsyncIterator[Any]:
        """Lend itself."""
        async with self.inner.acquire(timeout=timeout) as self.connection:
            yield self

    async def fetchval(self, sql: str) -> Any:
        """What readiness asks."""
        self.checked += 1
        return await self.connection.fetchval(sql)

    async def fetch(self, sql: str, *args: Any) -> Any:
        """Count, late."""
        self.asked += 1
        await asyncio.sleep(self.seconds)
        return await self.connection.fetch(sql, *args)


async def test_many_who_ask_at_once_are_one_look(clients: Clients) -> None:
    probe = clients.app.state.probe = Slow(clients.app.state.probe, 0.05)
    fresh(clients.app)
    asked = [clients.get(None, path, headers=JSON) for path in ("/status", "/metrics") * 10]
    answers = await asyncio.gather(*asked)
    assert (probe.checked, probe.asked) == (1, 1)
    assert len({a.text.partition('"time"')[0] for a in answers if a.url.path == "/status"}) == 1


async def test_who_counts_too_long_gives_up_and_readiness_stays(
    clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "COUNT_CAP_SECONDS", 0.05)
    clients.app.state.probe = Slow(clients.app.state.probe, 60)
    document = await told(clients)
    assert document["status"] == "warn"
    assert document["checks"]["database"][0]["status"] == "pass"
    assert document["checks"]["events"][0] == {
        "status": "warn",
        "time": document["checks"]["events"][0]["time"],
    }
    assert (await clients.get(None, "/health/ready")).status_code == 200
    answer = await clients.get(None, "/status?lang=de", headers=BROWSER)
    assert "nicht bekannt" in answer.text


async def test_a_process_that_stops_says_so(clients: Clients) -> None:
    clients.app.state.draining = True
    try:
        answer = await clients.get(None, "/status", headers=JSON)
    finally:
        clients.app.state.draining = False
    assert answer.status_code == 503
    assert {n: c[0]["status"] for n, c in answer.json()["checks"].items()} == {"draining": "fail"}


@pytest.mark.parametrize(
    ("rule", "found", "state", "value"),
    [
        ({"warn": 60, "fail": 300}, (0, None, None), "pass", 0.0),
        ({"warn": 60, "fail": 300}, (5, None, 59.9), "pass", 59.9),
        ({"warn": 60, "fail": 300}, (5, None, 60.0), "warn", 60.0),
        ({"warn": 60, "fail": 300}, (5, None, 300.0), "fail", 300.0),
        ({"warn": 60}, (5, None, 1e9), "warn", 1e9),
        ({"share": 0.1, "least": 20}, (0, 0, None), "pass", None),
        ({"share": 0.1, "least": 20}, (19, 19, None), "pass", 0.0),
        ({"share": 0.1, "least": 20}, (2, 21, None), "pass", 90.5),
        ({"share": 0.1, "least": 20}, (2, 20, None), "warn", 90.0),
        ({"warn": 60}, None, "warn", None),
    ],
)
def test_a_part_is_judged_by_its_rule(
    rule: dict[str, Any], found: tuple[int, int | None, float | None] | None, state: str, value: Any
) -> None:
    judged = service._judged("x", Rule(("n", "n"), ("a", "a"), **rule), found and Counted(*found))
    assert (judged.state, judged.value) == (state, value)
    assert overall([judged, Part("y", "pass")]) == state


@pytest.mark.parametrize(
    ("seconds", "de", "en"),
    [
        (0.0, "nichts wartet", "nothing waits"),
        (12.4, "seit 12 s", "for 12 s"),
        (120.0, "seit 2 min", "for 2 min"),
        (7200.0, "seit 2 h", "for 2 h"),
        (200_000.0, "seit 2 Tagen", "for 2 days"),
    ],
)
def test_an_age_is_told_in_words(seconds: float, de: str, en: str) -> None:
    part = Part("events", "pass", seconds, "s")
    assert (page._value(part, "de"), page._value(part, "en")) == (de, en)
    worker = Part("worker", "pass", seconds, "s")
    if seconds:
        assert page._value(worker, "de") == de.replace("seit", "vor")
        assert page._value(worker, "en") == f"{en.removeprefix('for ')} ago"
    assert page._value(Part("attempts", "pass", 99.5, "%"), "de") == "99,5 %"


DEFINERS = """select p.oid::regprocedure::text as name, r.rolname as owner
from pg_proc p join pg_roles r on r.oid = p.proowner
where p.pronamespace = 'ia'::regnamespace and p.prosecdef and r.rolname = 'ia_status'"""
MAY_READ = """select table_name || '.' || column_name as column
from information_schema.column_privileges where table_schema = 'ia' and grantee = 'ia_status'"""
MAY_RUN = """select r.rolname from pg_roles r where rolname like 'ia\\_%' and rolname <> 'ia_status'
and has_function_privilege(r.oid, 'ia.service_status(date)', 'execute')"""
COLUMNS = {
    *("municipality.id", "worker_round.at", "outbox.id", "outbox.seq", "outbox.occurred_at"),
    *(f"webhook_delivery.{n}" for n in ("endpoint_id", "agg_id", "event_seq", "status", "next_at")),
    *("webhook_attempt.id", "webhook_attempt.at", "webhook_attempt.status_code"),
    *("webhook_endpoint.id", "webhook_endpoint.status", "webhook_endpoint.disabled_reason"),
    *("job.status", "job.created_at", "job.lease_until", "job.finished_at"),
    *("referral.municipality_id", "referral.status", "referral.due_at"),
    *(f"ba_approval_request.{n}" for n in ("municipality_id", "status", "deemed_from")),
    *(f"legal_track.{n}" for n in ("municipality_id", "status", "permit_valid_to")),
    *(f"audit_entry.{n}" for n in ("id", "municipality_id", "recorded_at", "hash")),
}


async def test_the_role_that_counts_owns_one_function_and_reads_these_columns(
    connection: Connection, server: Any, database_name: str
) -> None:
    admin = await asyncpg.connect(server.dsn("postgres", database_name))
    try:
        found = await admin.fetch(DEFINERS)
        assert [r["name"] for r in found] == ["ia.service_status(date)"]
        assert {r["column"] for r in await admin.fetch(MAY_READ)} == COLUMNS
        # the owner of everything is a member of the role; nobody else but the API runs it
        assert {r["rolname"] for r in await admin.fetch(MAY_RUN)} == {
            "ia_app",
            "ia_owner",
        }
    finally:
        await admin.close()
    columns = (await connection.fetchrow(service.COUNT, clock.today())).keys()  # type: ignore[union-attr]
    assert set(columns) == {"part", "waiting", "total", "oldest_at", "at"}
