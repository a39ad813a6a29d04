"""Finds the routes of a path by its first words: FastAPI asks all of them, one after the other."""

from collections.abc import Sequence
from typing import Any

from fastapi.routing import iter_route_contexts
from starlette.routing import BaseRoute, Match, NoMatchFound
from starlette.types import Receive, Scope, Send

VERSION = "v1"
FOUND = "integration_api.found"


def key(path: str) -> str:
    """The noun of a path, below the version or at the top."""
    words = path.split("/", 3)
    below = len(words) > 2 and words[1] == VERSION
    return words[2] if below else words[1] if len(words) > 1 else ""


class Index(BaseRoute):
    """The first of all routes: it has what the first route that fits would have, or nothing.

    With 200 operations the search costs more than the answer. Whatever fits none of the routes of
    its noun, a wrong method among it, is left to the search.

    Raises:
        ValueError: a path whose noun is a parameter, which could not be found by it.
    """

    def __init__(self, routes: Sequence[BaseRoute]) -> None:
        self._of: dict[str, list[BaseRoute]] = {}
        for route in routes:
            for context in iter_route_contexts([route]):
                noun = key(context.path or "")
                if "{" in noun:
                    raise ValueError(f"{context.path}: the noun of a path is written out")
                known = self._of.setdefault(noun, [])
                if route not in known:
                    known.append(route)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Fits where a route of the noun fits wholly."""
        if scope["type"] == "http":
            path = scope["path"].removeprefix(scope.get("root_path", ""))
            for route in self._of.get(key(path), ()):
                match, below = route.matches(scope)
                if match is Match.FULL:
                    return match, {**below, FOUND: route}
        return Match.NONE, {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand on to the route that was found."""
        await scope.pop(FOUND).handle(scope, receive, send)

    def url_path_for(self, name: str, /, **path_params: Any) -> Any:
        """No path is made here: the routes behind do that."""
        raise NoMatchFound(name, path_params)
