"""An access that begins while a page is being read is told by that page or by the next one."""

from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import pytest

from integration_api.changes.access import FAMILIES
from integration_api.changes.statements import NEXT, page_of
from integration_api.kernel.db import Database
from integration_api.kernel.principal import context_sql
from integration_api.kernel.statements import Query
from tests.cast import AGENCIES, id_of
from tests.conftest import Committed

COMPARTMENTS = ("core",)


def before(
    monkeypatch: pytest.MonkeyPatch, awaited: Query, happens: Callable[[], Awaitable[None]]
) -> None:
    """Let something happen once, right before a statement of the next look."""
    alone, left = Database.alone, [happens]

    async def slow(self: Database, fetch: str, sql: str, args: list[Any]) -> Any:
        if sql == awaited.alone and left:
            await left.pop()()
        return await alone(self, fetch, sql, args)

    monkeypatch.setattr(Database, "alone", slow)


async def shared(town: Committed) -> Callable[[], Awaitable[None]]:
    """A person whom the Jobcenter does not see yet, and what lets it."""
    person = await town.make.person()
    consent = await town.make.consent(person)
    await town.number()

    async def share() -> None:
        await town.make.disclosure(person, consent)
        assert await town.number() >= 1

    return share


@pytest.mark.parametrize(
    "statement",
    [NEXT, page_of(frozenset({"directory"}))],
    ids=["before the head", "before the page"],
)
async def test_an_access_that_begins_while_a_page_is_read_is_told(
    committed: Committed, monkeypatch: pytest.MonkeyPatch, statement: Query
) -> None:
    share, clients = await shared(committed), committed.clients
    start = (await clients.get("jobcenter", "/v1/changes", params={"after": "latest"})).json()
    await committed.make.agency()  # there is a page to be read
    await committed.number()
    before(monkeypatch, statement, share)
    told, cursor = list[str](), start["page"]["next_cursor"]
    for _ in range(3):
        page = (await clients.get("jobcenter", "/v1/changes", params={"after": cursor})).json()
        cursor = page["page"]["next_cursor"]
        told += [event["type"] for event in page["items"]]
    assert "person.access_changed" in told


async def test_head_and_page_in_one_transaction_lose_it(committed: Committed) -> None:
    """The known-bad twin: its clock stood still before the access began."""
    share = await shared(committed)
    after = await committed.admin.fetchval("select last from ia.feed_head")
    connection = await asyncpg.connect(committed.server.dsn("ia_app", committed.name))
    me = (id_of(AGENCIES["jobcenter"][0]), id_of("jobcenter"), id_of("jobcenter", "machine"))
    names = ("me_municipality_id", "me_agency", "me_client")
    mine: dict[str, Any] = dict(zip(names, me, strict=True))
    mine |= {"me_member": None, "me_compartments": COMPARTMENTS, "me_assigned_only": ()}

    every = page_of(frozenset(FAMILIES))

    async def look() -> Any:
        given = {"after": after, "limit": 50, "types": None}
        told = await connection.fetchrow(NEXT.sql, *NEXT.args(given | mine))
        assert told is not None
        assert told["last"] > after
        given |= {"upto": told["upto"]}
        page = await connection.fetchrow(every.sql, *every.args(given | mine))
        assert page is not None
        return page["items"]

    looks = []
    for happens in (share, committed.number):
        async with connection.transaction():
            await connection.execute(context_sql(*me, None, COMPARTMENTS))
            await happens()
            looks.append(await look())
    await connection.close()
    missed, there = looks
    assert "disclosure.granted" in missed  # which is told without asking for the clock
    assert "person.access_changed" not in missed
    assert "person.access_changed" in there
