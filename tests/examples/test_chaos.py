"""The example as it stands, against a service whose processes are killed while clerks write.

`make chaos` lets it burn for two minutes with all agencies.
"""

import asyncio
import os
import random
import socket
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import httpx

from integration_api import healthcheck
from sync_client.api import Api
from sync_client.store import Key, Store
from sync_client.sync import Sync
from tests import processes
from tests.cast import AGENCIES, KEYS
from tests.changes.fire import KILL, UNNUMBERED
from tests.conftest import Committed
from tests.examples.clerks import REFUSED, busy
from tests.processes import Process
from tests.webhooks.queue import impatient

SECONDS = float(os.environ.get("CHAOS_SECONDS", "6"))  # noqa: TID251 - a knob of `make chaos`
WHO, WORKERS = (list(AGENCIES), 2) if SECONDS > 30 else (["lead", "jobcenter"], 1)
LISTENING = WHO[::2]
"""Who is rung by webhooks; the others wait in the call."""
CLERKS = 4
Differences = dict[str, list[Key]]


def _port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


class Town:
    """The processes: a server, its workers, a client for each agency."""

    def __init__(self, committed: Committed, folder: Path) -> None:
        self.committed, self.folder, self.port = committed, folder, _port()
        self.url = f"http://127.0.0.1:{self.port}"
        settings = processes.settings_of(committed, folder)
        self.server = processes.server(settings, folder, self.port)
        self.workers = [processes.worker(settings, folder) for _ in range(WORKERS)]
        self.secrets: dict[str, str] = {}
        self.doors: dict[str, int] = {}
        self.clients: dict[str, Process] = {}

    async def begin(self) -> None:
        """Wait for the server, register the endpoints, start the clients."""
        await self.ready()
        for who in LISTENING:
            self.doors[who] = _port()
            url = f"http://127.0.0.1:{self.doors[who]}/"
            answer = await self.committed.clients.post(who, "/v1/webhook-endpoints", {"url": url})
            assert answer.status_code == 201, answer.text
            self.secrets[who] = answer.json()["secret"]
        for who in WHO:
            more = [f"--listen={self.doors[who]}"] if who in self.doors else []
            self.clients[who] = self.client(who, *more)

    def client(self, who: str, *options: str) -> Process:
        """The program of an agency's system; it goes on from its file."""
        key, secret = KEYS[f"{who}/machine"].key, self.secrets.get(who, "")
        return processes.sync_client(key, secret, self.folder, who, f"--url={self.url}", *options)

    async def ready(self) -> None:
        """Wait until the server answers."""
        async with asyncio.timeout(60):
            # another process ends this wait
            while not await asyncio.to_thread(healthcheck.ready, self.port):  # noqa: ASYNC110
                await asyncio.sleep(0.1)

    def killed(self) -> tuple[int, int, int]:
        """How many servers, workers and clients."""
        workers = sum(process.killed for process in self.workers)
        return self.server.killed, workers, sum(p.killed for p in self.clients.values())

    def end(self) -> None:
        """Kill whatever is left."""
        for process in (self.server, *self.workers, *self.clients.values()):
            process.end()

    def fresh(self, who: str) -> dict[Key, str]:
        """What a new snapshot holds."""
        with httpx.Client(base_url=self.url, timeout=40) as http:
            store = Store(self.folder / f"{who}.fresh")
            Sync(Api(http, KEYS[f"{who}/machine"].key), store).snapshot()
            return store.resources

    def last_steps(self, who: str) -> dict[Key, str]:
        """What the client holds when nothing more comes."""
        process = self.client(who, "--once")
        assert process.process.wait(120) == 0, (self.folder / f"{who}.out").read_text("utf-8")
        return Store(self.folder / who).resources


@asynccontextmanager
async def _town(committed: Committed, folder: Path) -> AsyncIterator[Town]:
    town = Town(committed, folder)
    try:
        await town.begin()
        yield town
    finally:
        await asyncio.to_thread(town.end)


async def _kill(town: Town, some: list[Process], longest: float, stop: asyncio.Event) -> None:
    """SIGKILL one of them again and again, while the server answers; another one goes on."""
    dice = random.Random(len(some))  # noqa: S311 - no secret
    while not stop.is_set():
        await asyncio.sleep(min(longest, SECONDS / 2) * (0.4 + 0.6 * dice.random()))
        await asyncio.to_thread(dice.choice(some).again)
        await town.ready()


async def _end_connections(town: Committed, stop: asyncio.Event) -> int:
    ended = 0
    while not stop.is_set():
        await asyncio.sleep(0.5)
        ended += await town.admin.fetchval(KILL)
    return ended


async def _enough(town: Town, done: Counter[str], stop: asyncio.Event) -> None:
    """Set `stop` when it has burned for long enough, and enough was written and killed."""
    end = asyncio.get_running_loop().time() + SECONDS
    # the clerks and the clock end this wait
    while (  # noqa: ASYNC110
        asyncio.get_running_loop().time() < end
        or done.total() - done[REFUSED] < SECONDS
        or min(town.killed()) < 1
    ):
        await asyncio.sleep(0.1)
    stop.set()


async def _burn(town: Town) -> str:
    """Write and kill for a while; the figures."""
    stop, done = asyncio.Event(), Counter[str]()
    answered, ended, *_ = await asyncio.gather(
        busy(town.committed, town.url, CLERKS, done, stop),
        _end_connections(town.committed, stop),
        _kill(town, [town.server], 20, stop),
        _kill(town, town.workers, 10, stop),
        _kill(town, list(town.clients.values()), 3, stop),
        _enough(town, done, stop),
    )
    assert answered[500] == 0, answered
    refused, (servers, workers, clients) = done.pop(REFUSED, 0), town.killed()
    return (
        f"{done.total()} changes of {len(done)} kinds ({refused} refused);"
        f" killed: {servers} servers, {workers} workers, {clients} clients, {ended} connections"
    )


async def _settled(town: Town) -> None:
    """The clients are gone, the service is there, and every event has its number."""
    for client in town.clients.values():
        await asyncio.to_thread(client.end)
    await town.ready()
    # another process ends this wait
    while await town.committed.admin.fetchval(UNNUMBERED):  # noqa: ASYNC110
        await asyncio.sleep(0.05)


async def _difference(town: Town, who: str) -> list[Key]:
    """What an agency's copy and a new snapshot do not have in common."""
    held = await asyncio.to_thread(town.last_steps, who)
    fresh = await asyncio.to_thread(town.fresh, who)
    assert fresh, who
    return sorted(k for k in fresh.keys() | held.keys() if fresh.get(k) != held.get(k))


async def test_every_copy_is_a_fresh_snapshot_after_the_fire(
    committed: Committed, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    async with AsyncExitStack() as stack:
        town = await stack.enter_async_context(_town(committed, tmp_path))
        await stack.enter_async_context(impatient(committed))
        figures = await _burn(town)
        await _settled(town)
        found = {who: await _difference(town, who) for who in WHO}
    events = await committed.admin.fetchval("select last from ia.feed_head")
    said = f"{len(WHO)} agencies, {events} events, {figures}"
    different = sum(map(len, found.values()))
    record_property("figures", f"{said}; {different} resources differ")
    assert {who: keys for who, keys in found.items() if keys} == {}
