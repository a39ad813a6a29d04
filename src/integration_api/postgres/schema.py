"""The database's schema: where the migrations are, which is the newest, and how they run."""

import asyncio
import io
import re
from collections.abc import Awaitable, Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import asyncpg
from asyncpg import Connection

OLDEST = 17  # the builtin C.UTF-8 locale and MERGE … RETURNING begin here
# Alembic makes this table itself, so no migration can; readiness and start compare it with `head`.
_READABLE = "grant select on ia.alembic_version to ia_app, ia_worker, ia_auditor"
_REVISION = re.compile(r'^revision = "(\w+)"$', re.MULTILINE)
_DOWN = re.compile(r'^down_revision = "(\w+)"$', re.MULTILINE)


TRIES, PAUSE = 15, 2.0
"""Longer in all than any statement of ours may take; seconds of peace for others in between."""
LOCKED = "55P03"
ROLE_MISSING = ("42704", "42501")
"""It does not exist, or ia_owner may not give it anything yet."""


class SchemaError(RuntimeError):
    """Server or schema do not fit this version; the message says what to do about it."""


def folder() -> Path:
    """Where the migrations are: in a checkout as written, otherwise as the wheel brought them."""
    written = Path(__file__).parents[3] / "migrations"
    return written if written.is_dir() else Path(__file__).parents[1] / "_data" / "migrations"


@lru_cache(maxsize=1)
def revisions() -> frozenset[str]:
    """Every revision this version knows."""
    return frozenset(_chain())


@lru_cache(maxsize=1)
def head() -> str:
    """The newest revision; read from the files, because loading Alembic takes a second.

    Raises:
        SchemaError: the migrations are missing or do not form one line.
    """
    chain = _chain()
    (*tips,) = chain.keys() - chain.values()
    if len(tips) != 1:
        raise SchemaError(f"the migrations in {folder()} have {len(tips)} ends instead of one")
    return tips[0]


def _chain() -> dict[str, str | None]:
    texts = [path.read_text(encoding="utf-8") for path in folder().glob("versions/*.py")]
    found = {m[1]: _DOWN.search(text) for text in texts if (m := _REVISION.search(text))}
    return {revision: before[1] if before else None for revision, before in found.items()}


def roles_sql() -> str:
    """What a DBA runs once, as superuser, before the first migration."""
    return (folder() / "roles.sql").read_text(encoding="utf-8")


def sql() -> str:
    """Every migration as SQL text, for a DBA who runs it by hand and for the linter."""
    from alembic import command

    text = io.StringIO()
    config = _config()
    config.output_buffer = text
    command.upgrade(config, "head", sql=True)
    return f"{text.getvalue().rstrip()}\n\n{_READABLE};\n"


def check_version(connection: Connection) -> None:
    """Refuse a server that is too old, by what it said when the connection was made.

    Raises:
        SchemaError: it is older than PostgreSQL 17.
    """
    if connection.get_server_version().major < OLDEST:
        said = connection.get_settings().server_version
        raise SchemaError(
            f"PostgreSQL {OLDEST} or newer is needed, and this server is PostgreSQL {said}:"
            " upgrade it, or name another one"
        )


async def current(connection: Connection) -> str | None:
    """The revision of the database; None before the first migration."""
    if not await connection.fetchval("select to_regclass('ia.alembic_version') is not null"):
        return None
    revision: str | None = await connection.fetchval("select version_num from ia.alembic_version")
    return revision


async def become_owner(connection: Connection) -> None:
    """Act as the owner of all tables, as migrations and administration do.

    Raises:
        SchemaError: the roles are missing, or this login may not.
    """
    try:
        await connection.execute("set role ia_owner")
    except asyncpg.InvalidParameterValueError as error:
        raise SchemaError(
            "the roles are missing: have a DBA run what `integration-api migrate --print-roles`"
            " prints, in this database"
        ) from error
    except asyncpg.InsufficientPrivilegeError as error:
        raise SchemaError(
            "this login may not act as ia_owner: INTEGRATION_API_MIGRATION_DATABASE_URL has to"
            " name ia_migrator"
        ) from error


async def migrate(dsn: str) -> bool:
    """Bring the database at `dsn` to the newest revision; tell whether anything was to do.

    Raises:
        SchemaError: the server is too old, its roles are missing, a newer version was here, or a
            lock was not to be had.
    """
    connection = await asyncpg.connect(dsn, timeout=10)
    try:
        check_version(connection)
        await become_owner(connection)
        at = await current(connection)
    finally:
        await connection.close()
    if at == head():
        return False
    if at is not None and at not in revisions():
        raise SchemaError(
            f"the database is at revision {at}, which this version does not know:"
            " run the version that made it, or a newer one"
        )
    await _upgrade(dsn)
    return True


async def _upgrade(dsn: str) -> None:
    from alembic import command

    await _patiently(lambda: run(dsn, command.upgrade, "head"))
    connection = await asyncpg.connect(dsn, timeout=10)
    try:
        await become_owner(connection)
        await connection.execute(_READABLE)
    finally:
        await connection.close()


async def _patiently(work: Callable[[], Awaitable[None]]) -> None:
    """Try again where somebody held a lock for too long; what was done is kept and goes on."""
    from sqlalchemy.exc import DBAPIError

    for left in reversed(range(TRIES)):
        try:
            await work()
        except DBAPIError as error:
            state = getattr(error.orig, "sqlstate", None)
            if state in ROLE_MISSING:
                raise SchemaError(
                    "this version needs roles that are not there: have a DBA run what"
                    " `integration-api migrate --print-roles` prints once more, in this database"
                ) from error
            if state != LOCKED:
                raise
            if not left:
                raise SchemaError(
                    f"somebody held a lock through {TRIES} tries: nothing is half done, so run this"
                    " again; pg_stat_activity shows the long query"
                ) from error
            await asyncio.sleep(PAUSE)
        else:
            return


async def run(dsn: str, action: Callable[..., Any], revision: str) -> None:
    """Run an action of Alembic such as `command.upgrade` on the database at `dsn`."""
    from sqlalchemy.ext.asyncio import create_async_engine
    from sqlalchemy.pool import NullPool

    # The driver reads the address itself: SQLAlchemy would understand only half of it.
    engine = create_async_engine(
        "postgresql+asyncpg://", poolclass=NullPool, async_creator=lambda: asyncpg.connect(dsn)
    )
    try:
        async with engine.connect() as connection:
            await connection.run_sync(lambda c: action(_config(connection=c), revision))
    finally:
        await engine.dispose()


def _config(**attributes: Any) -> Any:
    from alembic.config import Config

    config = Config(attributes=attributes)
    config.set_main_option("script_location", str(folder()).replace("%", "%%"))
    return config
