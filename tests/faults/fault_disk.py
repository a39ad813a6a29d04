"""The disk of the data is full: writes are 503, the directory is read, and nothing is lost."""

import asyncio
import os
import shutil
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

import httpx
import pytest

from tests.faults.cluster import Cluster, Place, clone, copied
from tests.faults.conftest import Figures
from tests.faults.service import KEY, Book, more, must_hold, serving, stored, writing

DISK = "100m"
SECONDS = 5.0
"""From there being room again to the first write that is acknowledged."""
WRITERS = 8


@asynccontextmanager
async def _disk() -> AsyncIterator[Path]:
    """A small disk; it takes root to mount one."""
    folder = Path(tempfile.mkdtemp(prefix="ia-disk-"))
    options = f"size={DISK},mode=755"
    mount = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    await asyncio.to_thread(subprocess.run, mount, check=True)
    try:
        yield folder
    finally:
        await asyncio.to_thread(subprocess.run, ["umount", "--lazy", str(folder)], check=True)
        folder.rmdir()


@asynccontextmanager
async def _on_it(born: Cluster, disk: Path) -> AsyncIterator[Cluster]:
    """A cluster whose data is on the disk; its log is elsewhere, as it should be."""
    elsewhere = Path(tempfile.mkdtemp(prefix="ia-fault-"))
    elsewhere.chmod(0o755)
    try:
        with copied(born, disk, elsewhere / "wal", autovacuum="off") as cluster:
            yield cluster
    finally:
        shutil.rmtree(elsewhere, ignore_errors=True)


class Ballast:
    """A file that leaves the disk no room."""

    def __init__(self, disk: Path) -> None:
        self.disk, self.file = disk, disk / "ballast"

    def fill(self) -> None:
        """Take what is free."""
        there = os.statvfs(self.disk)
        if free := there.f_bavail * there.f_frsize:
            with suppress(OSError), self.file.open("ab") as file:  # PostgreSQL was quicker
                os.posix_fallocate(file.fileno(), file.tell(), free)

    def lift(self) -> None:
        """Give it back."""
        self.file.unlink(missing_ok=True)


async def _until_full(disk: Path, book: Book) -> None:
    """Take the room and wait until writes are refused for it."""
    ballast = Ballast(disk)
    try:
        async with asyncio.timeout(60):
            while book.statuses[503] < WRITERS:
                ballast.fill()
                await asyncio.sleep(0.05)
    except BaseException:
        ballast.lift()  # else the database could not even be dropped
        raise


async def _reads(url: str, path: str, times: int) -> Counter[int]:
    """What reads are answered."""
    async with httpx.AsyncClient(timeout=30, headers={"Authorization": f"Bearer {KEY}"}) as http:
        return Counter([(await http.get(url + path)).status_code for _ in range(times)])


async def test_a_full_disk_refuses_writes_and_loses_nothing(
    born: Cluster, tmp_path: Path, figures: Figures
) -> None:
    async with AsyncExitStack() as stack:
        disk = await stack.enter_async_context(_disk())
        cluster = await stack.enter_async_context(_on_it(born, disk))
        place = Place(cluster, await stack.enter_async_context(clone(cluster)))
        service, book = await stack.enter_async_context(serving(place, tmp_path)), Book()
        async with writing([service.url], book, WRITERS):
            await more(book, 20)
            await _until_full(disk, book)
            reads = await _reads(service.url, "/v1/agencies?limit=5", 30)
            # who reads of a person leaves a record of it, or does not read (§ 79(4) SGB X)
            personal = await _reads(service.url, "/v1/persons?limit=5", 10)
            refused = book.statuses[503]
            Ballast(disk).lift()
            roomy = time.monotonic()
            taken = await more(book) - roomy
            await asyncio.sleep(1)
        found = await stored(place)
    figures(
        f"{len(book.acknowledged)} acknowledged, {book.statuses[503]} × 503,"
        f" {book.statuses[500]} × 500, reads {dict(reads)}, of persons {dict(personal)}; "
        f"{len(book.acknowledged.keys() - found.keys())} lost;"
        f" first write {taken:.2f} s after there was room"
    )
    must_hold(book, found)
    assert refused >= WRITERS
    assert reads.keys() == {200}, reads
    assert personal.keys() <= {200, 503}, personal
    assert book.statuses.keys() == {201, 503}, book.statuses
    assert taken <= SECONDS


async def test_who_acknowledges_before_it_is_stored_would_lose_something(
    born: Cluster, tmp_path: Path
) -> None:
    """The known-bad twin: what was refused counted as done."""
    async with AsyncExitStack() as stack:
        disk = await stack.enter_async_context(_disk())
        cluster = await stack.enter_async_context(_on_it(born, disk))
        place = Place(cluster, await stack.enter_async_context(clone(cluster)))
        service, book = await stack.enter_async_context(serving(place, tmp_path)), Book()
        async with writing([service.url], book, WRITERS):
            await _until_full(disk, book)
        Ballast(disk).lift()
        book.acknowledged |= dict.fromkeys(book.unknown, b"")
        with pytest.raises(AssertionError, match="acknowledged and gone"):
            must_hold(book, await stored(place))
