"""From an event to the system of its agency: signed, in order, until it ends."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from standardwebhooks.webhooks import WebhookVerificationError

from integration_api.webhooks import schedule, sending
from tests.conftest import Committed
from tests.make import made
from tests.webhooks.queue import (
    DELIVERIES,
    ENDPOINTS,
    SOON,
    deliveries,
    endpoint,
    event,
    hand,
    judging,
    number,
    once,
    until,
    verified,
    working,
)
from tests.webhooks.receiver import Says, receiving

ONLY: dict[str, Any] = {"types": ["case.closed"]}


async def test_an_event_arrives_as_it_was_written_and_verifies(committed: Committed) -> None:
    async with receiving() as receiver:
        made = await endpoint(committed, receiver.url(), **ONLY)
        other = await endpoint(committed, receiver.url("/other"), "jobcenter", **ONLY)
        async with working(committed):
            id, body = await event(committed, uuid4())
            await until(lambda: len(receiver.heard) == 1)
        (heard,) = receiver.heard
        assert (heard.path, heard.body) == ("/hook", body.encode())
        assert heard.headers["webhook-id"] == str(id)
        assert heard.headers["content-type"] == "application/json"
        assert verified(heard, made.body["secret"])["id"] == str(id)
        with pytest.raises(WebhookVerificationError):
            verified(heard, other.body["secret"])
        (kept,) = await deliveries(committed)
        assert (kept["status"], kept["event_id"]) == ("done", str(id))
        assert await deliveries(committed, "jobcenter") == []


async def test_what_a_request_causes_arrives(committed: Committed) -> None:
    """The real events, also that of the endpoint itself."""
    async with receiving() as receiver, hand(committed) as sender:
        e = await endpoint(committed, receiver.url())
        case = await committed.make.case(await committed.make.person())
        await number(committed)
        while await once(sender):
            pass
        types = [verified(h, e.body["secret"])["type"] for h in receiver.heard]
        assert {"webhook_endpoint.created", "person.created", "case.opened"} <= set(types)
        about = await deliveries(committed, aggregate_id=case.id)
        assert [d["type"] for d in about] == ["case.opened"]


async def test_a_failure_is_told_and_tried_again(committed: Committed) -> None:
    answers = [Says(500, body=b"\0" + b"x" * 2000), Says(204)]
    async with receiving(lambda _: answers.pop(0)) as receiver, hand(committed) as sender:
        e = await endpoint(committed, receiver.url(), **ONLY)
        await event(committed, uuid4())
        await number(committed)
        assert await once(sender) > 0
        (kept,) = await deliveries(committed, status="due")
        assert (kept["status"], kept["attempts_made"]) == ("due", 1)
        ill = await committed.clients.get("lead", f"{ENDPOINTS}/{e.id}")
        assert ill.json()["failing_since"] is not None
        assert await once(sender) == 0, "not before its time"
        await committed.admin.execute(SOON)
        await once(sender)
        whole = (await committed.clients.get("lead", f"{DELIVERIES}/{kept['id']}")).json()
        assert (whole["status"], whole["next_at"]) == ("done", None)
        assert [a["status_code"] for a in whole["attempts"]] == [204, 500]
        assert whole["attempts"][1]["answer"] == "\ufffd" + "x" * 1023
        well = await committed.clients.get("lead", f"{ENDPOINTS}/{e.id}")
        assert well.json()["failing_since"] is None
        first, second = receiver.heard
        assert first.headers["webhook-id"] == second.headers["webhook-id"]


async def test_a_test_is_sent_at_once_and_verifies(committed: Committed) -> None:
    async with receiving() as receiver, working(committed):
        e = await endpoint(committed, receiver.url(), **ONLY)
        answer = await committed.clients.post("lead", f"{ENDPOINTS}/{e.id}/test")
        assert answer.status_code == 201
        await until(lambda: len(receiver.heard) == 1)
        told = verified(receiver.heard[0], e.body["secret"])
        assert (told["type"], told["data"]["webhook_id"]) == ("webhook.test", e.id)


async def test_both_secrets_sign_for_a_day_and_then_one(committed: Committed) -> None:
    async with receiving() as receiver, hand(committed) as sender:
        e = await endpoint(committed, receiver.url(), **ONLY)
        path = f"{ENDPOINTS}/{e.id}"
        new = made(await committed.clients.post("lead", f"{path}/rotate-secret", etag=e.etag), 200)
        assert new.body["secrets_valid"] == 2
        await committed.clients.post("lead", f"{path}/test")
        await once(sender)
        (heard,) = receiver.heard
        assert len(heard.headers["webhook-signature"].split(" ")) == 2
        for secret in (e.body["secret"], new.body["secret"]):
            verified(heard, secret)
        left = await committed.admin.fetchval(
            "select min(valid_to) - now() from ia.webhook_secret where endpoint_id = $1", e.id
        )
        assert timedelta(hours=23.9) < left <= timedelta(hours=24)
        await committed.admin.execute(
            "update ia.webhook_secret set valid_to = now() where valid_to < 'infinity'"
        )
        await committed.clients.post("lead", f"{path}/test")
        await once(sender)
        verified(receiver.heard[1], new.body["secret"])
        with pytest.raises(WebhookVerificationError):
            verified(receiver.heard[1], e.body["secret"])
        await sender.keep_house()
        assert await committed.admin.fetchval("select count(*) from ia.webhook_secret") == 1


@pytest.mark.parametrize("status", [429, 503])
async def test_who_asks_for_time_is_given_it(committed: Committed, status: int) -> None:
    busy = Says(status, {"Retry-After": "7200"})
    async with receiving(lambda _: busy) as receiver, hand(committed) as sender:
        await endpoint(committed, receiver.url(), **ONLY)
        await event(committed, uuid4())
        await number(committed)
        await once(sender)
        left = await committed.admin.fetchval("select next_at - now() from ia.webhook_delivery")
        assert timedelta(seconds=7190) < left <= timedelta(seconds=7200)


def test_a_pause_is_the_schedules_or_what_was_asked_for_within_bounds() -> None:
    for attempts, usual in enumerate((5, 300, 1800, 7200, 18000, 36000, 36000), 1):
        for _ in range(20):
            assert 0.8 * usual <= schedule.pause(attempts) <= 1.2 * usual
    assert schedule.pause(1, 1) >= 4, "never sooner than the schedule"
    assert schedule.pause(1, 600) == 600
    assert schedule.pause(1, 10**9) == schedule.LONGEST
    assert schedule.MOST_ATTEMPTS == 8


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120.0),
        (" 0 ", 0.0),
        ("Wed, 21 Oct 2026 07:28:30 GMT", 30.0),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0),
        *((bad, None) for bad in ("", None, "-1", "1.5", "soon", "٣", "9" * 40, "Wed, 99 Oct")),
    ],
)
def test_retry_after_is_read_or_left(header: str | None, seconds: float | None) -> None:
    now = datetime(2026, 10, 21, 7, 28, tzinfo=UTC)
    assert schedule.asked_for(header, now) == seconds


@pytest.mark.parametrize("status", [301, 302, 307, 400, 404, 500])
async def test_everything_but_success_is_a_failure(committed: Committed, status: int) -> None:
    says = Says(status, {"Location": "https://hooks.example.org/"})
    async with receiving(lambda _: says) as receiver, hand(committed) as sender:
        await endpoint(committed, receiver.url(), **ONLY)
        await event(committed, uuid4())
        await number(committed)
        await once(sender)
        (kept,) = await deliveries(committed)
        assert (kept["status"], len(receiver.heard)) == ("due", 1)


async def test_who_is_gone_is_disabled_and_its_agency_told(committed: Committed) -> None:
    def behaviour(heard: Any) -> Says:
        return Says(410 if heard.path == "/gone" else 204)

    async with receiving(behaviour) as receiver, hand(committed) as sender:
        e = await endpoint(committed, receiver.url("/gone"), **ONLY)
        other = await endpoint(
            committed, receiver.url("/told"), types=["webhook_endpoint.disabled"]
        )
        await event(committed, uuid4())
        await number(committed)
        await once(sender)
        seen = (await committed.clients.get("lead", f"{ENDPOINTS}/{e.id}")).json()
        assert (seen["status"], seen["disabled_reason"]) == ("disabled", "gone")
        await number(committed)
        while await once(sender):
            pass
        told = verified(receiver.heard[-1], other.body["secret"])
        assert told["data"]["webhook_endpoint_id"] == e.id
        on = await committed.clients.post(
            "lead", f"{ENDPOINTS}/{e.id}/enable", etag=f'"{told["data"]["version"]}"'
        )
        assert on.status_code == 200


async def test_five_days_of_failures_disable_and_less_do_not(committed: Committed) -> None:
    async with receiving(lambda _: Says(500)) as receiver, hand(committed) as sender:
        e = await endpoint(committed, receiver.url(), **ONLY)
        await event(committed, uuid4())
        await number(committed)
        seen: dict[str, Any] = {}
        for days, status in ((0, "enabled"), (4.9, "enabled"), (5.1, "disabled")):
            await committed.admin.execute(SOON)
            await committed.admin.execute(
                "update ia.webhook_endpoint set failing_since = now() - $1::interval"
                " where failing_since is not null",
                timedelta(days=days),
            )
            await once(sender)
            seen = (await committed.clients.get("lead", f"{ENDPOINTS}/{e.id}")).json()
            assert seen["status"] == status, days
        assert seen["disabled_reason"] == "failing"
        await committed.admin.execute(SOON)
        assert await once(sender) == 0, "what is queued waits"


async def test_the_last_attempt_ends_it_and_a_redelivery_begins_anew(committed: Committed) -> None:
    answers = [Says(500)]
    async with receiving(lambda _: answers[0]) as receiver, hand(committed) as sender:
        await endpoint(committed, receiver.url(), **ONLY)
        await event(committed, uuid4())
        await number(committed)
        for _ in range(schedule.MOST_ATTEMPTS):
            await once(sender)
            await committed.admin.execute(SOON)
        (dead,) = await deliveries(committed, status="dead")
        assert len(receiver.heard) == dead["attempts_made"] == schedule.MOST_ATTEMPTS
        assert await once(sender) == 0
        answers[0] = Says(204)
        again = await committed.clients.post("lead", f"{DELIVERIES}/{dead['id']}/redeliver")
        assert (again.json()["status"], again.json()["attempts_made"]) == ("due", 0)
        await once(sender)
        (kept,) = await deliveries(committed)
        assert (kept["status"], kept["attempts_made"]) == ("done", 1)
        assert len({h.headers["webhook-id"] for h in receiver.heard}) == 1


async def test_a_replay_brings_what_was_and_what_was_missed(committed: Committed) -> None:
    async with receiving() as receiver, hand(committed) as sender:
        about = uuid4()
        ids = [str((await event(committed, about, n))[0]) for n in (1, 2)]
        await number(committed)
        while await once(sender):
            pass
        e = await endpoint(committed, receiver.url(), **ONLY)
        foreign = await event(committed, uuid4(), to="jobcenter")
        ids.append(str((await event(committed, about, 3))[0]))
        await number(committed)
        await once(sender)
        assert len(receiver.heard) == 1
        path = f"{ENDPOINTS}/{e.id}/replay"
        answer = await committed.clients.post("lead", path, {"from_at": "2026-01-01T00:00:00Z"})
        assert answer.status_code == 200
        while await once(sender):
            pass
        heard = [h.headers["webhook-id"] for h in receiver.heard[1:]]
        assert heard == ids
        assert str(foreign[0]) not in heard
        seen = (await committed.clients.get("lead", f"{ENDPOINTS}/{e.id}")).json()
        assert seen["replay"] is None


async def test_a_replay_goes_by_steps(
    committed: Committed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "REPLAYED", 2)
    async with receiving() as receiver, hand(committed) as sender:
        for n in range(1, 8):
            await event(committed, uuid4(), n)
        await number(committed)
        e = await endpoint(committed, receiver.url(), **ONLY)
        path = f"{ENDPOINTS}/{e.id}/replay"
        await committed.clients.post("lead", path, {"from_at": "2026-01-01T00:00:00Z"})
        while await once(sender):
            pass
        assert len({h.headers["webhook-id"] for h in receiver.heard}) == 7


async def test_what_may_not_be_known_any_more_is_dropped_and_tombstones_are_sent(
    committed: Committed,
) -> None:
    async with receiving() as receiver, hand(committed) as sender:
        await endpoint(committed, receiver.url())
        gone, tomb = uuid4(), uuid4()
        await event(committed, gone)
        await event(committed, tomb)
        await committed.admin.execute(
            "update ia.outbox set type = 'case.access_revoked' where agg_id = $1", tomb
        )
        await number(committed)
        await sender.fan_out()
        await committed.admin.execute(
            "update ia.outbox set agency_ids = '{}' where agg_id = any ($1)", [gone, tomb]
        )
        await once(sender)
        found = {d["aggregate_id"]: (d["status"], d["reason"]) for d in await deliveries(committed)}
        assert found[str(gone)] == ("dropped", "not_visible")
        assert found[str(tomb)] == ("done", None)
        assert len(receiver.heard) == 2, "and that there is an endpoint"


async def test_access_that_ended_ends_what_waits_and_is_told(committed: Committed) -> None:
    """The real judge: an event about a case that the agency lost while its system was away."""
    async with (
        judging(committed) as judge,
        receiving() as receiver,
        hand(committed, sees=judge) as sender,
    ):
        types = ["case.changed", "case.access_revoked"]
        e = await endpoint(committed, receiver.url(), "jobcenter", types=types)
        scene = await committed.make.scene("accepted")
        path = f"/v1/cases/{scene.case.id}"
        seen = await committed.clients.get("lead", path)
        body = {"concerns": [{"life_area": "language", "topic": "interpreting"}]}
        changed = await committed.clients.patch("lead", path, body, etag=seen.headers["ETag"])
        assert changed.status_code == 200, changed.text
        await number(committed)
        while await once(sender):
            pass
        assert [verified(h, e.body["secret"])["type"] for h in receiver.heard] == ["case.changed"]
        body = {"concerns": [{"life_area": "language", "topic": "language_course"}]}
        etag = changed.headers["ETag"]
        again = await committed.clients.patch("lead", path, body, etag=etag)
        assert again.status_code == 200, again.text
        await number(committed)
        await sender.fan_out()
        path = f"/v1/consents/{scene.consent.id}/revoke"
        ended = await committed.clients.post("lead", path, etag=scene.consent.etag)
        assert ended.status_code == 200, ended.text
        await number(committed)
        while await once(sender):
            pass
        told = [verified(h, e.body["secret"])["type"] for h in receiver.heard]
        assert told == ["case.changed", "case.access_revoked"]
        found = await deliveries(committed, "jobcenter", status="dropped")
        assert [(d["type"], d["reason"]) for d in found] == [("case.changed", "not_visible")]


async def test_what_everybody_may_know_is_sent_to_everybody(committed: Committed) -> None:
    async with (
        judging(committed) as judge,
        receiving() as receiver,
        hand(committed, sees=judge) as sender,
    ):
        for who in ("jobcenter", "koeln"):
            await endpoint(committed, receiver.url(f"/{who}"), who, types=["agency.created"])
        await committed.make.agency()
        await number(committed)
        while await once(sender):
            pass
        assert [h.path for h in receiver.heard] == ["/jobcenter"], "a municipality is a wall"


async def test_a_replay_begins_after_a_cursor_of_the_feed(committed: Committed) -> None:
    async with receiving() as receiver, hand(committed) as sender:
        await event(committed, uuid4())
        await number(committed)
        feed = await committed.clients.get("lead", "/v1/changes", params={"after": "latest"})
        cursor = feed.json()["page"]["next_cursor"]
        id, _ = await event(committed, uuid4())
        await number(committed)
        e = await endpoint(committed, receiver.url(), **ONLY)
        await number(committed)
        while await once(sender):
            pass
        before = len(receiver.heard)
        path = f"{ENDPOINTS}/{e.id}/replay"
        answer = await committed.clients.post("lead", path, {"after": cursor})
        assert answer.status_code == 200, answer.text
        assert answer.json()["replay"]["from_at"] is None
        while await once(sender):
            pass
        heard = [h.headers["webhook-id"] for h in receiver.heard[before:]]
        assert heard == [str(id)]
