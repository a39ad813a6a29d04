"""Repetitions of a running request wait here, so that they hold no connection while they wait.

The unique index of the key makes them wait too, between processes; but there each of them would
keep a connection of the pool, and one impatient system could take them all.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.types import Scope

from integration_api.kernel.problems import KeyInUse

PATIENCE = 1.5
"""Seconds, as many as the database waits for a lock; see `migrations/roles.sql`."""
_Turn = tuple[bytes, bytes]


class Turns:
    """Who is at work under which key, and how many stand behind him."""

    def __init__(self) -> None:
        self._running: dict[_Turn, tuple[asyncio.Lock, int]] = {}

    def __len__(self) -> int:
        return len(self._running)

    @asynccontextmanager
    async def take(self, scope: Scope) -> AsyncIterator[None]:
        """Let one request of a credential and an `Idempotency-Key` in at a time.

        Raises:
            KeyInUse: the one before it took too long (409).
        """
        turn = _turn(scope)
        if turn is None:
            yield
            return
        lock, others = self._running.get(turn) or (asyncio.Lock(), 0)
        self._running[turn] = (lock, others + 1)
        try:
            await _wait(lock)
            try:
                yield
            finally:
                lock.release()
        finally:
            _, left = self._running.pop(turn)
            if left > 1:
                self._running[turn] = (lock, left - 1)


async def _wait(lock: asyncio.Lock) -> None:
    try:
        async with asyncio.timeout(PATIENCE):
            await lock.acquire()
    except TimeoutError as e:
        raise KeyInUse from e


def _turn(scope: Scope) -> _Turn | None:
    if scope["method"] != "POST":
        return None
    sent = dict(scope["headers"])
    key, who = sent.get(b"idempotency-key"), sent.get(b"authorization")
    return (who, key) if key and who else None
