"""SIGKILL in the middle of a write with a key: one effect or none, and the repetition tells."""

import asyncio
import socket
import subprocess
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from tests.cast import KEYS
from tests.conftest import SECRET, Committed
from tests.running import PROGRAM, environment

START_SECONDS = 30
MOMENTS = (0.06, 0.12)
"""Seconds after which twelve writes are cut short: some are done, some under way, some to come."""


class Process:
    """`integration-api serve` on the database of the test, which can be killed."""

    def __init__(self, dsn: str, folder: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.url, self.log = f"http://127.0.0.1:{self.port}", folder / "log"
        self._environment = environment(
            DATABASE_URL=dsn, SECRET_KEY=SECRET.decode(), ENVIRONMENT="test", LOG_LEVEL="warning"
        )
        self.start()

    def start(self) -> None:
        """Start, and wait until it answers."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [str(PROGRAM), "serve", f"--port={self.port}"],
                env=self._environment, stdout=log, stderr=log,
            )  # fmt: skip
        end = time.monotonic() + START_SECONDS
        while not self._ready():
            assert self.process.poll() is None, self.log.read_text("utf-8")
            assert time.monotonic() < end, self.log.read_text("utf-8")
            time.sleep(0.05)

    def kill(self) -> None:
        """SIGKILL: nothing is cleaned up."""
        self.process.kill()
        assert self.process.wait(10) == -9

    async def create(self, key: str, name: str) -> httpx.Response | None:
        """Record a person; None where no answer came."""
        headers = {"Authorization": f"Bearer {KEYS['lead/machine'].key}", "Idempotency-Key": key}
        body = {"name": {"kind": "mononym", "mononym": name}}
        try:
            async with httpx.AsyncClient(base_url=self.url, timeout=20) as http:
                return await http.post("/v1/persons", json=body, headers=headers)
        except httpx.HTTPError:
            return None

    def _ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/health/ready", timeout=5).status_code == 200
        except httpx.HTTPError:
            return False


@pytest_asyncio.fixture
async def process(committed: Committed, tmp_path: Path) -> AsyncIterator[Process]:
    """A running service."""
    made = await asyncio.to_thread(
        Process, committed.server.dsn("ia_app", committed.name), tmp_path
    )
    yield made
    if made.process.poll() is None:
        made.kill()


async def count(committed: Committed, table: str) -> int:
    """The rows of a table."""
    found: int = await committed.admin.fetchval(f"select count(*) from ia.{table}")
    return found


async def settled(committed: Committed) -> None:
    """Wait until PostgreSQL has noticed that the other end is gone."""
    for _ in range(100):
        if not await committed.admin.fetchval(
            "select count(*) from pg_stat_activity where usename = 'ia_app' and datname = $1"
            " and query like '%ia.person%' and state <> 'idle'",
            committed.name,
        ):
            return
        await asyncio.sleep(0.05)
    pytest.fail("a statement of the killed process is still running")


async def test_killed_while_it_writes_it_has_written_nothing(
    committed: Committed, process: Process
) -> None:
    async with committed.admin.transaction():
        await committed.admin.execute("lock table ia.person in share row exclusive mode")
        asked = asyncio.create_task(process.create("killed-0001", "Abbruch"))
        await waiting(committed)
        await asyncio.to_thread(process.kill)
        assert await asked is None
    await settled(committed)
    tables = ("person", "idempotency_key", "outbox", "audit_entry")
    assert [await count(committed, table) for table in tables] == [0, 0, 0, 0]
    await asyncio.to_thread(process.start)
    first, again = [await process.create("killed-0001", "Abbruch") for _ in range(2)]
    assert first is not None
    assert again is not None
    assert (first.status_code, again.content) == (201, first.content)
    assert (await count(committed, "person"), await count(committed, "outbox")) == (1, 1)


async def waiting(committed: Committed) -> None:
    """Wait until the write waits for the lock."""
    for _ in range(100):
        if await committed.admin.fetchval(
            "select count(*) from pg_locks join pg_database d on d.oid = database"
            " where not granted and datname = $1",
            committed.name,
        ):
            return
        await asyncio.sleep(0.01)
    pytest.fail("nobody waits")


async def test_killed_at_any_moment_each_key_has_one_effect_and_one_answer(
    committed: Committed, process: Process
) -> None:
    """Whatever was acknowledged is there, and everything can be repeated."""
    acknowledged: dict[str, Any] = {}
    lost: list[str] = []
    for round_, moment in enumerate(MOMENTS):
        keys = [f"round-{round_}-{n:03}" for n in range(12)]
        asked = [asyncio.create_task(process.create(key, key)) for key in keys]
        await asyncio.sleep(moment)
        await asyncio.to_thread(process.kill)
        for key, answer in zip(keys, await asyncio.gather(*asked), strict=True):
            if answer is None:
                lost.append(key)
                continue
            assert answer.status_code == 201
            acknowledged[key] = answer.content
        await asyncio.to_thread(process.start)
        for key in keys:
            answer = await process.create(key, key)
            assert answer is not None
            assert answer.status_code == 201
            assert acknowledged.setdefault(key, answer.content) == answer.content
    total = 12 * len(MOMENTS)
    assert lost
    assert await count(committed, "person") == await count(committed, "outbox") == total
    assert len(set(acknowledged.values())) == total
