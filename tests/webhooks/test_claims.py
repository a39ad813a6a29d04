"""What the queue keeps: secrets, ended deliveries, counts; the fence and the order of claims."""

from typing import Any
from uuid import uuid4

import pytest
from prometheus_client import REGISTRY

from integration_api.edge.outgoing import Reply
from integration_api.edge.vault import Vault
from integration_api.kernel.db import Call
from integration_api.kernel.principal import ANONYMOUS
from integration_api.kernel.statements import Statement
from integration_api.webhooks import sending
from integration_api.webhooks.sending import Claimed
from integration_api.webhooks.signing import SEALED_AS
from integration_api.webhooks.statements_sending import CLAIM, DONE
from tests.conftest import SECRET, Committed
from tests.webhooks.queue import (
    DELIVERIES,
    SOON,
    deliveries,
    endpoint,
    event,
    hand,
    number,
    once,
    verified,
)
from tests.webhooks.receiver import Says, receiving

ONLY: dict[str, Any] = {"types": ["case.closed"]}


async def test_a_secret_that_does_not_open_any_more_is_told(committed: Committed) -> None:
    async with receiving() as receiver, hand(committed) as sender:
        await endpoint(committed, receiver.url(), **ONLY)
        await committed.admin.execute("update ia.webhook_secret set sealed = '\\x00'")
        await event(committed, uuid4())
        await number(committed)
        await once(sender)
        (kept,) = await deliveries(committed)
        whole = (await committed.clients.get("lead", f"{DELIVERIES}/{kept['id']}")).json()
        assert [a["error"] for a in whole["attempts"]] == ["secret_lost"]
        assert receiver.heard == []


async def test_secrets_outlive_the_key_that_sealed_them(committed: Committed) -> None:
    """The service's secret is replaced: both are named for a while, then the old one is gone."""
    new = b"the next secret, long enough as well"
    both, alone = (Vault(*keys, what=SEALED_AS) for keys in ((new, SECRET), (new,)))
    async with receiving() as receiver:
        e = await endpoint(committed, receiver.url(), **ONLY)
        async with hand(committed, box=both) as sender:
            await sender.keep_house()
        await event(committed, uuid4())
        await number(committed)
        async with hand(committed, box=alone) as sender:
            await once(sender)
        verified(receiver.heard[0], e.body["secret"])


async def test_what_ended_long_ago_is_deleted_with_its_attempts(committed: Committed) -> None:
    async with receiving() as receiver, hand(committed) as sender:
        await endpoint(committed, receiver.url(), **ONLY)
        for _ in range(2):
            await event(committed, uuid4())
        await number(committed)
        await once(sender)
        await committed.admin.execute(
            "update ia.webhook_delivery set ended_at = now() - interval '31 days'"
            " where id = (select min(id::text)::uuid from ia.webhook_delivery)"
        )
        await sender.keep_house()
        assert len(await deliveries(committed)) == 1
        assert await committed.admin.fetchval("select count(*) from ia.webhook_attempt") == 1


async def test_what_comes_of_attempts_is_counted_and_the_age_of_the_queue_told(
    committed: Committed,
) -> None:
    def told(name: str, **labels: str) -> float:
        return REGISTRY.get_sample_value(name, labels) or 0.0

    outcomes = ("done", "failed")
    before = {o: told("webhook_deliveries_total", outcome=o) for o in outcomes}
    answers = [Says(204), Says(500)]
    async with receiving(lambda _: answers.pop(0)) as receiver, hand(committed) as sender:
        await endpoint(committed, receiver.url(), **ONLY)
        for _ in range(3):
            await event(committed, uuid4())
        await number(committed)
        sender._slots = 2
        await once(sender)
        after = {o: told("webhook_deliveries_total", outcome=o) for o in outcomes}
        assert {o: after[o] - before[o] for o in outcomes} == {"done": 1, "failed": 1}
        await committed.admin.execute(
            "update ia.webhook_delivery set next_at = now() - interval '90 s' where attempts = 0"
        )
        await sender.keep_house()
        assert 90 <= told("webhook_queue_age_seconds") < 100
        page = await committed.clients.get(None, "/metrics")
        assert "webhook_queue_age_seconds 9" in page.text


