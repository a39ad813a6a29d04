"""Exports in the transaction of a test."""

from uuid import uuid4

from integration_api.exports import service_work
from tests.jobs.made import carried_out
from tests.make import Made, Make, made


async def queued(make: Make, who: str = "lead", **body: object) -> Made:
    """A job that waits for a worker, which is not there."""
    key = f"export-{uuid4()}"
    return made(await make.clients.post(who, "/v1/exports", body, key=key), 202)


async def finished(make: Make, who: str = "lead", **body: object) -> Made:
    """A job whose export is there."""
    asked = await queued(make, who, **body)
    return await carried_out(make, who, asked.id, service_work.make)
