"""The runner of jobs on a test's database, as the worker runs it."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from asyncpg import Record

from integration_api.edge.vault import Vault
from integration_api.jobs.runner import Runner
from integration_api.jobs.work import BRACKETS, Kind, Seals
from integration_api.kernel.db import Database, pool
from integration_api.kernel.paging import Cursors
from integration_api.worker import KINDS
from tests.conftest import SECRET, Committed

SEALS = Seals(Vault(SECRET), Cursors(SECRET))


@asynccontextmanager
async def runner_of(
    committed: Committed, kinds: Mapping[str, Kind] = KINDS
) -> AsyncIterator[Runner]:
    """A runner with pools of its own."""
    dsn = committed.server.dsn
    async with (
        pool(dsn("ia_worker", committed.name), 2) as own,
        pool(dsn("ia_app", committed.name), 2) as of_clients,
    ):
        yield Runner(Database(own), Database(of_clients, BRACKETS), kinds, SEALS)


async def drain(committed: Committed, kinds: Mapping[str, Kind] = KINDS) -> int:
    """Do all that waits; how many attempts it were."""
    attempts = 0
    async with runner_of(committed, kinds) as runner:
        while taken := await runner.take(2):
            await asyncio.gather(*(runner.carry(one) for one in taken))
            attempts += len(taken)
    return attempts


async def end_lease(committed: Committed) -> None:
    """The time of every lease runs out."""
    await committed.admin.execute(
        "update ia.job set lease_until = now() - interval '1 second' where lease_until is not null"
    )


async def job(committed: Committed, id: str) -> Record:
    """The row of a job."""
    found = await committed.admin.fetchrow("select * from ia.job where id = $1", id)
    assert found is not None
    return found


def lines(content: str) -> list[dict[str, Any]]:
    """The lines of an export."""
    return [json.loads(one) for one in content.splitlines()]
