"""Where the database is: our own server, started or found running, or one that was named."""

import os
import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass

import asyncpg
from asyncpg import Connection

from integration_api.kernel.settings import Settings
from integration_api.postgres import schema
from integration_api.postgres.launcher import LocalPostgres, LocalPostgresError

from .base import RefusalError, refuse, run

DATABASE = "integration_api"
SECRET_CHARACTERS = 32


@dataclass(frozen=True, slots=True)
class Place:
    """The addresses of one database, by who logs in; `local` is the server if it is ours.

    With `pooled`, `app` is PgBouncer's address; all others are always PostgreSQL's own, `direct`
    among them, which logs in like `app`.
    """

    app: str
    direct: str
    worker: str | None
    owner: str | None
    local: LocalPostgres | None = None
    auditor: str | None = None
    pooled: bool = False


def external(settings: Settings) -> Place:
    """The addresses that the settings name."""
    named = (settings.database_url, settings.worker_database_url, settings.migration_database_url)
    urls = (*named, settings.auditor_database_url)
    app, worker, owner, auditor = (one.get_secret_value() if one else None for one in urls)
    if app is None:
        refuse("INTEGRATION_API_DATABASE_URL is set to nothing: name a database, or unset it")
    direct, pooled = settings.direct_database_url, settings.database_pooler == "transaction"
    if pooled and direct is None:
        refuse(
            "INTEGRATION_API_DATABASE_POOLER=transaction needs INTEGRATION_API_DIRECT_DATABASE_URL:"
            " PostgreSQL's own address for ia_app, since who listens for changes must not be pooled"
        )
    to = direct.get_secret_value() if pooled and direct else app
    return Place(app, to, worker, owner, auditor=auditor, pooled=pooled)


def of_server(server: LocalPostgres) -> Place:
    """The addresses on our own server, where administration is the superuser's."""
    logins = ("ia_app", "ia_worker", "postgres", "ia_auditor")
    app, worker, owner, auditor = (server.dsn(login, DATABASE) for login in logins)
    return Place(app, app, worker, owner, server, auditor)


def server_of(settings: Settings) -> LocalPostgres:
    """Our own server, not started."""
    return LocalPostgres(settings.data_dir / "postgres")


def _nothing() -> None:
    """Nothing else is being imported."""


@contextmanager
def started(settings: Settings, loaded: Callable[[], None] = _nothing) -> Iterator[Place]:
    """The database for a service: our server is started, brought up to date, and stopped after.

    `loaded` waits for what another thread imports: two threads in one package may each find the
    other's half.

    Raises:
        LocalPostgresError: another process runs it.
    """
    if not settings.local:
        yield external(settings)
        return
    with server_of(settings) as server:
        run(provide(server, loaded))
        yield of_server(server)


@contextmanager
def reached(settings: Settings) -> Iterator[Place]:
    """The database for a command: the running server, else our own, started for the command."""
    if not settings.local:
        yield external(settings)
        return
    running = None
    with suppress(LocalPostgresError):
        running = server_of(settings).attach()
    if running is not None:
        yield of_server(running)
        return
    with started(settings) as place:
        yield place


async def connect(dsn: str) -> Connection:
    """A connection.

    Raises:
        RefusalError: the server is not there, or does not let us in.
    """
    try:
        return await asyncpg.connect(dsn, timeout=10)
    except (OSError, TimeoutError, asyncpg.CannotConnectNowError) as error:
        where = "it did not answer within 10 seconds" if isinstance(error, TimeoutError) else error
        raise RefusalError(f"the database cannot be reached: {where}") from error
    except asyncpg.InvalidAuthorizationSpecificationError as error:
        raise RefusalError(f"the database does not let this login in: {error}") from error
    except asyncpg.InvalidCatalogNameError as error:
        raise RefusalError(f"{error}: create it, and have a DBA run the roles in it") from error
    except ValueError as error:  # the error may quote the address, and with it a password
        raise RefusalError(
            "the address of the database cannot be read: postgresql://login@host/database is meant"
        ) from error


