"""Old events go from the front, a month stays whatever is asked for, and old cursors say so."""

from integration_api.changes import retention
from integration_api.kernel.db import Database, pool
from tests.changes.test_feed import read
from tests.conftest import Committed


async def _end(committed: Committed, days: int) -> int:
    async with pool(committed.server.dsn("ia_worker", committed.name), 1) as connections:
        return await retention.end(Database(connections), days=days)


async def _age(committed: Committed, seqs: str, days: int) -> None:
    await committed.admin.execute(
        f"update ia.outbox set occurred_at = now() - make_interval(days => $1) where {seqs}", days
    )


async def test_what_is_older_goes_and_its_cursors_are_refused(committed: Committed) -> None:
    start = (await read(committed, "lead"))["page"]["next_cursor"]
    for _ in range(6):
        await committed.make.person()
    await committed.number()
    page = await read(committed, "lead", start, limit=3)
    last = await committed.admin.fetchval("select last from ia.feed_head")
    await _age(committed, f"seq <= {last - 3}", 91)
    assert await _end(committed, 90) >= 3
    assert await _end(committed, 90) == 0
    assert await committed.admin.fetchval("select oldest from ia.feed_head") == last - 2
    gone = await committed.clients.get("lead", "/v1/changes", params={"after": start})
    assert (gone.status_code, gone.json()["resync"]) == (410, "/v1/exports")
    onward = page["page"]["next_cursor"]
    assert len((await read(committed, "lead", onward))["items"]) == 3
    assert len((await read(committed, "lead"))["items"]) == 3


async def test_an_old_event_behind_a_young_one_waits_for_it(committed: Committed) -> None:
    for _ in range(3):
        await committed.make.person()
    await committed.number()
    last = await committed.admin.fetchval("select last from ia.feed_head")
    await _age(committed, f"seq = {last}", 400)
    await committed.admin.execute("update ia.feed_head set oldest = last - 1")
    assert await _end(committed, 90) == 0


async def test_a_month_stays_whatever_the_worker_is_told(committed: Committed) -> None:
    await committed.make.person()
    await committed.number()
    await _age(committed, "true", 29)
    assert await _end(committed, 1) == 0
    await _age(committed, "true", 31)
    assert await _end(committed, 1) >= 1


async def test_what_waits_for_its_number_is_measured(committed: Committed) -> None:
    await committed.make.person()
    await _age(committed, "seq is null", 1)
    await _end(committed, 90)
    assert retention.WAITED._value.get() > 80_000
    await committed.number()
    await _end(committed, 90)
    assert retention.WAITED._value.get() == 0
