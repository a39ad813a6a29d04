"""Reads without a transaction around them: the statement carries its context (ADR 0054)."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio
from asyncpg.connection import LoggedQuery
from sqlalchemy import func, select

from integration_api.cases.statements import GET
from integration_api.kernel.db import LATER, Call, Database, Pool, pool
from integration_api.kernel.ids import uuid7
from integration_api.kernel.principal import ANONYMOUS, Principal, carried
from integration_api.kernel.statements import Query
from tests.cast import AGENCIES, acting, id_of
from tests.conftest import Committed

LEFT = """select coalesce(current_setting('app.agency_id', true), '') as agency,
  current_setting('transaction_read_only') as read_only,
  current_setting('synchronous_commit') as durable"""
HOW = Query(select(func.current_setting("synchronous_commit").label("durable")))
CARRYING = "WITH context AS (SELECT $1::ia.context) "
ME = "current_setting('app.agency_id', true)"


def machine(agency: str) -> Principal:
    """The agency's own system."""
    seen = ("core", "residence", "benefit", "placement", "case_notes")
    ids = (id_of(AGENCIES[agency][0]), id_of(agency), id_of(agency, "machine"))
    return Principal(*ids, compartments=seen, context_sql=acting(agency))


@pytest_asyncio.fixture
async def one(committed: Committed) -> AsyncIterator[Pool]:
    """A pool of one connection, so that whatever a request leaves behind meets the next one."""
    await committed.admin.execute(f"alter database {committed.name} set synchronous_commit = on")
    async with pool(committed.server.dsn("ia_app", committed.name), 1) as connections:
        yield connections


async def sent(connections: Pool, work: Any) -> list[str]:
    """What goes over the only connection while `work` is done."""
    found: list[str] = []

    def note(record: LoggedQuery) -> None:
        found.append(record.query)

    async with connections.acquire() as connection:
        connection.add_query_logger(note)
    await work
    async with connections.acquire() as connection:
        await asyncio.sleep(0)
        connection.remove_query_logger(note)
    return found


async def records(committed: Committed) -> int:
    """How many access records are committed."""
    found: int = await committed.admin.fetchval("select count(*) from ia.access_record")
    return found


@pytest.mark.parametrize("path", ["/v1/cases/{case}", "/v1/cases", "/v1/me", "/v1/agencies"])
async def test_a_read_is_one_round_trip(committed: Committed, one: Pool, path: str) -> None:
    case = (await committed.make.scene()).case
    committed.app.state.db = Database(one)
    path = path.format(case=case.id)
    await committed.clients.get("lead", path)
    before = await records(committed)
    assert len(await sent(one, committed.clients.get("lead", path))) == 1
    assert await records(committed) - before == path.startswith("/v1/cases")


async def test_everybody_reads_as_himself_and_leaves_nothing(
    committed: Committed, one: Pool
) -> None:
    case = (await committed.make.scene()).case
    database = Database(one, wait=10)
    before = await records(committed)

    async def look(agency: str) -> bool:
        call = Call(machine(agency), "case_management", uuid7())
        async with database.logged(call) as tx:
            row = await tx.row(GET, id=UUID(case.id))
        async with one.acquire() as connection:
            assert tuple(await connection.fetchrow(LEFT)) == ("", "off", "on")
        return row is not None and row["body"] is not None

    seen = await asyncio.gather(*(look(a) for _ in range(40) for a in ("lead", "outsider")))
    assert seen == [True, False] * 40
    assert await records(committed) - before == 40


async def test_without_a_context_nothing_is_seen(committed: Committed, one: Pool) -> None:
    case = (await committed.make.scene()).case
    for nobody in (ANONYMOUS, Principal(*(UUID(int=1),) * 3)):
        async with Database(one).logged(Call(nobody, "test", uuid7())) as tx:
            assert await tx.row(GET, id=UUID(case.id)) is None


