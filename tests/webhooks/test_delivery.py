"""From an event to the system of its agency: signed, in order, until it ends."""

from uuid import uuid4

from tests.conftest import Committed
from tests.webhooks.queue import (
    deliveries,
    endpoint,
    event,
    hand,
    number,
    once,
    until,
    verified,
    working,
)
from tests.webhooks.receiver import Says, receiving


async def test_an_event_arrives_as_it_was_written_and_verifies(committed: Committed) -> None:
    async with receiving() as receiver:
        made = await endpoint(committed, receiver.url(), types=["case.opened"])
        async with working(committed):
            id, body = await event(committed, uuid4())
            await until(lambda: len(receiver.heard) == 1)
        (heard,) = receiver.heard
        assert heard.body == body.encode()
        assert heard.headers["webhook-id"] == str(id)
        assert heard.headers["content-type"] == "application/json"
        assert verified(heard, made.body["secret"])["id"] == str(id)
        (kept,) = await deliveries(committed)
        assert (kept["status"], kept["event_id"]) == ("done", str(id))


async def test_a_failure_is_told_and_tried_again(committed: Committed) -> None:
    answers = [Says(500, body=b"x" * 2000), Says(204)]
    async with receiving(lambda _: answers.pop(0)) as receiver, hand(committed) as sender:
        await endpoint(committed, receiver.url(), types=["case.opened"])
        await event(committed, uuid4())
        await number(committed)
        assert await once(sender) > 0
        (kept,) = await deliveries(committed)
        assert (kept["status"], kept["attempts_made"]) == ("due", 1)
        await committed.admin.execute("update ia.webhook_delivery set next_at = now()")
        await once(sender)
        path = f"/v1/webhook-deliveries/{kept['id']}"
        whole = (await committed.clients.get("lead", path)).json()
        assert whole["status"] == "done"
        assert [a["status_code"] for a in whole["attempts"]] == [204, 500]
        assert whole["attempts"][1]["answer"] == "x" * 1024
