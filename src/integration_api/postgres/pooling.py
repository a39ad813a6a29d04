"""How the API uses a database that PgBouncer lends it for one transaction at a time.

The server connection behind one of ours is another in every transaction, and others use it in
between. So nothing may be left on it (prepared statements, settings), and nothing may be expected
there: what is asked outside a transaction gets one. Any version of PgBouncer will do; from 1.21 on
it could keep the driver's statements, but not those of SQL (`PREPARE`), which ours are.
Source: PgBouncer, "SQL feature map for pooling modes".
"""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import asyncpg
from asyncpg import Connection

from integration_api.kernel.db import Brackets, Pool, pool, understand
from integration_api.kernel.idempotency import CLAIM, KEEP
from integration_api.kernel.settings import Settings

INLINE = Brackets(claim=CLAIM, keep=KEEP)
"""Brackets with the statements themselves instead of the names of prepared ones."""


async def _made(connection: Connection) -> None:
    async with connection.transaction():  # it asks for types, in two steps each
        await understand(connection)


class Alone:
    """A pool whose loans are transactions, for what asks without opening one."""

    def __init__(self, of: Pool) -> None:
        self._of = of

    @asynccontextmanager
    async def acquire(
        self,
        *,
        timeout: float | None = None,  # noqa: ASYNC109 - the parameter of the driver
    ) -> AsyncIterator[Connection]:
        """Lend a connection, in a transaction that ends with the block."""
        async with self._of.acquire(timeout=timeout) as connection, connection.transaction():
            yield connection


class Door:
    """A pool for readiness: PostgreSQL is asked itself, PgBouncer only whether it is there.

    A question would have to wait for a connection there, and a crowd is no reason to turn red. It
    is there as long as it does not close the connection that we have to it.
    """

    def __init__(self, direct: Pool, dsn: str) -> None:
        self._direct, self._dsn = direct, dsn
        self._in: Connection | None = None

    @asynccontextmanager
    async def acquire(
        self,
        *,
        timeout: float | None = None,  # noqa: ASYNC109 - the parameter of the driver
    ) -> AsyncIterator[Connection]:
        """Log in at PgBouncer, if we are not; then lend a direct connection."""
        if self._in is None or self._in.is_closed():
            self._in = await asyncpg.connect(self._dsn, timeout=timeout or 1)
        async with self._direct.acquire(timeout=timeout) as connection:
            yield connection

    def leave(self) -> None:
        """Close what is open at PgBouncer."""
        if self._in is not None:
            self._in.terminate()


class Pooling:
    """What the settings say of the way to the database at `dsn`, as the API uses it."""

    def __init__(self, settings: Settings, dsn: str) -> None:
        self._dsn, self._shared = dsn, settings.database_pooler == "transaction"
        named = settings.direct_database_url if self._shared else None
        self.direct = named.get_secret_value() if named else dsn
        """The address for what outlives a transaction: to listen is one."""
        self.brackets = INLINE if self._shared else Brackets()

    def pool(self, size: int) -> AbstractAsyncContextManager[Pool]:
        """A pool of connections for transactions."""
        if self._shared:  # statements without a name, which the next one replaces
            return pool(self._dsn, size, _made, kept=0)
        return pool(self._dsn, size)

    @asynccontextmanager
    async def probe(self) -> AsyncIterator[Pool]:
        """A pool of one for readiness."""
        async with pool(self.direct, 1) as own:
            door = Door(own, self._dsn)
            yield door if self._shared else own
            door.leave()

    def asking(self, lent: Pool) -> Pool:
        """`lent` for what asks a single thing and opens no transaction."""
        return Alone(lent) if self._shared else lent


async def is_direct(dsn: str) -> bool:
    """Whether nobody stands between: a pooler gives its clients process ids of its own."""
    connection: Any = await asyncpg.connect(dsn, timeout=10, statement_cache_size=0)
    try:
        async with connection.transaction():
            there = await connection.fetchval("select pg_backend_pid()")
        return bool(there == connection.get_server_pid())
    finally:
        await connection.close()
