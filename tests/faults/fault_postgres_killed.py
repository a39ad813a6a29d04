"""SIGKILL of PostgreSQL, again and again under eight writers: what was acknowledged is stored."""

import asyncio
import random
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.faults.cluster import Cluster, Place, clone, running
from tests.faults.conftest import Figures
from tests.faults.knobs import knob
from tests.faults.service import Book, more, must_hold, serving, stored, writing

CYCLES = int(knob("CYCLES", 2))
WRITERS = 8
SECONDS = 2.0
"""From PostgreSQL taking connections to the first write that is acknowledged."""


async def _cycles(cluster: Cluster, book: Book, cycles: int) -> list[float]:
    """Kill and start; the seconds from "it is up" to the first acknowledgement."""
    dice, taken = random.Random(cycles), list[float]()  # noqa: S311 - no secret
    for _ in range(cycles):
        await more(book, dice.randrange(20, 60))
        await asyncio.to_thread(cluster.kill)
        await asyncio.sleep(dice.random() * 0.5)
        cluster.again()
        up = time.monotonic()
        taken.append(await more(book) - up)
    return taken


async def _killed(
    born: Cluster, folder: Path, cycles: int, **more: str
) -> tuple[Book, Counter[str], list[float]]:
    async with running(born, **more) as cluster, clone(cluster) as name:
        place, book = Place(cluster, name), Book()
        async with serving(place, folder) as service:
            async with writing([service.url], book, WRITERS):
                taken = await _cycles(cluster, book, cycles)
                await asyncio.sleep(1)
            await service.ready()
        return book, await stored(place), taken


async def test_what_was_acknowledged_is_stored_and_it_goes_on(
    born: Cluster, tmp_path: Path, figures: Figures
) -> None:
    book, found, taken = await _killed(born, tmp_path, CYCLES)
    figures(
        f"{len(taken)} kills, {len(book.acknowledged)} acknowledged,"
        f" {len(book.acknowledged.keys() - found.keys())} lost, {book.statuses[503]} × 503,"
        f" {book.statuses[500]} × 500; first success after {max(taken):.2f} s at most"
    )
    must_hold(book, found)
    assert len(book.acknowledged) > 20 * CYCLES
    assert book.statuses.keys() <= {201, 503}, book.statuses
    assert max(taken) <= SECONDS


async def test_without_waiting_for_the_disk_some_would_be_lost(
    born: Cluster, tmp_path: Path
) -> None:
    """The known-bad twin: the COMMIT is answered before it is written."""
    late = {"synchronous_commit": "off", "wal_writer_delay": "10s", "wal_buffers": "16MB"}
    late["wal_writer_flush_after"] = "1GB"
    book, found, _ = await _killed(born, tmp_path, 1, **late)
    with pytest.raises(AssertionError, match="acknowledged and gone"):
        must_hold(book, found)
