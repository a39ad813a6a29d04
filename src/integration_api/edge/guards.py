"""What a request must be before a route sees it, and what every answer carries.

A body that cannot be read is not refused here: 401 and 403 come first. The guard notes the defect
and hands on a document that no schema takes; the validation handler then answers the defect.
An operation that takes no body never looks at one. In the same way a query that is no text is
handed on as a parameter that no operation has.
"""

import asyncio
import json
import re
from collections.abc import Collection
from functools import lru_cache, partial
from urllib.parse import unquote_to_bytes

from starlette.datastructures import Headers
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from integration_api import __version__
from integration_api.kernel import problems
from integration_api.kernel.problems import KeyInUse, Problem, problem_response

from .last_resort import LastResort
from .limiter import Limits, Meter
from .turns import Turns
from .uploads import LONGER, Upload

MOST_BODY = 1024 * 1024
MOST_HEADERS = 32 * 1024
"""Of path, query and header fields together."""
MOST_FIELDS = 200
MOST_DEPTH = 64
BODY_SECONDS = 10.0
REFUSED = b'"unreadable"'
"""A JSON document that no request schema takes."""
FORM = "application/x-www-form-urlencoded"
UNREADABLE = b"%EF%BF%BD="
"""A query parameter that no operation has."""
SECURITY = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}
_HEADERS = tuple((n.lower().encode(), v.encode()) for n, v in SECURITY.items())
_MARK = re.compile(rb'"(?:[^"\\]|\\.)*+"?|[\[{\]}]', re.DOTALL)
_VERSION = (b"api-version", __version__.encode())


