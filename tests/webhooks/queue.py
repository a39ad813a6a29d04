"""What tests of webhooks share: an endpoint, events with a number, a worker, what verifies."""

import asyncio
import base64
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any
from uuid import UUID

import asyncpg
from standardwebhooks.webhooks import Webhook

from integration_api.changes import sequencer
from integration_api.changes.judging import Judge
from integration_api.edge.addresses import Reach
from integration_api.edge.outgoing import Poster
from integration_api.edge.vault import Vault
from integration_api.identity.system import system
from integration_api.kernel.db import Database, pool
from integration_api.webhooks.sending import Sees, Sender
from integration_api.webhooks.signing import SEALED_AS
from tests.cast import id_of
from tests.conftest import SECRET, Committed
from tests.make import Made, made
from tests.webhooks.receiver import Heard

ENDPOINTS = "/v1/webhook-endpoints"
SOON = "update ia.webhook_delivery set next_at = now() where status = 'due'"
"""Nobody waits for the schedule."""
DELIVERIES = "/v1/webhook-deliveries"
REACH = Reach(loopback=True)
EVENT = """
insert into ia.outbox (event_id, municipality_id, agg_type, agg_id, agg_version, type, agency_ids,
  body, occurred_at)
select e.id, $1, 'case', $2, $3, 'case.closed', $4,
  json_build_object('id', e.id, 'type', 'case.closed', 'about', $2::uuid,
    'version', $3::int)::text, now()
from (select gen_random_uuid() as id) e returning event_id, body
"""


async def everything(*_: object) -> bool:
    """An agency that sees whatever it is asked about."""
    return True


@asynccontextmanager
async def judging(town: Committed) -> AsyncIterator[Judge]:
    """The real judge."""
    async with pool(town.server.dsn("ia_app", town.name), 2) as connections:
        yield Judge(Database(connections, wait=10))


def verified(heard: Heard, secret: str) -> Any:
    """The event in a request, as a receiver reads it with the library of the standard."""
    return Webhook(secret).verify(heard.body, heard.headers)


def vault() -> Vault:
    """What opens the secrets of the tests' application."""
    return Vault(SECRET, what=SEALED_AS)


async def endpoint(town: Committed, url: str, who: str = "lead", **said: Any) -> Made:
    """An endpoint of `who`'s agency; its body has the secret."""
    return made(await town.clients.post(who, ENDPOINTS, {"url": url, **said}))


async def event(
    town: Committed, about: UUID, version: int = 1, to: str = "lead"
) -> tuple[UUID, str]:
    """An event that is committed and has no number yet: its id and its text."""
    city = id_of("wuppertal")
    row = await town.admin.fetchrow(EVENT, city, about, version, [id_of(to)])
    assert row is not None
    return UUID(int=row["event_id"].int), row["body"]


@asynccontextmanager
async def hand(
    town: Committed, seconds: float = 10.0, sees: Sees = everything, **given: Any
) -> AsyncIterator[Sender]:
    """A worker's hands, to be moved by the test; what events are about need not be there."""
    async with pool(town.server.dsn("ia_worker", town.name), 4) as connections:
        box = given.pop("box", vault())
        poster = Poster(given.pop("reach", REACH), seconds=seconds, **given)
        sender = Sender(Database(connections, wait=10), poster, box, system, sees)
        try:
            yield sender
        finally:
            await sender.leave()


@asynccontextmanager
async def working(town: Committed, **given: Any) -> AsyncIterator[Sender]:
    """A worker that numbers and sends."""
    stop = asyncio.Event()
    async with (
        pool(town.server.dsn("ia_worker", town.name), 2) as connections,
        hand(town, **given) as sender,
        asyncio.TaskGroup() as group,
    ):
        group.create_task(sequencer.run(Database(connections), stop))
        group.create_task(sender.run(stop))
        yield sender
        stop.set()


@asynccontextmanager
async def impatient(town: Committed) -> AsyncIterator[None]:
    """Every pause after a failure is over at once: five seconds would be five minutes' test."""
    connection = await asyncpg.connect(town.server.dsn("postgres", town.name))

    async def hurry() -> None:
        while True:
            await connection.execute(
                "update ia.webhook_delivery set next_at = now()"
                " where status = 'due' and next_at > now()"
            )
            await asyncio.sleep(0.05)

    task = asyncio.create_task(hurry())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await connection.close()


async def number(town: Committed) -> None:
    """Number what waits."""
    async with pool(town.server.dsn("ia_worker", town.name), 1) as connections:
        while await sequencer.number(Database(connections)):
            pass


async def once(sender: Sender) -> int:
    """One look, and all that it began is over."""
    moved = await sender.look()
    await asyncio.gather(*sender._running)
    return moved


async def until(what: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait until something holds."""
    for _ in range(int(seconds * 100)):
        if what():
            return
        await asyncio.sleep(0.01)
    raise TimeoutError


async def deliveries(town: Committed, who: str = "lead", **query: str) -> list[dict[str, Any]]:
    """The deliveries that an agency sees."""
    answer = await town.clients.get(who, DELIVERIES, params=query)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def secret_of(text: str) -> bytes:
    """The bytes of a secret."""
    return base64.b64decode(text.removeprefix("whsec_"))
