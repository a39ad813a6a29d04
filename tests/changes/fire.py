"""Twelve writers and two sequencers, and who ends them: their connections, or the process."""

import asyncio
import random
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from uuid import UUID

import asyncpg
from asyncpg import Connection

from integration_api.changes import sequencer
from integration_api.kernel.db import LOST, Database, pool
from tests.changes import numbering
from tests.changes.events import BEGIN, change
from tests.conftest import Committed
from tests.forked import FORKED

WRITERS, THINGS = 12, 40
ENDED = (*LOST, asyncpg.PostgresError, OSError)
"""What a writer meets whose connection is ended, or who waited too long for a lock."""
KILL = """
select count(pg_terminate_backend(pid)) from (
  select pid from pg_stat_activity where datname = current_database()
    and usename in ('ia_app', 'ia_worker') order by random() limit 1) as one
"""
UNNUMBERED = "select count(*) from ia.outbox where seq is null"


@dataclass
class Book:
    """What the writers know of their events."""

    wanted: int
    acknowledged: set[UUID] = field(default_factory=set)
    unknown: set[UUID] = field(default_factory=set)
    """Of a commit that was never answered."""
    taken_back: int = 0

    @property
    def full(self) -> bool:
        """Whether it is enough."""
        return len(self.acknowledged) >= self.wanted


@dataclass
class Toll:
    """What the fire has cost."""

    connections: int = 0
    sequencers: int = 0

    def __str__(self) -> str:
        return f"{self.connections} connections and {self.sequencers} sequencers killed"


async def _transaction(
    connection: Connection, things: list[UUID], book: Book, dice: random.Random
) -> None:
    """Change some things, take a part of it back, wait, and commit or roll back."""
    await connection.execute(BEGIN)
    written = set()
    for thing in sorted(dice.sample(things, dice.choice((1, 1, 2, 4)))):
        written.add(await change(connection, thing))
        await asyncio.sleep(dice.random() * 0.02)
        if dice.random() < 0.2:
            await connection.execute("savepoint part")
            await change(connection, thing)
            await connection.execute("rollback to savepoint part")
            book.taken_back += 1
    if dice.random() < 0.02:
        await asyncio.sleep(0.3)
    if dice.random() < 0.12:
        await connection.execute("rollback")
        book.taken_back += len(written)
        return
    book.unknown |= written
    await connection.execute("commit")
    book.unknown -= written
    book.acknowledged |= written


async def _write(dsn: str, things: list[UUID], book: Book, dice: random.Random) -> None:
    connection: Connection | None = None
    while not book.full:
        try:
            connection = connection or await asyncpg.connect(dsn)
            await _transaction(connection, things, book, dice)
        except ENDED:
            if connection:
                connection.terminate()
            connection = None
    if connection:
        connection.terminate()


async def _end_connections(dsn: str, stop: asyncio.Event, toll: Toll, dice: random.Random) -> None:
    """Of writers, of the sequencers, of the application that the reader asks."""
    connection = await asyncpg.connect(dsn)
    while not stop.is_set():
        await asyncio.sleep(dice.random() * 0.2)
        toll.connections += await connection.fetchval(KILL)
    await connection.close()


async def _started(dsn: str) -> BaseProcess:
    process = FORKED.Process(target=numbering.run, args=(dsn,))
    await asyncio.to_thread(process.start)
    return process


async def _end_processes(
    dsn: str, process: BaseProcess, stop: asyncio.Event, toll: Toll, dice: random.Random
) -> None:
    """A sequencer that is killed without a word, and another one in its place."""
    while not stop.is_set():
        await asyncio.sleep(0.2 + dice.random() * 0.6)
        process.kill()
        await asyncio.to_thread(process.join)
        toll.sequencers += 1
        process = await _started(dsn)
    process.kill()
    await asyncio.to_thread(process.join)


async def _number(dsn: str, stop: asyncio.Event) -> None:
    async with pool(dsn, 1) as connections:
        await sequencer.run(Database(connections), stop)


async def burn(
    town: Committed, things: list[UUID], wanted: int, numbered: asyncio.Event
) -> tuple[Book, Toll]:
    """Write `wanted` events under fire; `numbered` is set when the last one has its number."""
    owner, app = town.server.dsn("postgres", town.name), town.server.dsn("ia_app", town.name)
    worker = town.server.dsn("ia_worker", town.name)
    book, toll, done = Book(wanted), Toll(), asyncio.Event()
    seeds = random.Random(20261126)  # noqa: S311 - no secret
    dice = [random.Random(seeds.random()) for _ in range(WRITERS + 2)]  # noqa: S311 - no secret
    job = asyncio.create_task(_number(worker, numbered))
    other = await _started(worker)
    ending = [
        asyncio.create_task(_end_connections(owner, done, toll, dice.pop())),
        asyncio.create_task(_end_processes(worker, other, done, toll, dice.pop())),
    ]
    await asyncio.gather(*(_write(app, things, book, one) for one in dice))
    done.set()
    await asyncio.gather(*ending)
    # another process ends this wait
    while await town.admin.fetchval(UNNUMBERED):  # noqa: ASYNC110
        await asyncio.sleep(0.02)
    numbered.set()
    await job
    return book, toll
