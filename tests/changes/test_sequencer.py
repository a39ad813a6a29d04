"""Numbers are dense and in order of each thing, whatever writers and sequencers meet with."""

import asyncio
import random
from contextlib import suppress
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import pytest

from integration_api.changes import sequencer
from integration_api.kernel.db import Database, pool
from integration_api.postgres.launcher import LocalPostgres
from tests.conftest import clone

WRITERS, EVENTS = 12, 30
ADD = """
insert into ia.outbox (event_id, municipality_id, agg_type, agg_id, agg_version, type, agency_ids,
  body, occurred_at)
values (gen_random_uuid(), $1, 'case', $2, $3, 'case.changed', '{}', '{}', now())
"""
UNNUMBERED = "select count(*) from ia.outbox where seq is null"
Seen = list[tuple[int, UUID, int]]


async def _write(dsn: str, thing: UUID, dice: random.Random) -> None:
    """Versions of one thing, each in a transaction that may wait or be rolled back."""
    connection = await asyncpg.connect(dsn)
    version = 1
    while version <= EVENTS:
        transaction = connection.transaction()
        await transaction.start()
        with suppress(ZeroDivisionError):
            async with connection.transaction():  # a savepoint that takes its event back
                await connection.execute(ADD, uuid4(), uuid4(), 1)
                raise ZeroDivisionError
        await connection.execute(ADD, uuid4(), thing, version)
        await asyncio.sleep(dice.random() * 0.02)
        if dice.random() < 0.12:
            await transaction.rollback()
            continue
        await transaction.commit()
        version += 1
    await connection.close()


async def _number(dsn: str, stop: asyncio.Event) -> None:
    async with pool(dsn, 1) as connections:
        await sequencer.run(Database(connections), stop)


async def _kill(dsn: str, stop: asyncio.Event) -> int:
    """End the sequencers' connections again and again; how many it were."""
    connection = await asyncpg.connect(dsn)
    ended = 0
    while not stop.is_set():
        await asyncio.sleep(0.1)
        ended += await connection.fetchval(
            "select count(pg_terminate_backend(pid)) from pg_stat_activity"
            " where datname = current_database() and usename = 'ia_worker'"
        )
    await connection.close()
    return ended


async def _read(dsn: str, key: str, stop: asyncio.Event) -> Seen:
    """What a reader collects that goes by `key` and never looks back."""
    connection = await asyncpg.connect(dsn)
    last, seen = 0, Seen()
    while True:
        ended = stop.is_set()
        sql = f"select {key} as k, agg_id, agg_version from ia.outbox where {key} > $1"
        rows = await connection.fetch(f"{sql} order by {key}", last)
        seen += [(row["k"], UUID(int=row["agg_id"].int), row["agg_version"]) for row in rows]
        last = seen[-1][0] if seen else 0
        if ended and not rows:
            await connection.close()
            return seen
        await asyncio.sleep(0.005)


async def _run(server: LocalPostgres, name: str) -> dict[str, Seen]:
    owner, worker = server.dsn("postgres", name), server.dsn("ia_worker", name)
    done, numbered = asyncio.Event(), asyncio.Event()
    readers = {k: asyncio.create_task(_read(owner, k, numbered)) for k in ("seq", "id")}
    jobs = [asyncio.create_task(_number(worker, numbered)) for _ in range(2)]
    killer = asyncio.create_task(_kill(owner, done))
    dice = random.Random(7)  # noqa: S311 - no secret
    await asyncio.gather(
        *(_write(owner, uuid4(), random.Random(dice.random())) for _ in range(WRITERS))  # noqa: S311
    )
    done.set()
    assert await killer > 1
    connection = await asyncpg.connect(owner)
    # another connection ends this wait
    while await connection.fetchval(UNNUMBERED):  # noqa: ASYNC110
        await asyncio.sleep(0.02)
    await connection.close()
    numbered.set()
    found = {name: await reader for name, reader in readers.items()}
    await asyncio.gather(*jobs)
    return found


def _must_be_whole(seen: Seen) -> None:
    """Every event of every thing once, in the order of its versions."""
    things: dict[UUID, list[int]] = {}
    for _, thing, version in seen:
        things.setdefault(thing, []).append(version)
    written = list(things.values())
    assert len(written) == WRITERS
    assert all(versions == list(range(1, EVENTS + 1)) for versions in written)


async def test_nothing_is_lost_doubled_or_out_of_order(server: LocalPostgres) -> None:
    async with clone(server) as name:
        connection = await asyncpg.connect(server.dsn("postgres", name))
        await connection.execute("delete from ia.outbox")
        await connection.close()
        found = await _run(server, name)
    _must_be_whole(found["seq"])
    assert [k for k, _, _ in found["seq"]] == list(range(1, WRITERS * EVENTS + 1))
    with pytest.raises(AssertionError):  # the twin: identity order is not commit order
        _must_be_whole(found["id"])


async def _epoch(server: LocalPostgres, name: str) -> object:
    """The epoch after the sequencer has looked."""
    async with pool(server.dsn("ia_worker", name), 1) as connections:
        await sequencer.number(Database(connections))
        async with connections.acquire() as connection:
            return await connection.fetchval("select epoch from ia.feed_head")


async def test_a_copied_database_has_an_epoch_of_its_own(server: LocalPostgres) -> None:
    async with clone(server) as name, clone(server) as other:
        first = await _epoch(server, name)
        assert first != await _epoch(server, other)
        assert first == await _epoch(server, name)


async def _tool(server: LocalPostgres, name: str, *arguments: str) -> None:
    done = await asyncio.create_subprocess_exec(str(server.tool(name)), *arguments)
    assert await done.wait() == 0


async def test_a_restore_into_the_same_database_begins_an_epoch(
    server: LocalPostgres, tmp_path: Path
) -> None:
    async with clone(server) as name:
        address, file = server.dsn("postgres", name), str(tmp_path / "all.dump")
        before = await _epoch(server, name)
        await _tool(server, "pg_dump", "--format=custom", f"--file={file}", address)
        assert before == await _epoch(server, name)
        options = ("--clean", "--if-exists", "--single-transaction", "--exit-on-error")
        await _tool(server, "pg_restore", *options, f"--dbname={address}", file)
        assert before != await _epoch(server, name)


async def test_what_has_a_number_keeps_it(server: LocalPostgres) -> None:
    async with clone(server) as name:
        owner = await asyncpg.connect(server.dsn("postgres", name))
        await owner.execute(ADD, uuid4(), uuid4(), 1)
        await _epoch(server, name)
        worker = await asyncpg.connect(server.dsn("ia_worker", name))
        assert await worker.fetchval("select max(seq) from ia.outbox") >= 1
        assert await worker.execute("update ia.outbox set seq = seq + 1000000") == "UPDATE 0"
        # old ones end, see test_retention
        assert await worker.execute("delete from ia.outbox") == "DELETE 0"
        for connection in (owner, worker):
            await connection.close()


async def test_the_worker_may_number_and_send_and_not_change_what_happened(
    server: LocalPostgres,
) -> None:
    async with clone(server) as name:
        connection = await asyncpg.connect(server.dsn("ia_worker", name))
        await connection.fetch("select body from ia.outbox")  # ids alone: what webhooks carry
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("update ia.outbox set body = '{}'")
        await connection.close()
