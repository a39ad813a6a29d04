"""What was found for a credential, for some seconds; who asks for it at once shares a look-up.

Without that, every request of a busy client would look it up when its seconds are over, and the
last of them would find no connection.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")
KEPT = 10_000
"""Credentials; the one that was looked up the longest ago goes first."""


class Remembered(Generic[T]):
    """Answers by the sha256 of what was asked, each until a moment of `now`."""

    def __init__(self, nothing: T, now: Callable[[], float]) -> None:
        self._nothing, self._now = nothing, now
        self._found: OrderedDict[bytes, tuple[float, T]] = OrderedDict()
        self._looks: dict[bytes, asyncio.Task[T]] = {}

    async def find(self, hashed: bytes, look: Callable[[], Awaitable[tuple[float, T]]]) -> T:
        """What is remembered, or what `look` finds, with the moment until which it counts.

        Raises:
            Exception: whatever `look` raises, for all who wait for it.
        """
        until, found = self._found.get(hashed, (0.0, self._nothing))
        if until > self._now():
            return found
        task = self._looks.get(hashed)
        if task is None:
            task = self._looks[hashed] = asyncio.create_task(self._look(hashed, look))
            task.add_done_callback(lambda done: self._done(hashed, done))
        try:
            await asyncio.wait({task})  # who gives up does not end it for the others
        except asyncio.CancelledError:
            self._let_go(hashed, task)  # nor waits anybody for what took too long for him
            raise
        return task.result()

    def known(self, hashed: bytes) -> T:
        """What is remembered; nothing is looked up."""
        until, found = self._found.get(hashed, (0.0, self._nothing))
        return found if until > self._now() else self._nothing

    def forget(self) -> None:
        """Everything is looked up again; what is being looked up is not kept."""
        self._found.clear()
        self._looks.clear()

    async def _look(self, hashed: bytes, look: Callable[[], Awaitable[tuple[float, T]]]) -> T:
        until, found = await look()
        if until > self._now() and self._looks.get(hashed) is asyncio.current_task():
            self._found[hashed] = (until, found)
            self._found.move_to_end(hashed)
            if len(self._found) > KEPT:
                self._found.popitem(last=False)
        return found

    def _let_go(self, hashed: bytes, task: asyncio.Task[T]) -> None:
        if self._looks.get(hashed) is task:
            del self._looks[hashed]

    def _done(self, hashed: bytes, task: asyncio.Task[T]) -> None:
        self._let_go(hashed, task)
        if not task.cancelled():
            task.exception()  # seen, also where nobody waits any more
