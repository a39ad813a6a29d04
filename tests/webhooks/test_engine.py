"""The queue under fire: killed workers, a receiver that hangs for ever, others that fail often."""

import asyncio
import random
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from integration_api.kernel.db import Call
from integration_api.kernel.principal import ANONYMOUS
from integration_api.webhooks import sending
from integration_api.webhooks.statements_sending import CLAIM
from tests import processes
from tests.conftest import Committed
from tests.forked import FORKED
from tests.webhooks import dying
from tests.webhooks.dying import SENT_TWICE, STEPS
from tests.webhooks.queue import (
    deliveries,
    endpoint,
    event,
    hand,
    impatient,
    number,
    once,
    until,
    verified,
)
from tests.webhooks.receiver import Heard, Receiver, Says, receiving

ENDPOINTS, RESOURCES, VERSIONS = 20, 8, 5
EVENTS = RESOURCES * VERSIONS
BEHIND = 100
"""Versions that no real event of a case has."""
HANGS, FAILING = 0, range(1, 5)
ONLY: dict[str, Any] = {"types": ["case.closed"]}
OVER = "update ia.webhook_delivery set lease_until = now() where status = 'due'"
"""What 30 seconds do to the leases of a worker that is dead."""


class Fire:
    """How the receivers behave, and which requests they took."""

    def __init__(self) -> None:
        self.taken: dict[int, list[str]] = defaultdict(list)
        self._draw = random.Random(20261126)  # noqa: S311 - a test that is the same each time

    def __call__(self, heard: Heard) -> Says:
        """Hang, fail three of ten, or take it."""
        which = int(heard.path.rpartition("/")[2])
        if which == HANGS:
            return Says(0)
        if which in FAILING and self._draw.random() < 0.3:
            return Says(500)
        self.taken[which].append(heard.headers["webhook-id"])
        return Says(204)

    @property
    def count(self) -> int:
        """How many different deliveries were taken."""
        return sum(len(set(ids)) for ids in self.taken.values())


