"""What the pool promises of its connections."""

import asyncio
import gc
from contextlib import suppress

import pytest

from integration_api.kernel.db import Call, Database, pool
from integration_api.kernel.principal import ANONYMOUS
from integration_api.postgres.launcher import LocalPostgres


async def test_a_statement_stays_prepared_however_long_it_is(
    server: LocalPostgres, database_name: str
) -> None:
    """The driver would plan a text of more than 15 KiB anew for each request."""
    long = f"select 1 /* {'x' * 20_000} */"
    kept = "select count(*) from pg_prepared_statements where statement = $1"
    dsn = server.dsn("ia_app", database_name)
    async with pool(dsn, 1) as connections, connections.acquire() as connection:
        for _ in range(2):
            assert await connection.fetchval(long) == 1
        assert await connection.fetchval(kept, long) == 1


PID = "select pg_backend_pid()"


async def _broken_off(database: Database, *, failed: bool) -> int:
    """End a transaction and be told more than once, on the way, to stop; its connection."""
    transaction = database.writing(Call(ANONYMOUS))._transaction
    used: int = await (await transaction.open()).fetchval(PID)
    ending = asyncio.create_task(transaction.close(failed=failed))
    with suppress(asyncio.CancelledError):
        for _ in range(20):  # as a stream does whose reader has left: again until it has stopped
            await asyncio.sleep(0)
            ending.cancel()
        await ending
    return used


@pytest.mark.parametrize("failed", [True, False])
async def test_a_connection_comes_back_clean_however_often_its_user_is_stopped(
    server: LocalPostgres, database_name: str, caplog: pytest.LogCaptureFixture, failed: bool
) -> None:
    async with pool(server.dsn("ia_app", database_name), 1) as connections:
        used = await _broken_off(Database(connections), failed=failed)
        async with connections.acquire(timeout=5) as connection:
            assert not connection.is_in_transaction()
            if failed:
                assert await connection.fetchval(PID) == used, "it was thrown away"
        gc.collect()  # a task whose error nobody has asked for says so when it is deleted
    assert caplog.records == []
