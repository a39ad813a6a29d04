"""The stage of the proofs of isolation: a database with the actors, seen through two roles."""

from collections.abc import AsyncIterator

import asyncpg
import pytest_asyncio
from fastapi import FastAPI

from integration_api.identity.credentials import Credentials
from integration_api.identity.keys import Keys
from integration_api.kernel.db import Database, prepare
from integration_api.postgres.launcher import LocalPostgres
from tests.access import actors
from tests.access.actors import Actors, foreign_ids
from tests.access.stage import Stage
from tests.conftest import Nested, OneConnection, clone
from tests.make import Make

UNMASKED = """
create policy unmasked on ia.access_record for insert to ia_app with check (true);
create policy unmasked on ia.audit_entry for insert to ia_app with check (true);
create policy unmasked on ia.outbox for insert to ia_app with check (true);
"""
"""A read whose record is refused shows nothing: that would hide a policy that lets too much by."""


@pytest_asyncio.fixture(scope="session")
async def stage_name(server: LocalPostgres) -> AsyncIterator[str]:
    """A database with the actors in it."""
    async with clone(server) as name:
        connection = await asyncpg.connect(server.dsn("postgres", name))
        await actors.seed(connection)
        await connection.execute(UNMASKED)
        await connection.close()
        yield name


@pytest_asyncio.fixture(scope="session")
async def foreign(server: LocalPostgres, stage_name: str, app: FastAPI) -> dict[str, str]:
    """Committed rows of another agency of the city, by what they are."""
    connection = await asyncpg.connect(server.dsn("ia_app", stage_name))
    await prepare(connection)
    shared = OneConnection(connection)
    app.state.db, app.state.credentials = Database(shared), Credentials(Keys(shared))
    async with Actors(app, {"lead": "other"}) as others:
        found = await foreign_ids(Make(connection, others))
    await connection.close()
    return found


@pytest_asyncio.fixture
async def stage(server: LocalPostgres, stage_name: str, app: FastAPI) -> AsyncIterator[Stage]:
    """As ia_app inside a superuser's session and transaction, which is rolled back."""
    connection = await asyncpg.connect(server.dsn("postgres", stage_name))
    await prepare(connection)
    outer = connection.transaction()
    await outer.start()
    await connection.execute("set role ia_app")
    shared = OneConnection(connection)
    app.state.db, app.state.credentials = Nested(shared), Credentials(Keys(shared))
    async with Actors(app) as clients, Actors(app, watched=False) as unwatched:
        yield Stage(app, connection, clients, unwatched)
    await outer.rollback()
    await connection.close()