async def test_nothing_is_lost_and_all_is_signed_and_in_order(
    committed: Committed, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    fire = Fire()
    async with receiving(fire) as receiver, impatient(committed):
        secrets = {}
        for n in range(ENDPOINTS):
            e = await endpoint(committed, receiver.url(f"/e/{n}"), **ONLY)
            secrets[n] = e.body["secret"]
        worker = processes.worker(processes.settings_of(committed, tmp_path), tmp_path)
        try:
            resources, ids = [await _case(committed) for _ in range(RESOURCES)], set()
            whole = EVENTS * (ENDPOINTS - 1)
            for version in range(1, VERSIONS + 1):
                for about in resources:
                    ids.add(str((await event(committed, about, BEHIND + version))[0]))
                if version in (2, 4):
                    await until(lambda: fire.count > whole * (version - 1) / 10, 60)  # noqa: B023
                    await asyncio.to_thread(worker.again)
                    await committed.admin.execute(OVER)
            await until(lambda: fire.count == whole, 90)
            await until(lambda: worker.process.poll() is None)
        finally:
            await asyncio.to_thread(worker.end)
    lost = {n: ids - set(fire.taken[n]) for n in range(1, ENDPOINTS)}
    assert {n: missing for n, missing in lost.items() if missing} == {}
    twice = sum(len(taken) for taken in fire.taken.values()) - whole
    said = f"{whole} delivered, 0 lost, {twice} twice, {len(receiver.heard)} attempts"
    record_property("figures", said)
    _signed_and_in_order(receiver, secrets)


async def _case(committed: Committed) -> UUID:
    """A case that its agency sees: the real worker asks."""
    return UUID((await committed.make.case(await committed.make.person())).id)


def _signed_and_in_order(receiver: Receiver, secrets: dict[int, str]) -> None:
    """By first attempts, since a repetition is one."""
    seen: dict[tuple[int, str], list[int]] = defaultdict(list)
    for heard in receiver.heard:
        which = int(heard.path.rpartition("/")[2])
        told = verified(heard, secrets[which])
        versions = seen[which, told["about"]]
        if told["version"] not in versions:
            versions.append(told["version"])
    assert len(seen) >= RESOURCES * (ENDPOINTS - 1)
    assert [v for v in seen.values() if v != sorted(v)] == []


async def _beside_one_that_hangs(committed: Committed) -> list[str]:
    """Who was called in one look with eight hands, where much waits for one that hangs."""
    async with (
        receiving(lambda h: Says(0 if h.path == "/hangs" else 204)) as receiver,
        hand(committed, seconds=0.5) as sender,
    ):
        sender._slots = 8
        await endpoint(committed, receiver.url("/hangs"), **ONLY)
        for _ in range(40):
            await event(committed, uuid4())
        await number(committed)
        await sender.fan_out()
        await endpoint(committed, receiver.url("/well"), **ONLY)
        await event(committed, uuid4())
        await number(committed)
        await once(sender)
        return [heard.path for heard in receiver.heard]


async def test_who_hangs_delays_nobody(committed: Committed) -> None:
    called = await _beside_one_that_hangs(committed)
    assert called.count("/hangs") == 4
    assert called.count("/well") == 1


async def test_without_bound_and_draw_it_would(
    committed: Committed, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = CLAIM.sql.index("LIMIT greatest(")
    end = CLAIM.sql.index("FOR UPDATE OF w")
    bound = CLAIM.sql[start:end]
    twin = object.__new__(type(CLAIM))
    place = bound.split("(", 1)[1].split("::")[0]
    sql = CLAIM.sql.replace(bound, f"LIMIT 1000 + {place}::integer ")
    twin.sql = sql.replace("ORDER BY random()", "ORDER BY ia.webhook_endpoint.created_at")
    twin.order, twin.constants = CLAIM.order, CLAIM.constants
    monkeypatch.setattr(sending, "CLAIM", twin)
    called = await _beside_one_that_hangs(committed)
    assert called.count("/well") == 0
    assert called.count("/hangs") == 8


@pytest.mark.parametrize("step", STEPS)
async def test_a_worker_that_dies_at_a_step_loses_nothing(committed: Committed, step: str) -> None:
    async with receiving() as receiver:
        e = await endpoint(committed, receiver.url(), **ONLY)
        id, _ = await event(committed, uuid4())
        dsn = committed.server.dsn("ia_worker", committed.name)
        process = FORKED.Process(target=dying.run, args=(dsn, step))
        await asyncio.to_thread(process.start)
        await asyncio.to_thread(process.join, 30)
        assert process.exitcode == -9
        await committed.admin.execute(OVER)
        async with hand(committed) as sender:
            while await once(sender):
                pass
        (kept,) = await deliveries(committed)
        assert kept["status"] == "done"
        assert [verified(h, e.body["secret"])["id"] for h in receiver.heard] == [str(id)] * (
            2 if step in SENT_TWICE else 1
        )


async def test_a_delivery_whose_worker_always_dies_ends(committed: Committed) -> None:
    async with receiving() as receiver, hand(committed) as sender:
        await endpoint(committed, receiver.url(), **ONLY)
        await event(committed, uuid4())
        await number(committed)
        await sender.fan_out()
        for _ in range(8):
            async with sender._database.writing(Call(ANONYMOUS)) as tx:
                assert len(await tx.rows(CLAIM, slots=9)) == 1
            await committed.admin.execute(OVER)
        assert await sender.begin() == 0
        await sender.keep_house()
        assert [d["status"] for d in await deliveries(committed)] == ["dead"]


async def test_events_that_are_queued_twice_are_queued_once(committed: Committed) -> None:
    async with receiving() as receiver, hand(committed) as sender, hand(committed) as other:
        await endpoint(committed, receiver.url(), **ONLY)
        for _ in range(20):
            await event(committed, uuid4())
        await number(committed)
        queued = await asyncio.gather(sender.fan_out(), other.fan_out())
        assert sorted(queued) in ([0, 20], [0, 20])
        await committed.admin.execute("update ia.webhook_head set last = 0")
        assert await sender.fan_out() == 0
        assert len(await deliveries(committed)) == 20


async def test_two_workers_never_claim_the_same(committed: Committed) -> None:
    async with receiving() as receiver, hand(committed) as one, hand(committed) as two:
        for n in range(6):
            await endpoint(committed, receiver.url(f"/e/{n}"), **ONLY)
        for _ in range(10):
            await event(committed, uuid4())
        await number(committed)
        await one.fan_out()

        async def all_of(sender: sending.Sender) -> None:
            for _ in range(40):
                await sender.begin()
                await asyncio.gather(*sender._running)

        await asyncio.gather(all_of(one), all_of(two))
        assert len(receiver.heard) == 60
        told = {(h.path, h.headers["webhook-id"]) for h in receiver.heard}
        assert len(told) == 60
