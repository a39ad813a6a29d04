"""An access that begins while a page is being read is told by that page or by the next one."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import select, true

from integration_api.changes import service
from integration_api.changes.models import feed_head
from integration_api.kernel.db import Transaction
from integration_api.kernel.statements import Query
from tests.conftest import Committed


def after_begin(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], Awaitable[None]]) -> None:
    """Let something happen once, between the BEGIN of the next look and its statement."""
    begin, left = Transaction.open, [happens]

    async def slow(self: Transaction, claim: Any = None) -> Any:
        connection = await begin(self, claim)
        if left:
            await left.pop()()
        return connection

    monkeypatch.setattr(Transaction, "open", slow)


async def told_meanwhile(town: Committed, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What a reader is told to whom access is given while its look is under way."""
    make, clients = town.make, town.clients
    person = await make.person()
    consent = await make.consent(person)
    await town.number()
    start = (await clients.get("jobcenter", "/v1/changes", params={"after": "latest"})).json()

    async def share() -> None:
        await make.disclosure(person, consent)
        assert await town.number() >= 1

    after_begin(monkeypatch, share)
    told, cursor = list[str](), start["page"]["next_cursor"]
    for _ in range(3):
        page = (await clients.get("jobcenter", "/v1/changes", params={"after": cursor})).json()
        cursor = page["page"]["next_cursor"]
        told += [event["type"] for event in page["items"]]
    return told


async def test_an_access_that_begins_while_a_page_is_read_is_told(
    committed: Committed, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "person.access_changed" in await told_meanwhile(committed, monkeypatch)


async def test_who_trusts_a_head_that_moved_since_the_beginning_loses_it(
    committed: Committed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The known-bad twin: always in one transaction."""
    settled = Query(select(*feed_head.c, true().label("current"), true().label("settled")))
    monkeypatch.setattr(service, "HEAD", settled)
    assert "person.access_changed" not in await told_meanwhile(committed, monkeypatch)