async def test_the_context_is_there_before_anything_of_the_statement_runs(one: Pool) -> None:
    """Where a part of the statement sets it instead, the order is the planner's."""
    told = carried(acting("lead"), "on")
    known_bad = "WITH context AS (SELECT set_config('app.agency_id', $1, true))"
    async with one.acquire() as connection:
        assert await connection.fetchval(CARRYING + f"SELECT {ME}", told) == str(id_of("lead"))
        assert await connection.fetchval(f"{known_bad} SELECT {ME}", str(id_of("lead"))) == ""


async def test_a_context_for_the_session_would_be_seen_to_stay(one: Pool) -> None:
    async with one.acquire() as connection:
        await connection.fetchval("select set_config('app.agency_id', 'somebody', false)")
        assert (await connection.fetchrow(LEFT))["agency"] == "somebody"
        await connection.execute("reset app.agency_id")


async def test_who_only_reads_cannot_write(one: Pool) -> None:
    writing = CARRYING + "SELECT pg_current_xact_id()"
    async with one.acquire() as connection:
        await connection.fetchval(writing, carried(acting("lead"), "off"))
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            await connection.fetchval(
                CARRYING + "SELECT lo_create(0)", carried(acting("lead"), "on")
            )
        assert tuple(await connection.fetchrow(LEFT)) == ("", "off", "on")


async def test_only_an_access_record_may_be_on_disk_later(committed: Committed, one: Pool) -> None:
    """By the setting, and for this statement alone; what writes always waits."""
    seen = {}
    for durable in (True, False):
        database = Database(one)
        database.recording = "off" if durable else LATER
        call = Call(machine("lead"), "case_management", uuid7())
        for kind in ("reading", "logged", "writing"):
            asked = call.caller if kind == "reading" else call
            async with getattr(database, kind)(asked) as tx:
                row = await tx._run("fetchrow", HOW, {})
            seen[durable, kind] = row["durable"]
        async with one.acquire() as connection:
            assert tuple(await connection.fetchrow(LEFT)) == ("", "off", "on")
    assert [name for name, value in seen.items() if value != "on"] == [(False, "logged")]


async def test_a_statement_that_fails_leaves_no_record_and_no_context(
    committed: Committed, one: Pool
) -> None:
    case = (await committed.make.scene()).case
    await committed.admin.execute("revoke insert on ia.access_record from ia_app")
    before = await records(committed)
    committed.app.state.db = Database(one)
    answer = await committed.clients.get("lead", f"/v1/cases/{case.id}")
    assert answer.status_code == 500
    assert str(case.id) not in answer.text.replace(f"/v1/cases/{case.id}", "")
    async with one.acquire() as connection:
        assert tuple(await connection.fetchrow(LEFT)) == ("", "off", "on")
    assert await records(committed) == before


async def test_a_dead_connection_costs_another_try_and_no_answer(
    committed: Committed, one: Pool
) -> None:
    case = (await committed.make.scene()).case
    committed.app.state.db = Database(one)
    for _ in range(3):
        before = await records(committed)
        async with one.acquire() as connection:
            pid = connection.get_server_pid()
        await committed.admin.execute("select pg_terminate_backend($1)", pid)
        answer = await committed.clients.get("lead", f"/v1/cases/{case.id}")
        assert answer.status_code == 200
        assert await records(committed) == before + 1


async def test_a_caller_who_leaves_gives_the_connection_back(
    committed: Committed, one: Pool
) -> None:
    case = (await committed.make.scene()).case
    holding = await asyncpg.connect(committed.server.dsn("postgres", committed.name))
    async with holding.transaction():
        await holding.execute("lock table ia.access_record in access exclusive mode")
        call = Call(machine("lead"), "case_management", uuid7())
        async with Database(one).logged(call) as tx:
            asked = asyncio.create_task(tx.row(GET, id=UUID(case.id)))
            await asyncio.sleep(0.2)
            asked.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asked
    await holding.close()
    async with one.acquire(timeout=5) as connection:
        assert tuple(await connection.fetchrow(LEFT)) == ("", "off", "on")
    async with Database(one).logged(call) as tx:
        assert await tx.row(GET, id=UUID(case.id)) is not None
