"""What the service leaves on a connection that others use in between, and what it must be told."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from integration_api.kernel.db import Database
from integration_api.kernel.settings import Settings
from integration_api.postgres.pooling import Pooling, is_direct
from tests.cli.commands import SECRET, command
from tests.clients import Clients
from tests.conftest import Committed

BODY = {"name": {"kind": "mononym", "mononym": "Geteilt"}}
PREPARED = "select name from pg_prepared_statements where name <> ''"
SET = "select current_setting('app.agency_id', true)"


def told(pooler: str, direct: str | None = None) -> Settings:
    return Settings.model_validate({"database_pooler": pooler, "direct_database_url": direct})


@pytest_asyncio.fixture(params=["transaction", "none"])
async def way(request: pytest.FixtureRequest, committed: Committed) -> AsyncIterator[Pooling]:
    """The application on one connection, made as the setting says."""
    dsn = committed.server.dsn("ia_app", committed.name)
    made = Pooling(told(request.param, dsn), dsn)
    async with made.pool(1) as lent:
        committed.app.state.db = Database(lent, made.brackets)
        yield made


async def left(clients: Clients) -> tuple[set[str], str]:
    """What stands on the connection: prepared statements, and whose context."""
    async with (
        clients.app.state.db.pool.acquire(timeout=1) as connection,
        connection.transaction(),
    ):
        names = {row["name"] for row in await connection.fetch(PREPARED)}
        return names, await connection.fetchval(SET)


async def test_a_key_has_one_effect_and_one_answer_either_way(
    committed: Committed, way: Pooling
) -> None:
    first, second = [
        await committed.clients.post("lead", "/v1/persons", BODY, key="shared-0001")
        for _ in range(2)
    ]
    assert (first.status_code, second.status_code) == (201, 201)
    assert second.headers["Idempotent-Replayed"] == "true"
    assert second.content == first.content
    other = BODY | {"birth_date": "1990"}
    reused = await committed.clients.post("lead", "/v1/persons", other, key="shared-0001")
    assert reused.status_code == 422
    assert await committed.admin.fetchval("select count(*) from ia.person") == 1


@pytest.mark.parametrize("way", ["transaction"], indirect=True)
async def test_nothing_is_left_on_a_shared_connection(committed: Committed, way: Pooling) -> None:
    await committed.clients.post("lead", "/v1/persons", BODY, key="shared-0001")
    assert (await committed.clients.get("lead", "/v1/persons")).status_code == 200
    assert await left(committed.clients) == (set(), "")


@pytest.mark.parametrize("way", ["none"], indirect=True)
async def test_on_a_connection_of_our_own_statements_stay(
    committed: Committed, way: Pooling
) -> None:
    """The known-bad twin: what would be looked for on another connection."""
    await committed.clients.post("lead", "/v1/persons", BODY, key="shared-0001")
    names, context = await left(committed.clients)
    assert {"ia_claim", "ia_keep"} < names
    assert context == ""


def test_only_transactions_go_through_the_pooler() -> None:
    assert Pooling(told("transaction", "postgresql://direct"), "postgresql://pooler").direct == (
        "postgresql://direct"
    )
    assert Pooling(told("none", "postgresql://direct"), "postgresql://own").direct == (
        "postgresql://own"
    )


async def test_postgresql_itself_is_recognised(committed: Committed) -> None:
    assert await is_direct(committed.server.dsn("ia_app", committed.name))


@pytest.mark.parametrize("arguments", [["serve"], ["worker"], ["migrate"], ["doctor"]])
async def test_transaction_mode_needs_the_direct_address(arguments: list[str]) -> None:
    url = "postgresql://ia_app@127.0.0.1:1/x"
    outcome = await command(
        *arguments, DATABASE_URL=url, DATABASE_POOLER="transaction", SECRET_KEY=SECRET
    )
    assert outcome.code == 1
    said = outcome.out + outcome.err
    assert "needs INTEGRATION_API_DIRECT_DATABASE_URL" in said
    assert "Traceback" not in said


async def test_another_mode_is_no_setting() -> None:
    outcome = await command("serve", DATABASE_POOLER="statement")
    assert outcome.code == 1
    assert "INTEGRATION_API_DATABASE_POOLER" in outcome.err
