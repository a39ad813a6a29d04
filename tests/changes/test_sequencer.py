"""The sequencer: an epoch for each place of the database, and no more rights than it needs."""

import asyncio
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from integration_api.changes import sequencer
from integration_api.kernel.db import Database, pool
from integration_api.postgres.launcher import LocalPostgres
from tests.conftest import clone

ADD = """
insert into ia.outbox (event_id, municipality_id, agg_type, agg_id, agg_version, type, agency_ids,
  body, occurred_at)
values (gen_random_uuid(), $1, 'case', $2, $3, 'case.changed', '{}', '{}', now())
"""


async def _epoch(server: LocalPostgres, name: str) -> object:
    """The epoch after the sequencer has looked."""
    async with pool(server.dsn("ia_worker", name), 1) as connections:
        await sequencer.number(Database(connections))
        async with connections.acquire() as connection:
            return await connection.fetchval("select epoch from ia.feed_head")


async def test_a_copied_database_has_an_epoch_of_its_own(server: LocalPostgres) -> None:
    async with clone(server) as name, clone(server) as other:
        first = await _epoch(server, name)
        assert first != await _epoch(server, other)
        assert first == await _epoch(server, name)


async def _tool(server: LocalPostgres, name: str, *arguments: str) -> None:
    done = await asyncio.create_subprocess_exec(str(server.tool(name)), *arguments)
    assert await done.wait() == 0


async def test_a_restore_into_the_same_database_begins_an_epoch(
    server: LocalPostgres, tmp_path: Path
) -> None:
    async with clone(server) as name:
        address, file = server.dsn("postgres", name), str(tmp_path / "all.dump")
        before = await _epoch(server, name)
        await _tool(server, "pg_dump", "--format=custom", f"--file={file}", address)
        assert before == await _epoch(server, name)
        options = ("--clean", "--if-exists", "--single-transaction", "--exit-on-error")
        await _tool(server, "pg_restore", *options, f"--dbname={address}", file)
        assert before != await _epoch(server, name)


async def test_what_has_a_number_keeps_it(server: LocalPostgres) -> None:
    async with clone(server) as name:
        owner = await asyncpg.connect(server.dsn("postgres", name))
        await owner.execute(ADD, uuid4(), uuid4(), 1)
        await _epoch(server, name)
        worker = await asyncpg.connect(server.dsn("ia_worker", name))
        assert await worker.fetchval("select max(seq) from ia.outbox") >= 1
        assert await worker.execute("update ia.outbox set seq = seq + 1000000") == "UPDATE 0"
        # old ones end, see test_retention
        assert await worker.execute("delete from ia.outbox") == "DELETE 0"
        for connection in (owner, worker):
            await connection.close()


async def test_the_worker_may_number_and_send_and_not_change_what_happened(
    server: LocalPostgres,
) -> None:
    async with clone(server) as name:
        connection = await asyncpg.connect(server.dsn("ia_worker", name))
        await connection.fetch("select body from ia.outbox")  # ids alone: what webhooks carry
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("update ia.outbox set body = '{}'")
        await connection.close()
