"""Events as a noun writes them, and what a reader made of them."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from asyncpg import Connection

from tests.cast import acting, id_of

BEGIN = "begin;" + acting("lead")
"""A transaction of the agency's machine, under its row policies."""
CHANGE = """
with moved as (
  update ia."case" set version = version + 1 where id = $1 returning id, municipality_id, version)
insert into ia.outbox (event_id, municipality_id, agg_type, agg_id, agg_version, type, agency_ids,
  body, occurred_at)
select $2::uuid, municipality_id, 'case', id, version, 'case.changed', array[$3::uuid],
  json_build_object('id', $2::uuid, 'type', 'case.changed',
    'occurred_at', '2026-11-26T08:00:00.000000Z',
    'data', json_build_object('case_id', id, 'version', version, 'changed', array['concerns'])
  )::text, now()
from moved
"""


@dataclass(frozen=True)
class Event:
    """One event, as the feed tells it."""

    id: UUID
    thing: UUID
    version: int


def told(item: dict[str, Any]) -> Event:
    """An item of the feed."""
    data = item["data"]
    return Event(UUID(item["id"]), UUID(data["case_id"]), data["version"])


async def change(connection: Connection, thing: UUID) -> UUID:
    """Change a case and tell the lead: row lock, version, event, as every noun does it."""
    id = uuid4()
    done = await connection.execute(CHANGE, thing, id, id_of("lead"))
    assert done == "INSERT 0 1"
    return id


@dataclass(frozen=True)
class Faults:
    """What a reader got wrong, in events."""

    lost: int = 0
    twice: int = 0
    disorder: int = 0
    never: int = 0
    """Told although it was never committed."""

    def __str__(self) -> str:
        said = f"{self.lost} lost, {self.twice} twice, {self.disorder} out of order"
        return f"{said}, {self.never} never committed"


def faults(seen: Sequence[Event], stored: Collection[Event]) -> Faults:
    """Hold what a reader was told, in its order, against what is in the database."""
    count, versions = Counter(seen), dict[UUID, int]()
    disorder = 0
    for event in seen:
        disorder += event.version < versions.get(event.thing, 0)
        versions[event.thing] = event.version
    return Faults(
        lost=len(set(stored) - count.keys()),
        twice=len(seen) - len(count),
        disorder=disorder,
        never=len(count.keys() - set(stored)),
    )
