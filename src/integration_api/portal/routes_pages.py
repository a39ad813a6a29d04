"""`/`, `/docs`, and their assets."""

from typing import Annotated

from fastapi import APIRouter, Request, Response

from integration_api.code_lists.served import cached
from integration_api.edge.optional import QuestionTx
from integration_api.edge.optional import question as question_of
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
