"""Plans as the application's role on 20,000 cases: indexes drive everything that is asked.

`make chaos` asks the same of 200,000.

The other tests run on small data, where every plan is a scan; hence the seed of the bench. The
plans are generic, as the role's `plan_cache_mode` makes them.
"""

import os
import re
import sys
from collections.abc import AsyncIterator
from itertools import combinations
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio

import integration_api.app  # noqa: F401 - compiles every statement
from integration_api.agencies.statements_clients import list_clients
from integration_api.agencies.statements_members import list_members
from integration_api.audit import statements_seal as seal
from integration_api.audit.statements import list_entries, list_records
from integration_api.cases.lifecycle import CASE
from integration_api.cases.statements import list_cases
from integration_api.cases.statements import move as move_case
from integration_api.cases.statements_notes import list_notes
from integration_api.cases.statements_participants import list_participants
from integration_api.changes import statements_retention
from integration_api.changes import statements_sequencer as sequencer
from integration_api.changes.access import FAMILIES
from integration_api.changes.statements import page_of, sees
from integration_api.checks.statements import asked
from integration_api.disclosures import statements as disclosures
from integration_api.employers.statements import list_employers
from integration_api.exports import statements_runner as ended
from integration_api.exports.statements_types import TYPES
from integration_api.health import statements_runner as rounds
from integration_api.jobs import statements_runner as running
from integration_api.kernel.lifecycle import SYSTEM
from integration_api.kernel.lists import Direction
from integration_api.kernel.principal import context_sql
from integration_api.kernel.statements import Statement
from integration_api.persons.statements import list_persons
from integration_api.persons.statements_consents import list_consents
from integration_api.persons.statements_facts import list_facts
from integration_api.persons.statements_periods import list_periods
from integration_api.postgres.launcher import LocalPostgres
from integration_api.referrals import statements as referrals
from integration_api.referrals.statements_moves import BRINGS
from integration_api.referrals.statements_moves import move as move_referral
from integration_api.tandem import statements_clock as clock
from integration_api.tandem import statements_tracks as tracks
from integration_api.tandem.statements import list_tandem_cases
from integration_api.tandem.statements_acts import ACTIONS, act, close, created
from integration_api.tandem.statements_approvals import BRINGS as ASKED
from integration_api.tandem.statements_approvals import list_approvals, move_approval
from integration_api.tandem.statements_clearances import list_clearances, list_procedures
from integration_api.tandem.statements_declarations import list_declarations
from integration_api.webhooks import statements_queue, statements_sending
from integration_api.webhooks.statements import list_endpoints
from integration_api.webhooks.statements_deliveries import list_deliveries
from tests.conftest import clone

