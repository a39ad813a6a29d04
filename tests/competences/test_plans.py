"""On many rows, as the application's role: indexes drive what is asked of the directory."""

import re
from collections.abc import AsyncIterator

import asyncpg
import pytest_asyncio

from integration_api.checks.statements_responsibility import CANDIDATES
from integration_api.competences import statements, statements_waiting
from integration_api.competences.statements import list_competences
from integration_api.competences.statements_waiting import list_waiting_times
from integration_api.kernel.lists import Direction
from integration_api.kernel.statements import Statement
from integration_api.postgres.launcher import LocalPostgres
from tests.cast import acting
from tests.conftest import clone

SCAN = re.compile(r"Seq Scan on (agency_competence|waiting_time)")
FILLED = (
    "insert into ia.agency_competence (id, municipality_id, agency_id, service, jurisdiction, area,"
    " legal_basis, valid_from, valid_to, created_at, updated_at)"
    " select gen_random_uuid(), a.municipality_id, a.id, 's' || n % 40, 'residence', '{}', '{x}',"
    " date '1950-01-01' + n, date '1950-01-02' + n, now() + n * interval '1 second', now()"
    " from ia.agency a, generate_series(1, 2000) n",
    "insert into ia.waiting_time (id, municipality_id, agency_id, service, kind, days, method,"
    " observed_at, recorded_at) select gen_random_uuid(), a.municipality_id, a.id, 's' || n % 40,"
    " 'k' || n % 4, 1, 'counted', now() - n * interval '1 hour', now()"
    " from ia.agency a, generate_series(1, 3000) n",
    "vacuum analyze",
)


@pytest_asyncio.fixture
async def large(server: LocalPostgres) -> AsyncIterator[asyncpg.Connection]:
    """A connection as ia_app to a directory with a long history."""
    async with clone(server) as name:
        admin = await asyncpg.connect(server.dsn("postgres", name))
        for sql in FILLED:
            await admin.execute(sql)
        await admin.close()
        made = await asyncpg.connect(server.dsn("ia_app", name))
        await made.execute("begin;" + acting("lead"))
        yield made
        await made.close()


async def scans(connection: asyncpg.Connection, sql: str) -> list[str]:
    """Lines of the generic plan that tell of reading a whole table."""
    await connection.execute(f"prepare planned as {sql}")
    nulls = ", ".join(["null"] * max(int(n) for n in re.findall(r"\$(\d+)", sql)))
    rows = await connection.fetch(f"explain execute planned({nulls})")
    await connection.execute("deallocate planned")
    return [row[0] for row in rows if SCAN.search(row[0]) or "hashed SubPlan" in row[0]]


def asked() -> dict[str, Statement]:
    """What is asked of the directory."""
    found: dict[str, Statement] = {"candidates": CANDIDATES}
    for module in (statements, statements_waiting):
        found |= {n: s for n, s in vars(module).items() if isinstance(s, Statement)}
    for d in (Direction(), Direction(after=True), Direction(after=True, backwards=True)):
        for names in ((), ("as_of",), ("service",), ("as_of", "service")):
            found[f"competences {names} {d}"] = list_competences(frozenset(names), d)
        for names in ((), ("current",), ("kind", "service"), ("current", "service")):
            found[f"waiting times {names} {d}"] = list_waiting_times(frozenset(names), d)
    return found


async def test_indexes_drive_what_is_asked(large: asyncpg.Connection) -> None:
    found = {name: await scans(large, one.sql) for name, one in asked().items()}
    assert len(found) > 28
    assert {name: lines for name, lines in found.items() if lines} == {}
    bad = "select id from ia.waiting_time where days = $1"
    assert await scans(large, bad), "a bad statement would be found"
