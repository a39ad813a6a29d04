"""An export is of one moment, whoever writes or is killed meanwhile; the feed goes on from it."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from integration_api.exports import service_work
from integration_api.jobs.work import Work
from integration_api.kernel.db import ReadTx
from tests.changes.test_feed import rest
from tests.conftest import Committed
from tests.exports.test_exports import content_of, export, exported, full
from tests.jobs.running import drain, end_lease, job, lines

TOGETHER = "update ia.person set version = version + 1"
"""One transaction that changes all persons: each moment knows them all in one version."""
ROOT = Path(__file__).parents[2]


def meanwhile(monkeypatch: pytest.MonkeyPatch, act: Callable[[], Awaitable[object]]) -> None:
    """Something that happens after each batch of an export."""
    monkeypatch.setattr(service_work, "BATCH", 1)
    add = service_work._Made.add

    async def then(self: Any, tx: ReadTx, kind: Any, ids: list[Any]) -> None:
        await add(self, tx, kind, ids)
        await act()

    monkeypatch.setattr(service_work._Made, "add", then)


def _committed(self: Work, _: datetime) -> ReadTx:
    """The twin of `Work.snapshot`: each statement sees what is committed when it begins."""
    return self.database.reading(self.caller)


@pytest.mark.parametrize("whole", [True, False], ids=["one moment", "the twin: one per statement"])
async def test_writers_do_not_tear_it(
    committed: Committed, monkeypatch: pytest.MonkeyPatch, whole: bool
) -> None:
    for _ in range(5):
        await committed.make.person()
    meanwhile(monkeypatch, lambda: committed.admin.execute(TOGETHER))
    if not whole:
        monkeypatch.setattr(Work, "snapshot", _committed)
    found = lines((await exported(committed, types=["person"])).decode())
    assert len(found) == 5
    assert (len({one["version"] for one in found}) == 1) == whole


async def test_who_comes_meanwhile_is_not_in_it(
    committed: Committed, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = [(await committed.make.person()).id for _ in range(3)]
    meanwhile(monkeypatch, committed.make.person)
    found = lines((await exported(committed, types=["case", "person"])).decode())
    assert [one["id"] for one in found] == sorted(old)


async def test_what_reads_it_holds_nobody_up_for_long(
    committed: Committed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A moment lasts half a minute at most: within it no access that ends would be seen."""
    opening: list[str] = []

    async def look(self: Any, tx: ReadTx, *_: Any) -> None:
        assert tx._transaction
        connection = tx._transaction.connection or await tx._transaction.open()
        names = ("transaction_isolation", "transaction_read_only", "transaction_timeout")
        opening.extend([await connection.fetchval(f"show {name}") for name in names])

    monkeypatch.setattr(service_work._Made, "add", look)
    await committed.make.person()
    await export(committed, types=["person"])
    assert opening == ["repeatable read", "on", "30s"]


async def _followed(committed: Committed, id: str) -> set[str]:
    """The persons in an export, and in the events behind its cursor."""
    told = (await committed.clients.get("lead", f"/v1/exports/{id}")).json()
    await committed.number()
    events = await rest(committed, "lead", told["cursor"])
    behind = {e["data"]["person_id"] for e in events["items"] if "person_id" in e["data"]}
    found = lines((await content_of(committed, id)).text)
    return {one["id"] for one in found} | behind


@pytest.mark.parametrize("before", [True, False], ids=["before", "the twin: after"])
async def test_its_cursor_leaves_nothing_out(
    committed: Committed, monkeypatch: pytest.MonkeyPatch, before: bool
) -> None:
    there = [await committed.make.person()]
    await committed.number()

    async def another() -> None:
        there.append(await committed.make.person())
        await committed.number()

    meanwhile(monkeypatch, another)
    if not before:
        keep = service_work._Made.keep

        async def late(self: Any, _: str, at: datetime) -> None:
            await keep(self, await service_work.feed_cursor(self.work), at)

        monkeypatch.setattr(service_work._Made, "keep", late)
    id = await export(committed, types=["agency", "person"])
    assert len(there) > 2
    assert ({one.id for one in there} <= await _followed(committed, id)) == before


KILLED = """
import asyncio, sys, time
from integration_api.exports import service_work
from integration_api.jobs.runner import Runner
from integration_api.jobs.work import Seals
from integration_api.edge.vault import Vault
from integration_api.kernel.db import Database, pool
from integration_api.kernel.paging import Cursors
from integration_api.worker import KINDS

service_work.BATCH = 2
read = service_work._Made.add
async def add(self, *given):
    await read(self, *given)
    print(len(self.parts), flush=True)
    if len(self.parts) == 2:
        time.sleep(60)
service_work._Made.add = add

async def main(own, app, secret):
    seals = Seals(Vault(secret.encode()), Cursors(secret.encode()))
    async with pool(own, 2) as one, pool(app, 2) as other:
        runner = Runner(Database(one), Database(other), KINDS, seals)
        for taken in await runner.take(1):
            await runner.carry(taken)

asyncio.run(main(*sys.argv[1:]))
"""


async def test_a_killed_worker_is_followed_by_another_with_the_same_outcome(
    committed: Committed,
) -> None:
    await full(committed)
    body: dict[str, Any] = {"types": ["case", "person", "referral"]}
    asked = await committed.clients.post("lead", "/v1/exports", body, key="export-killed")
    id = asked.json()["id"]
    dsn = committed.server.dsn
    arguments = [dsn("ia_worker", committed.name), dsn("ia_app", committed.name), "x" * 40]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", KILLED, *arguments, stdout=subprocess.PIPE, cwd=ROOT
    )
    assert process.stdout is not None
    assert await asyncio.wait_for(process.stdout.readline(), 30) == b"1\n"
    assert await asyncio.wait_for(process.stdout.readline(), 30) == b"2\n"
    os.kill(process.pid, signal.SIGKILL)
    assert await process.wait() == -signal.SIGKILL
    assert (await job(committed, id))["status"] == "running"
    assert await drain(committed) == 0  # its lease still holds
    assert await committed.admin.fetchval("select count(*) from ia.export_part") == 0
    await end_lease(committed)
    assert await drain(committed) == 1
    assert (await job(committed, id))["attempts"] == 2
    assert (await content_of(committed, id)).content == await exported(committed, **body)
