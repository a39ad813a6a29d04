"""`/docs/changelog`, `/docs/deprecations`, `/docs/compatibility`: as pages, and as JSON."""

from typing import Any

from fastapi import APIRouter, Request, Response

from integration_api import __version__
from integration_api.code_lists.served import as_json, cached
from integration_api.contract.promises import promises
from integration_api.portal.frame import wants_json

from . import pages
from .changelog import changelog

router = APIRouter(prefix="/docs", include_in_schema=False)


@router.get("/changelog")
async def changes(request: Request) -> Response:
    """Every version, newest first: what was added, changed, ended, and what breaks a client."""
    if wants_json(request):
        url = request.app.state.public_url
        items = [one.document(url) for one in changelog()]
        return _json(request, {"running": __version__, "versions": items})
    return pages.changelog(request)


@router.get("/deprecations")
async def deprecations(request: Request) -> Response:
    """Operations that end."""
    ending = request.app.state.ending
    if wants_json(request):
        url = request.app.state.public_url
        return _json(request, {"items": [one.document(url) for one in ending]})
    return pages.deprecations(request, ending)


@router.get("/compatibility")
async def compatibility(request: Request) -> Response:
    """What a client may rely on."""
    if wants_json(request):
        return _json(request, {"sections": [_section(*one) for one in promises().items()]})
    return pages.compatibility(request)


def _json(request: Request, document: dict[str, Any]) -> Response:
    return cached(request, as_json(document), headers={"Vary": "Accept"})


def _section(name: str, part: tuple[tuple[str, str], tuple[tuple[str, str], ...]]) -> Any:
    heading, items = part
    said = [dict(zip(("de", "en"), both, strict=True)) for both in (heading, *items)]
    return {"name": name, "heading": said[0], "items": said[1:]}
