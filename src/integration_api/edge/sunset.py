"""The headers of operations that end, on every answer of theirs, refusals too.

They are found by method and path and not by the route that was taken: 429 comes before a route.
Where nothing ends the middleware is not there, and costs nothing. Source: RFC 9745, RFC 8594.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.routing import compile_path
from starlette.types import ASGIApp, Message, Receive, Scope, Send

Headers = Iterable[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Notice:
    """An operation that ends: how to know its requests, and what its answers say."""

    methods: frozenset[str]
    path: re.Pattern[str]
    others: tuple[re.Pattern[str], ...]
    """Paths that come before it, where another operation of these methods answers."""
    headers: tuple[tuple[bytes, bytes], ...]
    successor: str | None
    """Path template of what takes its place."""

    def of(self, scope: Scope) -> Sequence[tuple[bytes, bytes]] | None:
        """The headers of an answer to this request; None where it is another operation's."""
        path = scope["path"]
        found = self.path.match(path) if scope["method"] in self.methods else None
        if found is None or any(other.match(path) for other in self.others):
            return None
        next_ = self._next(found.groupdict())
        return (*self.headers, (b"link", next_)) if next_ else self.headers

    def _next(self, given: Mapping[str, str]) -> bytes | None:
        """The successor's own address, where the request says all that stands in it."""
        if self.successor is None or set(re.findall(r"{(\w+)}", self.successor)) - given.keys():
            return None
        filled = self.successor.format(**{n: quote(v, safe="") for n, v in given.items()})
        return f'<{filled}>; rel="successor-version"'.encode("ascii")


def operations(app: FastAPI) -> dict[str, str]:
    """Path template of every operation."""
    return {r.operation_id: path for path, r in _routes(app) if r.operation_id}


def notices(app: FastAPI, ending: Mapping[str, tuple[Headers, str | None]]) -> tuple[Notice, ...]:
    """What is told of the operations in `ending`: operationId → (headers, its successor's id)."""
    found, before = list[Notice](), list[tuple[set[str], re.Pattern[str]]]()
    paths = operations(app)
    for path, route in _routes(app):
        pattern, methods = compile_path(path)[0], set(route.methods or ())
        headers, successor = ending.get(route.operation_id or "", (None, None))
        if headers is not None:
            told = tuple((name.lower().encode(), value.encode()) for name, value in headers)
            others = tuple(p for m, p in before if m & methods)
            answers = frozenset(methods | ({"HEAD"} if "GET" in methods else set()))
            found.append(Notice(answers, pattern, others, told, paths.get(successor or "")))
        before.append((methods, pattern))
    return tuple(found)


def _routes(app: FastAPI) -> Iterator[tuple[str, APIRoute]]:
    for context in iter_route_contexts(app.router.routes):
        if isinstance(context.route, APIRoute) and context.path:
            yield context.path, context.route


class Sunset:
    """Tells who still uses what ends."""

    def __init__(self, app: ASGIApp, notices: Sequence[Notice]) -> None:
        self.app, self.notices = app, notices

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the app; the headers are added to whatever it answers."""
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        told = next((one for n in self.notices if (one := n.of(scope)) is not None), None)
        if told is None:
            return await self.app(scope, receive, send)

        async def telling(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], *told]}
            await send(message)

        return await self.app(scope, receive, telling)
