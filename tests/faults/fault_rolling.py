"""SIGTERM under load, one replica after the other: nobody who asks notices."""

import asyncio
import random
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import httpx
import pytest

from integration_api.postgres.launcher import LocalPostgres
from tests.faults.balancer import balancing
from tests.faults.cluster import Place, clone
from tests.faults.conftest import Figures
from tests.faults.knobs import knob
from tests.faults.service import KEY, Book, Service, create, must_hold, serving, stored

RESTARTS = int(knob("RESTARTS", 2))
RATE, CLIENTS = 50, 10
"""Requests a second, from so many systems with a kept connection each."""
DRAIN = 1.0
FINE = {200, 201, 409, 412}
End = Callable[[Service], Awaitable[None]]


async def _system(url: str, who: int, book: Book, stop: asyncio.Event) -> None:
    """Ask at an even pace, every third time with a write; never ask anything twice."""
    dice, number, pace = random.Random(who), 0, CLIENTS / RATE  # noqa: S311 - no secret
    due = time.monotonic() + dice.random() * pace
    headers = {"Authorization": f"Bearer {KEY}"}
    async with httpx.AsyncClient(timeout=30) as http:
        while not stop.is_set():
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            due, number = due + pace, number + 1
            if number % 3 == 0:
                await create(http, url, f"writer-{who}-{number:06}", book)
                continue
            try:
                status = (await http.get(f"{url}/v1/persons?limit=3", headers=headers)).status_code
            except httpx.HTTPError:
                status = 0
            book.statuses[status] += 1


async def gently(service: Service) -> None:
    """SIGTERM, and wait for its end."""
    service.process.process.send_signal(signal.SIGTERM)
    assert await asyncio.to_thread(service.process.process.wait, 30) == 0, service.said()


async def roughly(service: Service) -> None:
    """The known-bad twin: SIGKILL."""
    await asyncio.to_thread(service.process.end)


@asynccontextmanager
async def _load(url: str, book: Book) -> AsyncIterator[None]:
    stop = asyncio.Event()
    tasks = [asyncio.create_task(_system(url, who, book, stop)) for who in range(CLIENTS)]
    try:
        yield
    finally:
        stop.set()
        await asyncio.gather(*tasks)


async def _rolling(
    server: LocalPostgres, folder: Path, restarts: int, end: End, drain: float
) -> Book:
    """Two replicas, of which one after the other is ended and started anew."""
    async with AsyncExitStack() as stack:
        place, book = Place(server, await stack.enter_async_context(clone(server))), Book()
        replicas = [
            await stack.enter_async_context(serving(place, folder, DRAIN_SECONDS=str(drain)))
            for _ in range(2)
        ]
        balancer = await stack.enter_async_context(balancing([r.port for r in replicas]))
        async with _load(f"http://127.0.0.1:{balancer.port}", book):
            await asyncio.sleep(1)
            for number in range(restarts):
                replica = replicas[number % 2]
                await end(replica)
                replica.process.start()
                await replica.ready()
                await asyncio.sleep(0.5)
        must_hold(book, await stored(place))
        return book


def nobody_noticed(book: Book) -> None:
    """Nothing but good answers; 0 stands for none at all."""
    assert book.statuses.keys() <= FINE, book.statuses


async def test_a_rolling_restart_fails_no_request(
    server: LocalPostgres, tmp_path: Path, figures: Figures
) -> None:
    book = await _rolling(server, tmp_path, RESTARTS, gently, DRAIN)
    failed = sum(count for status, count in book.statuses.items() if status not in FINE)
    figures(f"{RESTARTS} restarts, {book.statuses.total()} requests at {RATE}/s, {failed} failed")
    nobody_noticed(book)
    assert book.statuses.total() > RESTARTS * RATE


async def test_ended_without_a_word_they_would_fail(server: LocalPostgres, tmp_path: Path) -> None:
    """The known-bad twin."""
    book = await _rolling(server, tmp_path, 2, roughly, DRAIN)
    with pytest.raises(AssertionError):
        nobody_noticed(book)
