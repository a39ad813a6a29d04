"""A full pool and an absent PostgreSQL are a quick 503; health answers; nothing keeps running."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from integration_api.identity.credentials import Credentials
from integration_api.identity.keys import Keys
from integration_api.kernel.db import Database, pool, prepare
from tests.clients import guard_of
from tests.conftest import Committed

BODY: dict[str, Any] = {"name": {"kind": "mononym", "mononym": "Andrang"}}
BUSY = "select pid, query from pg_stat_activity where usename = 'ia_app' and state = 'active'"


@pytest_asyncio.fixture
async def small(committed: Committed) -> AsyncIterator[Any]:
    """The application on two connections and a short wait; who asks is known already."""
    async with pool(committed.server.dsn("ia_app", committed.name), 2) as connections:
        committed.app.state.db = Database(connections, wait=0.3)
        assert (await committed.clients.get("lead", "/v1/me")).status_code == 200
        yield connections


@pytest.fixture
def impatient(committed: Committed) -> None:
    """A deadline of 0.4 seconds."""
    guard_of(committed.app).deadline = 0.4


def is_unavailable(answer: Any) -> bool:
    """503 as the contract has it."""
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"].endswith("/problems/unavailable")
    assert int(answer.headers["Retry-After"]) >= 1
    return True


async def timed(request: Any) -> tuple[Any, float]:
    """An answer and its seconds."""
    began = time.monotonic()
    return await request, time.monotonic() - began


async def test_a_full_pool_is_a_quick_503_for_everybody(committed: Committed, small: Any) -> None:
    clients = committed.clients
    async with AsyncExitStack() as held:
        for _ in range(2):
            await held.enter_async_context(small.acquire())
        began = time.monotonic()
        answers = await asyncio.gather(
            *(clients.get("lead", "/v1/persons") for _ in range(20)),
            *(clients.post("lead", "/v1/persons", BODY, key=f"crowd-{i:04}") for i in range(20)),
        )
        took = time.monotonic() - began
        live, ready = [await clients.get(None, f"/health/{n}") for n in ("live", "ready")]
    assert all(is_unavailable(answer) for answer in answers)
    assert took < 1.5
    assert (live.status_code, ready.status_code) == (200, 200)
    again = await clients.post("lead", "/v1/persons", BODY, key="crowd-0000")
    assert again.status_code == 201, "the refused had no effect, and its key is free"
    assert await committed.admin.fetchval("select count(*) from ia.person") == 1


async def test_without_a_bound_on_the_wait_the_deadline_would_be_the_wait(
    committed: Committed, small: Any
) -> None:
    """The known-bad twin."""
    committed.app.state.db.wait = 60
    guard_of(committed.app).deadline = 1.0
    async with AsyncExitStack() as held:
        for _ in range(2):
            await held.enter_async_context(small.acquire())
        _, seconds = await timed(committed.clients.get("lead", "/v1/persons"))
    assert seconds >= 0.9


@asynccontextmanager
async def locked(committed: Committed, table: str) -> AsyncIterator[None]:
    """Somebody holds a table, as a migration would."""
    async with committed.admin.transaction():
        await committed.admin.execute(f"lock table {table} in access exclusive mode")
        yield


async def test_the_deadline_ends_the_statement_too(committed: Committed, impatient: None) -> None:
    looking = await asyncpg.connect(committed.server.dsn("postgres", committed.name))
    try:
        async with locked(committed, "ia.person"):
            answer, seconds = await timed(committed.clients.get("lead", "/v1/persons"))
            await asyncio.sleep(0.2)
            busy = await looking.fetch(BUSY + " and datname = $1", committed.name)
        assert is_unavailable(answer)
        assert seconds < 1
        assert busy == []
    finally:
        await looking.close()
    assert (await committed.clients.get("lead", "/v1/persons")).status_code == 200


async def test_a_write_past_its_deadline_leaves_nothing(
    committed: Committed, impatient: None
) -> None:
    async with locked(committed, "ia.person"):
        answer = await committed.clients.post("lead", "/v1/persons", BODY, key="late-0001")
    assert is_unavailable(answer)
    counts = [
        await committed.admin.fetchval(f"select count(*) from ia.{table}")
        for table in ("person", "idempotency_key", "outbox", "audit_entry")
    ]
    assert counts == [0, 0, 0, 0]
    guard_of(committed.app).deadline = 15.0  # the repetition may take its time
    again = await committed.clients.post("lead", "/v1/persons", BODY, key="late-0001")
    assert again.status_code == 201


async def test_a_lock_that_is_held_is_503_before_the_deadline(committed: Committed) -> None:
    async with locked(committed, "ia.person"):
        answer, seconds = await timed(committed.clients.get("lead", "/v1/persons"))
    assert is_unavailable(answer)
    assert seconds < 3


@asynccontextmanager
async def silent() -> AsyncIterator[int]:
    """A port behind which everything is swallowed."""
    opened = []

    async def swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        opened.append(writer)
        await reader.read()

    server = await asyncio.start_server(swallow, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for writer in opened:
            writer.transport.abort()


@pytest.mark.parametrize("kind", ["silent", "closed"])
async def test_an_absent_postgres_is_a_quick_503_and_live_stays_green(
    committed: Committed, kind: str
) -> None:
    state, clients = committed.app.state, committed.clients
    there = state.db.pool
    async with silent() as port:
        dsn = f"postgresql://ia_app@127.0.0.1:{port if kind == 'silent' else 1}/x"
        gone = asyncpg.create_pool(dsn, min_size=0, max_size=4, init=prepare, timeout=5)
        async with gone:
            state.db, state.credentials = Database(gone, wait=0.5), Credentials(Keys(gone))
            state.probe, state.readiness = gone, (0.0, {})
            asked = [clients.get("lead", "/v1/persons"), clients.get(None, "/v1/agencies")]
            answers = await asyncio.gather(*(timed(request) for request in asked))
            live = await clients.get(None, "/health/live")
            ready, seconds = await timed(clients.get(None, "/health/ready"))
            gone.terminate()
    assert all(is_unavailable(answer) and took < 2.5 for answer, took in answers)
    assert live.status_code == 200
    assert (ready.status_code, ready.headers["Retry-After"]) == (503, "1")
    assert seconds < 2
    state.db, state.credentials = Database(there), Credentials(Keys(there))
    state.probe, state.readiness = there, (0.0, {})
    assert (await clients.get("lead", "/v1/persons")).status_code == 200


async def test_connections_that_died_are_replaced_without_a_word(committed: Committed) -> None:
    for _ in range(3):
        await committed.admin.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where usename = 'ia_app' and datname = $1",
            committed.name,
        )
        answers = await asyncio.gather(
            *(committed.clients.get("lead", "/v1/persons") for _ in range(8))
        )
        assert {a.status_code for a in answers} <= {200, 503}
        assert (await committed.clients.get("lead", "/v1/persons")).status_code == 200


async def crowd(committed: Committed) -> tuple[list[Any], Any]:
    """Ten repetitions of a write that hangs, and meanwhile somebody else's request."""
    clients = committed.clients
    assert (await clients.get("jobcenter", "/v1/me")).status_code == 200
    async with locked(committed, "ia.person"):
        repeated = asyncio.gather(
            *(clients.post("lead", "/v1/persons", BODY, key="crowded-01") for _ in range(10))
        )
        await asyncio.sleep(0.2)
        other = await clients.get("jobcenter", "/v1/me")
        answers = await repeated
    return answers, other


