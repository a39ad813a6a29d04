"""How the process writes its log: one line per event on standard error."""

import logging
import sys

import orjson
import structlog


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
