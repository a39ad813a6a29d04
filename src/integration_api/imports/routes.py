"""`/v1/imports`."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from integration_api.edge.keyed import KeyedWrite
from integration_api.edge.uploads import Upload, Uploaded, uploaded
from integration_api.jobs.routes import told
from integration_api.jobs.schemas import JobOut
from integration_api.kernel import lists
from integration_api.kernel.db import Amend, OwnRead
from integration_api.kernel.operations import operation
from integration_api.kernel.problems import language
from integration_api.kernel.scalars import Id
from integration_api.kernel.schemas import PageQuery
from integration_api.kernel.scopes import Scope

from . import service
from .schemas import MOST_PARTS, ImportIn, ImportOut, ImportPartOut, ImportProblemPage

router = APIRouter(prefix="/imports", tags=["Imports"])
PART = Upload(
    method="PUT",
    path=r"/v1/imports/[^/]+/parts/[^/]+",
    kinds=(service.NDJSON, service.CSV),
    most=8 * 1024 * 1024,
)
Content = Annotated[Uploaded, Depends(uploaded)]
Number = Annotated[int, Path(ge=1, le=MOST_PARTS, description="Its number, from 1.", examples=[1])]
ANY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "At most 8 MiB and 100,000 lines.",
        "content": {
            kind: {"schema": {"description": "Whole lines of text in UTF-8."}}
            for kind in PART.kinds
        },
    }
}


@operation(
    router,
    "POST",
    "",
    id="createImport",
    summary="Ask for an import",
    answer=ImportOut,
    scope=Scope.IMPORTS_WRITE,
    status=201,
)
async def create_import(body: ImportIn, db: KeyedWrite) -> Response:
    """Cases of another system, which are opened or changed by their numbers there.

    Its parts follow, then its start. What a line may do is what `putCaseByExternalId` may do.
    `Idempotency-Key` is needed.
    """
    return await service.ask(db, body)


@operation(
    router,
    "GET",
    "/{id}",
    id="getImport",
    summary="Read an import",
    answer=ImportOut,
    scope=Scope.IMPORTS_READ,
)
async def get_import(id: Id, db: OwnRead) -> Response:
    """An import that the caller asked for: parts that are there, and what came of its lines."""
    return await service.get(db, id)


@operation(
    router,
    "PUT",
    "/{id}/parts/{n}",
    id="putImportPart",
    summary="Send a part of an import",
    answer=ImportPartOut,
    scope=Scope.IMPORTS_WRITE,
    extra=ANY,
)
async def put_import_part(
    request: Request, id: Id, n: Number, body: Content, db: Amend
) -> Response:
    """Keeps a part, in the place of one with its number; whole lines, in the form of the import.

    A JSON line is `{"external_id": …, "participants": […], "concerns": […]}`.
    """
    return await service.keep(db, id, n, body, request.app.state.vault)


@operation(
    router,
    "POST",
    "/{id}/start",
    id="startImport",
    summary="Start an import",
    answer=JobOut,
    scope=Scope.IMPORTS_WRITE,
    status=202,
)
async def start_import(request: Request, id: Id, db: KeyedWrite) -> Response:
    """Lets a job merge the parts; one that failed or was cancelled goes on where it stopped.

    Each batch of lines is written whole or not at all. `Idempotency-Key` is needed.
    """
    return await service.start(db, id, told(request))


@operation(
    router,
    "GET",
    "/{id}/problems",
    id="listImportProblems",
    summary="List lines that were not taken",
    answer=ImportProblemPage,
    scope=Scope.IMPORTS_READ,
)
async def list_import_problems(
    request: Request, id: Id, db: OwnRead, asked: Annotated[PageQuery, Query()]
) -> Response:
    """Lines that an import did not take, in their order, and why; 10,000 end it."""
    place = lists.place(request, db.caller, asked.cursor, asked.limit)
    url = request.app.state.public_url
    return await service.problems(db, id, place, language(request), url)
