"""Public answers that may be cached: ETag, 304, pages of what lies in memory."""

import gzip
import hashlib
import json
import re
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import Any

from fastapi import Request, Response

from integration_api.kernel import clock
from integration_api.kernel.paging import Cursors
from integration_api.kernel.problems import InvalidCursor

SECONDS = 300
HALF_A_DAY = 12 * 60 * 60
TAIL = 4096
"""Where the cursors of a page are: at its end, of 1,024 characters at most each."""
_CURSOR = re.compile(rb'"(next|prev)_cursor": ?"[^"]+"')
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
) -> Response:
    """The bytes, or 304 when the client has them already.

    Anyone may read and embed them from any origin. `packed` keeps a compressed copy: for few large
    bodies, which would otherwise be compressed for every reader. Source: RFC 9110 § 13.1.2.
    """
    tag = tag_of(body)
    shown = {
        "ETag": tag,
        "Cache-Control": f"public, max-age={seconds}",
        "Access-Control-Allow-Origin": "*",
        **(headers or {}),
    }
    given = request.headers.get("if-none-match", "")
    known = tag.removeprefix("W/")
    if given.strip() == "*" or known in (
        one.strip().removeprefix("W/") for one in given.split(",")
    ):
        return Response(status_code=304, headers=shown)
    if packed and "gzip" in request.headers.get("accept-encoding", ""):
        shown |= {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
        body = _packed(body)
    return Response(body, headers=shown, media_type=media_type)


def tag_of(body: bytes) -> str:
    """The entity tag of an answer.

    A cursor is sealed anew each time: it counts as the half day it was given out in, so that an
    unchanged page is unchanged, and none is kept so long that its cursor has run out. The tag is
    weak then. Source: RFC 9110 § 8.8.1.
    """
    half_day = b"%d" % (clock.now().timestamp() // HALF_A_DAY)
    told = body[:-TAIL] + _CURSOR.sub(rb'"\1_cursor":"%b"' % half_day, body[-TAIL:])
    weak = "" if told == body else "W/"
    return f'{weak}"{hashlib.sha256(told).hexdigest()[:32]}"'


@lru_cache(maxsize=8)
def _packed(body: bytes) -> bytes:
    return gzip.compress(body, mtime=0)


def as_json(value: object) -> bytes:
    """JSON as the database would write it: UTF-8, no needless white space, days as text."""
    return json.dumps(
        value, ensure_ascii=False, default=date.isoformat, separators=(",", ":")
    ).encode()


def page_of(
    request: Request, items: Sequence[Mapping[str, Any]], cursor: str | None, limit: int
) -> dict[str, Any]:
    """The envelope of one page of `items`, which are in memory and sorted by their `name`.

    Raises:
        InvalidCursor: not a cursor of this list (400).
    """
    cursors: Cursors = request.app.state.cursors
    binding = hashlib.sha256(request.scope["path"].encode()).digest()
    names = [item["name"] for item in items]
    start, end = _window(names, cursors, cursor, binding, limit)
    shown = names[start:end]

    def seal(name: str, direction: str) -> str:
        return cursors.seal((name,), binding=binding, direction=direction)

    page = {
        "next_cursor": seal(shown[-1], "next") if shown and end < len(names) else None,
        "prev_cursor": seal(shown[0], "prev") if shown and start > 0 else None,
        "limit": limit,
    }
    return {"items": [dict(item) for item in items[start:end]], "page": page}


def _window(
    names: list[str], cursors: Cursors, cursor: str | None, binding: bytes, limit: int
) -> tuple[int, int]:
    if cursor is None:
        return 0, limit
    values, direction = cursors.open(cursor, binding=binding)
    if len(values) != 1 or not isinstance(values[0], str):
        raise InvalidCursor
    if direction == "prev":
        end = bisect_left(names, values[0])
        return max(0, end - limit), end
    start = bisect_right(names, values[0])
    return start, start + limit
