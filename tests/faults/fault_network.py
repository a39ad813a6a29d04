"""What the network does to the way to PostgreSQL: answers in time, and none but 200 and 503."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from tests.faults.cluster import Cluster, Place, clone, running
from tests.faults.conftest import Figures
from tests.faults.knobs import knob
from tests.faults.proxy import FaultProxy, between
from tests.faults.service import KEY, Book, Service, must_hold, serving, stored, writing

SECONDS = knob("NETWORK_SECONDS", 3)
DEADLINE, LATE = 2.0, 0.5
RECOVERED = 3.0
"""Seconds after the fault until everything is answered with 200 again."""


async def _reset(proxy: FaultProxy) -> None:
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        proxy.reset()
        await asyncio.sleep(0.3)


async def _blackhole(proxy: FaultProxy) -> None:
    proxy.mode = "blackhole"
    await asyncio.sleep(SECONDS)


async def _down(proxy: FaultProxy) -> None:
    proxy.mode = "down"
    proxy.reset()
    await asyncio.sleep(SECONDS)


async def _half(proxy: FaultProxy) -> None:
    proxy.mode = "half"
    await asyncio.sleep(SECONDS)


async def _slow(proxy: FaultProxy) -> None:
    proxy.delay = 0.3
    await asyncio.sleep(SECONDS)


FAULTS: dict[str, Callable[[FaultProxy], Awaitable[None]]] = {
    "reset": _reset,
    "blackhole": _blackhole,
    "down": _down,
    "half open": _half,
    "300 ms": _slow,
}


@asynccontextmanager
async def _reading(service: Service, book: Book, readers: int = 4) -> AsyncIterator[None]:
    """Readers for the length of a block."""
    stop = asyncio.Event()

    async def read() -> None:
        headers = {"Authorization": f"Bearer {KEY}"}
        async with httpx.AsyncClient(timeout=30, headers=headers) as http:
            while not stop.is_set():
                began = time.monotonic()
                answer = await http.get(f"{service.url}/v1/persons?limit=5")
                book.seconds.append(time.monotonic() - began)
                book.statuses[answer.status_code] += 1
                await asyncio.sleep(0.02)

    tasks = [asyncio.create_task(read()) for _ in range(readers)]
    try:
        yield
    finally:
        stop.set()
        await asyncio.gather(*tasks)


async def _well(service: Service) -> float:
    """Seconds until the first of ten reads in a row that are answered with 200."""
    began = since = time.monotonic()
    well = 0
    async with httpx.AsyncClient(timeout=30, headers={"Authorization": f"Bearer {KEY}"}) as http:
        while well < 10:
            answer = await http.get(f"{service.url}/v1/persons?limit=5")
            well = well + 1 if answer.status_code == 200 else 0
            since = since if well else time.monotonic()
            assert time.monotonic() - began < 30
    return since - began


async def _under(service: Service, proxy: FaultProxy, fault: str, book: Book) -> float:
    """Read and write before, during and after a fault; seconds until all was well."""
    prefix = f"writer {fault}".replace(" ", "-")
    async with _reading(service, book), writing([service.url], book, 4, 0.02, prefix):
        await asyncio.sleep(0.5)
        await FAULTS[fault](proxy)
        proxy.mode, proxy.delay = "up", 0.0
        return await _well(service)


def must_be_bounded(book: Book) -> None:
    """Every answer within the deadline, and none but these."""
    assert max(book.seconds) <= DEADLINE + LATE, max(book.seconds)
    assert book.statuses.keys() <= {200, 201, 503}, book.statuses


@asynccontextmanager
async def _stage(
    born: Cluster, folder: Path, deadline: float
) -> AsyncIterator[tuple[Place, Service, FaultProxy]]:
    async with (
        running(born) as cluster,
        clone(cluster) as name,
        between(cluster.port) as proxy,
    ):
        url = f"postgresql://ia_app@127.0.0.1:{proxy.port}/{name}"
        settings = {"DATABASE_URL": url, "REQUEST_DEADLINE_SECONDS": str(deadline)}
        async with serving(Place(cluster, name), folder, **settings) as service:
            yield Place(cluster, name), service, proxy


async def test_every_answer_is_in_time_whatever_the_network_does(
    born: Cluster, tmp_path: Path, figures: Figures
) -> None:
    said, books = list[str](), dict[str, Book]()
    async with _stage(born, tmp_path, DEADLINE) as (place, service, proxy):
        for fault in FAULTS:
            book = books[fault] = Book()
            well = await _under(service, proxy, fault, book)
            said.append(
                f"{fault}: {book.statuses.total()} answers, {book.statuses[503]} × 503,"
                f" slowest {max(book.seconds):.2f} s, well after {well:.1f} s"
            )
            assert well <= RECOVERED, said
        found = await stored(place)
    figures("; ".join(said))
    everything = Book()
    for book in books.values():
        must_be_bounded(book)
        everything.acknowledged |= book.acknowledged
        everything.unknown |= book.unknown
    must_hold(everything, found)


async def test_without_a_deadline_of_the_request_the_steps_add_up(
    born: Cluster, tmp_path: Path
) -> None:
    """The known-bad twin: each step has its timeout, and the request has none."""
    book = Book()
    async with _stage(born, tmp_path, 60) as (_, service, proxy):
        await _under(service, proxy, "blackhole", book)
    with pytest.raises(AssertionError):
        must_be_bounded(book)
