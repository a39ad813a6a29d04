"""What the clock does: terms end, silence becomes approval, old rows go, audit entries are sealed.

Beside its rounds it numbers events (`changes/sequencer.py`) and delivers them to the systems of
agencies (`webhooks/sending.py`).

Any number of workers may run at once: rows are taken with SKIP LOCKED, in short transactions, as
`ia_worker`, one municipality after the other. The API never waits for a worker.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TypeVar
from uuid import UUID

import structlog

from .audit.anchor import Signed
from .audit.seal import Sealer, SealError, end_records, head_of
from .changes import retention, sequencer
from .changes.judging import Judge
from .edge.outgoing import Poster
from .kernel import clock
from .kernel.db import Call, Database, Pool, WriteTx, pool
from .kernel.ids import uuid7
from .kernel.principal import ANONYMOUS, Principal, context_sql
from .kernel.settings import Settings
from .referrals import service as referrals
from .tandem import service_clock as tandem
from .webhooks import setup as webhooks
from .webhooks.sending import Sender

T = TypeVar("T")
log = structlog.get_logger("worker")
NOBODY = ANONYMOUS.agency_id
FAULTS = (*sequencer.FAULTS, SealError)
PURGE = """delete from ia.idempotency_key where (municipality_id, client_id, key) in (
  select municipality_id, client_id, key from ia.idempotency_key where expires_at < now()
  limit 500)"""


SENDERS = 4
"""Connections of the deliveries, which many attempts take turns with."""
JUDGES = 2
"""Connections that ask what an agency may see."""
TURN_SECONDS = 15.0
"""Longest wait for one of them: a lease has as much left when an attempt is over."""


async def run(
    dsn: str,
    settings: Settings,
    stop: asyncio.Event,
    *,
    app: str,
    secret: bytes,
    demo: bool = False,
) -> None:
    """Rounds until `stop` is set; a round that fails is tried again after a pause.

    `app` is the same database for who logs in as the API: what may be sent is asked as it asks.
    `secret` is the service's, which opens the secrets of webhook endpoints.

    Raises:
        KeyMissingError: there is no key to seal with.
    """
    sealer = Sealer.of(settings)
    async with (
        pool(dsn, 3) as connections,
        pool(dsn, SENDERS) as senders,
        pool(app, JUDGES) as judges,
        asyncio.TaskGroup() as group,
    ):
        database = Database(connections)
        group.create_task(sequencer.run(database, stop))
        group.create_task(sender(senders, judges, settings, secret).run(stop))
        while not stop.is_set():
            works = (
                partial(round_, demo=demo),
                partial(seal, sealer=sealer),
                partial(retention.end, days=settings.feed_retention_days),
            )
            for work in works:
                try:
                    await work(database)
                except FAULTS as error:
                    log.warning("round failed", error=type(error).__name__)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), settings.worker_seconds)


def sender(connections: Pool, judges: Pool, settings: Settings, secret: bytes) -> Sender:
    """What delivers events, as the settings say."""
    return Sender(
        Database(connections, wait=TURN_SECONDS),
        Poster(webhooks.reach_of(settings)),
        webhooks.vault_of(settings, secret),
        _system,
        Judge(Database(judges, wait=TURN_SECONDS)),
    )


async def round_(database: Database, *, demo: bool = False) -> int:
    """One round over every municipality; the number of rows that were moved."""
    async with database.pool.acquire(timeout=1) as connection:
        if demo:
            await clock.follow(connection)
        await connection.execute(PURGE)
        await connection.execute("select ia.refresh_lapsed_access()")
    moved = 0
    for municipality in await _municipalities(database):
        for step in (referrals.expire_due, referrals.withdraw_lapsed, *tandem.STEPS, end_records):
            moved += await _drain(database, municipality, step)
    return moved


async def seal(database: Database, *, sealer: Sealer) -> int:
    """Seal what is not sealed and anchor the heads; the number of entries."""
    sealed, heads = 0, list[Signed]()
    for municipality in await _municipalities(database):
        sealed += await _drain(database, municipality, sealer.seal)
        heads += await _once(database, _system(municipality), head_of)
    sealer.anchor(heads)
    return sealed


async def _municipalities(database: Database) -> list[UUID]:
    async with database.pool.acquire(timeout=1) as connection:
        rows = await connection.fetch("select id from ia.municipality order by id")
    return [UUID(int=row["id"].int) for row in rows]


def _system(municipality: UUID) -> Principal:
    return replace(
        ANONYMOUS,
        municipality_id=municipality,
        context_sql=context_sql(municipality, NOBODY, NOBODY),
    )


async def _drain(
    database: Database, municipality: UUID, step: Callable[[WriteTx], Awaitable[int]]
) -> int:
    """Repeat `step`, a transaction each time, until it finds nothing."""
    total = 0
    while moved := await _once(database, _system(municipality), step):
        total += moved
    return total


async def _once(
    database: Database, system: Principal, step: Callable[[WriteTx], Awaitable[T]]
) -> T:
    async with database.writing(Call(system, "clock", uuid7())) as tx:
        return await step(tx)
