"""`/`, `/docs`, their assets, and the well-known addresses."""

import json
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Request, Response

from integration_api.code_lists.served import cached
from integration_api.edge.optional import QuestionTx
from integration_api.edge.optional import question as question_of
from integration_api.kernel import clock
from integration_api.kernel.db import Read, within
from integration_api.kernel.problems import NotFound, Problem
from integration_api.kernel.scopes import Scope

from . import frame, pages, question

router = APIRouter(include_in_schema=False)
Question = Annotated[QuestionTx, question_of(Scope.ELIGIBILITY_CHECKS_WRITE)]
ASSETS = {
    "portal.css": "text/css; charset=utf-8",
    "docs.css": "text/css; charset=utf-8",
    "copy.js": "text/javascript; charset=utf-8",
    "signature.js": "text/javascript; charset=utf-8",
    "docs.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
    "swagger/swagger-ui.css": "text/css; charset=utf-8",
    "swagger/swagger-ui-bundle.js": "text/javascript; charset=utf-8",
}
DAY_SECONDS = 86_400
PROMISED = timedelta(days=180)
LINKSET = 'application/linkset+json; profile="https://www.rfc-editor.org/info/rfc9727"'


@router.get("/")
@within
async def home(request: Request, db: Read) -> Response:
    """What this is, in German and English, and who is responsible for what."""
    return pages.home(request, await question.places(db))


@router.post("/")
@within
async def ask(request: Request, db: Question) -> Response:
    """The same page with the answer to what the form asks; nothing of it is in an address."""
    asked = question.filled(request.headers.get("content-type", ""), await request.body())
    places = await question.places(db)
    try:
        return pages.home(request, places, await question.answered(db, asked))
    except Problem as refusal:
        return pages.home(request, places, asked, refusal)


@router.get("/docs")
async def docs(request: Request) -> Response:
    """The API reference, with a form for every call."""
    return pages.docs(request)


@router.get("/assets/{name:path}")
async def asset(request: Request, name: str) -> Response:
    """Scripts and styles of these pages; no page loads anything from another host."""
    if name not in ASSETS:
        raise NotFound
    return cached(request, frame.asset(name), ASSETS[name], seconds=DAY_SECONDS, packed=True)


@router.get("/.well-known/security.txt")
async def security_txt(request: Request) -> Response:
    """Whom to tell about a weakness. Source: RFC 9116."""
    url = request.app.state.public_url.rstrip("/")
    return cached(request, _security(url), "text/plain; charset=utf-8")


@router.get("/.well-known/api-catalog")
async def api_catalog(request: Request) -> Response:
    """Where the contract, its reference and the state of the service are. Source: RFC 9727."""
    url = request.app.state.public_url.rstrip("/")
    return cached(request, json.dumps(_catalog(url), indent=2).encode(), LINKSET)


def _catalog(url: str) -> dict[str, object]:
    entry = {
        "anchor": f"{url}/v1",
        "service-desc": [
            {"href": f"{url}/v1/openapi.json", "type": "application/json"},
            {"href": f"{url}/v1/openapi.yaml", "type": "application/yaml"},
        ],
        "service-doc": [{"href": f"{url}/docs", "type": "text/html"}],
        "service-meta": [{"href": f"{url}/problems", "type": "application/json"}],
        "status": [{"href": f"{url}/health/ready", "type": "application/health+json"}],
    }
    return {"linkset": [entry]}


def _security(url: str) -> bytes:
    expires = clock.today() + PROMISED
    lines = (
        "Contact: mailto:security@example.org",
        f"Expires: {expires.isoformat()}T00:00:00Z",
        "Preferred-Languages: de, en",
        f"Canonical: {url}/.well-known/security.txt",
    )
    return ("\n".join(lines) + "\n").encode()
