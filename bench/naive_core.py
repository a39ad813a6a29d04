"""The same application on SQLAlchemy's AsyncSession: same routes, statements, policies, guarantees.

Only the carrier differs: a session per request, its transaction, the context by `set_config` after
begin, execution through SQLAlchemy's connection.
"""

import json
import os
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

from integration_api.app import create_app
from integration_api.kernel import db
from integration_api.kernel.observability import configure_logging
from integration_api.kernel.settings import Settings

configure_logging("error")
DSN = os.environ["BENCH_DSN"]  # noqa: TID251 - a programme of its own
CONTEXT = text(
    "select set_config('app.municipality_id', :m, true), set_config('app.agency_id', :a, true),"
    " set_config('app.client_id', :c, true)"
)


DOCUMENTS = {"participants", "concerns", "external_ids", "languages"}
"""Parameters that SQLAlchemy's connection takes as JSON text."""


class Handle:
    """A handle whose transaction is a session's."""

    def __init__(self, engine: AsyncEngine, call: db.Call) -> None:
        self.call, self.caller = call, call.caller
        self.session = AsyncSession(engine, expire_on_commit=False)
        self.closing = ""

    async def __aenter__(self) -> "Handle":
        return self

    async def __aexit__(self, kind: Any, error: Any, tb: Any) -> None:
        if error is None and self.closing:
            await (await self.session.connection()).exec_driver_sql(self.closing)
        await (self.session.commit() if error is None else self.session.rollback())
        await self.session.close()

    async def row(self, statement: Any, **params: Any) -> Any:
        """The first row, through the session's connection."""
        if not self.session.in_transaction():
            await self._begin()
        params = {n: json.dumps(v) if n in DOCUMENTS else v for n, v in params.items()}
        args = db._Handle._args(self, statement, params)  # type: ignore[arg-type]
        connection = await self.session.connection()
        found = (await connection.exec_driver_sql(statement.sql, tuple(args))).mappings().first()
        if found is None:
            return None
        body = found.get("body")
        return dict(found) | ({"body": body.encode()} if isinstance(body, str) else {})

    async def rows(self, statement: Any, **params: Any) -> Any:
        """All rows."""
        found = await self.row(statement, **params)
        return [] if found is None else [found]

    def answer(self, answer: Any) -> Any:
        """As in the service."""
        if self.call.claim:
            self.closing = self.call.claim.closing(answer).rstrip(";")
        return answer

    async def _begin(self) -> None:
        ids = self.caller
        values = {"m": ids.municipality_id, "a": ids.agency_id, "c": ids.client_id}
        await self.session.execute(CONTEXT, {k: str(v) for k, v in values.items()})
        if self.call.claim:
            await (await self.session.connection()).exec_driver_sql(self.call.claim.opening)


class SessionDatabase:
    """Hands out handles as `db.Database` does."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine

    def reading(self, caller: Any) -> Handle:
        """A handle."""
        return Handle(self.engine, db.Call(caller))

    def writing(self, call: db.Call) -> Handle:
        """A handle."""
        return Handle(self.engine, call)

    logged = writing


ours = create_app(Settings(environment="test", pool_size=4), dsn=DSN, secret=bytes(32))
engine = create_async_engine(
    DSN.replace("postgresql://", "postgresql+asyncpg://"),
    pool_size=4,
    max_overflow=0,
    json_deserializer=lambda text: text,  # an answer is handed through here too
)


async def app(scope: Any, receive: Any, send: Any) -> None:
    """The application with sessions instead of bare connections."""
    if scope["type"] == "http":
        ours.state.db = SessionDatabase(engine)
    await ours(scope, receive, send)