ROWS = int(os.environ.get("PLAN_ROWS", "20000"))  # noqa: TID251 - a knob of `make chaos`
SEED = (Path(__file__).parents[2] / "bench" / "seed.sql").read_text(encoding="utf-8")
CITY = UUID("b0000000-0000-7000-8000-000000000001")
AGENCY = UUID("a0000000-0000-7000-8000-000000000001")
TENANT = (
    "case|case_access|case_participant|case_external_id|person|residence_period|residence_fact|consent|disclosure"
    "|tandem_case|legal_track|placement_track|employer_declaration|ba_approval_request"
    "|start_clearance|tandem_procedure|case_note|case_assignment|person_address|employer|referral"
    "|job|export|export_part|outbox|audit_entry|access_record|idempotency_key"
    "|webhook_delivery|webhook_attempt"
)
EVENTS = """
insert into ia.outbox (event_id, municipality_id, agg_type, agg_id, agg_version, type, agency_ids,
  body, occurred_at, seq)
select gen_random_uuid(), gen_random_uuid(), 'case', gen_random_uuid(), 1, 'case.opened', '{}',
  '{}', now(), case when n <= :rows then n end
from generate_series(1, :rows + 20) n
"""
"""As many events as cases, the last twenty of them without a number."""
HOOKS = """
insert into ia.webhook_endpoint (id, municipality_id, agency_id, url, types, status, created_at,
  updated_at)
select gen_random_uuid(), a.municipality_id, a.id, 'https://hooks.example.org/', '{}', 'enabled',
  now(), now() from (select * from ia.agency order by id limit 10) a, generate_series(1, 2);
insert into ia.webhook_delivery (municipality_id, agency_id, endpoint_id, event_id, event_seq, type,
  agg_type, agg_id, status, ended_at)
select e.municipality_id, e.agency_id, e.id, gen_random_uuid(), n, 'case.opened', 'case',
  gen_random_uuid(), case when n > :rows / 20 - 5 then 'due' else 'done' end,
  case when n > :rows / 20 - 5 then null else now() end
from ia.webhook_endpoint e, generate_series(1, :rows / 20) n;
insert into ia.webhook_attempt (municipality_id, agency_id, delivery_id, at, latency_ms)
select municipality_id, agency_id, id, now(), 1 from ia.webhook_delivery;
"""
"""As many deliveries as cases; five of each of twenty endpoints are due."""
JOBS = """
insert into ia.job (id, municipality_id, agency_id, client_id, kind, status, purpose, request_id,
  lease_until, lease_token, result_url, created_at, updated_at, finished_at, expires_at)
select gen_random_uuid(), a.municipality_id, a.id, gen_random_uuid(), 'export',
  case when n % 500 = 0 then 'running' else 'succeeded' end, 'case_management', gen_random_uuid(),
  case when n % 500 = 0 then now() end, case when n % 500 = 0 then gen_random_uuid() end,
  case when n % 500 <> 0 then '/v1/exports/x' end, now(), now(),
  case when n % 500 <> 0 then now() end,
  case when n % 500 <> 0 then now() + n * interval '1 minute' - interval '32 days' end
from generate_series(1, :rows) n
join ia.agency a on a.slug = 'agency-' || (1 + n % 40);
insert into ia.export (id, municipality_id, agency_id, client_id, types)
select id, municipality_id, agency_id, client_id, '{case}' from ia.job;
insert into ia.export_part
select municipality_id, id, n, agency_id, client_id, '\\x00', '{}', '{}', '{}', '{}'
from ia.export, generate_series(1, 3) n;
"""
"""As many jobs as cases, hardly any of them unfinished, each an export of three parts."""
SCAN = re.compile(rf'Seq Scan on "?(?:{TENANT})"?(?: |$)')
DIRECTIONS = (Direction(), Direction(after=True), Direction(after=True, backwards=True))


def lists() -> dict[str, Statement]:
    """Each list in each direction, with each two of its filters."""
    found: dict[str, Statement] = {}
    sides = ("incoming", "outgoing")
    narrowed = _some(sorted(referrals.FILTERS.keys() - set(sides)))
    for d in DIRECTIONS:
        found[f"persons {d}"] = list_persons(d)
        found[f"participants {d}"] = list_participants(d)
        found[f"notes {d}"] = list_notes(d)
        found[f"periods {d}"] = list_periods(d)
        found[f"facts {d}"] = list_facts(d)
        found[f"tandem cases {d}"] = list_tandem_cases(d)
        found[f"declarations {d}"] = list_declarations(d)
        found[f"BA requests {d}"] = list_approvals(d)
        found[f"procedures {d}"] = list_procedures(d)
        found[f"clearances {d}"] = list_clearances(d)
        found[f"access records {d}"] = list_records(d)
        found[f"audit entries {d}"] = list_entries(d)
        for names in _some(["agency_id", "role"]):
            found[f"members {sorted(names)} {d}"] = list_members(names, d)
        for names in _some(["status"]):
            found[f"endpoints {sorted(names)} {d}"] = list_endpoints(names, d)
        for names in _some(["endpoint_id", "status", "aggregate_id"]):
            found[f"deliveries {sorted(names)} {d}"] = list_deliveries(names, d)
        for names in _some(["agency_id"]):
            found[f"clients {sorted(names)} {d}"] = list_clients(names, d)
        for names in _some(["establishment_number"]):
            found[f"employers {sorted(names)} {d}"] = list_employers(names, d)
        for names in _some(["person_id"]):
            found[f"consents {sorted(names)} {d}"] = list_consents(names, d)
        for names in _some(["status", "external_id"]):
            found[f"cases {sorted(names)} {d}"] = list_cases(names, d)
        for name in disclosures.FILTERS:
            found[f"disclosures {name} {d}"] = disclosures.list_disclosures(frozenset({name}), d)
        for side in sides:
            for names in narrowed:
                chosen = frozenset({side, *names})
                found[f"referrals {sorted(chosen)} {d}"] = referrals.list_referrals(chosen, d)
    return found


def _some(names: list[str]) -> list[frozenset[str]]:
    return [frozenset(c) for size in range(3) for c in combinations(names, size)]


