"""How a process learns that there is something new: one connection listens for all who wait.

Who misses a ring loses nothing but time: each looks for itself before it waits, and where nobody
listens (no connection, or a pooler in between) it looks again every second.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress

import asyncpg
import structlog

from integration_api.kernel.db import LOST

CHANNEL = "ia_changes"
MOST = 500
"""Requests of a process that may wait at once; the others are answered at once."""
PAUSE = 1.0
BEAT = 10.0
"""Seconds between two questions whether the connection still leads anywhere: a server that went
away without a word, or a network that swallows everything, would be listened to for hours."""
log = structlog.get_logger("changes")


class Bell:
    """Rung by the sequencer."""

    def __init__(self, leaving: Callable[[], bool] = lambda: False) -> None:
        self._leaving, self._waiting, self._listening = leaving, 0, False
        self._next = asyncio.Event()

    def next(self) -> asyncio.Event:
        """The next ring: to be taken before looking, or one in between would be missed."""
        return self._next

    def ring(self) -> None:
        """Wake everybody who waits."""
        rung, self._next = self._next, asyncio.Event()
        rung.set()

    async def rung(self, ring: asyncio.Event, until: float) -> bool:
        """Wait for `ring`; whether it is worth a look before `until` (the loop's clock)."""
        if self._waiting >= MOST:
            return False
        self._waiting += 1
        try:
            return await self._wait(ring, until)
        finally:
            self._waiting -= 1

    async def _wait(self, ring: asyncio.Event, until: float) -> bool:
        clock = asyncio.get_running_loop().time
        while (left := until - clock()) > 0 and not self._leaving():
            with suppress(TimeoutError):
                await asyncio.wait_for(ring.wait(), min(left, PAUSE))
            if ring.is_set() or not self._listening:
                return until > clock()
        return False

    async def listen(self, dsn: str) -> None:
        """Listen for good; a lost connection is made anew."""
        while True:
            try:
                await self._hear(dsn)
            except (*LOST, asyncpg.PostgresError, TimeoutError) as error:
                log.warning("not listening", error=type(error).__name__)
            self._listening = False
            await asyncio.sleep(PAUSE)

    async def _hear(self, dsn: str) -> None:
        connection = await asyncpg.connect(dsn, timeout=5)
        gone = asyncio.Event()
        connection.add_termination_listener(lambda _: gone.set())
        try:
            await connection.add_listener(CHANNEL, lambda *_: self.ring())
            self._listening = True
            self.ring()  # whatever came before
            while not gone.is_set():
                with suppress(TimeoutError):
                    await asyncio.wait_for(gone.wait(), BEAT)
                await connection.execute("select 1", timeout=BEAT)
        finally:
            connection.terminate()
