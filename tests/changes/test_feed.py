"""The feed: in order, only what the reader may see, from a cursor that says when it is too old."""

import asyncio
from typing import Any

import pytest

from integration_api.app import EVENT_TYPES, PARTS_OF
from integration_api.changes import listening
from integration_api.changes.access import BELOW_TANDEM, FAMILIES, nouns
from integration_api.changes.service import SPARE
from integration_api.changes.statements import NEXT, page_of
from integration_api.kernel.db import Database, pool
from integration_api.kernel.principal import context_sql
from integration_api.kernel.statements import ME
from tests.cast import AGENCIES, id_of
from tests.clients import guard_of
from tests.conftest import Committed

Page = dict[str, Any]
HIDDEN = """
insert into ia.outbox (event_id, municipality_id, agg_type, agg_id, agg_version, type, agency_ids,
  body, occurred_at)
select gen_random_uuid(), $2, 'case', gen_random_uuid(), 1, 'case.changed', array[$3::uuid], '{}',
  now()
from generate_series(1, $1)
"""


async def read(committed: Committed, who: str, after: str | None = None, **asked: Any) -> Page:
    """One page, which must be there."""
    params = asked if after is None else {"after": after, **asked}
    answer = await committed.clients.get(who, "/v1/changes", params=params)
    assert answer.status_code == 200, answer.text
    page: Page = answer.json()
    return page


async def rest(committed: Committed, who: str, after: str | None = None, **asked: Any) -> Page:
    """Every event after a cursor, and the cursor behind them."""
    items: list[Any] = []
    while True:
        page = await read(committed, who, after, limit=7, **asked)
        items += page["items"]
        onward = page["page"]["next_cursor"]
        if len(page["items"]) < 7:
            return {"items": items, "cursor": onward}
        after = onward


def types(page: Page) -> list[str]:
    """The types of its events."""
    return [event["type"] for event in page["items"]]


async def test_events_come_in_order_and_each_once(committed: Committed) -> None:
    start = await read(committed, "lead", "latest")
    assert start["items"] == []
    scene = await committed.make.scene("sent")
    assert await committed.number() >= 5
    found = await rest(committed, "lead", start["page"]["next_cursor"])
    told = ["person.created", "consent.granted", "case.opened", "disclosure.granted"]
    assert types(found) == [*told, "referral.created", "referral.sent"]
    assert found["items"][2]["data"] == {
        "case_id": scene.case.id,
        "version": 1,
        "changed": ["concerns", "participants"],
    }
    assert (await rest(committed, "lead", found["cursor"]))["items"] == []
    whole = await rest(committed, "lead")
    assert types(whole)[-6:] == types(found)


async def test_the_recipient_learns_of_what_it_may_see_and_of_nothing_before(
    committed: Committed,
) -> None:
    start = (await read(committed, "jobcenter", "latest"))["page"]["next_cursor"]
    beside = (await read(committed, "outsider", "latest"))["page"]["next_cursor"]
    scene = await committed.make.scene("sent")
    await committed.make.person()
    await committed.number()
    found = await rest(committed, "jobcenter", start)
    assert types(found) == ["disclosure.granted", "referral.sent"]
    assert found["items"][1]["data"]["referral_id"] == scene.referral.id
    assert (await rest(committed, "outsider", beside))["items"] == []


async def hide(committed: Committed, who: str, count: int) -> None:
    """Events that name an agency, about things that it does not see."""
    given = (count, id_of(AGENCIES[who][0]), id_of(who))
    await committed.admin.execute(HIDDEN, *given)
    while await committed.number():
        pass