def others() -> dict[str, Statement]:
    """Each other statement: what reads one thing, locks, creates, moves."""
    found = {
        f"{name}.{key}": value
        for name, module in list(sys.modules.items())
        if name.startswith("integration_api.") and ".statements" in name
        # the worker's alone
        if not name.endswith(
            ("statements_clock", "statements_seal", "statements_sequencer", "statements_retention")
        )
        and not name.endswith(("statements_queue", "statements_sending"))
        and not name.endswith("statements_runner")
        and not name.endswith("statements_loading")  # the owner's
        for key, value in vars(module).items()
        if isinstance(value, Statement)
    }
    found |= {f"case {t.name}": move_case(t.name) for t in CASE.transitions}
    found |= {name: act(name) for name in ACTIONS} | {"tandem case created": created()}
    found["tandem case closed in place"] = close(("legal", "placement"), ("placement",))
    for track in (tracks.LEGAL, tracks.PLACEMENT):
        found[f"get {track.lifecycle.name}"] = tracks.get(track)
        found[f"lock {track.lifecycle.name}"] = tracks.lock(track)
        moved = [t.name for t in track.lifecycle.transitions if SYSTEM not in t.by]
        found |= {f"{track.lifecycle.name} {n}": tracks.move(track, n) for n in moved}
    for families in (*({name} for name in FAMILIES), set(FAMILIES)):
        found[f"feed of {sorted(families)}"] = page_of(frozenset(families))
        found[f"judging {sorted(families)}"] = sees(frozenset(families))
    for places in (["mine"], ["ags"], ["municipality_id"]):
        found[f"heads of {places}"] = asked(frozenset(places), about="mine" in places)
    found |= {f"BA request {name}": move_approval(name) for name in ASKED}
    found |= {f"export of every {name}: ids": one.ids for name, one in TYPES.items()}
    found |= {f"export of every {name}": one.documents for name, one in TYPES.items()}
    return found | {f"referral {name}": move_referral(name) for name in BRINGS}


@pytest_asyncio.fixture(scope="module")
async def large(server: LocalPostgres) -> AsyncIterator[asyncpg.Connection]:
    """A connection as ia_app to a large database, in the context of an agency that sees 7 %."""
    async with clone(server) as name:
        admin = await asyncpg.connect(server.dsn("postgres", name))
        await admin.execute(SEED.replace(":rows", str(ROWS)))
        await admin.execute(EVENTS.replace(":rows", str(ROWS)))
        await admin.execute(HOOKS.replace(":rows", str(ROWS)))
        await admin.execute(JOBS.replace(":rows", str(ROWS)))
        await admin.execute("vacuum analyze")
        await admin.close()
        connection = await asyncpg.connect(server.dsn("ia_app", name))
        await connection.execute("set transaction_timeout = 0; set statement_timeout = 0")
        await connection.execute(
            "BEGIN;" + context_sql(CITY, AGENCY, AGENCY, None, ("core", "residence", "placement"))
        )
        yield connection
        await connection.close()


async def plan(connection: asyncpg.Connection, sql: str) -> str:
    """The generic plan of a statement, whatever its parameters are."""
    await connection.execute(f"PREPARE planned AS {sql}")
    count = max((int(n) for n in re.findall(r"\$(\d+)", sql)), default=0)
    nulls = ", ".join(["null"] * count)
    given = f"({nulls})" if count else ""
    rows = await connection.fetch(f"EXPLAIN EXECUTE planned{given}")
    await connection.execute("DEALLOCATE planned")
    return "\n".join(r[0] for r in rows)


def faults(plan: str) -> list[str]:
    """Lines that tell of work which grows with the table instead of with the answer."""
    return [li.strip() for li in plan.splitlines() if SCAN.search(li) or "hashed SubPlan" in li]


def gathered(plan: str) -> list[str]:
    """Lines that tell of everything of an agency, put together from two arms of a policy."""
    return [li.strip() for li in plan.splitlines() if "BitmapOr" in li]


async def faulty(
    connection: asyncpg.Connection, statements: dict[str, Statement]
) -> dict[str, list[str]]:
    """The faults of each statement that has some."""
    found = {name: faults(await plan(connection, s.sql)) for name, s in statements.items()}
    return {name: lines for name, lines in found.items() if lines}


async def test_the_seed_is_large_and_its_agency_sees_a_part(large: asyncpg.Connection) -> None:
    visible = await large.fetchval('select count(*) from ia."case"')
    assert 0.06 * ROWS < visible < 0.08 * ROWS, visible


