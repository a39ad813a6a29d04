"""The worker's part: queue what was numbered, claim, send outside any transaction, complete.

Any number of workers may do it. One that is killed at any line loses its leases after 30 seconds,
and another sends again what it held: at least once. Completion is fenced by the token of the claim,
so a worker that was away too long changes nothing.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from typing import Any
from uuid import UUID

import asyncpg
import structlog
from asyncpg import Record
from prometheus_client import Counter, Gauge

from integration_api.edge.addresses import Network
from integration_api.edge.outgoing import Poster, Reply
from integration_api.edge.vault import Vault
from integration_api.kernel.db import LOST, Call, Database, WriteTx
from integration_api.kernel.ids import uuid7
from integration_api.kernel.principal import ANONYMOUS, Principal

from . import signing
from .lifecycle import TEST
from .schedule import BUSY, asked_for, pause
from .statements_queue import (
    AGE,
    BATCH,
    END_SECRETS,
    FAN_OUT,
    HOLD_HEAD,
    HOLD_REPLAY,
    PRUNE,
    REPLAY_ON,
    REPLAY_OVER,
    REPLAY_STEP,
    REPLAYED,
    RESEAL,
    SEALED_OTHERWISE,
    SWEEP,
    WAITING,
)
from .statements_sending import CLAIM, DONE, DROPPED, FAILED, GIVE_UP

PAUSE = 0.05
"""Seconds between two looks; an event is sent for the first time well within a second."""
SLOTS = 64
"""Attempts under way in one process, at most."""
HOUSEKEEPING = 10.0
LEAVING = 3.0
"""Seconds that a worker that stops gives what is under way."""
TRIES = 3
TOMBSTONES = (".access_revoked", ".erased", ".deleted")
GONE = 410
KEPT_ANSWER = 1024
FAULTS = (*LOST, asyncpg.PostgresError, TimeoutError)
Acting = Callable[[UUID], Principal]
Sees = Callable[[UUID, UUID, str, UUID, str | None], Awaitable[bool]]
"""Whether an agency (municipality, agency) sees a thing (type, id) now."""
log = structlog.get_logger("webhooks")
OUTCOMES = Counter("webhook_deliveries", "Attempts to deliver, by what came of them.", ("outcome",))
QUEUE_AGE = Gauge("webhook_queue_age_seconds", "How long the oldest delivery has been due.")


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery under a lease, with all that is needed to send it."""

    id: UUID
    token: UUID
    municipality_id: UUID
    agency_id: UUID
    endpoint_id: UUID
    event_id: UUID
    type: str
    agg_type: str
    agg_id: UUID
    attempts: int
    url: str
    networks: tuple[Network, ...]
    body: str | None
    addressed: bool
    signers: tuple[bytes, ...]
    now: datetime

    @classmethod
    def of(cls, row: Record) -> "Claimed":
        """From a row of `CLAIM`; the driver's UUIDs become plain ones."""
        values: dict[str, Any] = dict(row)
        plain = {n: UUID(int=v.int) for n, v in values.items() if isinstance(v, UUID)}
        several = {n: tuple(values[n] or ()) for n in ("networks", "signers")}
        return cls(**(values | plain | several))


async def still_visible(delivery: Claimed, sees: Sees) -> bool:
    """Whether the agency may still know of the thing that an event is about, asked at each attempt.

    A tombstone is sent although, or because, the thing is not visible any more.
    """
    if delivery.type == TEST or delivery.type.endswith(TOMBSTONES):
        return True
    d = delivery
    about = (d.municipality_id, d.agency_id, d.agg_type, d.agg_id, d.body)
    return d.addressed and await sees(*about)


