"""Public answers that may be cached: ETag, 304, pages of what lies in memory."""

import gzip
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import Any, TypeVar

from fastapi import Request, Response

from integration_api.kernel import clock
from integration_api.kernel.paging import Cursors
from integration_api.kernel.problems import InvalidCursor
from integration_api.kernel.schemas import PageQuery

T = TypeVar("T")

SECONDS = 300
CACHED: dict[str, Any] = {
    "parameters": [
        {
            "name": "If-None-Match",
            "in": "header",
            "required": False,
            "description": "ETag of the state that the caller has already.",
            "schema": {"type": "string"},
        }
    ],
    "responses": {"304": {"description": "Unchanged since that state."}},
}
"""What the contract says of an operation that answers with `cached`."""


def cached(
    request: Request,
    body: bytes,
    media_type: str = "application/json",
    *,
    headers: Mapping[str, str] | None = None,
    seconds: int = SECONDS,
    packed: bool = False,
    tag: str | None = None,
) -> Response:
    """The bytes, or 304 when the client has them already.

    Anyone may read and embed them from any origin. `packed` keeps a compressed copy: for few large
    bodies, which would otherwise be compressed for every reader. `tag`: the state, where the bytes
    alone do not tell it. Source: RFC 9110 § 13.1.2.
    """
    tag = tag or f'"{_digest(body)}"'
    shown = {
        "ETag": tag,
        "Cache-Control": f"public, max-age={seconds}",
        "Access-Control-Allow-Origin": "*",
        **(headers or {}),
    }
    given = request.headers.get("if-none-match", "")
    known = (one.strip().removeprefix("W/") for one in given.split(","))
    if given.strip() == "*" or tag.removeprefix("W/") in known:
        return Response(status_code=304, headers=shown)
    if packed and "gzip" in request.headers.get("accept-encoding", ""):
        shown |= {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
        body = _packed(body)
    return Response(body, headers=shown, media_type=media_type)


@lru_cache(maxsize=8)
def _packed(body: bytes) -> bytes:
    return gzip.compress(body, mtime=0)


def as_json(value: object) -> bytes:
    """JSON as the database would write it: UTF-8, no needless white space, days as text."""
    return json.dumps(
        value, ensure_ascii=False, default=date.isoformat, separators=(",", ":")
    ).encode()


def cached_page(request: Request, body: dict[str, Any]) -> Response:
    """A page, or 304; its cursors differ in every answer, so the weak tag is that of the rest.

    A cursor holds for a day: the tag changes twice a day, so that no stored page outlives its own.
    """
    page = body["page"]
    if page["next_cursor"] is None and page["prev_cursor"] is None:
        return cached(request, as_json(body))
    places = (page["next_cursor"] is None, page["prev_cursor"] is None, page["limit"])
    now = clock.now()
    state = as_json([body | {"page": None}, places, now.date(), now.hour // 12])
    return cached(request, as_json(body), tag=f'W/"{_digest(state)}"')


def page_of(
    request: Request,
    items: Sequence[T],
    asked: PageQuery,
    key: Callable[[T], str],
    show: Callable[[T], Mapping[str, Any]],
) -> dict[str, Any]:
    """The envelope of one page of `items`, which are in memory, in order, each with its own key.

    Raises:
        InvalidCursor: not a cursor of this list with these filters (400).
    """
    cursors: Cursors = request.app.state.cursors
    text = f"{request.scope['path']}|{sorted(asked.filters().items())}"
    binding = hashlib.sha256(text.encode()).digest()
    keys = [key(item) for item in items]
    start, end = _window(keys, cursors, asked, binding)
    shown = keys[start:end]

    def seal(name: str, direction: str) -> str:
        return cursors.seal((name,), binding=binding, direction=direction)

    page = {
        "next_cursor": seal(shown[-1], "next") if shown and end < len(keys) else None,
        "prev_cursor": seal(shown[0], "prev") if shown and start > 0 else None,
        "limit": asked.limit,
    }
    return {"items": [dict(show(item)) for item in items[start:end]], "page": page}


def _window(keys: list[str], cursors: Cursors, asked: PageQuery, binding: bytes) -> tuple[int, int]:
    if asked.cursor is None:
        return 0, asked.limit
    values, direction = cursors.open(asked.cursor, binding=binding)
    if len(values) != 1 or values[0] not in keys:
        raise InvalidCursor
    place = keys.index(values[0])
    if direction == "prev":
        return max(0, place - asked.limit), place
    return place + 1, place + 1 + asked.limit


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:32]
