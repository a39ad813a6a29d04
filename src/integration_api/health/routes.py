"""`/health/*`, `/metrics`."""

import asyncio
import time
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from integration_api.postgres import schema

router = APIRouter(include_in_schema=False)
CACHED_SECONDS = 1.0
CAP_SECONDS = 1.0


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
    return _answer(await _readiness(request.app.state))


@router.get("/metrics")
async def metrics() -> Response:
    """Prometheus text; route templates only, no ids."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


async def _readiness(state: Any) -> dict[str, str]:
    if state.draining:
        return {"draining": "fail"}
    at, checks = state.readiness
    if time.monotonic() - at > CACHED_SECONDS:
        checks = await _checks(state)
        state.readiness = (time.monotonic(), checks)
    return dict(checks)


async def _checks(state: Any) -> dict[str, str]:
    try:
        async with asyncio.timeout(CAP_SECONDS), state.probe.acquire(timeout=CAP_SECONDS) as c:
            head = await c.fetchval("select version_num from ia.alembic_version")
    except Exception:  # whatever it was, the database is not there
        return {"database": "fail"}
    # a revision that this version does not know is newer: the schema only grows, so go on serving
    behind = head != schema.head() and head in schema.revisions()
    return {"database": "pass", "schema": "fail" if behind else "pass"}


def _answer(checks: dict[str, str]) -> Response:
    failed = "fail" in checks.values()
    body = {"status": "fail" if failed else "pass", "checks": checks}
    headers = {"Retry-After": "1"} if failed else None
    return JSONResponse(body, 503 if failed else 200, headers, "application/health+json")
