"""The same application on SQLAlchemy's AsyncSession: same routes, statements, policies, guarantees.

Only the carrier differs: each request has a session, its transaction, the context by `set_config`
after begin, and Core statements that SQLAlchemy compiles (from its cache), binds and reads.
"""

from typing import Any

import orjson
from knobs import DSN
from sqlalchemy import Executable, bindparam, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.sql.visitors import cloned_traverse

from integration_api.kernel import clock, statements
from integration_api.kernel.idempotency import KEPT, Claim, idempotency_key
from integration_api.kernel.ids import uuid7

_compile = statements.Statement.__init__


def _remember(self: Any, statement: Executable) -> None:
    """Keep the statement beside its text, before any noun is imported.

    Its parameters get names of their own: SQLAlchemy takes one that is named like a column of an
    insert or update in a CTE for a value of that column.
    """
    _compile(self, statement)
    self.core = cloned_traverse(statement, {}, {"bindparam": _rename})


def _rename(bind: Any) -> None:
    if bind.required:
        bind.key = f"given_{bind.key}"


statements.Statement.__init__ = _remember  # type: ignore[method-assign]

from integration_api.app import create_app  # noqa: E402
from integration_api.edge.logs import configure_logging  # noqa: E402
from integration_api.kernel import db  # noqa: E402
from integration_api.kernel.settings import Settings  # noqa: E402

SETTINGS = [f"app.{name}_id" for name in ("municipality", "agency", "client")]
SETTINGS += ["app.member_id", "app.compartments", "app.assigned_only"]
CONTEXT = select(*(func.set_config(name, bindparam(name[4:]), True) for name in SETTINGS))
KEY = idempotency_key.c


class Handle:
    """A handle whose transaction is a session's."""

    def __init__(self, engine: AsyncEngine, call: db.Call) -> None:
        self.call, self.caller = call, call.caller
        self.session = AsyncSession(engine, expire_on_commit=False)
        self.answered: Any = None

    async def __aenter__(self) -> "Handle":
        return self

    async def __aexit__(self, kind: Any, error: Any, tb: Any) -> None:
        claim = self.call.claim
        if error is None and claim and self.answered is not None:
            await self.session.execute(_keeping(claim, self.answered))
        await (self.session.commit() if error is None else self.session.rollback())
        await self.session.close()

    async def row(self, statement: Any, **params: Any) -> Any:
        """The first row."""
        found = (await self._run(statement, params)).mappings().first()
        if found is None or not isinstance(found.get("body"), str):
            return found
        return {**found, "body": found["body"].encode()}

    async def rows(self, statement: Any, **params: Any) -> Any:
        """All rows."""
        return (await self._run(statement, params)).mappings().all()

    def answer(self, answer: Any) -> Any:
        """As in the service."""
        self.answered = answer
        return answer

    async def _run(self, statement: Any, params: dict[str, Any]) -> Any:
        if not self.session.in_transaction():
            await self._begin()
        caller = self.caller
        params |= {
            "me_municipality_id": caller.municipality_id,
            "me_agency": caller.agency_id,
            "me_client": caller.client_id,
            "me_member": caller.member_id,
            "me_compartments": list(caller.compartments),
            "me_assigned_only": list(caller.assigned_only),
            "me_purpose": self.call.purpose,
            "me_request": self.call.request_id,
            "me_resource": self.call.resource_id,
            "me_now": clock.now(),
            "me_event": uuid7(),
        }
        given = {f"given_{name}": value for name, value in params.items()}
        return await self.session.execute(statement.core, given)

    async def _begin(self) -> None:
        caller = self.caller
        ids = map(str, (caller.municipality_id, caller.agency_id, caller.client_id))
        both = (caller.compartments, caller.assigned_only)
        codes = ("{" + ",".join(some) + "}" for some in both)
        context = {name[4:]: text for name, text in zip(SETTINGS, (*ids, "", *codes), strict=True)}
        await self.session.execute(CONTEXT, context)
        if claim := self.call.claim:
            taken = await self.session.execute(_claiming(claim))
            raw = await (await self.session.connection()).get_raw_connection()
            await claim.judge(raw.driver_connection, f"INSERT 0 {taken.rowcount}")


def _claiming(claim: Claim) -> Any:
    row = {
        KEY.municipality_id: claim.municipality_id,
        KEY.client_id: claim.client_id,
        KEY.key: claim.key,
        KEY.fingerprint: claim.fingerprint,
        KEY.expires_at: clock.now() + KEPT,
    }
    return insert(idempotency_key).values(row).on_conflict_do_nothing()


def _keeping(claim: Claim, answer: Any) -> Any:
    headers = {n: answer.headers[n] for n in ("ETag", "Location") if n in answer.headers}
    row = {
        KEY.status: answer.status_code,
        KEY.headers: orjson.dumps(headers).decode(),
        KEY.body: bytes(answer.body),
        KEY.shown: list(answer.shown),
    }
    mine = (
        KEY.municipality_id == claim.municipality_id,
        KEY.client_id == claim.client_id,
        KEY.key == claim.key,
    )
    return update(idempotency_key).where(*mine).values(row)


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


configure_logging("info")
rates = {"caller_rate": "100000000/second", "address_rate": "100000000/second"}
ours = create_app(Settings(environment="test", pool_size=4, **rates), dsn=DSN, secret=bytes(32))
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
