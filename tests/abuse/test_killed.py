"""SIGKILL in the middle of a write with a key: one effect or none, and the repetition tells.

`make chaos` kills as often as 200 requests take.
"""

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from tests.cast import KEYS
from tests.conftest import SECRET, Committed
from tests.running import PROGRAM, environment

START_SECONDS = 120
KILLS = int(os.environ.get("CHAOS_KILLS", "2"))  # noqa: TID251 - a knob of `make chaos`
MOMENTS = tuple(0.06 + 0.06 * (n % 4) for n in range(KILLS))
"""Seconds after which twelve writes are cut short: some are done, some under way, some to come."""
SERVICE = (str(PROGRAM),)
TWIN = (sys.executable, "-m", "tests.abuse.two_transactions")


class Process:
    """`integration-api serve` on the database of the test, which can be killed."""

    def __init__(self, dsn: str, folder: Path, program: Sequence[str] = SERVICE) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.url, self.log = f"http://127.0.0.1:{self.port}", folder / "log"
        self._program = program
        self._environment = environment(
            DATABASE_URL=dsn, SECRET_KEY=SECRET.decode(), ENVIRONMENT="test", LOG_LEVEL="warning"
        )
        self.start()

    def start(self) -> None:
        """Start, and wait until it answers."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*self._program, "serve", f"--port={self.port}"],
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


@dataclass
class Book:
    """What the caller of keys has been told."""

    answers: dict[str, bytes] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)
    """Keys whose first request was never answered."""
    different: list[str] = field(default_factory=list)
    """Keys with two answers that are not the same."""


async def cut_short(process: Process, moments: Sequence[Awaitable[None]]) -> Book:
    """Twelve writes and a kill after each of `moments`; then everything is repeated."""
    book = Book()
    for round_, moment in enumerate(moments):
        keys = [f"round-{round_}-{n:03}" for n in range(12)]
        asked = [asyncio.create_task(process.create(key, key)) for key in keys]
        await moment
        await asyncio.to_thread(process.kill)
        for key, answer in zip(keys, await asyncio.gather(*asked), strict=True):
            if answer is None:
                book.lost.append(key)
                continue
            assert answer.status_code == 201
            book.answers[key] = answer.content
        await asyncio.to_thread(process.start)
        for key in keys:
            answer = await process.create(key, key)
            assert answer is not None
            assert answer.status_code == 201
            if book.answers.setdefault(key, answer.content) != answer.content:
                book.different.append(key)
    return book


async def effects(committed: Committed) -> None:
    """Wait until something has been written."""
    for _ in range(1000):
        if await count(committed, "person"):
            return
        await asyncio.sleep(0.01)
    pytest.fail("nothing is written")


async def one_effect_a_key(committed: Committed, book: Book) -> None:
    """Whatever was acknowledged is there once, and its repetition was answered the same."""
    persons, events = await count(committed, "person"), await count(committed, "outbox")
    assert persons == events == len(book.answers), "effects are not keys"
    assert len(set(book.answers.values())) == len(book.answers)
    assert not book.different


async def test_killed_at_any_moment_each_key_has_one_effect_and_one_answer(
    committed: Committed, process: Process, record_property: Callable[[str, object], None]
) -> None:
    book = await cut_short(process, [asyncio.sleep(moment) for moment in MOMENTS])
    assert book.lost
    told = f"{len(MOMENTS)} kills, {len(book.answers)} keys, {len(book.lost)} answers lost"
    record_property("figures", f"{told}, {await count(committed, 'person')} effects")
    await one_effect_a_key(committed, book)


async def test_effect_and_key_in_two_transactions_would_have_more_effects_than_keys(
    committed: Committed, tmp_path: Path
) -> None:
    """The known-bad twin."""
    dsn = committed.server.dsn("ia_app", committed.name)
    twin = await asyncio.to_thread(Process, dsn, tmp_path, TWIN)
    try:
        book = await cut_short(twin, [effects(committed)])
    finally:
        await asyncio.to_thread(twin.kill)
    with pytest.raises(AssertionError, match="effects are not keys"):
        await one_effect_a_key(committed, book)
