"""What the clock does: referrals expire, silence becomes approval, permits end, keys are forgotten.

Any number of workers may run at once: rows are taken with SKIP LOCKED, in short transactions, as
`ia_worker`, one municipality after the other. The API never waits for a worker.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from uuid import UUID

import asyncpg
import structlog

from .kernel import clock
from .kernel.db import LOST, Call, Database, WriteTx, pool
from .kernel.ids import uuid7
from .kernel.principal import ANONYMOUS, Principal, context_sql
from .kernel.settings import Settings
from .referrals import service as referrals
from .tandem import service_clock as tandem

log = structlog.get_logger("worker")
NOBODY = ANONYMOUS.agency_id
FAULTS = (*LOST, asyncpg.PostgresError, TimeoutError)
PURGE = """delete from ia.idempotency_key where (municipality_id, client_id, key) in (
  select municipality_id, client_id, key from ia.idempotency_key where expires_at < now()
  limit 500)"""


async def run(dsn: str, settings: Settings, stop: asyncio.Event, *, demo: bool = False) -> None:
    """Rounds until `stop` is set; a round that fails is tried again after a pause."""
    async with pool(dsn, 2) as connections:
        database = Database(connections)
        while not stop.is_set():
            try:
                await round_(database, demo=demo)
            except FAULTS as error:
                log.warning("round failed", error=type(error).__name__)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), settings.worker_seconds)


async def round_(database: Database, *, demo: bool = False) -> int:
    """One round over every municipality; the number of rows that were moved."""
    async with database.pool.acquire(timeout=1) as connection:
        if demo:
            await clock.follow(connection)
        municipalities = await connection.fetch("select id from ia.municipality")
        await connection.execute(PURGE)
        await connection.execute("select ia.refresh_lapsed_access()")
    moved = 0
    for row in municipalities:
        for step in (referrals.expire_due, referrals.withdraw_lapsed, *tandem.STEPS):
            moved += await _drain(database, UUID(int=row["id"].int), step)
    return moved


async def _drain(
    database: Database, municipality: UUID, step: Callable[[WriteTx], Awaitable[int]]
) -> int:
    """Repeat `step`, a transaction each time, until it finds nothing."""
    system = replace(
        ANONYMOUS,
        municipality_id=municipality,
        context_sql=context_sql(municipality, NOBODY, NOBODY),
    )
    total = 0
    while moved := await _once(database, system, step):
        total += moved
    return total


async def _once(
    database: Database, system: Principal, step: Callable[[WriteTx], Awaitable[int]]
) -> int:
    async with database.writing(Call(system, "clock", uuid7())) as tx:
        return await step(tx)
