"""The primary is killed and its standby promoted: what is lost, for how long, and who is told."""

import asyncio
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests import processes
from tests.conftest import TEMPLATE, numbered
from tests.faults.cluster import Cluster, Place, running
from tests.faults.conftest import Figures
from tests.faults.proxy import FaultProxy, between
from tests.faults.service import (
    KEY,
    Book,
    Service,
    create,
    more,
    must_hold,
    serving,
    stored,
    writing,
)

CUT = 0.6
"""Seconds before the kill at which the link to the standby breaks, where it may."""
SECONDS = 2.0
"""From the beginning of the promotion to the first write that is acknowledged."""
SYNCHRONOUS = "alter system set synchronous_standby_names = 'ANY 1 (*)'"
READ_WRITE = "target_session_attrs=read-write"
CHANGES = "/v1/changes"


@dataclass
class Pair:
    """A primary, its standby and the link between them."""

    primary: Cluster
    standby: Cluster
    link: FaultProxy

    def dsn(self, login: str) -> str:
        """The address that names both; whoever takes writes is meant."""
        hosts = ",".join(f"127.0.0.1:{one.port}" for one in (self.primary, self.standby))
        return f"postgresql://{login}@{hosts}/{TEMPLATE}?{READ_WRITE}"

    async def promote(self) -> None:
        """Make the standby the primary."""
        await Place(self.standby, "postgres").ask("select pg_promote(wait => false)")


async def _streams(primary: Cluster) -> None:
    """Wait until the standby has everything."""
    wanted = "select 1 from pg_stat_replication where replay_lsn = pg_current_wal_lsn()"
    async with asyncio.timeout(30):
        while not await Place(primary, "postgres").ask(wanted):  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.1)


@asynccontextmanager
async def _pair(born: Cluster, *, synchronous: bool) -> AsyncIterator[Pair]:
    async with AsyncExitStack() as stack:
        primary = await stack.enter_async_context(running(born))
        await numbered(primary, TEMPLATE)
        link = await stack.enter_async_context(between(primary.port))
        root = Path(tempfile.mkdtemp(prefix="ia-fault-"))
        stack.callback(shutil.rmtree, root, ignore_errors=True)
        root.chmod(0o777)  # the server's account makes its data in it
        standby = Cluster(root, born.bin)
        upstream = f"host=127.0.0.1 port={link.port} user=postgres"
        await asyncio.to_thread(
            standby.program,
            "pg_basebackup",
            *("--dbname", upstream, "-D", standby.data, "-R", "-X", "stream", "-c", "fast"),
        )
        stack.enter_context(standby)
        await _streams(primary)
        if synchronous:
            place = Place(primary, "postgres")
            await place.ask(SYNCHRONOUS)
            await place.ask("select pg_reload_conf()")
        yield Pair(primary, standby, link)


async def _ask(service: Service, path: str) -> httpx.Response:
    async with httpx.AsyncClient(timeout=30, headers={"Authorization": f"Bearer {KEY}"}) as http:
        return await http.get(service.url + path)


async def _fail_over(pair: Pair, service: Service, book: Book, *, cut: bool) -> float:
    """Kill the primary under writers, promote the standby; seconds until a write goes well."""
    async with writing([service.url], book):
        await more(book, 100)
        if cut:
            pair.link.mode = "down"
            pair.link.reset()
            await asyncio.sleep(CUT)
        await asyncio.to_thread(pair.primary.kill)
        await asyncio.sleep(1)
        began = time.monotonic()
        await pair.promote()
        taken = await more(book) - began
        await asyncio.sleep(1)
    return taken


@dataclass
class Outcome:
    """What became of a failover."""

    book: Book
    found: Counter[str]
    taken: float
    old_cursor: httpx.Response
    restarts: bool

    @property
    def lost(self) -> int:
        """Acknowledged and gone."""
        return len(self.book.acknowledged.keys() - self.found.keys())

    def __str__(self) -> str:
        book = self.book
        return (
            f"{len(book.acknowledged)} acknowledged, {self.lost} lost, first write"
            f" {self.taken:.2f} s after promotion, {book.statuses[503]} × 503,"
            f" {book.statuses[500]} × 500, old cursor {self.old_cursor.status_code}"
        )


async def _outcome(born: Cluster, folder: Path, *, synchronous: bool) -> Outcome:
    async with _pair(born, synchronous=synchronous) as pair:
        urls = {"DATABASE_URL": pair.dsn("ia_app"), "WORKER_DATABASE_URL": pair.dsn("ia_worker")}
        async with serving(Place(pair.primary, TEMPLATE), folder, **urls) as service:
            worker = processes.worker(service.settings, folder)
            try:
                await _one_more(service)
                await _numbered(pair.primary, worker)  # it works
                first = await _ask(service, f"{CHANGES}?limit=1")
                assert first.status_code == 200, first.text
                book, cursor = Book(), first.json()["page"]["next_cursor"]
                taken = await _fail_over(pair, service, book, cut=not synchronous)
                await service.ready()
                await _numbered(pair.standby, worker)
                old = await _ask(service, f"{CHANGES}?after={cursor}")
                alive = worker.process.poll() is None
            finally:
                await asyncio.to_thread(worker.end)
        found = await stored(Place(pair.standby, TEMPLATE))
        return Outcome(book, found, taken, old, not alive)


async def _one_more(service: Service) -> None:
    async with httpx.AsyncClient(timeout=30) as http:
        answer = await create(http, service.url, "before-all")
    assert answer is not None
    assert answer.status_code == 201, answer.text


async def _numbered(cluster: Cluster, worker: processes.Process) -> None:
    """Wait until the worker, which goes on, has numbered everything that was written."""
    waiting = "select 1 from ia.outbox where seq is null limit 1"
    async with asyncio.timeout(60):
        while await Place(cluster, TEMPLATE).ask(waiting):
            assert worker.process.poll() is None, "the worker has ended"
            await asyncio.sleep(0.1)


def goes_on(outcome: Outcome) -> None:
    """No restart, in time, only 201 and 503; readers are told that the order began anew."""
    assert not outcome.restarts
    assert outcome.taken <= SECONDS, outcome.taken
    assert outcome.book.statuses.keys() <= {201, 503}, outcome.book.statuses
    assert outcome.old_cursor.status_code == 410, outcome.old_cursor.text
    assert outcome.old_cursor.json()["type"].endswith("/problems/feed-epoch-changed")


async def test_a_synchronous_standby_loses_nothing(
    born: Cluster, tmp_path: Path, figures: Figures
) -> None:
    outcome = await _outcome(born, tmp_path, synchronous=True)
    figures(f"synchronous: {outcome}")
    must_hold(outcome.book, outcome.found)
    goes_on(outcome)


async def test_an_asynchronous_one_loses_what_had_not_arrived_and_readers_are_told(
    born: Cluster, tmp_path: Path, figures: Figures
) -> None:
    """The known-bad twin of the above, for what is lost; the epoch changes all the same."""
    outcome = await _outcome(born, tmp_path, synchronous=False)
    figures(f"asynchronous, link cut {CUT} s before: {outcome}")
    with pytest.raises(AssertionError, match="acknowledged and gone"):
        must_hold(outcome.book, outcome.found)
    goes_on(outcome)
