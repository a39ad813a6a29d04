"""The only place that opens, commits or rolls back a transaction.

What writes has one transaction: it opens with the first statement, on one connection, and is
committed before the answer leaves: `within` stands around every handler that takes a handle. Round
trips: opening (BEGIN, context, claim of the idempotency key), statements, closing (answer, COMMIT).
What reads has none around it: a statement carries its context and is a transaction by itself.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import wraps
from typing import Annotated, Any, Protocol, Self, cast
from uuid import UUID

import asyncpg
import orjson
from asyncpg import Connection, Record
from fastapi import Depends, Request

from . import clock
from .answers import Answer, condition
from .idempotency import PREPARED, Claim, Key, claim
from .ids import uuid7
from .observability import count_statement
from .principal import ANONYMOUS, Principal, Purpose, carried, purpose_of
from .problems import KeyInUse
from .scalars import PLAIN_ID
from .statements import Change, Personal, Query, Statement

READ_ONLY, LATER = "on", "off;off"
LOST = (
    *(asyncpg.InterfaceError, asyncpg.InternalClientError, asyncpg.PostgresConnectionError),
    *(asyncpg.AdminShutdownError, OSError),
)


class Pool(Protocol):
    """What a database needs of a pool: connections on loan."""

    def acquire(self, *, timeout: float | None = None) -> AbstractAsyncContextManager[Any]:
        """Lend a connection for the length of a block."""


@dataclass(frozen=True, slots=True)
class Brackets:
    """How a transaction opens and ends; tests hand in savepoints of an outer one."""

    write: str = "BEGIN READ WRITE;"
    snapshot: str = (
        "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;"
        "SET LOCAL transaction_timeout='30s';SET LOCAL statement_timeout='10s';"
    )
    commit: str = "COMMIT"
    committed: str = "COMMIT"
    rollback: str = "ROLLBACK"
    claim: str = "EXECUTE ia_claim({},{},{},{},{});"
    keep: str = "EXECUTE ia_keep({},{},{},{},{},{},{});"


class Transaction:
    """One transaction on one connection for one principal."""

    def __init__(self, database: "Database", opening: str, principal: Principal) -> None:
        self._database, self._opening = database, opening + principal.context_sql
        self.connection: Connection | None = None
        self.closing = ""

    async def open(self, claim: Claim | None = None) -> Connection:
        """Borrow a connection and begin; once more where the lent connection was dead.

        Raises:
            Replay, KeyReused, KeyInUse: as the claimed idempotency key says.
            TimeoutError: no connection became free.
        """
        opening = self._opening + (claim.opening(self._database.brackets.claim) if claim else "")
        try:
            connection, tag = await self._begin(opening)
        except TimeoutError:  # no connection was free: asking again would only wait again
            raise
        except LOST:
            connection, tag = await self._begin(opening)
        if claim:
            await claim.judge(connection, tag)
        return connection

    async def _begin(self, opening: str) -> tuple[Connection, str]:
        self._loan = self._database.pool.acquire(timeout=self._database.wait)
        self.connection = connection = await self._loan.__aenter__()
        try:
            return connection, await connection.execute(opening)
        except BaseException as e:
            await self.close(failed=True)
            if isinstance(e, asyncpg.LockNotAvailableError):
                raise KeyInUse from e
            raise

    async def close(self, *, failed: bool) -> None:
        """Commit, or roll back; a connection that cannot even roll back is thrown away.

        Raises:
            RuntimeError: an error was swallowed and COMMIT answered ROLLBACK.
        """
        connection, brackets = self.connection, self._database.brackets
        if connection is None:
            return
        self.connection = None
        try:
            tag = "" if failed else await connection.execute(self.closing + brackets.commit)
        except BaseException:
            await asyncio.shield(self._undo(connection))
            raise
        if failed:
            await asyncio.shield(self._undo(connection))
            return
        await self._loan.__aexit__(None, None, None)
        if tag != brackets.committed:
            raise RuntimeError("an error was swallowed: COMMIT answered ROLLBACK")

    async def _undo(self, connection: Connection) -> None:
        """Roll back, then give back: in one go, for its caller may be cancelled more than once."""
        await _calm(connection, self._database.brackets.rollback)
        await self._loan.__aexit__(None, None, None)


async def _calm(connection: Connection, sql: str) -> None:
    """End what was under way with `sql`; what takes longer, as with a dead network, is let go."""
    try:
        async with asyncio.timeout(0.25):  # the driver's own limit does not count this wait
            await connection.execute(sql)
    except Exception:
        connection.terminate()


class Database:
    """The pool and how its transactions are bracketed."""

    recording = "off"
    """How a read is run that leaves an access record; `LATER`: without waiting for the disk."""

    def __init__(self, pool: Pool, brackets: Brackets = Brackets(), wait: float = 1.0) -> None:
        self.pool, self.brackets, self.wait = pool, brackets, wait
        self.asking = pool  # of the statements that are a transaction by themselves

    def reading(self, caller: Principal) -> "ReadTx":
        """A handle that only reads; safe on a replica."""
        return ReadTx(self, Call(caller))

    def writing(self, call: "Call") -> "WriteTx":
        """A handle that reads and writes."""
        return WriteTx(self, call, self.brackets.write)

    def logged(self, call: "Call") -> "LoggedReadTx":
        """A handle that reads personal data and records that it did."""
        return LoggedReadTx(self, call)

    async def alone(self, fetch: str, sql: str, args: list[Any]) -> Any:
        """A statement that is a transaction."""
        async with self.asking.acquire(timeout=self.wait) as connection:
            try:
                return await getattr(connection, fetch)(sql, *args)
            except asyncio.CancelledError:
                await asyncio.shield(_calm(connection, ""))
                raise


@dataclass(frozen=True, slots=True)
class Call:
    """Who asks, why, and under which request id."""

    caller: Principal
    purpose: str | None = None
    request_id: UUID | None = None
    claim: Claim | None = None
    resource_id: UUID | None = None
    """The id in the path: what is read, or what stands above it."""
    at: datetime | None = None
    """The one moment of several statements; without it each has its own."""


class _Handle:
    """What the three handles share: the lazy opening and the filling in of the principal."""

    def __init__(self, database: Database, call: Call, opening: str = "") -> None:
        self.call, self.caller, self._database = call, call.caller, database
        self.how = READ_ONLY if isinstance(self, ReadTx) else database.recording
        self._transaction = Transaction(database, opening, call.caller) if opening else None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: Any, error: BaseException | None, tb: Any) -> None:
        if self._transaction:
            await self._transaction.close(failed=error is not None)

    def _args(self, statement: Statement, params: dict[str, Any]) -> list[Any]:
        caller = self.caller
        params |= {
            "me_municipality_id": caller.municipality_id,
            "me_agency": caller.agency_id,
            "me_client": caller.client_id,
            "me_member": caller.member_id,
            "me_compartments": caller.compartments,
            "me_assigned_only": caller.assigned_only,
            "me_purpose": self.call.purpose,
            "me_request": self.call.request_id,
            "me_resource": self.call.resource_id,
            "me_now": self.call.at or clock.now(),
            "me_event": uuid7(),
        }
        return statement.args(params)

    async def _run(self, fetch: str, statement: Statement, params: dict[str, Any]) -> Any:
        count_statement()
        if self._transaction is None:
            args = self._args(statement, params)
            args.append(carried(self.caller.context_sql, self.how))
            try:
                return await self._database.alone(fetch, statement.alone, args)
            except TimeoutError:  # waited long enough, for a connection or for the statement
                raise
            except LOST:  # the lent connection was dead: once more
                return await self._database.alone(fetch, statement.alone, args)
        opened = self._transaction
        connection = opened.connection or await opened.open(self.call.claim)
        return await getattr(connection, fetch)(statement.sql, *self._args(statement, params))


class ReadTx(_Handle):
    """Reads data that is nobody's: the directory, code lists, bounded counts."""

    async def row(self, statement: Query, **params: Any) -> Record | None:
        """The first row, or None."""
        return cast(Record | None, await self._run("fetchrow", statement, params))

    async def rows(self, statement: Query, **params: Any) -> list[Record]:
        """All rows; the statement bounds them."""
        return cast(list[Record], await self._run("fetch", statement, params))


