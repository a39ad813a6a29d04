"""What the clock does: terms end, silence becomes approval, old rows go, audit entries are sealed.

Beside its rounds it numbers events (`changes/sequencer.py`), delivers them to the systems of
agencies (`webhooks/sending.py`) and does jobs (`jobs/runner.py`), these as the application, in the
context of the client that asked.

Any number of workers may run at once: rows are taken with SKIP LOCKED, in short transactions, as
`ia_worker`, one municipality after the other. The API never waits for a worker.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TypeVar
from uuid import UUID

import structlog

from .audit.anchor import Signed
from .audit.seal import Sealer, SealError, end_records, head_of
from .changes import retention, sequencer
from .changes.judging import Judge
from .edge.outgoing import Poster
from .edge.vault import Vault
from .exports import service as exports
from .exports import service_work as exports_work
from .health.statements_runner import NOTE
from .identity.system import system
from .imports import service as imports
from .imports import service_work as imports_work
from .jobs import runner as jobs
from .jobs.work import BRACKETS, Kind, Seals
from .kernel import clock
from .kernel.db import Call, Database, Pool, WriteTx, pool
from .kernel.ids import uuid7
from .kernel.paging import Cursors
from .kernel.principal import ANONYMOUS, Principal
from .kernel.settings import Settings
from .referrals import service as referrals
from .tandem import service_clock as tandem
from .webhooks import setup as webhooks
from .webhooks.sending import Sender

T = TypeVar("T")
log = structlog.get_logger("worker")
KINDS: Mapping[str, Kind] = {
    exports.KIND: exports_work.make,
    imports.KIND: imports_work.make,
}
"""What each kind of job does."""
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


@dataclass(frozen=True, slots=True)
class Access:
    """Where the worker logs in, as itself and as the application; what it seals with."""

    worker: str
    app: str
    secret: bytes


async def run(
    access: Access, settings: Settings, stop: asyncio.Event, *, demo: bool = False
) -> None:
    """Rounds until `stop` is set; a round that fails is tried again after a pause.

    Raises:
        KeyMissingError: there is no key to seal with.
    """
    sealer = Sealer.of(settings)
    seals = Seals(Vault.of(access.secret, settings), Cursors(access.secret))
    async with (
        pool(access.worker, 4) as connections,
        pool(access.app, jobs.SLOTS) as of_clients,
        pool(access.worker, SENDERS) as senders,
        pool(access.app, JUDGES) as judges,
        asyncio.TaskGroup() as group,
    ):
        database = Database(connections)
        group.create_task(sequencer.run(database, stop))
        runner = jobs.Runner(database, Database(of_clients, BRACKETS), KINDS, seals)
        group.create_task(runner.run(stop))
        group.create_task(sender(senders, judges, settings, access.secret).run(stop))
        while not stop.is_set():
            works = (
                partial(round_, demo=demo),
                partial(seal, sealer=sealer),
                partial(retention.end, days=settings.feed_retention_days),
            )
            well = [await _well(work, database) for work in works]
            if all(well):
                await _well(note, database)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), settings.worker_seconds)


def sender(connections: Pool, judges: Pool, settings: Settings, secret: bytes) -> Sender:
    """What delivers events; what may be sent is asked as the API asks, by `judges`."""
    return Sender(
        Database(connections, wait=TURN_SECONDS),
        Poster(webhooks.reach_of(settings)),
        webhooks.vault_of(settings, secret),
        system,
        Judge(Database(judges, wait=TURN_SECONDS)),
    )


async def round_(database: Database, *, demo: bool = False) -> int:
    """One round over every municipality; the number of rows that were moved."""
    async with database.pool.acquire(timeout=1) as connection:
        if demo:
            await clock.follow(connection)
        await connection.execute(PURGE)
        await connection.execute("select ia.refresh_lapsed_access()")
    await exports_work.end_expired(database)
    await imports_work.end_over(database)
    await jobs.end_old(database)
    moved = 0
    for municipality in await _municipalities(database):
        for step in (referrals.expire_due, referrals.withdraw_lapsed, *tandem.STEPS, end_records):
            moved += await _drain(database, municipality, step)
    return moved


async def _well(work: Callable[[Database], Awaitable[object]], database: Database) -> bool:
    try:
        await work(database)
    except FAULTS as error:
        log.warning("round failed", error=type(error).__name__)
        return False
    return True


async def note(database: Database) -> None:
    """Write that a whole round is over; `/status` tells how long ago that was."""
    async with database.writing(Call(ANONYMOUS)) as tx:
        await tx.row(NOTE)


async def seal(database: Database, *, sealer: Sealer) -> int:
    """Seal what is not sealed and anchor the heads; the number of entries."""
    sealed, heads = 0, list[Signed]()
    for municipality in await _municipalities(database):
        sealed += await _drain(database, municipality, sealer.seal)
        heads += await _once(database, system(municipality), head_of)
    sealer.anchor(heads)
    return sealed


async def _municipalities(database: Database) -> list[UUID]:
    async with database.pool.acquire(timeout=1) as connection:
        rows = await connection.fetch("select id from ia.municipality order by id")
    return [UUID(int=row["id"].int) for row in rows]


async def _drain(
    database: Database, municipality: UUID, step: Callable[[WriteTx], Awaitable[int]]
) -> int:
    """Repeat `step`, a transaction each time, until it finds nothing."""
    total = 0
    while moved := await _once(database, system(municipality), step):
        total += moved
    return total


async def _once(
    database: Database, nobody: Principal, step: Callable[[WriteTx], Awaitable[T]]
) -> T:
    async with database.writing(Call(nobody, "clock", uuid7())) as tx:
        return await step(tx)
