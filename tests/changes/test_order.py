"""The feed loses nothing, tells nothing twice and keeps the order, whatever happens around it.

`make chaos` asks it of 20,000 events.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from uuid import UUID

import asyncpg
import pytest

from tests.changes.events import BEGIN, Event, Faults, change, faults
from tests.changes.fire import THINGS, burn
from tests.changes.readers import TWINS, WITH_XID, Page, Reader, Twin, follow
from tests.conftest import Committed

EVENTS = int(os.environ.get("CHAOS_EVENTS", "2000"))  # noqa: TID251 - a knob of `make chaos`
STORED = "select event_id, agg_id, agg_version, seq from ia.outbox where seq > $1 order by seq"
Script = Callable[["Scene"], Awaitable[None]]


async def _cases(town: Committed, count: int) -> list[UUID]:
    """Cases that the lead sees, their own events read and done."""
    person = await town.make.person()
    made = [UUID((await town.make.case(person)).id) for _ in range(count)]
    await town.number()
    return made


async def _last(town: Committed) -> int:
    last: int = await town.admin.fetchval("select last from ia.feed_head")
    return last


async def _stored(town: Committed, after: int) -> list[Event]:
    """What is in the database, densely numbered."""
    rows = await town.admin.fetch(STORED, after)
    assert [row["seq"] for row in rows] == list(range(after + 1, after + 1 + len(rows)))
    return [
        Event(UUID(int=r["event_id"].int), UUID(int=r["agg_id"].int), r["agg_version"])
        for r in rows
    ]


@asynccontextmanager
async def _readers(town: Committed) -> AsyncIterator[dict[str, Reader]]:
    """The feed and its twins, from here on."""
    async with AsyncExitStack() as stack:
        found: dict[str, Reader] = {"feed": Page(town)}
        await town.admin.execute(WITH_XID)
        for name in TWINS:
            connection = await asyncpg.connect(town.server.dsn("postgres", town.name))
            stack.push_async_callback(connection.close)
            found[name] = Twin(name, connection)
        for reader in found.values():
            await reader.begin()
        yield found


async def test_nothing_is_lost_told_twice_or_out_of_order(
    committed: Committed, record_property: Callable[[str, object], None]
) -> None:
    things, numbered = await _cases(committed, THINGS), asyncio.Event()
    before = await _last(committed)
    async with _readers(committed) as readers:
        following = [asyncio.create_task(follow(r, numbered)) for r in readers.values()]
        book, toll = await burn(committed, things, EVENTS, numbered)
        await asyncio.gather(*following)
        stored = await _stored(committed, before)
        found = {name: faults(reader.seen, stored) for name, reader in readers.items()}
    told = ", ".join(f"{name}: {fault}" for name, fault in found.items())
    record_property("figures", f"{len(stored)} events, {toll}; {told}")
    kept = {event.id for event in stored}
    assert len(kept) >= EVENTS
    assert book.acknowledged <= kept <= book.acknowledged | book.unknown
    assert book.taken_back > EVENTS / 10
    assert min(toll.connections, toll.sequencers) >= 3
    assert found.pop("feed") == Faults()
    assert [name for name, fault in found.items() if fault == Faults()] == []


class Scene:
    """Two connections that write, step by step, and readers that look in between."""

    def __init__(
        self,
        town: Committed,
        readers: dict[str, Reader],
        things: list[UUID],
        writers: list[asyncpg.Connection],
    ) -> None:
        self.town, self.readers, self.things = town, readers, things
        self.first, self.second = writers
        self.looks: list[dict[str, int]] = []

    async def look(self) -> None:
        """The job numbers what is committed, and every reader looks."""
        await self.town.number()
        self.looks.append({name: await reader.look() for name, reader in self.readers.items()})


@asynccontextmanager
async def _scene(town: Committed) -> AsyncIterator[Scene]:
    things = await _cases(town, 2)
    async with AsyncExitStack() as stack:
        readers = await stack.enter_async_context(_readers(town))
        writers = []
        for _ in range(2):
            writer = await asyncpg.connect(town.server.dsn("ia_app", town.name))
            stack.push_async_callback(writer.close)
            await writer.execute(BEGIN)
            writers.append(writer)
        yield Scene(town, readers, things, writers)


async def _late(scene: Scene) -> None:
    """Who has taken the first id commits last."""
    await change(scene.first, scene.things[0])
    await change(scene.second, scene.things[1])
    await scene.second.execute("commit")
    await scene.look()
    await scene.first.execute("commit")
    await scene.look()


async def _crossed(scene: Scene) -> None:
    """Who began first takes the later id, and commits before the other."""
    await scene.first.fetchval("select pg_current_xact_id()")
    await change(scene.second, scene.things[0])
    await change(scene.first, scene.things[1])
    await scene.first.execute("commit")
    await scene.look()
    await scene.second.execute("commit")
    await scene.look()


async def _in_turn(scene: Scene) -> None:
    """Who began first changes the same thing after the other one has."""
    await scene.first.fetchval("select pg_current_xact_id()")
    await change(scene.second, scene.things[0])
    await scene.second.execute("commit")
    await scene.look()
    await change(scene.first, scene.things[0])
    await scene.first.execute("commit")
    await scene.look()


@pytest.mark.parametrize(
    ("script", "twin", "fault"),
    [
        (_late, "id", Faults(lost=1)),
        (_crossed, "id, settled", Faults(lost=1)),
        (_in_turn, "xid, settled", Faults(disorder=1)),
    ],
    ids=["late", "crossed", "in turn"],
)
async def test_each_twin_breaks_a_rule_that_the_feed_keeps(
    committed: Committed, script: Script, twin: str, fault: Faults
) -> None:
    async with _scene(committed) as scene:
        before = await _last(committed)
        await script(scene)
        stored = await _stored(committed, before)
        assert len(stored) == 2
        assert faults(scene.readers["feed"].seen, stored) == Faults()
        assert faults(scene.readers[twin].seen, stored) == fault


async def test_nobody_waits_for_the_transaction_of_another(committed: Committed) -> None:
    async with _scene(committed) as scene:
        await scene.first.fetchval("select pg_current_xact_id()")
        await change(scene.second, scene.things[0])
        await scene.second.execute("commit")
        await scene.look()
        assert scene.looks == [{"feed": 1, "id": 1, "id, settled": 0, "xid, settled": 0}]
