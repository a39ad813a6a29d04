"""The outermost middleware: names a request, watches it, writes one line about it.

Paths hold ids and foreign keys, so only the route's template is written.
"""

import re
import time
from collections.abc import MutableMapping
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

import structlog
from prometheus_client import Counter, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from integration_api.kernel.ids import uuid7
from integration_api.kernel.observability import count_from_zero, template

REQUESTS = Counter("requests", "Answered requests.", ("method", "route", "status"))
SECONDS = Histogram(
    "request_seconds",
    "Time until the answer was sent.",
    ("route",),
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 15),
)
_GIVEN = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
_PARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}", re.ASCII)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
log = structlog.get_logger("access")


class Observe:
    """Watches every request, whatever becomes of it."""

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
        counted = count_from_zero()
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
