"""The runner of jobs: takes them under a lease, does them for who asked, and ends them.

Any number of workers may run it. One that is killed is followed by another when its lease has run
out; the token of the lease is new each time, so that the one before, should it still be alive,
writes nothing more. Before each attempt, and while it runs, the asking client is looked up again.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import structlog
from asyncpg import Record
from prometheus_client import Gauge

from integration_api.identity.keys import principal_of
from integration_api.identity.system import system
from integration_api.kernel.db import LOST, Call, Database
from integration_api.kernel.principal import ANONYMOUS, Principal
from integration_api.kernel.problems import Problem
from integration_api.kernel.statements import Change

from .lifecycle import JobStatus
from .refusals import EndsJob, JobGaveUp, JobRightsEnded
from .statements_runner import CLAIM, END, FAIL, LEASE_SECONDS, RELEASE, RENEW, START, WAITING
from .work import Kind, LeaseLostError, Seals, Work

log = structlog.get_logger("jobs")
SLOTS = 2
"""Jobs that one process does at a time."""
PAUSE = 0.25
"""Seconds between two looks; after a fault ten times as long."""
MOST_ATTEMPTS = 5
AGAIN = timedelta(seconds=5)
"""How long a job rests after an attempt that went wrong."""
FAULTS = (*LOST, asyncpg.PostgresError, TimeoutError)
AGE = Gauge("job_waiting_seconds", "Age of the oldest job that no worker has; 0 where none waits.")
FIND = "select * from ia.find_asker($1, $2)"


class Runner:
    """Takes jobs as the worker and does them as the application, for their clients."""

    def __init__(
        self, worker: Database, app: Database, kinds: Mapping[str, Kind], seals: Seals
    ) -> None:
        self._worker, self._app, self._kinds, self._seals = worker, app, kinds, seals

    async def run(self, stop: asyncio.Event) -> None:
        """Do what waits until `stop` is set; then give back what is not done."""
        doing: set[asyncio.Task[None]] = set()
        while not stop.is_set():
            pause = PAUSE
            try:
                for taken in await self.take(SLOTS - len(doing)):
                    task = asyncio.create_task(self.carry(taken))
                    doing.add(task)
                    task.add_done_callback(doing.discard)
            except FAULTS as error:
                log.warning("no job taken", error=type(error).__name__)
                pause *= 10
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), pause)
        for task in doing:
            task.cancel()
        await asyncio.gather(*doing, return_exceptions=True)

    async def take(self, slots: int) -> list[Record]:
        """Lease as many jobs as there is room for; the oldest first."""
        if slots < 1:
            return []
        kinds = list(self._kinds)
        async with self._worker.pool.acquire(timeout=1) as connection:
            oldest = await connection.fetchval(WAITING.sql, *WAITING.args({"kinds": kinds}))
        AGE.set(oldest or 0)
        if oldest is None:
            return []
        async with self._worker.writing(Call(ANONYMOUS)) as tx:
            return await tx.rows(CLAIM, kinds=kinds, slots=slots)

    async def carry(self, taken: Record) -> None:
        """One attempt at one job; a fault gives it back for another."""
        try:
            await self._attempt(taken)
        except EndsJob as error:
            slug = error.type.slug if isinstance(error, Problem) else JobGaveUp.type.slug
            await self._safely(FAIL, taken, problem=slug, problems={})
        except LeaseLostError:
            log.info("job was no longer ours", job=str(taken["id"]))
        except asyncio.CancelledError:
            log.info("job given back", job=str(taken["id"]))
            await self._safely(RELEASE, taken, pause=timedelta(0), uncounted=1)
            raise
        except Exception as error:  # whatever it is, there are more jobs
            expected = isinstance(error, FAULTS)
            log.warning("job failed", job=str(taken["id"]), exc_info=None if expected else error)
            await self._safely(RELEASE, taken, pause=AGAIN * taken["attempts"], uncounted=0)

    async def _attempt(self, taken: Record) -> None:
        if taken["attempts"] > MOST_ATTEMPTS:
            raise JobGaveUp
        caller = await self._asker(taken)
        if taken["status"] == JobStatus.QUEUED.value:
            await self._moved(START, taken, problems={})
        id, token, request = (UUID(int=taken[n].int) for n in ("id", "lease_token", "request_id"))
        work = Work(id, token, caller, taken["purpose"], request, self._app, self._seals)
        doing = asyncio.ensure_future(self._kinds[taken["kind"]](work))
        watching = asyncio.ensure_future(self._keep(taken, work))
        try:
            await asyncio.wait({doing, watching}, return_when=asyncio.FIRST_COMPLETED)
            await (doing if doing.done() else watching)
        finally:
            for one in (doing, watching):
                one.cancel()
            await asyncio.gather(doing, watching, return_exceptions=True)

    async def _keep(self, taken: Record, work: Work) -> None:
        """Renew the lease for as long as the client may still ask for this.

        A fault is waited out: should the lease end meanwhile, the fence holds.
        """
        while True:
            await asyncio.sleep(LEASE_SECONDS / 3)
            with suppress(*FAULTS):
                if await self._asker(taken) != work.caller:
                    raise JobRightsEnded
                await self._renew(work)

    async def _renew(self, work: Work) -> None:
        async with self._worker.writing(Call(ANONYMOUS)) as tx:
            told = {"token": work.token, "done": work.done, "total": work.total}
            if await tx.row(RENEW, id=work.id, **told) is None:
                raise LeaseLostError

    async def _asker(self, taken: Record) -> Principal:
        """The client that asked, with the rights that it has now.

        Raises:
            JobRightsEnded: it is there no more, or not for this purpose.
        """
        async with self._worker.pool.acquire(timeout=1) as connection:
            row = await connection.fetchrow(FIND, taken["client_id"], taken["agency_id"])
        caller = principal_of(row) if row else None
        if caller is None or taken["purpose"] not in caller.purposes:
            raise JobRightsEnded
        return caller

    async def _moved(self, statement: Change, taken: Record, **params: Any) -> None:
        """Move the job as the worker, while the lease is held.

        Raises:
            LeaseLostError: it is not.
        """
        call = Call(system(UUID(int=taken["municipality_id"].int)), "jobs", taken["request_id"])
        async with self._worker.writing(call) as tx:
            ours = {"id": taken["id"], "token": taken["lease_token"]}
            if await tx.row(statement, **ours, **params) is None:
                raise LeaseLostError

    async def _safely(self, statement: Change, taken: Record, **params: Any) -> None:
        """As `_moved`, where the end of the lease would do the same a little later."""
        try:
            await self._moved(statement, taken, **params)
        except (*FAULTS, LeaseLostError) as error:
            log.warning("job not moved", job=str(taken["id"]), error=type(error).__name__)


async def end_old(worker: Database) -> int:
    """Delete a batch of the jobs that expired a month ago; how many it were."""
    async with worker.writing(Call(ANONYMOUS)) as tx:
        return len(await tx.rows(END))
