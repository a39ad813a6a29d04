"""`/v1/exports`."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from integration_api.edge.keyed import KeyedWrite
from integration_api.jobs.routes import told
from integration_api.jobs.schemas import JobOut
from integration_api.kernel.db import LoggedRead, OwnRead
from integration_api.kernel.operations import operation
from integration_api.kernel.scalars import Id
from integration_api.kernel.scopes import Scope

from . import service
from .schemas import ExportIn, ExportOut

router = APIRouter(prefix="/exports", tags=["Exports"])


class Lines(StreamingResponse):
    """One JSON document on each line."""

    media_type = "application/x-ndjson"


@operation(
    router,
    "POST",
    "",
    id="createExport",
    summary="Ask for an export",
    answer=JobOut,
    scope=Scope.EXPORTS_WRITE,
    status=202,
)
async def create_export(request: Request, body: ExportIn, db: KeyedWrite) -> Response:
    """All that the client may read of these types, as of one moment; the answer is its job.

    The content says at each line what GET says of that resource. `Idempotency-Key` is needed.
    """
    return await service.ask(db, body, told(request))


@operation(
    router,
    "GET",
    "/{id}",
    id="getExport",
    summary="Read an export",
    answer=ExportOut,
    scope=Scope.EXPORTS_READ,
    problems=(410,),
)
async def get_export(id: Id, db: OwnRead) -> Response:
    """An export that the caller asked for: its content's moment, length and hash, and where.

    `cursor` is where to go on in the feed. A day after its end it is 410, and as soon as an access
    to somebody in it has ended.
    """
    return await service.get(db, id)


@operation(
    router,
    "GET",
    "/{id}/content",
    id="getExportContent",
    summary="Read the content of an export",
    answer=None,
    scope=Scope.EXPORTS_READ,
    response=Lines,
    problems=(409, 410),
)
async def get_export_content(request: Request, id: Id, db: LoggedRead) -> Response:
    """The resources, one on a line: `type`, `id`, `version`, `resource`; by type, then by id.

    What is shorter than `bytes` of the export was cut off, because an access ended meanwhile.
    """
    state = request.app.state
    more_time = request.state.more_time
    found = await service.open_(state.db, db.call, id, state.vault, more_time)
    headers = {"ETag": f'"{found.sha256[:16]}"', "Content-Length": str(found.length)}
    return Lines(found.parts, headers=headers)
