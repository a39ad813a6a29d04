"""Reading the feed: from a cursor on, waiting where nothing is new."""

import asyncio
import hashlib
import json
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from asyncpg import Record

from integration_api.kernel.answers import Answer
from integration_api.kernel.db import Database, ReadTx
from integration_api.kernel.paging import Cursors
from integration_api.kernel.principal import Principal
from integration_api.kernel.problems import (
    Finding,
    InvalidCursor,
    InvalidParameter,
    Unavailable,
)

from .listening import Bell
from .refusals import CursorExpired, FeedEpochChanged
from .schemas import ChangeQuery
from .statements import HEAD, PAGE, WINDOW

LATEST = "latest"
FOR_GOOD = timedelta(days=36_500)
"""How long a cursor stays readable: whether what followed it is still there is asked apart."""
TOGETHER = 0.1
"""Seconds after a ring until the next look: what is committed together is read together."""


@dataclass(frozen=True, slots=True)
class Feed:
    """The feed as one caller reads it."""

    database: Database
    cursors: Cursors
    bell: Bell
    types: Collection[str]
    caller: Principal

    async def read(self, asked: ChangeQuery, more_time: Callable[[float], None]) -> Answer:
        """One page; where nothing follows, `asked.wait` seconds later at most.

        No connection is held while it waits; `more_time` extends the time that the request has.

        Raises:
            InvalidCursor: no cursor of a feed of this agency (400).
            InvalidParameter: an unknown event type (400).
            CursorExpired, FeedEpochChanged: nobody can go on from there (410).
            Unavailable: the database is at another place, and is not numbered there yet (503).
        """
        types = self._types(asked.types)
        place = await self._place(asked.after)
        until = asyncio.get_running_loop().time() + asked.wait
        if asked.wait:
            more_time(asked.wait)
        while True:
            ring = self.bell.next()
            row, at = await self._look(place, asked.limit, types)
            done = row["found"] or at < row["last"]
            if done or not await self.bell.rung(ring, until):
                return self._answer(row, at, asked.limit)
            await asyncio.sleep(TOGETHER)
            place = (place[0], at)

    def _types(self, text: str | None) -> list[str] | None:
        if text is None:
            return None
        types = text.split(",")
        if not set(types) <= set(self.types):
            words = ("Kein bekannter Ereignistyp.", "No known event type.")
            raise InvalidParameter(Finding("unknown_event_type", *words, parameter="types"))
        return types

    async def _place(self, after: str | None) -> tuple[UUID, int]:
        """The epoch and the number that a cursor names."""
        if after is not None and after != LATEST:
            values, _ = self.cursors.open(after, binding=binding(self.caller))
            if len(values) != 2:
                raise InvalidCursor
            return values
        async with self.database.reading(self.caller) as tx:
            head = await tx.row(HEAD)
        assert head is not None
        return head["epoch"], head["last"] if after else head["oldest"] - 1

    async def _look(
        self, place: tuple[UUID, int], limit: int, types: list[str] | None
    ) -> tuple[Any, int]:
        """A page after `place`, and the number that it goes up to.

        The clock of the database stands still in a transaction. What is numbered after it began
        may tell of an access that, by that clock, has not begun yet, and would be left out for
        good: so a page goes up to the head that another transaction has read before it, which
        either statement is by itself. The head costs a tenth of a page, and says most of the time
        that nothing is new.
        """
        _, after = place
        async with self.database.reading(self.caller) as tx:
            head = _current(await tx.row(HEAD), place)
            last: int = head["last"]
            if after == last:
                return dict(head) | {"items": None, "found": 0}, last
            given = {"after": after, "limit": limit, "types": types, "upto": last}
            row = _current(await tx.row(PAGE, **given), place)
        full = row["found"] == limit
        return row, row["at"] if full else min(after + WINDOW, last)

    def _answer(self, row: Any, at: int, limit: int) -> Answer:
        onward = cursor(self.cursors, self.caller, row["epoch"], at)
        page = json.dumps({"next_cursor": onward, "limit": limit})
        return Answer(f'{{"items":[{row["items"] or ""}],"page":{page}}}')


def _current(row: Record | None, place: tuple[UUID, int]) -> Record:
    """A row with the head of the order, if one can go on from `place`."""
    epoch, after = place
    assert row is not None
    if not row["current"]:
        raise Unavailable
    if row["epoch"] != epoch or after > row["last"]:
        raise FeedEpochChanged
    if after < row["oldest"] - 1:
        raise CursorExpired
    return row


def binding(caller: Principal) -> bytes:
    """A cursor of the feed is of one agency, whichever of its clients goes on with it."""
    text = f"changes|{caller.municipality_id}|{caller.agency_id}"
    return hashlib.sha256(text.encode()).digest()


def cursor(cursors: Cursors, caller: Principal, epoch: UUID, at: int) -> str:
    """The cursor after number `at`."""
    values = (UUID(int=epoch.int), at)
    return cursors.seal(values, binding=binding(caller), direction="next", kept=FOR_GOOD)


async def number_of(cursors: Cursors, tx: ReadTx, after: str) -> int:
    """The number that a cursor of the caller's agency stands at.

    Raises:
        InvalidCursor: it is none (400).
        CursorExpired, FeedEpochChanged: nobody can go on from there (410).
    """
    values, _ = cursors.open(after, binding=binding(tx.caller))
    head = await tx.row(HEAD)
    if len(values) != 2 or head is None:
        raise InvalidCursor
    epoch, at = values
    if head["epoch"] != epoch or at > head["last"]:
        raise FeedEpochChanged
    if at < head["oldest"] - 1:
        raise CursorExpired
    return int(at)


async def cursor_now(tx: ReadTx, cursors: Cursors) -> str:
    """The cursor of what comes from now on, for who takes a snapshot next.

    Raises:
        Unavailable: the database is at another place, and is not numbered there yet (503).
    """
    head = await tx.row(HEAD)
    if head is None or not head["current"]:
        raise Unavailable
    return cursor(cursors, tx.caller, head["epoch"], head["last"])
