"""`/v1/code-lists`."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from integration_api.kernel.operations import operation
from integration_api.kernel.problems import NotFound
from integration_api.kernel.scalars import Code

from . import service
from .schemas import CodeListFilter, CodeListOut, CodeListPage, CodeListQuery
from .served import CACHED, as_json, cached, page_of

router = APIRouter(prefix="/code-lists", tags=["Code lists"])


@operation(
    router,
    "GET",
    "",
    id="listCodeLists",
    summary="List code lists",
    answer=CodeListPage,
    public=True,
    extra=CACHED,
)
async def list_code_lists(
    request: Request, narrowed: Annotated[CodeListFilter, Query()]
) -> Response:
    """Every open set that the contract names in `x-extensible-enum`, by name."""
    heads = [_head(one) for one in service.lists().values()]
    return cached(request, as_json(page_of(request, heads, narrowed.cursor, narrowed.limit)))


@operation(
    router,
    "GET",
    "/{name}",
    id="getCodeList",
    summary="Read a code list",
    answer=CodeListOut,
    public=True,
    problems=(404,),
    extra=CACHED,
)
async def get_code_list(
    request: Request, name: Code, narrowed: Annotated[CodeListQuery, Query()]
) -> Response:
    """Its codes with German and English labels; all that ever were, or those of one day."""
    if name not in service.lists():
        raise NotFound
    return cached(request, as_json(_body(name, narrowed.as_of)))


def _head(one: service.CodeList) -> dict[str, Any]:
    return {"name": one.name, "version": one.version, "title": one.title, "source": one.source}


def _body(name: str, day: date | None) -> dict[str, Any]:
    return {
        **_head(service.lists()[name]),
        "as_of": day.isoformat() if day else None,
        "entries": [_code(entry) for entry in service.entries(name, day)],
    }


def _code(entry: service.Entry) -> dict[str, Any]:
    return {
        "code": entry.code,
        "labels": {"de": entry.de, "en": entry.en},
        "valid_from": entry.valid_from.isoformat() if entry.valid_from else None,
        "valid_to": entry.valid_to.isoformat() if entry.valid_to else None,
        "legal_basis": entry.legal_basis,
        "attributes": dict(entry.attributes),
    }
