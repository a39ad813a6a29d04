"""An access that begins while a page is being read is told by that page or by the next one."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from integration_api.kernel.db import Database
from tests.conftest import Committed


def after_begin(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], Awaitable[None]]) -> None:
    """Let something happen once, between the BEGIN of the next look and its statement."""
    at_once, left = Database.alone, [happens]

    async def slow(self: Database, fetch: str, sql: str, args: list[Any]) -> Any:
        if not left:
            return await at_once(self, fetch, sql, args)
        async with self.pool.acquire() as connection, connection.transaction():
            await left.pop()()
            return await getattr(connection, fetch)(sql, *args)

    monkeypatch.setattr(Database, "alone", slow)


async def test_an_access_that_begins_while_a_page_is_read_is_told(
    committed: Committed, monkeypatch: pytest.MonkeyPatch
) -> None:
    make, clients = committed.make, committed.clients
    person = await make.person()
    consent = await make.consent(person)
    await committed.number()
    start = (await clients.get("jobcenter", "/v1/changes", params={"after": "latest"})).json()

    async def share() -> None:
        await make.disclosure(person, consent)
        assert await committed.number() >= 1

    after_begin(monkeypatch, share)
    told, cursor = list[str](), start["page"]["next_cursor"]
    for _ in range(3):
        page = (await clients.get("jobcenter", "/v1/changes", params={"after": cursor})).json()
        cursor = page["page"]["next_cursor"]
        told += [event["type"] for event in page["items"]]
    assert "person.access_changed" in told
