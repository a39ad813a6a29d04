"""`/docs/…`: the pages for who builds on the service."""

from fastapi import APIRouter, Request, Response

from . import pages_events, pages_glossary, pages_signature, pages_start, pages_workflows

router = APIRouter(prefix="/docs", include_in_schema=False)


@router.get("/quick-start")
async def quick_start(request: Request) -> Response:
    """From a key to the first event, in code to paste."""
    return pages_start.quick_start(request)


@router.get("/workflows")
async def workflows(request: Request) -> Response:
    """Every drawing by its name."""
    return pages_workflows.overview(request)


@router.get("/workflows/{name}")
async def workflow(request: Request, name: str) -> Response:
    """One drawing, whose states and arrows lead into the reference."""
    return pages_workflows.workflow(request, name)


@router.get("/events")
async def events(request: Request) -> Response:
    """Every type of event: its text, its cause, its readers."""
    return pages_events.events(request)


@router.get("/webhook-signatures")
async def webhook_signatures(request: Request) -> Response:
    """Whether a signature is right, judged in the reader's browser."""
    return pages_signature.webhook_signatures(request)


@router.get("/glossary")
async def glossary(request: Request) -> Response:
    """German terms and their English names."""
    return pages_glossary.glossary(request)
