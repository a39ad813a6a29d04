"""Public answers that may be cached: ETag, 304, pages of what lies in memory."""

import gzip
import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import Any, TypeVar

from fastapi import Request, Response

from integration_api.kernel import clock
from integration_api.kernel.answers import CONDITION, condition
from integration_api.kernel.paging import Cursors, links
from integration_api.kernel.problems import InvalidCursor
from integration_api.kernel.schemas import PageQuery

T = TypeVar("T")

SECONDS = 300
HALF_A_DAY = 12 * 60 * 60
TAIL = 4096
"""Where the cursors of a page are: at its end, of 1,024 characters at most each."""
_CURSOR = re.compile(rb'"(next|prev)_cursor": ?"[^"]+"')
_PAGE = re.compile(rb'"page": ?(\{[^{}]*\})\}$')
CACHED: dict[str, Any] = {
    "parameters": [
        {
            "name": "If-None-Match",
            "in": "header",
            "required": False,
            "description": "ETag of the state that the caller has already.",
            "schema": {"type": "string", "maxLength": CONDITION},
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

    Raises:
        InvalidParameter: `If-None-Match` is too long (400).
    """
    given = condition(request)
    tag = tag_of(body)
    shown = {
        "ETag": tag,
        "Cache-Control": f"public, max-age={seconds}",
        "Access-Control-Allow-Origin": "*",
        **_neighbours(request, body),
        **(headers or {}),
    }
    known = (one.strip().removeprefix("W/") for one in given.split(","))
    if given.strip() == "*" or tag.removeprefix("W/") in known:
        return Response(status_code=304, headers=shown)
    if packed and "gzip" in request.headers.get("accept-encoding", ""):
        shown |= {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
        body = _packed(body)
    return Response(body, headers=shown, media_type=media_type)


def _neighbours(request: Request, body: bytes) -> dict[str, str]:
    """`Link` to the pages before and after, where `body` is a page."""
    found = _PAGE.search(body[-TAIL:])
    page = json.loads(found[1]) if found else {}
    given = [pair for pair in request.query_params.multi_items() if pair[0] != "cursor"]
    told = {rel: page.get(f"{rel}_cursor") for rel in ("next", "prev")}
    return links(request.scope["path"], given, **told)


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


@lru_cache(maxsize=16)
def _packed(body: bytes) -> bytes:
    return gzip.compress(body, mtime=0)


def as_json(value: object) -> bytes:
    """JSON as the database would write it: UTF-8, no needless white space, days as text."""
    return json.dumps(
        value, ensure_ascii=False, default=date.isoformat, separators=(",", ":")
    ).encode()


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
