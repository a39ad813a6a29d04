"""Readers that go by a place and never look back: the feed's own, and three known-bad twins."""

import asyncio
from dataclasses import dataclass, field
from uuid import UUID

from asyncpg import Connection

from tests.changes.events import Event, told
from tests.conftest import Committed

WITH_XID = """
alter table ia.outbox add column xid bigint not null default (pg_current_xact_id()::text::bigint)
"""
"""What the twins go by and the service does not keep."""
SETTLED = "xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
TWINS = {
    # the order in which ids were taken is not that of the commits
    "id": ("id > $1 and $2 >= 0", "id"),
    # waits for everybody, and still does not: the older transaction may take the later id
    "id, settled": (f"id > $1 and $2 >= 0 and {SETTLED}", "id"),
    # loses nothing; but who began first may have changed the thing last
    "xid, settled": (f"(xid, id) > ($2, $1) and {SETTLED}", "xid, id"),
}


@dataclass
class Twin:
    """A reader by ids or transaction numbers."""

    name: str
    connection: Connection
    place: tuple[int, int] = (0, 0)
    seen: list[Event] = field(default_factory=list)

    async def look(self) -> int:
        """What is new to it; how much."""
        where, order = TWINS[self.name]
        sql = f"select id, xid, event_id, agg_id, agg_version from ia.outbox where {where}"
        rows = await self.connection.fetch(f"{sql} order by {order}", *self.place)
        if rows:
            self.place = (rows[-1]["id"], rows[-1]["xid"])
        self.seen += [
            Event(UUID(int=r["event_id"].int), UUID(int=r["agg_id"].int), r["agg_version"])
            for r in rows
        ]
        return len(rows)

    async def begin(self) -> None:
        """From here on."""
        last = await self.connection.fetchrow(
            "select max(id) as id, max(xid) as xid from ia.outbox"
        )
        assert last is not None
        self.place = (last["id"], last["xid"])


@dataclass
class Page:
    """A system that pages through `GET /v1/changes` by cursor."""

    town: Committed
    cursor: str = "latest"
    limit: int = 50
    seen: list[Event] = field(default_factory=list)

    async def look(self) -> int:
        """A page; how much was in it. A connection that was ended is answered by 503."""
        query = {"after": self.cursor, "limit": str(self.limit)}
        answer = await self.town.clients.get("lead", "/v1/changes", params=query)
        if answer.status_code == 503:
            return 1
        assert answer.status_code == 200, answer.text
        page = answer.json()
        self.cursor = page["page"]["next_cursor"]
        self.seen += [told(item) for item in page["items"]]
        return len(page["items"])

    async def begin(self) -> None:
        """From here on."""
        await self.look()


Reader = Twin | Page


async def follow(reader: Reader, stop: asyncio.Event) -> None:
    """Look again and again, until a look after `stop` brings nothing."""
    while True:
        ended = stop.is_set()
        found = await reader.look()
        if ended and not found:
            return
        await asyncio.sleep(0.02)
