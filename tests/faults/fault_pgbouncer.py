"""Behind a real PgBouncer in transaction mode nothing fails and nobody sees another's context.

Not part of the suite, which needs no PgBouncer: `make chaos` runs it.
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from fastapi import FastAPI

from integration_api.app import create_app
from integration_api.kernel.settings import Settings
from integration_api.postgres.pooling import is_direct
from tests.cast import id_of
from tests.cli.commands import command
from tests.clients import Clients
from tests.conftest import SECRET, SETTINGS, Committed
from tests.operations.pgbouncer import POOL, TIMES, Running, pgbouncer, version

CLIENTS = 16
DIRECT = 4
"""Connections past PgBouncer: who listens, readiness, and two of the test's own."""
OFFICES = ("lead", "jobcenter", "outsider", "koeln")


@pytest.fixture
def pooler(committed: Committed, tmp_path: Path) -> Iterator[Running]:
    """A PgBouncer in front of the town's database."""
    with pgbouncer(committed.server, committed.name, tmp_path) as running:
        yield running


@pytest.fixture
def pooled(pooler: Running) -> str:
    """The address behind it."""
    return pooler.address


def told(committed: Committed, address: str, **other: Any) -> Settings:
    """Settings of a service that goes through PgBouncer."""
    given = {
        "database_url": address,
        "database_pooler": "transaction",
        "direct_database_url": committed.server.dsn("ia_app", committed.name),
        "pool_size": CLIENTS,
        "pool_wait_seconds": 10,
    }
    return Settings(**SETTINGS.model_dump(exclude_unset=True) | given | other)


@asynccontextmanager
async def serving(settings: Settings, address: str) -> AsyncIterator[FastAPI]:
    """The application as `serve` has it, its pools included."""
    app = create_app(settings, dsn=address, secret=SECRET)
    async with app.router.lifespan_context(app):
        yield app


@pytest_asyncio.fixture
async def clients(committed: Committed, pooled: str) -> AsyncIterator[Clients]:
    """Callers of the service behind PgBouncer."""
    async with serving(told(committed, pooled), pooled) as app, Clients(app) as made:
        yield made


async def crowd(work: Callable[[int], Awaitable[None]]) -> Counter[str]:
    """Sixteen at once take turns at `work` until it was done so often; what went wrong."""
    numbers, failed = iter(range(TIMES)), Counter[str]()

    async def one() -> None:
        for number in numbers:
            try:
                await work(number)
            except Exception as error:
                failed[f"{type(error).__name__}: {error}"[:300]] += 1

    await asyncio.gather(*(one() for _ in range(CLIENTS)))
    return failed


async def calls(clients: Clients, number: int) -> None:
    """What an office does, and what another must not see of it; four calls."""
    office, key = OFFICES[number % len(OFFICES)], f"pooled-{number:05}"
    body = {"name": {"kind": "mononym", "mononym": f"von {office}"}}
    made = await clients.post(office, "/v1/persons", body, key=key)
    again = await clients.post(office, "/v1/persons", body, key=key)
    assert (made.status_code, again.status_code) == (201, 201), made.text + again.text
    assert again.json()["id"] == made.json()["id"]
    page = await clients.get(office, "/v1/persons?limit=100")
    assert page.status_code == 200, page.text
    assert {p["name"]["mononym"] for p in page.json()["items"]} == {f"von {office}"}
    other = OFFICES[(number + 1) % len(OFFICES)]
    strange = await clients.get(other, f"/v1/persons/{made.json()['id']}")
    assert strange.status_code == 404


async def test_no_call_fails_and_no_context_leaks(
    committed: Committed, clients: Clients, record_property: Callable[[str, str], None]
) -> None:
    seen, looking = Counter[int](), asyncio.Lock()

    async def call(number: int) -> None:
        await calls(clients, number)
        if not number % CLIENTS:
            async with looking:
                seen[await committed.admin.fetchval(BACKENDS, committed.name)] += 1

    began = time.monotonic()
    failed = await crowd(call)
    took = time.monotonic() - began
    assert failed == {}
    assert max(seen) <= POOL + DIRECT
    record_property(
        "figures",
        f"PgBouncer {version()}: {TIMES * 4} calls of {CLIENTS} clients over {max(seen) - DIRECT}"
        f" connections, 0 failed, 0 foreign rows, {TIMES * 4 / took:.0f}/s",
    )


