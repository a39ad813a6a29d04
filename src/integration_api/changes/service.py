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

from .access import families_of
from .listening import Bell
from .refusals import CursorExpired, FeedEpochChanged
from .schemas import ChangeQuery
from .statements import HEAD, NEXT, WINDOW, page_of

LATEST = "latest"
FOR_GOOD = timedelta(days=36_500)
"""How long a cursor stays readable: whether what followed it is still there is asked apart."""
SPARE = 50
"""Events of the agency that a page may leave out, for their things, without another look; twice as
many with each look more, so that six go through a window."""
TOGETHER = 0.1
"""Seconds after a ring until the next look: what is committed together is read together."""


@dataclass(frozen=True, slots=True)
class Page:
    """Events as text, the number up to which they are all of them, and the last one there is."""

    epoch: UUID
    at: int
    last: int
    items: str


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
            page = await self._look(place, asked.limit, types)
            if page.items or page.at < page.last or not await self.bell.rung(ring, until):
                return self._answer(page, asked.limit)
            await asyncio.sleep(TOGETHER)
            place = (place[0], page.at)

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

    async def _look(self, place: tuple[UUID, int], limit: int, types: list[str] | None) -> Page:
        """What follows `place`: short only where nothing more follows, or not in a whole window."""
        epoch, at = place
        end, texts, found, spare = at + WINDOW, list[str](), 0, SPARE
        while True:
            row, at = await self._glance((epoch, at), limit - found, spare, types)
            found += row["found"]
            texts += [row["items"]] if row["found"] else []
            end = min(end, row["last"])  # what is told meanwhile is for the next page
            if found == limit or at >= end:
                return Page(epoch, at, row["last"], ",".join(texts))
            spare *= 2

    async def _glance(
        self, place: tuple[UUID, int], limit: int, spare: int, types: list[str] | None
    ) -> tuple[Any, int]:
        """The next events that name the agency, as far as it sees their things; and up to where.

        The clock of the database stands still in a transaction. What is numbered after it began
        may tell of an access that, by that clock, has not begun yet, and would be left out for
        good: so a page goes up to where another transaction has looked before it, which either
        statement is by itself. The first one costs a fraction of a page, knows most of the time
        that there is nothing for this agency, and else what a page has to ask about.
        """
        given, most = {"after": place[1], "types": types}, limit + spare
        async with self.database.reading(self.caller) as tx:
            told = _current(await tx.row(NEXT, **given, limit=most), place)
            at = min(place[1] + WINDOW, told["last"]) if told["told"] < most else told["upto"]
            if not told["told"]:
                return dict(told) | {"found": 0}, at
            page = page_of(families_of(told["kinds"]))
            row = _current(await tx.row(page, **given, limit=limit, upto=told["upto"]), place)
        return row, row["at"] if row["found"] == limit else at

    def _answer(self, page: Page, limit: int) -> Answer:
        onward = cursor(self.cursors, self.caller, page.epoch, page.at)
        place = json.dumps({"next_cursor": onward, "limit": limit})
        return Answer(f'{{"items":[{page.items}],"page":{place}}}')


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
