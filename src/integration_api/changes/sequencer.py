"""The job that numbers events: dense, in one order, only what is committed.

Any number of them may run: the lock on the head makes them take turns, so that k + 1 is never to be
seen before k. Events of one thing are inserted under its row lock, so their order is its own.
"""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID

import asyncpg
import structlog

from integration_api.kernel.db import LOST, Call, Database, WriteTx
from integration_api.kernel.principal import ANONYMOUS

from .statements_sequencer import BATCH, BEGIN_EPOCH, HOLD, NUMBER, WAITING

log = structlog.get_logger("sequencer")
PAUSE = 0.025
"""Seconds between two looks; after a fault ten times as long."""
FAULTS = (*LOST, asyncpg.PostgresError, TimeoutError)
"""What the database may do to a job of the worker, which then tries again."""


async def run(database: Database, stop: asyncio.Event) -> None:
    """Number until `stop` is set; a fault costs the batch and nothing else."""
    await _safely(database, number)
    while not stop.is_set():
        busy = await _safely(database, step)
        if busy < BATCH:
            await asyncio.sleep(PAUSE)


async def _safely(database: Database, work: Callable[[Database], Awaitable[int]]) -> int:
    try:
        return await work(database)
    except FAULTS as error:
        log.warning("not numbered", error=type(error).__name__)
        await asyncio.sleep(PAUSE * 10)
        return 0


async def step(database: Database) -> int:
    """Number what waits; where nothing does, one round trip without a lock."""
    async with database.pool.acquire(timeout=1) as connection:
        waiting = await connection.fetchval(WAITING.sql)
    return await number(database) if waiting else 0


async def number(database: Database) -> int:
    """Number a batch in one transaction; how many it were.

    A database that is at another place than before, by restore or failover, gets a new epoch.
    """
    async with database.writing(Call(ANONYMOUS)) as tx:
        head = await tx.row(HOLD)
        assert head is not None
        if not head["current"]:
            await _begun(tx)
        moved = await tx.row(NUMBER, last=head["last"])
        assert moved is not None
        return int(moved["last"] - head["last"])


async def begin(database: Database) -> UUID:
    """Begin an epoch by hand, where the database cannot tell that it was put back."""
    async with database.writing(Call(ANONYMOUS)) as tx:
        await tx.row(HOLD)
        return await _begun(tx)


async def _begun(tx: WriteTx) -> UUID:
    row = await tx.row(BEGIN_EPOCH)
    assert row is not None
    log.warning("new epoch", epoch=str(row["epoch"]))
    return UUID(int=row["epoch"].int)
