"""Jobs in the transaction of a test: done by the real work, which the test hands its lease."""

from uuid import UUID, uuid4

from integration_api.identity.keys import Keys
from integration_api.jobs.work import Kind, Seals, Work
from integration_api.kernel.ids import uuid7
from tests.cast import KEYS, acting
from tests.conftest import CLEAR
from tests.make import Made, Make, made

LEASED = """update ia.job set status = 'running', lease_token = $2,
  lease_until = now() + interval '1 minute' where id = $1"""


async def leased(make: Make, who: str, id: str) -> UUID:
    """The token with which a job of a machine is now at work."""
    token = uuid4()
    async with make.connection.transaction():
        await make.connection.execute(acting(who))
        await make.connection.execute(LEASED, id, token)
        await make.connection.execute(CLEAR.lstrip(";"))
    return token


async def carried_out(make: Make, who: str, id: str, kind: Kind) -> Made:
    """The job of a machine, done."""
    token = await leased(make, who, id)
    state = make.clients.app.state
    caller = await Keys(state.db.pool).find(KEYS[f"{who}/machine"].key)
    assert caller is not None
    seals = Seals(state.vault, state.cursors)
    await kind(Work(UUID(id), token, caller, caller.purposes[0], uuid7(), state.db, seals))
    return made(await make.clients.get(who, f"/v1/jobs/{id}"), 200)
