"""Prove the chain whole, or name the first entry that is not as it was sealed.

Reads as `ia_auditor`, in one snapshot, entry by entry; needs public keys, no private one. The rows
prove themselves, the signed head proves the rows, the anchor proves the head. Source: ADR 0020.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from asyncpg import Connection, Record

from .anchor import Signed
from .chain import Entry, Head, genesis, link
from .keys import Verifier

PLACES = """select municipality_id from ia.audit_head union
  select distinct municipality_id from ia.audit_entry"""
HEADS = "select * from ia.audit_head where municipality_id = $1"
SEALED = """select id, recorded_at, canonical, n, hash from ia.audit_entry
  where municipality_id = $1 and n is not null order by n"""
OPEN = """select count(*) as open, min(recorded_at) as oldest from ia.audit_entry
  where municipality_id = $1 and n is null"""
AHEAD = 1000


@dataclass(slots=True)
class Chain:
    """What was found of one municipality's chain; `broken` is the first thing wrong with it."""

    municipality_id: UUID
    entries: int = 0
    open: int = 0
    oldest_open: datetime | None = None
    anchored: int | None = None
    broken: str | None = None


@dataclass(slots=True)
class Anchors:
    """The heads of an anchor file, by municipality and number, and what is wrong with its lines."""

    heads: dict[UUID, dict[int, Head]] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)
    torn: int = 0


def anchors_of(lines: Iterable[tuple[int, Signed | None]], keys: Verifier) -> Anchors:
    """The anchored heads; a forged line or two heads of one number are findings."""
    found = Anchors()
    for number, line in lines:
        if line is None:
            found.torn += 1
            continue
        head = line.head
        if not keys.holds(head, line.key_id, line.signature):
            found.broken.append(f"line {number} of the anchor is not signed by a known key")
            continue
        known = found.heads.setdefault(head.municipality_id, {})
        if known.setdefault(head.n, head).hash != head.hash:
            found.broken.append(
                f"line {number} of the anchor has another hash for entry {head.n}"
                f" of {head.municipality_id}: the chain was rewritten while it was sealed"
            )
    return found


async def verify(connection: Connection, keys: Verifier, anchors: Anchors) -> list[Chain]:
    """Every chain of the database and of the anchor, which has to be read before."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        rows = await connection.fetch(PLACES)
        places = {UUID(int=row["municipality_id"].int) for row in rows} | anchors.heads.keys()
        return [
            await _chain(connection, place, keys, anchors.heads.get(place, {}))
            for place in sorted(places)
        ]


async def _chain(
    connection: Connection, place: UUID, keys: Verifier, anchored: Mapping[int, Head]
) -> Chain:
    found = Chain(place, anchored=max(anchored, default=None))
    last = genesis(place)
    async for row in connection.cursor(SEALED, place, prefetch=AHEAD):
        last, found.broken = _next(row, found.entries + 1, last, anchored)
        if found.broken:
            break
        found.entries += 1
    head = await connection.fetchrow(HEADS, place)
    found.broken = found.broken or _end(found, last, head, keys)
    (waiting,) = await connection.fetch(OPEN, place)
    found.open, found.oldest_open = waiting["open"], waiting["oldest"]
    return found


def _next(
    row: Record, n: int, before: bytes, anchored: Mapping[int, Head]
) -> tuple[bytes, str | None]:
    """The hash of the next entry, and what is wrong with it."""
    which = f"entry {n} (id {row['id']})"
    if row["n"] != n:
        return before, f"entry {n} is missing: {row['n']} (id {row['id']}) follows {n - 1}"
    computed = link(before, n, Entry(row["id"], row["recorded_at"], row["canonical"]))
    if computed != row["hash"]:
        return before, f"{which} is not what was sealed"
    if n in anchored and anchored[n].hash != computed:
        return before, f"{which} or one before it was rewritten: the anchor has another hash"
    return computed, None


def _end(found: Chain, last: bytes, head: Record | None, keys: Verifier) -> str | None:
    """What is wrong with the end of a chain whose entries follow each other."""
    n = found.entries
    if head is None:
        if n or found.anchored is not None:
            return f"the head is missing; {n} entries are there" + _beyond(found)
        return None
    signed = Head(found.municipality_id, head["n"], head["hash"], head["sealed_at"])
    if not keys.holds(signed, head["key_id"], head["signature"]):
        return "the head is not signed by a known key" + _beyond(found)
    if signed.n > n:
        return f"entry {n + 1} is missing: the tail is cut, the head says {signed.n}"
    if (signed.n, signed.hash) != (n, last):
        return f"the head says {signed.n} and does not fit the {n} entries" + _beyond(found)
    if found.anchored is not None and found.anchored > n:
        return f"entry {n + 1} is missing: the tail is cut, the anchor says {found.anchored}"
    return None


def _beyond(found: Chain) -> str:
    if found.anchored is not None and found.anchored > found.entries:
        return f"; entry {found.entries + 1} is missing, the anchor says {found.anchored}"
    return ""
