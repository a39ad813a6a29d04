"""An access that begins while a page is being read is told by that page or by the next one."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from integration_api.kernel.db import Transaction
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
