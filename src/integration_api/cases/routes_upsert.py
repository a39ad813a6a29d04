"""`/v1/cases/by-external-id`: cases by the numbers of the caller's own system."""

from typing import Annotated, Any

from fastapi import APIRouter, Header, Response
from pydantic import StringConstraints

from integration_api.kernel.concurrency import IfMatch
from integration_api.kernel.db import Amend
from integration_api.kernel.operations import operation
from integration_api.kernel.scopes import Scope

from . import service_upsert
from .schemas import CaseOut, CasePut, System, Value

router = APIRouter(prefix="/cases/by-external-id", tags=["Cases"])
IfNoneMatch = Annotated[
    Annotated[str, StringConstraints(pattern=r"^\*$", max_length=1)] | None,
    Header(
        alias="If-None-Match",
        description="`*`: only if there is no case with that number yet.",
    ),
]

_SHOWN = {"application/json": {"schema": {"$ref": "#/components/schemas/CaseOut"}}}
NEW: dict[str, Any] = {"responses": {"201": {"description": "It is new.", "content": _SHOWN}}}


@operation(
    router,
    "PUT",
    "/{system}/{value}",
    id="putCaseByExternalId",
    summary="Open or change a case by its own number",
    answer=CaseOut,
    scope=Scope.CASES_WRITE,
    problems=(404, 412),
    extra=NEW,
)
async def put_case_by_external_id(
    system: System,
    value: Value,
    body: CasePut,
    db: Amend,
    if_none_match: IfNoneMatch = None,
    seen: IfMatch = None,
) -> Response:
    """Opens the case that has this number in the caller's system, or changes it: 201 or 200.

    Concerns become those given; participants are added, nobody is taken out and roles stay. What
    is there already changes nothing. Without a precondition the last one wins.
    """
    only_new, version = if_none_match is not None, int(seen) if seen else None
    return await service_upsert.put(db, system, value, body, only_new=only_new, version=version)
