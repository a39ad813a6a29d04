"""A migration that finds a lock in its way gives up, lets others through, and comes back."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest
import pytest_asyncio
from alembic import command
from sqlalchemy.exc import DBAPIError

from integration_api.postgres import schema
from tests.cli.commands import SECRET
from tests.cli.commands import command as ours
from tests.conftest import Committed


class Behind:
    """A database that is one migration behind, in which somebody may hold a lock."""

    def __init__(self, there: Committed) -> None:
        self.dsn = there.server.dsn("postgres", there.name)
        self.app = there.server.dsn("ia_app", there.name)

    async def at(self) -> str | None:
        """The revision."""
        connection = await asyncpg.connect(self.dsn)
        try:
            return await schema.current(connection)
        finally:
            await connection.close()

    @asynccontextmanager
    async def held(self) -> AsyncIterator[asyncpg.Connection]:
        """A lock that every migration needs."""
        connection = await asyncpg.connect(self.dsn)
        try:
            async with connection.transaction():
                await connection.execute("lock table ia.alembic_version in share mode")
                yield connection
        finally:
            await connection.close()


@pytest_asyncio.fixture
async def behind(committed: Committed) -> Behind:
    """One such database."""
    made = Behind(committed)
    await committed.admin.execute("drop schema if exists looking cascade")
    await schema.run(made.dsn, command.downgrade, "-1")
    return made


async def test_it_comes_back_when_the_lock_is_free(
    behind: Behind, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "PAUSE", 0.2)
    async with behind.held():
        began = time.monotonic()
        work = asyncio.create_task(schema.migrate(behind.dsn))
        await asyncio.sleep(1.8)  # it has waited once, and is at it again
        assert not work.done()
    assert await work
    assert time.monotonic() - began > 1.2
    assert await behind.at() == schema.head()


async def test_it_says_so_when_the_lock_is_never_free(
    behind: Behind, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "PAUSE", 0.1)
    monkeypatch.setattr(schema, "TRIES", 2)
    before = await behind.at()
    async with behind.held():
        outcome = await ours("migrate", DATABASE_URL=behind.app, MIGRATION_DATABASE_URL=behind.dsn)
    assert outcome.code == 1
    assert outcome.err == (
        "somebody held a lock through 2 tries: nothing is half done, so run this again;"
        " pg_stat_activity shows the long query\n"
    )
    assert await behind.at() == before != schema.head()


async def test_what_is_not_a_lock_is_not_tried_again(
    behind: Behind, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = []

    async def broken() -> None:
        tries.append(1)
        await schema.run(behind.dsn, command.upgrade, "no-such-revision")

    with pytest.raises(Exception, match="no-such-revision"):
        await schema._patiently(broken)
    assert tries == [1]


async def test_new_code_does_not_start_on_the_old_schema(behind: Behind) -> None:
    outcome = await ours("serve", DATABASE_URL=behind.app, SECRET_KEY=SECRET)
    assert outcome.code == 1
    assert f"this version needs {schema.head()}: run `integration-api migrate`" in outcome.err


async def test_a_role_that_a_new_version_needs_is_asked_for(behind: Behind) -> None:
    async def unowned() -> None:
        raise DBAPIError("alter function …", None, asyncpg.UndefinedObjectError("no such role"))

    with pytest.raises(schema.SchemaError, match="--print-roles"):
        await schema._patiently(unowned)
