"""What is told about a request: its id, one access line, metrics; never a path, a query, a body.

Paths hold ids and foreign keys, so only the route's template is written.
"""

import logging
import re
import sys
import time
from collections.abc import MutableMapping
from contextvars import ContextVar
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

import orjson
import structlog
from prometheus_client import CONTENT_TYPE_LATEST, Counter, Histogram, generate_latest
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .ids import uuid7

REQUESTS = Counter("requests", "Answered requests.", ("method", "route", "status"))
SECONDS = Histogram(
    "request_seconds",
    "Time until the answer was sent.",
    ("route",),
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 15),
)
BACKSTOP = Counter("backstop", "Refusals that only the database made.", ("sqlstate",))
_GIVEN = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
_PARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}", re.ASCII)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_statements: ContextVar[list[int]] = ContextVar("statements")
log = structlog.get_logger("access")


class Observe:
    """The outermost middleware: names the request, watches it, writes one line about it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the app; the request's id is in `request.state` and goes out as `X-Request-Id`."""
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        began, method = time.perf_counter(), scope["method"]
        state = scope.setdefault("state", {})
        headers = dict(scope["headers"])
        request_id = _name(headers.get(b"x-request-id", b"").decode("latin-1"), state)
        shown = (b"x-request-id", request_id.encode())
        counted = [0]
        _statements.set(counted)
        parent = _PARENT.fullmatch(headers.get(b"traceparent", b"").decode("latin-1"))
        status = 500

        async def named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message = {**message, "headers": [*message["headers"], shown]}
            await send(message)

        try:
            await self.app(scope, receive, named)
        finally:
            seconds = time.perf_counter() - began
            route = template(scope) or "unmatched"
            known = method if method in _METHODS else "other"
            REQUESTS.labels(known, route, str(status)).inc()
            SECONDS.labels(route).observe(seconds)
            log.info(
                "request",
                request_id=request_id,
                trace_id=parent[1] if parent else None,
                method=known,
                route=route,
                status=status,
                ms=round(seconds * 1000, 2),
                client_id=str(caller.client_id) if (caller := state.get("caller")) else None,
                statements=counted[0],
            )


def count_statement() -> None:
    """Count one statement for the access line of the request that runs it."""
    if counted := _statements.get(None):
        counted[0] += 1


def template(scope: MutableMapping[str, Any]) -> str | None:
    """The template of the matched route, prefix included; None where no route matched."""
    if "route" not in scope:
        return None
    # an included router leaves its prefix in the context only, not at the route
    route = scope.get("fastapi", {}).get("effective_route_context") or scope["route"]
    path: str | None = getattr(route, "path_format", None) or getattr(route, "path", None)
    return path


def metrics_text() -> Response:
    """All metrics in the text format of Prometheus."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


def configure_logging(level: str, json: bool = True) -> None:
    """One line per event on standard error, as JSON or, for a person, in colour."""
    stamps: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    render: structlog.typing.Processor = structlog.dev.ConsoleRenderer()
    if json:
        render = structlog.processors.JSONRenderer(
            serializer=lambda event, **_: orjson.dumps(event, default=str).decode()
        )
    least = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[*stamps, render],
        wrapper_class=structlog.make_filtering_bound_logger(least),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    formatter = structlog.stdlib.ProcessorFormatter(processor=render, foreign_pre_chain=stamps)
    handler = logging.StreamHandler(sys.stderr)  # of libraries, which write paths below warning
    handler.setFormatter(formatter)
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger("uvicorn.error").setLevel(max(least, logging.INFO))


def _name(given: str, state: MutableMapping[str, Any]) -> str:
    """The request's id as text for answers and logs and as a UUID for the access record."""
    if not _GIVEN.fullmatch(given):
        own = uuid7()
        given, state["request_uuid"] = own.hex, own
    else:
        try:
            state["request_uuid"] = UUID(given)
        except ValueError:
            state["request_uuid"] = uuid5(NAMESPACE_URL, given)
    state["request_id"] = given
    return given