class Sender:
    """Queues and sends until it is told to stop.

    `acting` is the system in a municipality, `sees` whether an agency sees a thing.
    """

    def __init__(
        self,
        database: Database,
        poster: Poster,
        vault: Vault,
        acting: Acting,
        sees: Sees,
        slots: int = SLOTS,
    ) -> None:
        self._database, self._poster, self._vault = database, poster, vault
        self._acting, self._sees, self._slots = acting, sees, slots
        self._running: set[asyncio.Task[None]] = set()
        self._kept_house = float("-inf")

    async def run(self, stop: asyncio.Event) -> None:
        """Look, queue, send; a fault of the database costs a look and nothing else."""
        try:
            while not stop.is_set():
                if not await self._safely(self.look):
                    with suppress(TimeoutError):
                        await asyncio.wait_for(stop.wait(), PAUSE)
        finally:
            await self.leave()

    async def leave(self) -> None:
        """Wait a little for what is under way; the rest is sent again by another."""
        if self._running:
            _, late = await asyncio.wait(self._running, timeout=LEAVING)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        await self._poster.close()

    async def look(self) -> int:
        """One look: what was queued and begun."""
        moved = 0
        if monotonic() - self._kept_house > HOUSEKEEPING:
            self._kept_house = monotonic()
            await self.keep_house()
        async with self._database.pool.acquire(timeout=1) as connection:
            waits = await connection.fetchrow(WAITING.sql)
        if waits["events"]:
            moved += await self.fan_out()
        if waits["replays"]:
            moved += await self.replay()
        if waits["due"] or moved:
            moved += await self.begin()
        return moved

    async def fan_out(self) -> int:
        """Queue a batch of numbered events; deliveries they made, and one for a full batch."""
        async with self._database.writing(Call(ANONYMOUS)) as tx:
            head = await tx.row(HOLD_HEAD)
            if head is None:
                return 0
            row = await tx.row(FAN_OUT, last=head["last"])
            assert row is not None
            full = row["last"] - head["last"] >= BATCH
            return int(row["queued"]) + int(full)

    async def replay(self) -> int:
        """One step of a replay, whichever."""
        async with self._database.writing(Call(ANONYMOUS)) as tx:
            held = await tx.row(HOLD_REPLAY)
            if held is None:
                return 0
            to = min(held["at_seq"] + REPLAYED, held["until_seq"])
            which = {"endpoint_id": held["endpoint_id"]}
            times = {n: held[n] for n in ("from_at", "to_at", "at_seq")}
            await tx.row(REPLAY_STEP, to_seq=to, **which, **times)
            if to >= held["until_seq"]:
                await tx.row(REPLAY_OVER, **which)
            else:
                await tx.row(REPLAY_ON, to_seq=to, until_seq=held["until_seq"], **which)
            return 1

    async def begin(self) -> int:
        """Claim as much as there are free hands for, and begin to send it."""
        free = self._slots - len(self._running)
        if free <= 0:
            return 0
        async with self._database.writing(Call(ANONYMOUS)) as tx:
            claimed = await tx.rows(CLAIM, slots=free)
        for row in claimed:
            task = asyncio.create_task(self._delivered(Claimed.of(row)))
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        return len(claimed)

    async def _delivered(self, delivery: Claimed) -> None:
        try:
            await self.deliver(delivery)
        except Exception as error:  # it is sent again when the lease is over
            log.warning("not sent", delivery=str(delivery.id), error=type(error).__name__)

    async def deliver(self, delivery: Claimed) -> None:
        """One attempt and its completion."""
        if delivery.body is None:
            return await self._complete(delivery, lambda: self._drop(delivery, "event_ended"))
        if not await still_visible(delivery, self._sees):
            return await self._complete(delivery, lambda: self._drop(delivery, "not_visible"))
        reply = await self._sent(delivery, delivery.body)
        return await self._complete(delivery, lambda: self._settle(delivery, reply))

    async def _sent(self, delivery: Claimed, body: str) -> Reply:
        signers = signing.opened(self._vault, delivery.signers, delivery.endpoint_id)
        if not signers:
            return Reply(0, error="secret_lost")
        headers = signing.headers(delivery.event_id, body, signers, delivery.now)
        return await self._poster.post(
            delivery.url, body.encode(), headers, delivery.networks, KEPT_ANSWER
        )

    async def _complete(self, delivery: Claimed, work: Callable[[], Awaitable[str]]) -> None:
        for left in range(TRIES - 1, -1, -1):
            try:
                outcome = await work()
            except FAULTS as error:  # it is sent again when the lease is over
                log.warning("not recorded", delivery=str(delivery.id), error=type(error).__name__)
                await asyncio.sleep(min(left, 1))
            else:
                OUTCOMES.labels(outcome).inc()
                break

    async def _drop(self, delivery: Claimed, reason: str) -> str:
        async with self._database.writing(Call(ANONYMOUS)) as tx:
            row = await tx.row(DROPPED, id=delivery.id, token=delivery.token, reason=reason)
        return "dropped" if row else "fenced"

    async def _settle(self, delivery: Claimed, reply: Reply) -> str:
        fence = {"id": delivery.id, "token": delivery.token}
        told = _told(reply)
        call = Call(self._acting(delivery.municipality_id), "clock", uuid7())
        async with self._database.writing(call) as tx:
            if reply.status is not None and 200 <= reply.status < 300:
                return "done" if await tx.row(DONE, **fence, **told) else "fenced"
            asked = asked_for(reply.retry_after, delivery.now) if reply.status in BUSY else None
            row = await tx.row(FAILED, seconds=pause(delivery.attempts, asked), **fence, **told)
            if row is None:
                return "fenced"
            if reply.status == GONE or row["hopeless"]:
                reason = "gone" if reply.status == GONE else "failing"
                await tx.row(GIVE_UP, id=delivery.endpoint_id, reason=reason)
            return "dead" if row["status"] == "dead" else "failed"

    async def keep_house(self) -> None:
        """End what nobody ends, delete what is over, tell how old the queue is."""
        async with self._database.writing(Call(ANONYMOUS)) as tx:
            dead = await tx.rows(SWEEP)
            await tx.rows(PRUNE)
            await tx.rows(END_SECRETS)
            await self._reseal(tx)
            age = await tx.row(AGE)
        OUTCOMES.labels("dead").inc(len(dead))
        QUEUE_AGE.set(float(age["seconds"]) if age else 0.0)

    async def _reseal(self, tx: WriteTx) -> None:
        """Seal with the present key what the one before has sealed, while it still opens it."""
        for row in await tx.rows(SEALED_OTHERWISE, key_id=self._vault.key_id):
            of = UUID(int=row["endpoint_id"].int)
            for text in signing.opened(self._vault, [row["sealed"]], of):
                sealed = signing.sealed(self._vault, text, of)
                await tx.row(RESEAL, id=row["id"], sealed=sealed, key_id=self._vault.key_id)

    async def _safely(self, work: Callable[[], Awaitable[int]]) -> int:
        try:
            return await work()
        except FAULTS as error:
            log.warning("not queued", error=type(error).__name__)
            await asyncio.sleep(PAUSE * 10)
            return 0


def _told(reply: Reply) -> dict[str, Any]:
    """A reply as an attempt keeps it; the answer as text, since it is for people."""
    text = (
        reply.answer[:KEPT_ANSWER]
        .decode("utf-8", "replace")
        .replace("\0", "\N{REPLACEMENT CHARACTER}")
    )
    return {
        "latency_ms": reply.latency_ms,
        "status_code": reply.status,
        "error": reply.error,
        "answer": None if reply.status is None else text,
    }
