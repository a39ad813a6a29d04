"""What was found for a credential: for its seconds, looked up once for all who ask at once."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from integration_api.identity import remembered
from integration_api.identity.remembered import Remembered

ONE, OTHER = b"one", b"other"


class Clock:
    """Seconds that stand still."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        """Now."""
        return self.now


class Source:
    """What is looked up: slowly, and counted."""

    def __init__(self, until: float = 130.0) -> None:
        self.until, self.asked, self.goes_on = until, 0, asyncio.Event()
        self.fails: Exception | None = None

    async def look(self) -> tuple[float, str]:
        """How often it was asked, when it may go on."""
        self.asked += 1
        answer = f"answer {self.asked}"
        await self.goes_on.wait()
        if self.fails:
            raise self.fails
        return self.until, answer


def cache(clock: Clock) -> Remembered[str]:
    """An empty one."""
    return Remembered("", clock)


async def asking(count: int, ask: Callable[[], Awaitable[str]]) -> list[asyncio.Task[str]]:
    """Many who wait by now."""
    tasks = [asyncio.ensure_future(ask()) for _ in range(count)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return tasks


async def test_who_asks_for_the_same_at_once_shares_a_look_up() -> None:
    found, source = cache(Clock()), Source()
    tasks = await asking(100, lambda: found.find(ONE, source.look))
    others = await asking(1, lambda: found.find(OTHER, source.look))
    source.goes_on.set()
    assert set(await asyncio.gather(*tasks)) == {"answer 1"}
    assert await others[0] == "answer 2"
    assert await found.find(ONE, source.look) == "answer 1"
    assert source.asked == 2


async def test_it_is_kept_until_its_end_and_not_longer() -> None:
    clock = Clock()
    found, source = cache(clock), Source()
    source.goes_on.set()
    await found.find(ONE, source.look)
    clock.now = 129.9
    assert (found.known(ONE), found.known(OTHER)) == ("answer 1", "")
    clock.now = 130.0
    assert found.known(ONE) == ""
    assert await found.find(ONE, source.look) == "answer 2"


async def test_what_counts_no_longer_is_not_kept() -> None:
    found, source = cache(Clock()), Source(until=0.0)
    source.goes_on.set()
    assert [await found.find(ONE, source.look) for _ in range(2)] == ["answer 1", "answer 2"]


async def test_a_failure_is_that_of_all_who_wait_and_of_nobody_after_them() -> None:
    found, source = cache(Clock()), Source()
    source.fails = TimeoutError()
    tasks = await asking(10, lambda: found.find(ONE, source.look))
    source.goes_on.set()
    for failed in await asyncio.gather(*tasks, return_exceptions=True):
        assert isinstance(failed, TimeoutError)
    source.fails = None
    assert await found.find(ONE, source.look) == "answer 2"


async def test_who_gives_up_ends_it_for_nobody_else_and_nobody_comes_to_wait_for_it() -> None:
    found, source = cache(Clock()), Source()
    first, second = await asking(2, lambda: found.find(ONE, source.look))
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    (third,) = await asking(1, lambda: found.find(ONE, source.look))
    source.goes_on.set()
    assert (await second, await third) == ("answer 1", "answer 2")


async def test_what_was_being_looked_up_when_all_was_forgotten_is_not_kept() -> None:
    found, source = cache(Clock()), Source()
    (before,) = await asking(1, lambda: found.find(ONE, source.look))
    found.forget()
    (after,) = await asking(1, lambda: found.find(ONE, source.look))
    source.goes_on.set()
    assert (await before, await after) == ("answer 1", "answer 2")
    assert found.known(ONE) == "answer 2"


async def test_it_does_not_grow_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembered, "KEPT", 3)
    found, source = cache(Clock()), Source()
    source.goes_on.set()
    for n in range(5):
        await found.find(bytes([n]), source.look)
    kept = [bool(found.known(bytes([n]))) for n in range(5)]
    assert kept == [False, False, True, True, True]
    assert not found._looks
