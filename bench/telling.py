"""Events in the bench's database: written, numbered, and where the feed stands."""

from uuid import UUID

import asyncpg
from knobs import uid
from questions import LARGE

from integration_api.changes import sequencer
from integration_api.kernel.db import Database, pool
from integration_api.postgres.launcher import LocalPostgres

EVENTS = 3000
SCOPES = "changes:read,webhooks:write,exports:write,exports:read,jobs:read"
TELL = """
insert into ia.outbox (event_id, municipality_id, agg_type, agg_id, agg_version, type, agency_ids,
  body, occurred_at)
select e.id, a.municipality_id, 'case', a.case_id, $2, 'case.changed', array[$1::uuid],
  json_build_object('id', e.id, 'data', json_build_object('changed', array['concerns'],
    'version', $2::int, 'case_id', a.case_id), 'type', 'case.changed',
    'occurred_at', '2026-11-26T08:00:00.000000Z')::text, '2026-11-26 08:00:00+00'
from (select municipality_id, case_id, gen_random_uuid() as id from ia.case_access
  where agency_id = $1 order by case_id limit $3 offset $4) a
cross join lateral (select a.id) e
returning event_id
"""
"""One event about each of some cases that the agency sees."""


async def tell(c: asyncpg.Connection, version: int, count: int, first: int = 0) -> list[str]:
    """Commit events for the agency that sees much; their ids."""
    rows = await c.fetch(TELL, UUID(uid("a", LARGE)), version, count, first)
    return [str(row["event_id"]) for row in rows]


async def prepare_feed(server: LocalPostgres, c: asyncpg.Connection, name: str) -> int:
    """Events with numbers, and a client that may read them; the last number."""
    await c.execute(
        f"update ia.api_client set scopes = scopes || '{{{SCOPES}}}'"  # noqa: S608 - a constant
        " where agency_id = $1",
        UUID(uid("a", LARGE)),
    )
    told, version = 0, 1000
    while told < EVENTS:  # a small city has fewer cases than that: several of each then
        found = len(await tell(c, version, EVENTS - told))
        assert found
        told, version = told + found, version + 1
    async with pool(server.dsn("ia_worker", name), 1) as connections:
        while await sequencer.number(Database(connections)):
            pass
    await c.execute("analyze ia.outbox")  # the server would by itself, a minute later
    last: int = await c.fetchval("select last from ia.feed_head")
    return last
