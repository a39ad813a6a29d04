"""Operations of imports: each is of the client that asked.

They are asked for by an owner of their own: nobody has more than ten that were not started.
"""

import json
from itertools import count
from typing import Any
from uuid import uuid4

from integration_api.imports import service_work
from tests.access.operations_register import Call, call, reading
from tests.imports.sent import LANGUAGE, asked, put, read, start
from tests.jobs.made import carried_out
from tests.make import Made, Make

OWNER = "youth"
_numbers = count(1)
MEDIA = "application/x-ndjson"


def line(**more: Any) -> str:
    """A line of a part."""
    number = f"Beispiel-{next(_numbers)}"
    return json.dumps({"external_id": number, "concerns": [LANGUAGE]} | more) + "\n"


async def merged(make: Make) -> Made:
    """An import with a line that was not taken."""
    one = await asked(make.clients, OWNER)
    content = (line() + line(nickname="x")).encode()
    assert (await put(make.clients, one.id, content, who=OWNER)).status_code == 200
    job = (await start(make.clients, one.id, OWNER)).json()["id"]
    await carried_out(make, OWNER, job, service_work.make)
    return await read(make.clients, one.id, OWNER)


async def fresh(make: Make) -> Made:
    """An import that waits for its parts; those before it have been started."""
    one = await asked(make.clients, OWNER)
    assert (await put(make.clients, one.id, line().encode(), who=OWNER)).status_code == 200
    return one


@call("createImport", "jobcenter")
async def _(make: Make) -> Call:
    columns = {"external_id": "Aktenzeichen"}
    csv = {"delimiter": ";", "columns": {**columns, "concerns": [], "participants": []}}
    body = {"type": "case", "system": "own_file", "csv": csv, "dry_run": True}
    return Call("POST", "/v1/imports", body, key=f"import-{uuid4()}")


@call("getImport", OWNER)
async def _(make: Make) -> Call:
    return reading("imports", await merged(make))


@call("putImportPart", OWNER)
async def _(make: Make) -> Call:
    one = await fresh(make)
    path = f"/v1/imports/{one.id}/parts/1"
    return Call("PUT", path, line(), ids=(one.id,), media=MEDIA)


@call("startImport", OWNER)
async def _(make: Make) -> Call:
    one = await fresh(make)
    path = f"/v1/imports/{one.id}/start"
    return Call("POST", path, ids=(one.id,), key=f"start-{uuid4()}")


@call("listImportProblems", OWNER)
async def _(make: Make) -> Call:
    one = await merged(make)
    return Call("GET", f"/v1/imports/{one.id}/problems", ids=(one.id,))