async def test_a_page_is_filled_from_behind_what_its_reader_may_not_see(
    committed: Committed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By few looks: each judges what is spare besides."""
    start = (await read(committed, "jobcenter", "latest"))["page"]["next_cursor"]
    await committed.make.agency()
    await hide(committed, "jobcenter", 3 * SPARE)
    await committed.make.agency()
    await committed.number()
    asked = watched(monkeypatch)
    page = await read(committed, "jobcenter", start, limit=2)
    assert types(page) == ["agency.created"] * 2
    assert len(asked) == 2 * 2
    assert (await rest(committed, "jobcenter", start))["items"] == page["items"]


async def test_what_names_another_agency_is_not_judged(
    committed: Committed, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = (await read(committed, "jobcenter", "latest"))["page"]["next_cursor"]
    await hide(committed, "lead", 20)
    asked = watched(monkeypatch)
    assert (await read(committed, "jobcenter", start))["items"] == []
    assert asked == [NEXT.alone]


async def test_a_page_asks_for_what_occurs_in_it(
    committed: Committed, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = (await read(committed, "lead", "latest"))["page"]["next_cursor"]
    await committed.make.scene("sent")
    await committed.number()
    asked = watched(monkeypatch)
    await read(committed, "lead", start)
    assert asked == [NEXT.alone, page_of(frozenset({"casework", "people"})).alone]


def watched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The statements of the feed's looks, from now on."""
    asked, alone = list[str](), Database.alone

    async def heard(self: Database, fetch: str, sql: str, args: list[Any]) -> Any:
        asked.append(sql)
        return await alone(self, fetch, sql, args)

    monkeypatch.setattr(Database, "alone", heard)
    return asked


async def test_only_the_types_that_are_asked_for(committed: Committed) -> None:
    await committed.make.scene("sent")
    await committed.number()
    found = await rest(committed, "lead", types="referral.sent,case.opened")
    assert types(found) == ["case.opened", "referral.sent"]
    unknown = await committed.clients.get("lead", "/v1/changes", params={"types": "case.invented"})
    assert unknown.status_code == 400
    assert unknown.json()["errors"][0]["parameter"] == "types"


async def test_what_a_transaction_wrote_last_is_not_read_before_it_is_numbered(
    committed: Committed,
) -> None:
    start = (await read(committed, "lead", "latest"))["page"]["next_cursor"]
    await committed.make.person()
    assert (await read(committed, "lead", start))["items"] == []
    await committed.number()
    assert types(await read(committed, "lead", start)) == ["person.created"]


async def test_a_reader_who_sees_little_still_moves_on(committed: Committed) -> None:
    start = (await read(committed, "koeln", "latest"))["page"]["next_cursor"]
    await committed.admin.execute(
        "insert into ia.outbox (event_id, municipality_id, agg_type, agg_id, agg_version, type,"
        " agency_ids, body, occurred_at) select gen_random_uuid(), $1, 'case', gen_random_uuid(),"
        " 1, 'case.opened', '{}', '{}', now() from generate_series(1, 2400)",
        id_of("wuppertal"),
    )
    while await committed.number():
        pass
    first = await read(committed, "koeln", start)
    second = await read(committed, "koeln", first["page"]["next_cursor"])
    assert (first["items"], second["items"]) == ([], [])
    await committed.make.person("koeln")
    await committed.number()
    third = await read(committed, "koeln", second["page"]["next_cursor"])
    assert types(third) == ["person.created"]


async def test_a_cursor_is_of_one_agency(committed: Committed) -> None:
    mine = (await read(committed, "lead", "latest"))["page"]["next_cursor"]
    for who in ("jobcenter", "koeln"):
        answer = await committed.clients.get(who, "/v1/changes", params={"after": mine})
        assert answer.status_code == 400
        assert answer.json()["type"].endswith("/invalid-cursor")
    assert (await read(committed, "lead/worker_1", mine))["items"] == []


async def _status(committed: Committed, after: str) -> tuple[int, str]:
    answer = await committed.clients.get("lead", "/v1/changes", params={"after": after})
    return answer.status_code, answer.json().get("resync", answer.json().get("type", ""))


async def test_a_cursor_that_nobody_can_go_on_from_names_the_way_to_resync(
    committed: Committed,
) -> None:
    start = (await read(committed, "lead", "latest"))["page"]["next_cursor"]
    await committed.make.person()
    await committed.make.person()
    await committed.number()
    admin = committed.admin
    await admin.execute("update ia.feed_head set oldest = last")  # one event is no longer kept
    assert await _status(committed, start) == (410, "/v1/exports")
    await admin.execute("update ia.feed_head set oldest = last - 1")
    assert (await _status(committed, start))[0] == 200
    await admin.execute("update ia.feed_head set epoch = gen_random_uuid()")
    assert await _status(committed, start) == (410, "/v1/exports")
    await admin.execute("update ia.feed_head set place = 'elsewhere'")
    assert (await _status(committed, start))[0] == 503
    await committed.number()  # which begins an epoch where it is
    assert await _status(committed, start) == (410, "/v1/exports")
    assert (await read(committed, "lead"))["page"]["next_cursor"]


async def test_who_waits_is_answered_when_something_is_new(committed: Committed) -> None:
    start = (await read(committed, "lead", "latest"))["page"]["next_cursor"]
    bell = committed.app.state.bell
    listener = asyncio.create_task(bell.listen(committed.server.dsn("ia_app", committed.name)))
    waiting = asyncio.create_task(read(committed, "lead", start, wait=20))
    other = asyncio.create_task(read(committed, "jobcenter", "latest", wait=1))
    try:
        await asyncio.sleep(0.3)
        assert not waiting.done()
        # nobody who waits holds a connection
        assert committed.app.state.db.pool.get_idle_size() == committed.app.state.db.pool.get_size()
        await committed.make.person()
        await committed.number()
        async with asyncio.timeout(10):
            assert types(await waiting) == ["person.created"]
        assert (await other)["items"] == []
    finally:
        listener.cancel()


async def test_without_a_listener_it_looks_again_every_second(committed: Committed) -> None:
    start = (await read(committed, "lead", "latest"))["page"]["next_cursor"]
    waiting = asyncio.create_task(read(committed, "lead", start, wait=20))
    await asyncio.sleep(0.1)
    await committed.make.person()
    await committed.number()
    async with asyncio.timeout(10):
        assert types(await waiting) == ["person.created"]


async def test_a_wait_outlasts_the_deadline_of_other_requests_and_ends_when_leaving(
    committed: Committed, monkeypatch: pytest.MonkeyPatch
) -> None:
    await read(committed, "lead")
    monkeypatch.setattr(guard_of(committed.app), "deadline", 0.5)
    assert (await read(committed, "lead", "latest", wait=1))["items"] == []
    waiting = asyncio.create_task(read(committed, "lead", "latest", wait=20))
    await asyncio.sleep(0.1)
    committed.app.state.draining = True
    async with asyncio.timeout(5):
        assert (await waiting)["items"] == []


async def test_the_policy_alone_shows_an_agency_only_what_it_is_told(
    committed: Committed,
) -> None:
    await committed.make.scene("sent")
    await committed.number()
    counts = {}
    async with pool(committed.server.dsn("ia_app", committed.name), 1) as connections:
        for who in ("lead", "jobcenter", "outsider", "koeln"):
            context = context_sql(id_of(AGENCIES[who][0]), id_of(who), id_of(who, "machine"))
            async with connections.acquire() as connection, connection.transaction():
                await connection.execute(context)
                counts[who] = await connection.fetchval("select count(seq) from ia.outbox")
    assert counts == {"lead": 6, "jobcenter": 2, "outsider": 0, "koeln": 0}


def test_every_noun_of_an_event_says_who_sees_it() -> None:
    told = {kind.partition(".")[0] for kind in EVENT_TYPES}
    below = {table.name for table in BELOW_TANDEM}
    assert told - {"webhook"} == nouns(ME).keys() | below  # a test of an endpoint is in no feed
    families = [kind for kinds in FAMILIES.values() for kind in kinds]
    assert sorted(families) == sorted(nouns(ME).keys() | below)
    assert below <= {noun for noun, above in PARTS_OF.items() if above == "tandem_case"}


async def test_beyond_those_who_may_wait_one_is_answered_at_once(
    committed: Committed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening, "MOST", 1)
    await read(committed, "lead")
    waiting = asyncio.create_task(read(committed, "lead", "latest", wait=20))
    await asyncio.sleep(0.2)
    async with asyncio.timeout(5):
        assert (await read(committed, "jobcenter", "latest", wait=20))["items"] == []
    assert not waiting.done()
    await committed.make.person()
    await committed.number()
    async with asyncio.timeout(10):
        assert types(await waiting) == ["person.created"]


async def test_who_sees_a_thing_is_told_to_nobody_who_does_not(committed: Committed) -> None:
    scene = await committed.make.scene("accepted")
    asked = {"case": scene.case.id, "person": scene.person.id}
    told: dict[str, list[object]] = {}
    async with pool(committed.server.dsn("ia_app", committed.name), 1) as connections:
        for who in ("lead", "jobcenter", "outsider", "koeln"):
            context = context_sql(id_of(AGENCIES[who][0]), id_of(who), id_of(who, "machine"))
            async with connections.acquire() as connection, connection.transaction():
                await connection.execute(context)
                told[who] = [
                    await connection.fetchval(f"select cardinality(ia.{noun}_audience($1))", id)
                    for noun, id in asked.items()
                ]
    both = [2, 2]
    assert told == {"lead": both, "jobcenter": both, "outsider": [None] * 2, "koeln": [None] * 2}
