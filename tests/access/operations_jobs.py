"""Operations of jobs and exports: each is of the client that asked.

Exports are asked for by an owner of their own: nobody has more than ten unfinished jobs.
"""

from uuid import uuid4

from tests.access.operations_register import Call, call, reading
from tests.exports.made import finished, queued
from tests.make import Make


@call("createExport", "jobcenter")
async def _(make: Make) -> Call:
    body = {"types": ["case", "referral"], "format": "ndjson"}
    return Call("POST", "/v1/exports", body, key=f"nightly-{uuid4()}")


@call("getExport")
async def _(make: Make) -> Call:
    await make.scene("sent")
    return reading("exports", await finished(make, types=["case", "referral"]))


@call("getExportContent")
async def _(make: Make) -> Call:
    await make.scene("sent")
    export = await finished(make, types=["case", "person", "referral"])
    return Call("GET", f"/v1/exports/{export.id}/content", ids=(export.id,))


@call("getJob")
async def _(make: Make) -> Call:
    return reading("jobs", await finished(make, types=["case"]))


@call("cancelJob")
async def _(make: Make) -> Call:
    job = await queued(make)
    return Call("POST", f"/v1/jobs/{job.id}/cancel", None, job.etag, (job.id,))
