"""Clocks that are an hour off: order goes by number and version, leases by the database's time.

Two replicas, one of them an hour ahead, and two workers, an hour ahead and an hour behind.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from tests import processes
from tests.conftest import Committed
from tests.faults.cluster import Place
from tests.faults.conftest import Figures
from tests.faults.knobs import knob
from tests.faults.service import KEY, Service, create, serving
from tests.webhooks.queue import endpoint, until
from tests.webhooks.receiver import receiving

ROUNDS = int(knob("CLOCK_ROUNDS", 20))
HOUR = 3600
LIBRARY = "libfaketime.so.1"
EVENTS = "select agg_id, agg_version, occurred_at from ia.outbox where seq is not null order by seq"


def library() -> Path:
    """Where Debian puts libfaketime (`apt install libfaketime`)."""
    return next(Path("/usr/lib").glob(f"*/faketime/{LIBRARY}"))


def skewed(seconds: int) -> dict[str, str]:
    """The environment of a process whose clock is off by so much; what measures spans is right."""
    return {
        "LD_PRELOAD": str(library()),
        "FAKETIME": f"{seconds:+d}",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "DONT_FAKE_MONOTONIC": "1",
    }


class Town:
    """Two replicas and two workers that do not agree what time it is."""

    def __init__(self, committed: Committed, replicas: list[Service]) -> None:
        self.committed, self.replicas = committed, replicas

    async def rename(self, http: httpx.AsyncClient, made: httpx.Response, times: int) -> None:
        """Change a person in turn at both replicas."""
        path, etag = f"/v1/persons/{made.json()['id']}", made.headers["ETag"]
        for number in range(times):
            url = self.replicas[number % 2].url
            body = {"name": {"kind": "mononym", "mononym": f"Uhr-{number}"}}
            headers = {"Authorization": f"Bearer {KEY}", "If-Match": etag}
            headers["Content-Type"] = "application/merge-patch+json"
            answer = await http.patch(url + path, json=body, headers=headers)
            assert answer.status_code == 200, answer.text
            etag = answer.headers["ETag"]

    async def numbered(self) -> None:
        """Wait until a worker has numbered everything."""
        waiting = "select count(*) from ia.outbox where seq is null"
        async with asyncio.timeout(20):
            while await self.committed.admin.fetchval(waiting):  # noqa: ASYNC110 - the worker
                await asyncio.sleep(0.05)


@asynccontextmanager
async def _town(committed: Committed, folder: Path) -> AsyncIterator[Town]:
    place = Place(committed.server, committed.name)
    async with AsyncExitStack() as stack:
        replicas = [
            await stack.enter_async_context(serving(place, folder, around))
            for around in ({}, skewed(HOUR))
        ]
        settings = processes.settings_of(place, folder)
        for seconds in (HOUR, -HOUR):
            worker = processes.worker(settings | skewed(seconds), folder)
            stack.push_async_callback(asyncio.to_thread, worker.end)
        yield Town(committed, replicas)


def disorder(events: list[Any]) -> int:
    """How often a version does not follow the one before it."""
    last, wrong = Counter[Any](), 0
    for event in events:
        wrong += event["agg_version"] != last[event["agg_id"]] + 1
        last[event["agg_id"]] = event["agg_version"]
    return wrong


async def test_order_and_leases_do_not_go_by_the_clock_of_a_process(
    committed: Committed, tmp_path: Path, figures: Figures
) -> None:
    async with receiving() as receiver, _town(committed, tmp_path) as town:
        await endpoint(committed, receiver.url(), types=["person.changed"])
        async with httpx.AsyncClient(timeout=30) as http:
            for number in range(ROUNDS):
                first, second = (r.url for r in town.replicas[:: 1 if number % 2 else -1])
                made = await create(http, first, f"clock-{number:04}")
                again = await create(http, second, f"clock-{number:04}")
                assert made is not None
                assert again is not None
                assert (made.status_code, again.content) == (201, made.content), again.text
                await town.rename(http, made, 4)
        await town.numbered()
        wanted = ROUNDS * 4
        await until(lambda: len(receiver.heard) >= wanted, 30)
        await asyncio.sleep(2)  # a second delivery would come now
    events = await committed.admin.fetch(EVENTS)
    by_time = sorted(events, key=lambda event: event["occurred_at"])
    sent = Counter(heard.headers["webhook-id"] for heard in receiver.heard)
    figures(
        f"{len(events)} events from two clocks an hour apart, {disorder(events)} out of order"
        f" (by time: {disorder(by_time)}); {len(sent)} deliveries by two workers two hours"
        f" apart, {sum(sent.values()) - len(sent)} twice"
    )
    assert disorder(events) == 0
    assert disorder(by_time) > 0, "the known-bad twin: the order of the clocks"
    assert len(sent) == wanted
    assert set(sent.values()) == {1}
