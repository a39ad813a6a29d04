"""Our application for the bench: whole, on a given database, and once more with a counting pool."""

import os
from contextlib import asynccontextmanager
from typing import Any

from integration_api.app import create_app
from integration_api.kernel import db
from integration_api.kernel.observability import configure_logging
from integration_api.kernel.settings import Settings

configure_logging("error")
DSN = os.environ["BENCH_DSN"]  # noqa: TID251 - a programme of its own
app = create_app(Settings(environment="test", pool_size=4), dsn=DSN, secret=bytes(32))


class Counted:
    """A connection whose round trips are counted."""

    trips = 0

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def __getattr__(self, name: str) -> Any:
        """Count what asks the server."""
        if name in ("execute", "fetch", "fetchrow", "fetchval"):
            Counted.trips += 1
        return getattr(self._connection, name)


class Counting:
    """A pool of counted connections."""

    def __init__(self, pool: Any) -> None:
        self._pool = pool

    @asynccontextmanager
    async def acquire(self, *, timeout: float | None = None) -> Any:
        """Lend one."""
        async with self._pool.acquire(timeout=timeout) as connection:
            yield Counted(connection)


async def counted(scope: Any, receive: Any, send: Any) -> None:
    """The application with `x-trips` on each answer: statements and brackets, exactly."""
    if scope["type"] == "http":
        if not isinstance(app.state.db.pool, Counting):
            app.state.db = db.Database(Counting(app.state.db.pool))
        Counted.trips = 0

    async def told(message: Any) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message["headers"], (b"x-trips", str(Counted.trips).encode())]
        await send(message)

    await app(scope, receive, told)
