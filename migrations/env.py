"""Alembic's environment: as ia_owner, in one transaction per migration, with short locks."""

import asyncio
import sys
from pathlib import Path

from alembic import context
from sqlalchemy import Connection, pool, text
from sqlalchemy.ext.asyncio import create_async_engine

sys.path.insert(0, str(Path(__file__).parent))

PREPARE = (
    "SET ROLE ia_owner",
    "SELECT pg_advisory_lock(20261122)",  # two deployments at once: the second one waits
    # Longer than the second after which PostgreSQL ends an autovacuum that is in the way, shorter
    # than the 1.5 s that a request waits for a lock: who stands behind us gets through.
    "SET lock_timeout = '1200ms'",
    "SET statement_timeout = '30s'",
    "SET search_path = pg_catalog",
)
OPTIONS = {"version_table_schema": "ia", "transaction_per_migration": True}


def offline() -> None:
    """Print the SQL instead of running it."""
    context.configure(dialect_name="postgresql", literal_binds=True, **OPTIONS)
    with context.begin_transaction():
        for line in PREPARE:
            context.execute(line)
        context.run_migrations()


def _run(connection: Connection) -> None:
    for line in PREPARE:
        connection.execute(text(line))
    connection.commit()
    context.configure(connection=connection, **OPTIONS)
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()


async def _online(url: str) -> None:
    engine = create_async_engine(url, poolclass=pool.NullPool)
    try:
        async with engine.connect() as connection:
            await connection.run_sync(_run)
    finally:
        await engine.dispose()


if context.is_offline_mode():
    offline()
elif "connection" in context.config.attributes:
    _run(context.config.attributes["connection"])
else:
    asyncio.run(_online(context.config.attributes["url"]))
