"""The service as processes that a test may kill, and writers that remember what they were told."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests import processes
from tests.cast import KEYS
from tests.faults.cluster import Place, free_port

KEY = KEYS["lead/machine"].key
START_SECONDS = 180
STORED = "select mononym from ia.person where mononym like $1 || '%'"


class Service:
    """One `integration-api serve` on the database of `place`.

    `around` is what else its environment has, beside the settings.
    """

    def __init__(
        self, place: Place, folder: Path, around: dict[str, str] | None = None, /, **settings: str
    ) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        more = {f"INTEGRATION_API_{name}": value for name, value in settings.items()}
        self.settings = processes.settings_of(place, folder) | more | (around or {})
        self.folder = folder
        self.process = processes.server(self.settings, folder, self.port)

    async def ready(self, *, wanted: int = 200) -> None:
        """Wait until readiness answers so."""
        async with asyncio.timeout(START_SECONDS), httpx.AsyncClient(timeout=5) as http:
            while True:
                with suppress(httpx.HTTPError):
                    if (await http.get(f"{self.url}/health/ready")).status_code == wanted:
                        return
                assert self.process.process.poll() is None, self.said()
                await asyncio.sleep(0.05)

    def said(self) -> str:
        """The end of its log."""
        return (self.folder / "server.log").read_text("utf-8")[-3000:]

    def end(self) -> None:
        """SIGKILL, if it still runs."""
        if self.process.process.poll() is None:
            self.process.end()


@asynccontextmanager
async def serving(
    place: Place, folder: Path, around: dict[str, str] | None = None, /, **settings: str
) -> AsyncIterator[Service]:
    """A service that is ready."""
    made = Service(place, folder, around, **settings)
    try:
        await made.ready()
        yield made
    finally:
        await asyncio.to_thread(made.end)


@dataclass
class Book:
    """What writers were told."""

    acknowledged: dict[str, bytes] = field(default_factory=dict)
    unknown: set[str] = field(default_factory=set)
    """Sent, and the answer never came or was an error: it may be there, and may not."""
    statuses: Counter[int] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    good: list[float] = field(default_factory=list)
    """When an acknowledgement came (the loop's clock)."""

    def slowest(self, share: float = 0.99) -> float:
        """A quantile of the seconds that answers took."""
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def body(name: str) -> dict[str, Any]:
    """A person called so."""
    return {"name": {"kind": "mononym", "mononym": name}}


async def create(
    http: httpx.AsyncClient, url: str, name: str, book: Book | None = None
) -> httpx.Response | None:
    """Record a person under a key that is its name; None where no answer came."""
    headers = {"Authorization": f"Bearer {KEY}", "Idempotency-Key": name}
    began = time.monotonic()
    try:
        answer = await http.post(f"{url}/v1/persons", json=body(name), headers=headers)
    except httpx.HTTPError:
        answer = None
    if book is not None:
        book.seconds.append(time.monotonic() - began)
        book.statuses[answer.status_code if answer is not None else 0] += 1
        if answer is not None and answer.status_code == 201:
            book.acknowledged[name] = answer.content
            book.unknown.discard(name)
            book.good.append(time.monotonic())
        elif name not in book.acknowledged:
            book.unknown.add(name)
    return answer


async def write(
    urls: Sequence[str], prefix: str, book: Book, stop: asyncio.Event, pause: float = 0.0
) -> None:
    """Record one person after the other until `stop`, each once; whatever happens, go on."""
    dice, number = random.Random(prefix), 0  # noqa: S311 - no secret
    async with httpx.AsyncClient(timeout=30) as http:
        while not stop.is_set():
            await create(http, dice.choice(urls), f"{prefix}-{number:06}", book)
            number += 1
            refused = book.statuses.total() and prefix in book.unknown
            await asyncio.sleep(pause if not refused else 0.05)


@asynccontextmanager
async def writing(
    urls: Sequence[str], book: Book, writers: int = 8, pause: float = 0.0, prefix: str = "writer"
) -> AsyncIterator[None]:
    """Writers for the length of a block."""
    stop = asyncio.Event()
    tasks = [
        asyncio.create_task(write(urls, f"{prefix}-{n}", book, stop, pause)) for n in range(writers)
    ]
    try:
        yield
    finally:
        stop.set()
        await asyncio.gather(*tasks)


async def more(book: Book, count: int = 1, patience: float = 60) -> float:
    """Wait for so many more acknowledgements; when the first of them came (the loop's clock)."""
    before = len(book.good)
    async with asyncio.timeout(patience):
        while len(book.good) < before + count:  # noqa: ASYNC110 - the writers end this wait
            await asyncio.sleep(0.01)
    return book.good[before]


async def stored(place: Place, prefix: str = "writer") -> Counter[str]:
    """How often each person is in the database."""
    return Counter(row["mononym"] for row in await place.ask(STORED, prefix))


def must_hold(book: Book, found: Counter[str]) -> None:
    """Acknowledged ⊆ stored ⊆ acknowledged ∪ unknown, and nothing twice."""
    lost = book.acknowledged.keys() - found.keys()
    assert not lost, f"{len(lost)} acknowledged and gone"
    strange = found.keys() - book.acknowledged.keys() - book.unknown
    assert not strange, f"{len(strange)} that nobody asked for"
    twice = [name for name, count in found.items() if count > 1]
    assert not twice, f"{len(twice)} twice"