async def test_an_index_drives_every_list(large: asyncpg.Connection) -> None:
    asked = lists()
    assert len(asked) > 80
    assert await faulty(large, asked) == {}


async def test_an_index_drives_every_other_statement(large: asyncpg.Connection) -> None:
    asked = others()
    assert len(asked) > 60
    assert await faulty(large, asked) == {}


async def test_an_index_drives_the_clock(server: LocalPostgres, large: asyncpg.Connection) -> None:
    name = await large.fetchval("select current_database()")
    worker = await asyncpg.connect(server.dsn("ia_worker", name))
    asked = {n: s for n, s in vars(clock).items() if isinstance(s, Statement)}
    assert sorted(asked) == ["DEEM", "EXPIRE", "REMIND"]
    sealing = {n: s for n, s in vars(seal).items() if isinstance(s, Statement)}
    assert {"PENDING", "HOLD", "UNSEALED", "SEAL", "ADVANCE", "HEAD"} <= sealing.keys()
    numbering = {n: s for n, s in vars(sequencer).items() if isinstance(s, Statement)}
    assert sorted(numbering) == ["BEGIN_EPOCH", "HOLD", "NUMBER", "WAITING"]
    asked |= sealing | {f"sequencer {n}": s for n, s in numbering.items()}
    ending = {n: s for n, s in vars(statements_retention).items() if isinstance(s, Statement)}
    assert sorted(ending) == ["AGE", "END"]
    asked |= {f"retention {n}": s for n, s in ending.items()}
    hooks = [*vars(statements_queue).items(), *vars(statements_sending).items()]
    sending = {f"webhooks {n}": s for n, s in hooks if isinstance(s, Statement)}
    assert len(sending) == 18, sorted(sending)
    asked |= sending
    for module in (running, ended, rounds):
        asked |= {f"jobs {n}": s for n, s in vars(module).items() if isinstance(s, Statement)}
    assert await faulty(worker, asked) == {}
    await worker.close()


async def test_what_answers_with_one_thing_gathers_nothing(large: asyncpg.Connection) -> None:
    found = {name: gathered(await plan(large, s.sql)) for name, s in others().items()}
    batches = {f"integration_api.referrals.statements_moves.{n}" for n in ("EXPIRE", "LAPSE")}
    either = {  # the worker's are in its role; these name one consent, one person or case
        "integration_api.persons.statements_consents.REVOKE",
        "integration_api.disclosures.statements_preview.WHAT_IT_HAS",
    }
    assert {name for name, lines in found.items() if lines} <= batches | either


async def test_a_parameter_that_hides_a_partial_index_would_be_found(
    large: asyncpg.Connection,
) -> None:
    found = await plan(large, "select id from ia.disclosure where consent_id = $1 and status = $2")
    assert gathered(found), found
    sql = "select id from ia.disclosure where consent_id = $1 and status = 'active'"
    assert not gathered(await plan(large, sql))


@pytest.mark.parametrize(
    "bad",
    [
        'select id from ia."case" where concerns is not null order by updated_at limit 50',
        # membership in everything that is visible, instead of a probe for each row of the page
        "select id from ia.person where birth_date = $1 and (controller_agency_id = $2 or id in"
        " (select person_id from ia.disclosure where recipient_agency_id = $2))",
    ],
    ids=["filtered instead of driven", "hashed membership"],
)
async def test_a_bad_statement_would_be_found(large: asyncpg.Connection, bad: str) -> None:
    found = await plan(large, bad)
    assert faults(found), found


READ = """select coalesce(sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0)), 0)::bigint
from pg_stat_xact_user_tables where schemaname = 'ia' and relname = 'case'"""
OPENED = """update ia.disclosure set version = version + 1 where id = (
  select id from ia.disclosure where grantor_agency_id = ia.ctx_agency() and status = 'active'
    and opened_at is not null order by id limit 1)"""


async def test_an_access_that_begins_reads_the_cases_of_its_person_alone(
    large: asyncpg.Connection,
) -> None:
    """The agency of the fixture shares nothing; the seed told nobody, so the next change does."""
    grantor = UUID("a0000000-0000-7000-8000-000000000002")
    acting = context_sql(CITY, grantor, grantor, None, ("core",))
    await large.execute(f"SAVEPOINT acting;{acting}")
    before = await large.fetchval(READ)
    done, after = await large.execute(OPENED), await large.fetchval(READ)
    await large.execute("ROLLBACK TO SAVEPOINT acting")
    assert done == "UPDATE 1"
    assert 0 < after - before < 50