async def test_repetitions_of_a_slow_request_take_no_connection_from_others(
    committed: Committed, small: Any
) -> None:
    answers, other = await crowd(committed)
    assert other.status_code == 200
    assert {a.status_code for a in answers} <= {409, 503}
    in_use = [a for a in answers if a.status_code == 409]
    assert {(a.json()["title"], a.headers["Retry-After"]) for a in in_use} == {
        ("Idempotency key in use", "1")
    }
    assert len(guard_of(committed.app).turns) == 0, "nothing is remembered of them"
    again = [
        await committed.clients.post("lead", "/v1/persons", BODY, key="crowded-01")
        for _ in range(2)
    ]
    assert [a.status_code for a in again] == [201, 201]
    assert again[0].content == again[1].content


async def test_without_turns_they_would_take_them_all(
    committed: Committed, small: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The known-bad twin."""
    monkeypatch.setattr(guard_of(committed.app).turns, "take", lambda _: nullcontext())
    _, other = await crowd(committed)
    assert other.status_code == 503


async def test_repetitions_at_once_have_one_effect_and_one_answer(committed: Committed) -> None:
    answers = await asyncio.gather(
        *(
            committed.clients.post(who, "/v1/persons", BODY, key="at-once-001")
            for who in ("lead", "jobcenter")
            for _ in range(20)
        )
    )
    assert {a.status_code for a in answers} == {201}
    assert len({a.content for a in answers}) == 2, "one for each caller"
    assert await committed.admin.fetchval("select count(*) from ia.person") == 2
    replayed = [a for a in answers if a.headers.get("Idempotent-Replayed") == "true"]
    assert len(replayed) == 38
