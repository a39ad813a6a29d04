"""Who listens for changes finds out that nothing can come any more, and listens anew."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from integration_api.changes import listening
from integration_api.changes.listening import CHANNEL, Bell
from integration_api.postgres.launcher import PORT
from tests.conftest import Committed
from tests.faults.proxy import FaultProxy, between
from tests.webhooks.queue import until


@asynccontextmanager
async def _listening(town: Committed) -> AsyncIterator[tuple[Bell, FaultProxy]]:
    """A bell whose connection goes through a proxy."""
    bell = Bell()
    async with between(str(town.server.sock / f".s.PGSQL.{PORT}")) as proxy:
        dsn = f"postgresql://ia_app@127.0.0.1:{proxy.port}/{town.name}"
        task = asyncio.create_task(bell.listen(dsn))
        try:
            await until(lambda: bell._listening)
            yield bell, proxy
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def _rings(town: Committed, bell: Bell) -> bool:
    """Whether a ring is heard."""
    ring = bell.next()
    await town.admin.execute(f"notify {CHANNEL}")
    try:
        await asyncio.wait_for(ring.wait(), 2)
    except TimeoutError:
        return False
    return True


async def test_a_network_that_swallows_everything_is_noticed(
    committed: Committed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening, "BEAT", 0.2)
    async with _listening(committed) as (bell, proxy):
        assert await _rings(committed, bell)
        proxy.mode = "half"
        await until(lambda: not bell._listening)
        proxy.mode = "up"
        await until(lambda: bell._listening)
        assert await _rings(committed, bell)


async def test_without_a_question_now_and_then_it_would_listen_to_nothing(
    committed: Committed,
) -> None:
    """The known-bad twin: ten seconds are as good as never here."""
    async with _listening(committed) as (bell, proxy):
        proxy.mode = "half"
        assert not await _rings(committed, bell)
        assert bell._listening