class WriteTx(ReadTx):
    """Reads, locks and writes; its answer is stored with the idempotency key."""

    _transaction: Transaction

    async def row(self, statement: Query | Change, **params: Any) -> Record | None:
        """The first row, or None."""
        return cast(Record | None, await self._run("fetchrow", statement, params))

    async def rows(self, statement: Query | Change, **params: Any) -> list[Record]:
        """All rows; the statement bounds them."""
        return cast(list[Record], await self._run("fetch", statement, params))

    def answer(self, answer: Answer) -> Answer:
        """Hand the answer on, remembered for a repetition of the request."""
        if self.call.claim:
            keep = self._transaction._database.brackets.keep
            self._transaction.closing = self.call.claim.closing(keep, answer)
        return answer

    @asynccontextmanager
    async def rehearsal(
        self, audience: Principal, *steps: tuple[Change, dict[str, Any]]
    ) -> AsyncIterator["LoggedReadTx"]:
        """What `audience` would see after `steps` of the caller; then none of it happened."""
        connection = self._transaction.connection or await self._transaction.open(self.call.claim)
        theirs = LoggedReadTx(self._database, replace(self.call, caller=audience))
        theirs._transaction = self._transaction
        await connection.execute("SAVEPOINT rehearsal")
        try:
            for statement, params in steps:
                await self.row(statement, **params)
            await connection.execute(audience.context_sql)
            yield theirs
        finally:  # takes back the context too
            await connection.execute("ROLLBACK TO SAVEPOINT rehearsal;RELEASE SAVEPOINT rehearsal")

    async def __aexit__(self, kind: Any, error: BaseException | None, tb: Any) -> None:
        if error is None and self.call.claim and not self._transaction.closing:
            await self._transaction.close(failed=True)
            raise RuntimeError("an operation with an Idempotency-Key did not hand in its answer")
        await super().__aexit__(kind, error, tb)