class Guard:
    """One deadline per request, a body that is JSON, and the headers of every answer."""

    def __init__(
        self,
        app: ASGIApp,
        limits: Limits,
        deadline: float = 15.0,
        body_seconds: float = BODY_SECONDS,
        forms: Collection[str] = (),
        uploads: Collection[Upload] = (),
    ) -> None:
        # what shows a secret says PLAIN, so that no compressed size tells one (BREACH)
        self.app = GZipMiddleware(LastResort(app), minimum_size=1024, compresslevel=4)
        self.limits, self.deadline, self.body_seconds = limits, deadline, body_seconds
        self.turns, self.forms, self.uploads = Turns(), forms, uploads

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the app under the guard."""
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        # no route declares HEAD: what answers GET answers it; a copy, for the server reads `scope`
        bare = scope["method"] == "HEAD"
        inner = {**scope, "method": "GET"} if bare else scope
        answer = _Outgoing(inner, send, Meter(self.limits, inner), bare=bare)
        try:
            async with asyncio.timeout(self.deadline) as limit:
                inner.setdefault("state", {})["more_time"] = partial(self._extend, limit)
                await self._run(inner, receive, answer)
        except TimeoutError:
            if answer.started:
                raise
            await problem_response(problems.Unavailable(), Request(inner))(inner, receive, answer)
        finally:
            scope.update({name: inner[name] for name in ("route", "fastapi") if name in inner})

    def _extend(self, limit: asyncio.Timeout, wait: float = 0) -> None:
        """A deadline for the next part of an answer in several, or for one after `wait` seconds."""
        limit.reschedule(asyncio.get_running_loop().time() + wait + self.deadline)

    async def _run(self, scope: Scope, receive: Receive, answer: "_Outgoing") -> None:
        try:
            answer.meter.enter(scope)
        except Problem as problem:
            return await problem_response(problem, Request(scope))(scope, receive, answer)
        query: bytes = scope["query_string"]
        if (b"%" in query or not query.isascii()) and not _readable(query):
            scope["query_string"] = UNREADABLE
        size, has_body = len(scope["raw_path"]) + len(query), False
        for name, value in scope["headers"]:
            size += len(name) + len(value) + 4
            has_body |= name == b"transfer-encoding" or (
                name == b"content-length" and value != b"0"
            )
        if size > MOST_HEADERS or len(scope["headers"]) > MOST_FIELDS:
            refusal = problem_response(problems.HeaderTooLarge(), Request(scope))
            return await refusal(scope, receive, answer)
        if has_body:
            try:
                body = await self._body(scope, receive)
            except _HungUp:
                return None
            receive = _replay(body, receive)
        try:
            async with self.turns.take(scope):
                return await self.app(scope, receive, answer)
        except KeyInUse as problem:
            return await problem_response(problem, Request(scope))(scope, receive, answer)

    def _is_form(self, scope: Scope) -> bool:
        """Whether it is what a browser sends where a page has a form; the page reads it."""
        kind = Headers(scope=scope).get("content-type", "").lower().partition(";")[0]
        return scope["path"] in self.forms and kind.strip() == FORM

    async def _body(self, scope: Scope, receive: Receive) -> bytes:
        method, path = scope["method"], scope["path"]
        upload = next((one for one in self.uploads if one.takes(method, path)), None)
        try:
            if upload:
                return await self._upload(upload, scope, receive)
            async with asyncio.timeout(self.body_seconds):
                body = await _read(receive, MOST_BODY)
            if body and not self._is_form(scope):
                _media(MERGED if method == "PATCH" else PLAIN_JSON, Headers(scope=scope))
                parse(body)
        except (Problem, TimeoutError) as e:
            defect = e if isinstance(e, Problem) else problems.RequestTimeout()
            scope.setdefault("state", {})["defect"] = defect
            kept = [pair for pair in scope["headers"] if pair[0] != b"content-type"]
            scope["headers"] = [*kept, (b"content-type", b"application/json")]
            return REFUSED
        return body

    async def _upload(self, upload: Upload, scope: Scope, receive: Receive) -> bytes:
        seconds = self.body_seconds * LONGER
        scope["state"]["more_time"](seconds)
        async with asyncio.timeout(seconds):
            body = await _read(receive, upload.most)
        scope["state"]["more_time"]()
        _media(upload.kinds, Headers(scope=scope))
        return body


PLAIN = (b"content-encoding", b"identity")
"""On an answer that shows a secret: never compressed, since a length tells. Nobody is sent it."""


class _HungUp(Exception):  # noqa: N818 - nobody is left to be answered
    """The caller closed the connection."""


class _Outgoing:
    """The way out: headers on every answer, no body on HEAD or 304, 406 for what nobody accepts."""

    def __init__(self, scope: Scope, send: Send, meter: Meter, *, bare: bool) -> None:
        self.scope, self.send, self.started, self.dropped = scope, send, False, False
        self.meter, self.bare = meter, bare

    async def __call__(self, message: Message) -> None:
        if self.dropped:
            return
        if message["type"] == "http.response.start":
            if self._unacceptable(message):
                refusal = problem_response(problems.NotAcceptable(), Request(self.scope))
                await refusal(self.scope, _nothing, self)
                self.dropped = True
                return
            self.started = True
            headers = [*_with_defaults(message), *self.meter.headers]
            if getattr(
                self.scope["app"].state, "draining", False
            ):  # the next request goes to somebody who stays
                headers.append((b"connection", b"close"))
            message = {**message, "headers": headers}
            if self._unchanged(message):
                kept = [h for h in message["headers"] if not h[0].startswith(b"content-")]
                message, self.bare = {**message, "status": 304, "headers": kept}, True
        elif self.bare:
            message = {**message, "body": b""}
        await self.send(message)

    def _unchanged(self, start: Message) -> bool:
        """Whether the caller has this very answer already. Source: RFC 9110 § 13.1.2."""
        given = Headers(scope=self.scope).get("if-none-match", "")[:1000]
        if not given or self.scope["method"] != "GET" or start["status"] != 200:
            return False
        tag = Headers(raw=start["headers"]).get("etag", "").removeprefix("W/")
        return bool(tag) and tag in [t.strip().removeprefix("W/") for t in given.split(",")]

    def _unacceptable(self, start: Message) -> bool:
        """Only a safe request is refused for its form, because it has had no effect."""
        if self.scope["method"] != "GET" or start["status"] >= 300:
            return False
        accept = Headers(scope=self.scope).get("accept", "*/*")[:1000]
        kind = Headers(raw=start["headers"]).get("content-type", "application/json")
        return "*/*" not in accept and not _accepted(accept, kind.partition(";")[0].strip())


def _with_defaults(start: Message) -> list[tuple[bytes, bytes]]:
    given = [pair for pair in start["headers"] if pair != PLAIN]
    names = {name.lower() for name, _ in given}
    given += [pair for pair in _HEADERS if pair[0] not in names]
    return [*given, _VERSION] if 200 <= start["status"] < 400 else given


@lru_cache(maxsize=256)
def _accepted(accept: str, kind: str) -> bool:
    """Whether a media type is among those accepted. Source: RFC 9110 § 12.5.1."""
    main, _, sub = kind.partition("/")
    fitting = {f"{main}/*", kind, f"{main}/json" if sub.endswith("+json") else kind}
    for part in accept.lower().split(","):
        name, *settings = (piece.strip() for piece in part.split(";"))
        if name in fitting and not {"q=0", "q=0.0", "q=0.00", "q=0.000"} & set(settings):
            return True
    return False


def parse(body: bytes) -> object:
    """The document in a body. Source: RFC 8259, RFC 7493.

    Raises:
        Malformed: no JSON, no UTF-8, a name twice, `NaN`, nested too deeply.
    """
    if _is_deep(body):  # the parser would recurse until Python's limit, and others then meet it
        raise problems.Malformed
    try:
        return json.loads(body.decode(), object_pairs_hook=_object, parse_constant=_refuse)
    except ValueError as e:
        raise problems.Malformed from e


def _is_deep(body: bytes) -> bool:
    if body.count(b"[") + body.count(b"{") <= MOST_DEPTH:
        return False
    depth = 0
    for mark in _MARK.finditer(body):
        depth += (mark[0] in (b"[", b"{")) - (mark[0] in (b"]", b"}"))
        if depth > MOST_DEPTH:
            return True
    return False


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a name twice")
    return members


def _refuse(_: str) -> object:
    raise ValueError("not JSON")


PLAIN_JSON = ("application/json",)
MERGED = (*PLAIN_JSON, "application/merge-patch+json")


def _media(taken: Collection[str], headers: Headers) -> None:
    kind, _, settings = headers.get("content-type", "").lower().partition(";")
    charset = settings.partition("charset=")[2].strip(' "')
    if kind.strip() not in taken or charset not in ("", "utf-8") or "content-encoding" in headers:
        raise problems.UnsupportedMediaType


async def _read(receive: Receive, most: int) -> bytes:
    parts, size, more = [], 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _HungUp
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > most:  # counted, because a length may be missing or wrong
            raise problems.PayloadTooLarge
        more = message.get("more_body", False)
    return b"".join(parts)


def _replay(body: bytes, receive: Receive) -> Receive:
    waiting = [body]

    async def again() -> Message:
        if waiting:
            return {"type": "http.request", "body": waiting.pop(), "more_body": False}
        return await receive()

    return again


async def _nothing() -> Message:
    return {"type": "http.disconnect"}


def _readable(query: bytes) -> bool:
    try:
        return "\0" not in unquote_to_bytes(query).decode()
    except UnicodeDecodeError:
        return False