async def test_a_crowd_and_a_dead_pooler_are_told_apart(clients: Clients, pooler: Running) -> None:
    async with AsyncExitStack() as held:
        for _ in range(POOL):
            lent = await asyncpg.connect(pooler.address, statement_cache_size=0)
            held.push_async_callback(lent.close)
            await held.enter_async_context(lent.transaction())
            await lent.execute("select")
        crowded = await clients.get(None, "/health/ready")
        assert (await clients.get("lead", "/v1/persons?limit=1")).status_code == 503
    assert crowded.status_code == 200
    pooler.process.terminate()
    pooler.process.wait(10)
    await asyncio.sleep(0.1)  # the end of the connection arrives
    clients.app.state.readiness = (0.0, {})
    assert (await clients.get(None, "/health/ready")).status_code == 503
    assert (await clients.get("lead", "/v1/persons?limit=1")).status_code == 503


BACKENDS = "select count(*) from pg_stat_activity where usename = 'ia_app' and datname = $1"


async def test_who_waits_for_changes_is_told_at_once(
    committed: Committed, clients: Clients
) -> None:
    await committed.number()
    latest = (await clients.get("lead", "/v1/changes?after=latest")).json()["page"]["next_cursor"]
    waits = asyncio.create_task(clients.get("lead", f"/v1/changes?after={latest}&wait=10"))
    await asyncio.sleep(0.3)
    body = {"name": {"kind": "mononym", "mononym": "Neu"}}
    assert (await clients.post("lead", "/v1/persons", body)).status_code == 201
    began = time.monotonic()
    await committed.number()
    answer = await waits
    assert [item["type"] for item in answer.json()["items"]] == ["person.created"]
    assert time.monotonic() - began < 0.5


async def test_what_the_role_says_holds_behind_pgbouncer_too(pooled: str) -> None:
    names = ("plan_cache_mode", "jit", "statement_timeout", "lock_timeout", "transaction_timeout")
    connection = await asyncpg.connect(pooled, statement_cache_size=0)
    try:
        async with connection.transaction():
            found = [await connection.fetchval("select current_setting($1)", n) for n in names]
    finally:
        await connection.close()
    assert found == ["force_generic_plan", "off", "3s", "1500ms", "15s"]


async def test_an_address_of_pgbouncer_is_told_from_one_of_postgresql(
    committed: Committed, pooled: str
) -> None:
    server, name = committed.server, committed.name
    assert await is_direct(server.dsn("ia_app", name))
    assert not await is_direct(pooled)
    refused = await command(
        "serve", SECRET_KEY=SECRET.decode(), DATABASE_POOLER="transaction",
        DATABASE_URL=pooled, DIRECT_DATABASE_URL=pooled,
    )  # fmt: skip
    assert refused.code == 1
    assert refused.err == (
        "INTEGRATION_API_DIRECT_DATABASE_URL: must name PostgreSQL itself, and a pooler answers"
        " there\n"
    )


async def test_the_drivers_own_settings_fail_there(
    pooled: str, record_property: Callable[[str, str], None]
) -> None:
    """The known-bad twin."""
    async with asyncpg.create_pool(pooled, min_size=CLIENTS, max_size=CLIENTS) as lent:

        async def ask(number: int) -> None:
            async with lent.acquire() as connection, connection.transaction():
                assert await connection.fetchval(f"select {number % 7} + $1::int", 1) > 0

        failed = await crowd(ask)
    assert sum(failed.values()) > TIMES / 20
    assert all("prepared statement" in one for one in failed), failed
    record_property("figures", f"the driver's defaults fail {sum(failed.values())} of {TIMES}")


async def test_a_service_that_is_not_told_of_the_pooler_fails(
    committed: Committed, pooled: str
) -> None:
    """The known-bad twin."""
    with pytest.raises(asyncpg.PostgresError, match=r"already exists|does not exist"):
        async with serving(told(committed, pooled, database_pooler="none"), pooled):
            """Not reached."""


async def test_a_context_set_for_longer_than_a_transaction_is_seen_by_others(
    pooled: str,
) -> None:
    """The known-bad twin of `SET LOCAL`."""

    async def leaks(*, local: bool) -> int:
        found = Counter[str]()
        async with asyncpg.create_pool(
            pooled,
            min_size=CLIENTS,
            max_size=CLIENTS,
            reset=_left_alone,
            statement_cache_size=0,
        ) as lent:

            async def ask(number: int) -> None:
                async with lent.acquire() as connection, connection.transaction():
                    before = await connection.fetchval(
                        "select coalesce(current_setting('app.agency_id', true), '')"
                    )
                    found[before] += 1
                    await connection.execute(
                        "select set_config('app.agency_id', $1, $2)", str(id_of("lead")), local
                    )

            assert await crowd(ask) == {}
        return TIMES - found[""]

    assert await leaks(local=True) == 0
    assert await leaks(local=False) > 0


async def _left_alone(_: Any) -> None:
    """As the service leaves its connections."""
