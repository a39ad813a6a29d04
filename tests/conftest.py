"""One real PostgreSQL for the run, migrated once; each test rolls its transaction back."""

import asyncio
import os
import shutil
import tempfile
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import hypothesis
import pytest
import pytest_asyncio
from asyncpg import Connection
from fastapi import FastAPI

from integration_api.app import create_app
from integration_api.changes import sequencer
from integration_api.edge.logs import configure_logging
from integration_api.identity.credentials import Credentials
from integration_api.identity.keys import Keys
from integration_api.kernel.db import Brackets, Database, Pool, pool, prepare
from integration_api.kernel.principal import NOBODY
from integration_api.kernel.settings import Settings
from integration_api.postgres import schema
from integration_api.postgres.launcher import LocalPostgres
from integration_api.rules.shipping import ship
from tests import cast, watch
from tests.clients import Clients
from tests.login import Login
from tests.make import Make

hypothesis.settings.register_profile("suite", derandomize=True, database=None, deadline=None)
SERVER = pytest.StashKey[tuple[LocalPostgres, str]]()
TEMPLATE = "tmpl"
SETTINGS = Settings(
    environment="test",
    public_url="https://api.example.org",
    # counted as everywhere, and never reached; `tests/abuse` reaches limits
    caller_rate="100000000/second",
    address_rate="100000000/second",
)
SECRET = b"a secret of the tests, long enough for HKDF"
CLEAR = ";" + NOBODY.rstrip(";")  # SET LOCAL survives RELEASE
SAVEPOINTS = Brackets(
    write="SAVEPOINT request;",
    snapshot="SAVEPOINT request;SET TRANSACTION READ ONLY;",
    commit="RELEASE SAVEPOINT request" + CLEAR,
    committed="SET",
    rollback="ROLLBACK TO SAVEPOINT request;RELEASE SAVEPOINT request" + CLEAR,
)


def pytest_configure(config: pytest.Config) -> None:
    """Start the server and migrate the template that every test database is cloned from."""
    configure_logging("error")
    hypothesis.settings.load_profile("suite")
    if config.option.collectonly:
        return
    root = tempfile.mkdtemp(prefix="ia-test-")
    os.chmod(root, 0o755)
    server = LocalPostgres(Path(root), fast=True)
    server.start()
    config.stash[SERVER] = (server, root)
    asyncio.run(make_template(server))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A whole run has seen every answer that the contract declares, at every operation."""
    whole = not session.config.args or session.config.args == ["tests"]
    if session.exitstatus == 0 and whole and session.testscollected > 500:
        missing = sorted(watch.declared() - watch.SEEN)
        seen = len(watch.declared()) - len(missing)
        print(f"\ncontract: {seen} of {len(watch.declared())} declared answers seen")  # noqa: T201
        if missing:
            print(f"never seen: {missing}")  # noqa: T201
            session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the server and delete its folder."""
    if SERVER in config.stash:
        server, root = config.stash[SERVER]
        server.stop()
        shutil.rmtree(root, ignore_errors=True)
        shutil.rmtree(server.root, ignore_errors=True)


async def make_template(server: LocalPostgres) -> None:
    """Migrate and people the database that every other one is a copy of."""
    await _execute(server, "postgres", f"create database {TEMPLATE}")
    await _execute(server, TEMPLATE, schema.roles_sql())
    await schema.migrate(server.dsn("postgres", TEMPLATE))
    connection = await asyncpg.connect(server.dsn("postgres", TEMPLATE))
    try:
        await prepare(connection)
        await ship(connection)
        await cast.seed(connection)
    finally:
        await connection.close()


async def _execute(server: LocalPostgres, database: str, sql: str) -> None:
    connection = await asyncpg.connect(server.dsn("postgres", database))
    try:
        await connection.execute(sql)
    finally:
        await connection.close()


@pytest.fixture(scope="session")
def server(request: pytest.FixtureRequest) -> LocalPostgres:
    """The running server."""
    return request.config.stash[SERVER][0]


@asynccontextmanager
async def clone(server: LocalPostgres) -> AsyncIterator[str]:
    """The name of a fresh database, dropped afterwards."""
    name = f"t_{uuid.uuid4().hex[:12]}"
    await _execute(
        server, "postgres", f"create database {name} template {TEMPLATE} strategy wal_log"
    )
    await numbered(server, name)  # a copy begins an epoch of its own
    try:
        yield name
    finally:
        await _execute(server, "postgres", f"drop database {name} with (force)")


