"""Metrics and the count of statements; what is told of a request stands in the edge."""

from collections.abc import MutableMapping
from contextvars import ContextVar
from typing import Any

from prometheus_client import Counter

BACKSTOP = Counter("backstop", "Refusals that only the database made.", ("sqlstate",))
_statements: ContextVar[list[int]] = ContextVar("statements")


def count_from_zero() -> list[int]:
    """Begin the count of a request's statements; the one number in the list goes up."""
    _statements.set(counted := [0])
    return counted


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
