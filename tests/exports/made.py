"""Exports in the transaction of a test: made by the real work, which the test hands its lease."""

from uuid import UUID, uuid4

from integration_api.exports import service_work
from integration_api.identity.keys import Keys
from integration_api.jobs.work import Seals, Work
from integration_api.kernel.ids import uuid7
from tests.cast import KEYS, acting
from tests.conftest import CLEAR
from tests.make import Made, Make, made

LEASED = """update ia.job set status = 'running', lease_token = $2,
  lease_until = now() + interval '1 minute' where id = $1"""


async def queued(make: Make, who: str = "lead", **body: object) -> Made:
    """A job that waits for a worker, which is not there."""
    key = f"export-{uuid4()}"
    return made(await make.clients.post(who, "/v1/exports", body, key=key), 202)


async def leased(make: Make, who: str, id: str) -> UUID:
    """The token with which a job of a machine is now at work."""
    token = uuid4()
    async with make.connection.transaction():
        await make.connection.execute(acting(who))
        await make.connection.execute(LEASED, id, token)
        await make.connection.execute(CLEAR.lstrip(";"))
    return token


async def finished(make: Make, who: str = "lead", **body: object) -> Made:
    """A job whose export is there."""
    asked = await queued(make, who, **body)
    token = await leased(make, who, asked.id)
    state = make.clients.app.state
    caller = await Keys(state.db.pool).find(KEYS[f"{who}/machine"].key)
    assert caller is not None
    database, seals = state.db, Seals(state.vault, state.cursors)
    purpose = caller.purposes[0]
    await service_work.make(Work(UUID(asked.id), token, caller, purpose, uuid7(), database, seals))
    return made(await make.clients.get(who, f"/v1/jobs/{asked.id}"), 200)
