"""What a job's work is handed: who asked, where to read and write, and the fence around its end."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from integration_api.edge.vault import Vault
from integration_api.kernel.db import Brackets, Call, Database, ReadTx, WriteTx
from integration_api.kernel.paging import Cursors
from integration_api.kernel.principal import Principal

from .statements import HOLD, SUCCEED

BRACKETS = Brackets(write="BEGIN READ WRITE;SET LOCAL plan_cache_mode=force_custom_plan;")
"""A job fills tables in a minute: what was planned while they were small is not right any more."""


class LeaseLostError(Exception):
    """The job is another worker's, or over: nothing more may be written for it."""


@dataclass(frozen=True, slots=True)
class Seals:
    """What opens and closes what clients are handed sealed."""

    vault: Vault
    cursors: Cursors


@dataclass(slots=True)
class Work:
    """One attempt at a job, for its asking client with the rights that it has now."""

    id: UUID
    token: UUID
    caller: Principal
    purpose: str
    request_id: UUID
    database: Database
    seals: Seals
    done: int = 0
    total: int | None = None

    @property
    def call(self) -> Call:
        """The caller, as a request of its own would have been."""
        return Call(self.caller, self.purpose, self.request_id, resource_id=self.id)

    def snapshot(self, at: datetime) -> ReadTx:
        """Reads of one moment, for half a minute at most: no access that ends shows in them."""
        opening = self.database.brackets.snapshot
        return ReadTx(self.database, replace(self.call, at=at), opening)

    @asynccontextmanager
    async def fenced(self) -> AsyncIterator[WriteTx]:
        """A transaction of the caller that is committed only while the lease is held.

        Raises:
            LeaseLostError: it is no longer, and nothing is written.
        """
        async with self.database.writing(self.call) as tx:
            if await tx.row(HOLD, id=self.id, token=self.token) is None:
                raise LeaseLostError
            yield tx

    @asynccontextmanager
    async def finishing(self, result_url: str) -> AsyncIterator[WriteTx]:
        """The last transaction: what is written in it, and that the job succeeded, are one.

        Raises:
            LeaseLostError: as `fenced`.
        """
        async with self.fenced() as tx:
            yield tx
            ended = {"result_url": result_url, "done": self.done, "total": self.total}
            await tx.row(SUCCEED, id=self.id, token=self.token, problems={}, **ended)


Kind = Callable[[Work], Awaitable[None]]
"""What one kind of job does; it may be begun anew at any time, by another worker."""