class LoggedReadTx(_Handle):
    """Reads personal data; takes nothing but `Personal` statements."""

    async def row(self, statement: Personal, **params: Any) -> Record | None:
        """The first row, or None."""
        return cast(Record | None, await self._run("fetchrow", statement, params))


async def _read(request: Request) -> ReadTx:
    condition(request)
    return cast(ReadTx, request.app.state.db.reading(ANONYMOUS))


async def _own(request: Request) -> ReadTx:
    return cast(ReadTx, request.app.state.db.reading(request.state.caller))


async def _write(request: Request, purpose: Purpose = None, key: Key = None) -> WriteTx:
    call = _call(request, purpose, await claim(request, key))
    return cast(WriteTx, request.app.state.db.writing(call))


async def _amend(request: Request, purpose: Purpose = None) -> WriteTx:
    return cast(WriteTx, request.app.state.db.writing(_call(request, purpose)))


async def _logged(request: Request, purpose: Purpose = None) -> LoggedReadTx:
    return cast(LoggedReadTx, request.app.state.db.logged(_call(request, purpose)))


def _call(request: Request, purpose: str | None, claim: Claim | None = None) -> Call:
    state, stated = request.state, request.path_params.get("id", "")
    resource = UUID(stated) if PLAIN_ID.fullmatch(stated) else None  # any other is a 404
    why = purpose_of(state.caller, purpose)
    return Call(state.caller, why, state.request_uuid, claim, resource)


Read = Annotated[ReadTx, Depends(_read)]
OwnRead = Annotated[ReadTx, Depends(_own)]
Write = Annotated[WriteTx, Depends(_write)]  # POST: with Idempotency-Key
Amend = Annotated[WriteTx, Depends(_amend)]  # PATCH, PUT: idempotent already
LoggedRead = Annotated[LoggedReadTx, Depends(_logged)]


def within(handler: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """The handler in the transaction of its `db`: committed or rolled back when it is done."""

    @wraps(handler)
    async def inside(*, db: _Handle, **given: Any) -> Any:
        async with db:
            return await handler(db=db, **given)

    return inside


async def prepare(connection: Connection) -> None:
    """A new connection: how it reads and writes, and the statements of idempotency keys."""
    await connection.execute(PREPARED)
    await understand(connection)


async def understand(connection: Connection) -> None:
    """Types: json is an answer, handed through; jsonb is data, parsed; the context is text."""
    await connection.set_builtin_type_codec("context", schema="ia", codec_name="text")
    await connection.set_type_codec(
        "json", schema="pg_catalog", format="binary", encoder=bytes, decoder=bytes
    )
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        format="binary",
        encoder=lambda value: b"\x01" + orjson.dumps(value),
        decoder=lambda data: orjson.loads(data[1:]),
    )
    # the driver takes 0001-01-01 and 9999-12-31 for the infinities, which no answer may hold
    await connection.set_type_codec(
        "date", schema="pg_catalog", encoder=date.isoformat, decoder=date.fromisoformat
    )


async def no_reset(_: Connection) -> None:
    """Nothing to undo: only SET LOCAL ever touches a pooled connection."""


@asynccontextmanager
async def pool(dsn: str, size: int, init: Any = prepare, kept: int = 250) -> AsyncIterator[Pool]:
    """The pool of a process.

    A statement stays prepared however long its text is; the `kept` used last do, since each of them
    takes up to 0.4 MB of the server.
    """
    async with asyncpg.create_pool(
        dsn,
        min_size=min(2, size),
        max_size=size,
        init=init,
        reset=no_reset,
        timeout=5,
        command_timeout=10,
        max_cached_statement_lifetime=0,
        statement_cache_size=kept,
        max_cacheable_statement_size=0,
    ) as made:
        yield made
