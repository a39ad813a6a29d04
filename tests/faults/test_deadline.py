"""The short form of the network's faults: an answer is in time where nothing comes back."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from integration_api.kernel import db
from integration_api.kernel.db import Database, pool
from integration_api.postgres.launcher import PORT
from tests.clients import guard_of
from tests.conftest import Committed
from tests.faults.proxy import FaultProxy, between
from tests.faults.service import body

DEADLINE, LATE = 0.8, 0.5
Ask = Callable[[Committed], Any]
ASKED: dict[str, Ask] = {
    "read": lambda town: town.clients.get(None, "/v1/agencies"),
    "personal read": lambda town: town.clients.get("lead", "/v1/persons"),
    "write": lambda town: town.clients.post("lead", "/v1/persons", body("Stille")),
    "write with a key": lambda town: town.clients.post(
        "lead", "/v1/persons", body("Stille"), key="silence-01"
    ),
}


@asynccontextmanager
async def _behind(town: Committed) -> AsyncIterator[FaultProxy]:
    """The application with a proxy between it and PostgreSQL, all connections made."""
    socket = str(town.server.sock / f".s.PGSQL.{PORT}")
    async with between(socket) as proxy:
        dsn = f"postgresql://ia_app@127.0.0.1:{proxy.port}/{town.name}"
        async with pool(dsn, 2) as connections:
            town.app.state.db = Database(connections)
            for path in ("/v1/persons", "/v1/agencies"):
                assert (await town.clients.get("lead", path)).status_code == 200
            guard_of(town.app).deadline = DEADLINE
            try:
                yield proxy
            finally:
                proxy.mode = "up"
                proxy.reset()
                connections.terminate()  # type: ignore[attr-defined]


async def _seconds(town: Committed, ask: Ask) -> float:
    began = time.monotonic()
    answer = await ask(town)
    assert answer.status_code == 503, answer.text
    return time.monotonic() - began


@pytest.mark.parametrize("mode", ["blackhole", "half"])
@pytest.mark.parametrize("ask", ASKED.values(), ids=ASKED)
async def test_an_answer_is_in_time_where_nothing_comes_back(
    committed: Committed, ask: Ask, mode: Any
) -> None:
    async with _behind(committed) as proxy:
        proxy.mode = mode
        # the first 503 of the process takes longer to be held against the contract
        taken = [await _seconds(committed, ask) for _ in range(2)]
        assert min(taken) <= DEADLINE + LATE
        proxy.mode = "up"
        guard_of(committed.app).deadline = 15.0
        assert (await committed.clients.get("lead", "/v1/persons")).status_code == 200


async def test_with_the_drivers_limit_alone_it_would_be_late(
    committed: Committed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The known-bad twin: two seconds for the rollback, in which the wait does not count."""

    async def patient(connection: Any, sql: str) -> None:
        asyncio.get_running_loop().call_later(1, setattr, proxy, "mode", "up")
        try:
            await connection.execute(sql, timeout=2)
        except Exception:
            connection.terminate()

    monkeypatch.setattr(db, "_calm", patient)
    async with _behind(committed) as proxy:
        proxy.mode = "blackhole"
        assert await _seconds(committed, ASKED["write"]) > DEADLINE + LATE
