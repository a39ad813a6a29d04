"""Answers whose bytes Postgres made, and their ETag."""

from hashlib import sha256
from uuid import UUID

from asyncpg import Record
from starlette.requests import Request
from starlette.responses import Response

from .problems import InvalidParameter, NotFound
from .refusals import finding_of

CONDITION = 1000  # characters of If-None-Match


def etag(version: int, body: bytes) -> str:
    """`"<version>.<16 hex of sha256(body)>"`: strong, because the body differs by caller.

    Source: RFC 9110 § 8.8.3.
    """
    return f'"{version}.{sha256(body).hexdigest()[:16]}"'


def condition(request: Request) -> str:
    """`If-None-Match`. Raises InvalidParameter (400): it is longer than the contract says."""
    if len(given := request.headers.get("if-none-match", "")) > CONDITION:
        raise InvalidParameter(finding_of("too_long", parameter="If-None-Match"))
    return given


class Answer(Response):
    """JSON from the database; knows whose data it shows, for its replay."""

    media_type = "application/json"
    shown: tuple[UUID, ...] = ()


def resource(row: Record | None, *, status: int = 200, location: str | None = None) -> Answer:
    """The answer for one resource: its document, ETag and, for a new one, its Location.

    Raises:
        NotFound: there is no row, or none that the caller may see.
    """
    if row is None or row["body"] is None:
        raise NotFound
    answer = Answer(row["body"], status, {"ETag": etag(row["version"], row["body"])})
    if location:
        answer.headers["Location"] = location
    answer.shown = tuple(row.get("shown") or ())
    return answer
