"""Logging, metrics and the count of statements; what is told of a request stands in the edge."""

import logging
import sys
from collections.abc import MutableMapping
from contextvars import ContextVar
from typing import Any

import orjson
import structlog
from prometheus_client import Counter

BACKSTOP = Counter("backstop", "Refusals that only the database made.", ("sqlstate",))
_statements: ContextVar[list[int]] = ContextVar("statements")


def count_from_zero() -> list[int]:
    """Begin the count of a request's statements; the one number in the list goes up."""
    counted = [0]
    _statements.set(counted)
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
