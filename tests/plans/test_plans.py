"""Plans of what is read, as the application's role on 20,000 cases: indexes drive every list.

`tests` run on small data, on which every plan is a scan of everything; hence the seed of the bench.
"""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio

from integration_api.cases import statements as cases
from integration_api.cases.statements_participants import list_participants
from integration_api.disclosures import statements as disclosures
from integration_api.kernel.lists import Direction
from integration_api.kernel.principal import context_sql
from integration_api.kernel.statements import Statement
from integration_api.me.statements import READ_ME
from integration_api.persons import statements as persons
from integration_api.persons import statements_consents as consents
from integration_api.persons.statements_periods import list_periods
from integration_api.postgres.launcher import LocalPostgres
from integration_api.referrals import statements as referrals
from integration_api.referrals import statements_moves as moves
from tests.conftest import clone

SEED = (Path(__file__).parents[2] / "bench" / "seed.sql").read_text(encoding="utf-8")
TENANT = "case|case_access|case_participant|person|referral|disclosure|consent"
SCAN = re.compile(rf'Seq Scan on "?({TENANT})"?\b')
OTHERS = """
set session_replication_role = replica;
update ia.disclosure
   set recipient_agency_id = other.agency::uuid
  from (select id as of, row_number() over (order by id) % 30 as n from ia.disclosure) numbered,
    lateral (select 'a0000000-0000-7000-8000-' || lpad((3 + n)::text, 12, '0') as agency) other
 where id = numbered.of and n > 0 and grantor_agency_id <> other.agency::uuid;
set session_replication_role = origin;
"""
"""In the bench one agency receives all that is disclosed; a scan would be right there."""
FIRST, DEEP = Direction(), Direction(after=True)
READ: dict[str, Statement] = {
    "get a person": persons.GET,
    "get a consent": consents.GET,
    "get a disclosure": disclosures.GET,
    "get a case": cases.GET,
    "get a referral": referrals.GET,
    "me": READ_ME,
    "cases": cases.list_cases(frozenset(), FIRST),
    "cases, deep": cases.list_cases(frozenset(), DEEP),
    "cases in a phase": cases.list_cases(frozenset({"status"}), FIRST),
    "case by own number": cases.list_cases(frozenset({"external_id"}), FIRST),
    "participants": list_participants(FIRST),
    "periods": list_periods(FIRST),
    "incoming referrals": referrals.list_referrals(frozenset({"incoming"}), FIRST),
    "outgoing referrals": referrals.list_referrals(frozenset({"outgoing"}), DEEP),
    "referrals of a case": referrals.list_referrals(frozenset({"outgoing", "case_id"}), FIRST),
    "granted disclosures": disclosures.list_disclosures(frozenset({"granted"}), FIRST),
    "consents of a person": consents.list_consents(frozenset({"person_id"}), FIRST),
    "pending referrals of a case": moves.STILL_PENDING,
}


@pytest_asyncio.fixture(scope="module")
async def large(server: LocalPostgres) -> AsyncIterator[asyncpg.Connection]:
    """A connection as ia_app to a large database, in the context of an agency that sees 7 %."""
    async with clone(server) as name:
        admin = await asyncpg.connect(server.dsn("postgres", name))
        await admin.execute(SEED.replace(":rows", "20000"))
        await admin.execute(OTHERS)
        await admin.execute("vacuum analyze")
        await admin.close()
        connection = await asyncpg.connect(server.dsn("ia_app", name))
        city = UUID("b0000000-0000-7000-8000-000000000001")
        agency = UUID("a0000000-0000-7000-8000-000000000001")
        await connection.execute("BEGIN;" + context_sql(city, agency, agency))
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


@pytest.mark.parametrize("name", sorted(READ))
async def test_an_index_drives_what_is_read(large: asyncpg.Connection, name: str) -> None:
    found = await plan(large, READ[name].sql)
    assert not SCAN.search(found), found
    assert "hashed SubPlan" not in found, found


async def test_a_list_that_is_filtered_instead_of_driven_would_be_found(
    large: asyncpg.Connection,
) -> None:
    """The known-bad twin: everything visible by EXISTS over the big table, sorted afterwards."""
    found = await plan(
        large, 'select id from ia."case" where concerns is not null order by updated_at limit 50'
    )
    assert SCAN.search(found) or "hashed SubPlan" in found, found
