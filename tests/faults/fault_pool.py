"""Three times as many slow writes as there are connections: a quick 503 for who finds none."""

import asyncio
import time
from pathlib import Path

import httpx
import pytest

from integration_api.postgres.launcher import LocalPostgres
from tests.faults.cluster import Place, clone
from tests.faults.conftest import Figures
from tests.faults.knobs import knob
from tests.faults.service import Book, Service, create, must_hold, serving, stored

ROUNDS = int(knob("POOL_ROUNDS", 1))
SIZE = 10
SECONDS = 1.2
SLOW = (
    "create function ia.slow() returns trigger language plpgsql as"
    " 'begin perform pg_sleep(2.6); return new; end'",
    "create trigger slow before insert on ia.person for each row execute function ia.slow()",
)
"""What makes every creation of a person take 2.6 seconds."""


async def _live(service: Service, stop: asyncio.Event) -> list[float]:
    """Ask whether the process lives, all the time; the seconds of each answer."""
    taken = list[float]()
    async with httpx.AsyncClient(timeout=30) as http:
        while not stop.is_set():
            for path in ("live", "ready"):
                began = time.monotonic()
                answer = await http.get(f"{service.url}/health/{path}")
                assert answer.status_code == 200, (path, answer.text)
                taken.append(time.monotonic() - began)
            await asyncio.sleep(0.05)
    return taken


async def _crowd(service: Service, round_: int) -> tuple[Book, list[float], list[httpx.Response]]:
    """Ten at once take the connections, twenty come after them and find none.

    What all were told, how long the process took to say that it lives, and the refusals.
    """
    book, stop = Book(), asyncio.Event()
    living = asyncio.create_task(_live(service, stop))
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(timeout=30, limits=limits) as http:
        names = [f"writer-{round_}-{n:03}" for n in range(3 * SIZE)]
        asked = []
        for number, name in enumerate(names):
            asked.append(asyncio.create_task(create(http, service.url, name, book)))
            await asyncio.sleep(0.02 if number >= SIZE else 0)
        answers = await asyncio.gather(*asked)
    stop.set()
    refused = [a for a in answers if a is not None and a.status_code == 503]
    return book, await living, refused


def must_be_quick(refused: list[httpx.Response], rounds: int = 1) -> float:
    """Two thirds are refused, soon, and told when to come again; the p99 of their seconds."""
    assert len(refused) == 2 * SIZE * rounds, len(refused)
    assert all(answer.headers["Retry-After"] == "1" for answer in refused)
    seconds = sorted(answer.elapsed.total_seconds() for answer in refused)
    p99 = seconds[int(len(seconds) * 0.99) - 1]
    assert p99 <= SECONDS, seconds[-5:]
    return p99


async def test_a_full_pool_is_a_quick_503_and_the_process_lives(
    server: LocalPostgres, tmp_path: Path, figures: Figures
) -> None:
    everything, refused, lived = Book(), list[httpx.Response](), list[float]()
    async with clone(server) as name:
        place = Place(server, name)
        async with serving(place, tmp_path, POOL_SIZE=str(SIZE)) as service:
            everything, *_ = await _crowd(service, ROUNDS)  # now all are connected
            for statement in SLOW:
                await place.ask(statement)
            for round_ in range(ROUNDS):
                book, seconds, said = await _crowd(service, round_)
                assert book.statuses.keys() == {201, 503}, book.statuses
                everything.acknowledged |= book.acknowledged
                refused, lived = refused + said, lived + seconds
        found = await stored(place)
    p99 = must_be_quick(refused, ROUNDS)
    figures(
        f"{ROUNDS * 3 * SIZE} requests on {SIZE} connections, {len(refused)} × 503,"
        f" p99 {p99:.2f} s; live and ready within {max(lived):.2f} s, 0 hangs"
    )
    must_hold(everything, found)
    assert max(lived) < 1


async def test_with_a_long_wait_they_would_hang_instead(
    server: LocalPostgres, tmp_path: Path
) -> None:
    """The known-bad twin."""
    async with clone(server) as name:
        place = Place(server, name)
        async with serving(place, tmp_path, POOL_WAIT_SECONDS="30") as service:
            for statement in SLOW:
                await place.ask(statement)
            _, _, refused = await _crowd(service, 0)
    with pytest.raises(AssertionError):
        must_be_quick(refused)
