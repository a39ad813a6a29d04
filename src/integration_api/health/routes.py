"""`/health/*`, `/status`, `/metrics`."""

from collections.abc import Mapping

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from integration_api.portal.frame import wants_json

from . import measures, page, service

router = APIRouter(include_in_schema=False)


@router.get("/health/live")
async def live() -> Response:
    """The loop turns; the database is not asked."""
    return _answer({})


@router.get("/health/startup")
async def startup(request: Request) -> Response:
    """Whether the application has warmed up."""
    return _answer({"started": "pass" if request.app.state.started else "fail"})


@router.get("/health/ready")
async def ready(request: Request) -> Response:
    """Database reachable, schema as the code expects, not draining; asked at most once a second."""
    return _answer(await service.readiness(request.app.state))


@router.get("/status")
async def status(request: Request) -> Response:
    """How the service is, for everybody: states and ages, of nobody in particular."""
    told = await service.parts(request.app.state)
    show = page.document if wants_json(request) else page.status
    return show(request, told)


@router.get("/metrics")
async def metrics(request: Request) -> Response:
    """Prometheus text; route templates and sums only, no ids."""
    measures.show(await service.counted(request.app.state))
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


def _answer(checks: Mapping[str, str]) -> Response:
    failed = "fail" in checks.values()
    body = {"status": "fail" if failed else "pass", "checks": checks}
    headers = {"Retry-After": "1"} if failed else None
    return JSONResponse(body, 503 if failed else 200, headers, "application/health+json")