async def numbered(server: LocalPostgres, name: str) -> int:
    """Number the events of a database as the worker does; how many were new."""
    async with pool(server.dsn("ia_worker", name), 1) as connections:
        return await sequencer.number(Database(connections))


@pytest_asyncio.fixture(scope="session")
async def database_name(server: LocalPostgres) -> AsyncIterator[str]:
    """The database of the tests that roll back."""
    async with clone(server) as name:
        yield name


@pytest.fixture(scope="session")
def app(server: LocalPostgres, database_name: str) -> FastAPI:
    """The application, built once; its pools are the fixtures' business."""
    made = create_app(SETTINGS, dsn=server.dsn("ia_app", database_name), secret=SECRET)
    made.state.started = True
    return made


class Nested(Database):
    """Transactions as savepoints of the one that the test rolls back."""

    def __init__(self, connections: Pool) -> None:
        super().__init__(connections, SAVEPOINTS)

    async def alone(self, fetch: str, sql: str, args: list[Any]) -> Any:
        async with self.pool.acquire(timeout=self.wait) as connection:
            await connection.execute("SAVEPOINT request")
            try:
                found = await getattr(connection, fetch)(sql, *args)
            except BaseException:
                await connection.execute(SAVEPOINTS.rollback)
                raise
            await connection.execute(SAVEPOINTS.commit)
            return found


class OneConnection:
    """A pool of the one connection whose outer transaction the test rolls back."""

    def __init__(self, connection: Connection) -> None:
        self.connection, self.lock = connection, asyncio.Lock()

    @asynccontextmanager
    async def acquire(self, *, timeout: float | None = None) -> AsyncIterator[Any]:
        """Requests take turns."""
        async with self.lock:
            yield self.connection


@pytest_asyncio.fixture
async def connection(server: LocalPostgres, database_name: str) -> AsyncIterator[Connection]:
    """As ia_app, inside a transaction that is rolled back."""
    made = await asyncpg.connect(server.dsn("ia_app", database_name))
    await made.execute(
        "set transaction_timeout = 0; set idle_in_transaction_session_timeout = 0;"
        "set statement_timeout = 0"
    )
    await prepare(made)
    outer = made.transaction()
    await outer.start()
    yield made
    await outer.rollback()
    await made.close()


@pytest_asyncio.fixture
async def clients(app: FastAPI, connection: Connection) -> AsyncIterator[Clients]:
    """HTTP clients of agencies, in the test's transaction."""
    shared = OneConnection(connection)
    app.state.db, app.state.credentials = Nested(shared), Credentials(Keys(shared))
    app.state.probe = shared
    async with Clients(app) as made:
        yield made


@pytest_asyncio.fixture
async def make(connection: Connection, clients: Clients) -> Make:
    """Factories: agencies and keys by SQL, all else through the API."""
    return Make(connection, clients)


@pytest.fixture
def login(app: FastAPI, clients: Clients) -> Login:
    """Requests with tokens of an issuer in this process."""
    made = Login(app, clients)
    made.wire()
    return made


@asynccontextmanager
async def town(server: LocalPostgres) -> AsyncIterator["Committed"]:
    """An application on a database of its own, with real commits and many connections."""
    async with clone(server) as name:
        dsn = server.dsn("ia_app", name)
        made = create_app(SETTINGS, dsn=dsn, secret=SECRET)
        async with pool(dsn, 8) as connections, Clients(made) as clients:
            made.state.db = Database(connections)
            made.state.credentials = Credentials(Keys(connections))
            made.state.probe, made.state.started = connections, True
            admin = await asyncpg.connect(server.dsn("postgres", name))
            try:
                yield Committed(made, clients, Make(admin, clients), admin, server, name)
            finally:
                await admin.close()


@pytest_asyncio.fixture
async def committed(server: LocalPostgres) -> AsyncIterator["Committed"]:
    """One such town."""
    async with town(server) as made:
        yield made


class Committed:
    """What a test with real commits gets."""

    def __init__(
        self,
        app: FastAPI,
        clients: Clients,
        make: Make,
        admin: Connection,
        server: LocalPostgres,
        name: str,
    ) -> None:
        self.app, self.clients, self.make, self.admin = app, clients, make, admin
        self.server, self.name = server, name

    async def number(self) -> int:
        """Number what is committed; how many events were new."""
        return await numbered(self.server, self.name)