# ------------------------------------------------------------------------- fences and their twins


def without(statement: Statement, part: str) -> Any:
    """A statement from which a clause is cut: the known-bad twin."""
    start = statement.sql.index(part)
    depth, end = 0, start
    for end in range(start, len(statement.sql)):
        depth += {"(": 1, ")": -1}.get(statement.sql[end], 0)
        if depth == 0 and statement.sql[end] == ")":
            break
    twin = object.__new__(type(statement))
    twin.sql = statement.sql[:start] + statement.sql[end + 1 :]
    twin.order, twin.constants = statement.order, statement.constants
    return twin


async def _held_while_another_sends(committed: Committed) -> str:
    """A delivery whose lease ran out: another sent it, then the first comes back; its outcome."""
    async with receiving() as receiver, hand(committed) as first, hand(committed) as second:
        await endpoint(committed, receiver.url(), **ONLY)
        await event(committed, uuid4())
        await number(committed)
        await first.fan_out()
        async with first._database.writing(Call(ANONYMOUS)) as tx:
            (row,) = await tx.rows(CLAIM, slots=1)
        held = Claimed.of(row)
        await committed.admin.execute("update ia.webhook_delivery set lease_until = now()")
        async with second._database.writing(Call(ANONYMOUS)) as tx:
            assert len(await tx.rows(CLAIM, slots=1)) == 1
        return await first._settle(held, Reply(1, status=204))


async def test_who_lost_its_lease_changes_nothing(committed: Committed) -> None:
    assert await _held_while_another_sends(committed) == "fenced"
    (kept,) = await deliveries(committed)
    assert kept["status"] == "due"


async def test_without_the_token_it_would(
    committed: Committed, monkeypatch: pytest.MonkeyPatch
) -> None:
    fence = " AND ia.webhook_delivery.lease_token = "
    at = DONE.sql.index(fence)
    place = DONE.sql[at + len(fence) :].split(" ")[0]
    twin = object.__new__(type(DONE))
    twin.sql = DONE.sql.replace(fence + place, f" AND {place} is not null")
    twin.order, twin.constants = DONE.order, DONE.constants
    monkeypatch.setattr(sending, "DONE", twin)
    assert await _held_while_another_sends(committed) == "done"


async def _first_attempts(committed: Committed) -> list[int]:
    """Versions of one case by when they were first tried, where the first one fails at first."""
    failed = []

    def behaviour(heard: Any) -> Says:
        failed.append(heard)
        return Says(500 if len(failed) == 1 else 204)

    async with receiving(behaviour) as receiver, hand(committed) as sender:
        e = await endpoint(committed, receiver.url(), **ONLY)
        about = uuid4()
        for version in (1, 2, 3, 4):
            await event(committed, about, version)
        await number(committed)
        for _ in range(10):
            await once(sender)
            await committed.admin.execute(SOON)
        return [verified(h, e.body["secret"])["version"] for h in receiver.heard]


async def test_a_resource_is_told_in_order_also_where_one_attempt_fails(
    committed: Committed,
) -> None:
    assert await _first_attempts(committed) == [1, 1, 2, 3, 4]


async def test_without_the_clause_of_the_order_it_is_not(
    committed: Committed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "CLAIM", without(CLAIM, " AND NOT (EXISTS"))
    assert await _first_attempts(committed) != [1, 1, 2, 3, 4]


async def test_what_waits_behind_a_failure_is_not_looked_at(committed: Committed) -> None:
    async with receiving(lambda _: Says(500)) as receiver, hand(committed) as sender:
        await endpoint(committed, receiver.url(), **ONLY)
        about = uuid4()
        for version in (1, 2, 3):
            await event(committed, about, version)
        await number(committed)
        await once(sender)
        due = await committed.admin.fetchval(
            "select count(*) from ia.webhook_delivery where next_at <= now() and status = 'due'"
        )
        assert due == 0
