"""`/v1/code-lists`."""

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
    lists = tuple(service.lists().values())
    page = page_of(request, lists, narrowed, lambda one: one.name, _head)
    return cached(request, as_json(page))


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
    """Its codes with German and English labels, one page: those that ever were, or of one day.

    `q` keeps the codes that begin with the text, or whose label does; case and accents do not
    count, and `ae` finds `ä`. A list that was loaded anew is served within half a minute.
    """
    one = service.lists().get(name)
    if one is None:
        raise NotFound
    return cached(request, as_json(_body(request, one, narrowed)))


def _head(one: service.CodeList) -> dict[str, Any]:
    return {"name": one.name, "version": one.version, "title": one.title, "source": one.source}


def _body(request: Request, one: service.CodeList, asked: CodeListQuery) -> dict[str, Any]:
    found = service.found(one, asked.as_of, asked.q)
    paged = page_of(request, found, asked, lambda entry: entry.code, _code)
    day = asked.as_of.isoformat() if asked.as_of else None
    return {**_head(one), "as_of": day, "entries": paged["items"], "page": paged["page"]}


def _code(entry: service.Entry) -> dict[str, Any]:
    return {
        "code": entry.code,
        "labels": {"de": entry.de, "en": entry.en, "de_simple": entry.de_simple},
        "valid_from": entry.valid_from.isoformat() if entry.valid_from else None,
        "valid_to": entry.valid_to.isoformat() if entry.valid_to else None,
        "legal_basis": entry.legal_basis,
        "attributes": dict(entry.attributes),
    }
