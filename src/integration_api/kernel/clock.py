"""The only clock. Rules ask it; row policies use the database's own `now()`."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from asyncpg import Connection
from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, Table, true

from .tables import metadata

BERLIN = ZoneInfo("Europe/Berlin")

demo_clock = Table(
    "demo_clock",
    metadata,
    Column("one", Boolean, primary_key=True, server_default=true()),
    Column("offset_seconds", BigInteger, nullable=False),
    CheckConstraint("one", name="one"),
)

_offset = timedelta(0)


def now() -> datetime:
    """The present instant in UTC, moved by the demo's offset."""
    return datetime.now(UTC) + _offset


def today() -> date:
    """The present day in Europe/Berlin: the day that German authorities count with."""
    return now().astimezone(BERLIN).date()


def move(offset: timedelta) -> None:
    """Move the clock by `offset` against real time, forwards or backwards."""
    global _offset
    _offset = offset


async def follow(connection: Connection) -> None:
    """Take over the demo's offset; without a demo row the clock is real time."""
    seconds = await connection.fetchval("select offset_seconds from ia.demo_clock")
    move(timedelta(seconds=seconds or 0))


@contextmanager
def moved(offset: timedelta) -> Iterator[None]:
    """Move the clock for a block; tests only."""
    before = _offset
    move(before + offset)
    try:
        yield
    finally:
        move(before)