async def pooled_names(place: Place) -> list[str]:
    """The variables whose address is a pooler's and must be PostgreSQL's own.

    Raises:
        RefusalError: one of the addresses cannot be reached, PgBouncer's included.
    """
    from integration_api.postgres.pooling import is_direct

    if not place.pooled:
        return []
    await (await connect(place.app)).close()
    named = {"DIRECT": place.direct, "WORKER": place.worker, "MIGRATION": place.owner}
    found = []
    for name, dsn in named.items():
        if dsn is not None:
            await (await connect(dsn)).close()
            if not await is_direct(dsn):
                found.append(f"INTEGRATION_API_{name}_DATABASE_URL")
    return found


async def provide(server: LocalPostgres, loaded: Callable[[], None]) -> None:
    """Database, roles and schema on our own server; nothing is done where they are there."""
    owner = server.dsn("postgres", DATABASE)
    try:
        connection = await asyncpg.connect(owner, timeout=10)
    except asyncpg.InvalidCatalogNameError:
        await _execute(server.dsn("postgres", "postgres"), f"create database {DATABASE}")
        connection = await asyncpg.connect(owner, timeout=10)
    try:
        fresh = await schema.current(connection) != schema.head()
        if fresh:
            await connection.execute(schema.roles_sql())
    finally:
        await connection.close()
    if fresh:
        loaded()
        await schema.migrate(owner)


@asynccontextmanager
async def administration(place: Place) -> AsyncIterator[Connection]:
    """A connection that acts as the tables' owner, in a transaction that ends with the block.

    Raises:
        RefusalError: the settings name nobody who may.
        SchemaError: the login may not, or the schema is not that of this version.
    """
    from integration_api.kernel.db import prepare

    if place.owner is None:
        refuse("administration needs INTEGRATION_API_MIGRATION_DATABASE_URL (login ia_migrator)")
    connection = await connect(place.owner)
    try:
        schema.check_version(connection)
        await schema.become_owner(connection)
        await must_be_current(connection)
        await prepare(connection)
        async with connection.transaction():
            yield connection
    finally:
        await connection.close()


async def shipped(place: Place) -> int:
    """Bring the rule packs of this version into the database; how many were not there yet."""
    from integration_api.rules.shipping import ship

    async with administration(place) as connection:
        return await ship(connection)


async def must_be_current(connection: Connection) -> None:
    """Refuse a database whose schema is not that of this version.

    Raises:
        SchemaError: it is behind or ahead; the sentence says what to run.
    """
    at = await schema.current(connection)
    if at != schema.head():
        raise schema.SchemaError(
            f"the database is at revision {at or 'none'} and this version needs {schema.head()}:"
            " run `integration-api migrate`"
        )


def secret_of(settings: Settings) -> bytes:
    """What seals: the setting, or for our own server a random one kept beside the data.

    Raises:
        RefusalError: an external database is named without one, or it is too short.
    """
    given = settings.secret_key.get_secret_value() if settings.secret_key else None
    if given is not None:
        if len(given) < SECRET_CHARACTERS:
            refuse(f"INTEGRATION_API_SECRET_KEY needs at least {SECRET_CHARACTERS} characters")
        return given.encode()
    if not settings.local:
        refuse(
            "an external database needs INTEGRATION_API_SECRET_KEY, the same on every replica:"
            " at least 32 random characters"
        )
    return _kept_secret(settings)


def _kept_secret(settings: Settings) -> bytes:
    path = settings.data_dir / "secret"
    if not path.exists():
        write_closed(settings, "secret", secrets.token_hex(SECRET_CHARACTERS))
    return path.read_bytes().strip()


def write_closed(settings: Settings, name: str, text: str) -> None:
    """Write a file below the data folder that only this account can read, whole or not at all."""
    path = settings.data_dir / name
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(path.name + ".new")
    with suppress(FileNotFoundError):
        fresh.unlink()
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    fresh.replace(path)


async def _execute(dsn: str, sql: str) -> None:
    connection = await asyncpg.connect(dsn, timeout=10)
    try:
        await connection.execute(sql)
    finally:
        await connection.close()
