"""The index of routes has what the search of FastAPI would have."""

import re
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.routing import iter_route_contexts
from starlette.routing import BaseRoute, Match, NoMatchFound

from integration_api.edge.index import FOUND, Index, key


def asked(method: str, path: str) -> dict[str, Any]:
    """A request as a router sees it."""
    return {"type": "http", "method": method, "path": path, "root_path": "", "headers": []}


def searched(routes: list[BaseRoute], method: str, path: str) -> BaseRoute | None:
    """The first that fits wholly."""
    found = (r for r in routes if r.matches(asked(method, path))[0] is Match.FULL)
    return next(found, None)


def test_every_route_is_found_as_the_search_would_find_it(app: FastAPI) -> None:
    index, *others = app.router.routes
    assert isinstance(index, Index)
    counted = 0
    for context in iter_route_contexts(others):
        path = re.sub(r"\{[^}]*\}", "01890000-0000-7000-8000-000000000000", context.path or "")
        for method in sorted(context.methods or ()):
            match, below = index.matches(asked(method, path))
            assert match is Match.FULL, (method, path)
            assert below[FOUND] is searched(others, method, path), (method, path)
            counted += 1
    assert counted > 220


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", "/v1/cases"),
        ("GET", "/v1/cases/a/b/c/d"),
        ("GET", "/v1/nothing"),
        ("GET", "/v1"),
        ("GET", "/v1/"),
        ("GET", "//v1/cases"),
        ("GET", "nothing"),
        ("GET", ""),
    ],
)
def test_what_fits_no_route_is_left_to_the_search(app: FastAPI, method: str, path: str) -> None:
    index, *others = app.router.routes
    assert index.matches(asked(method, path)) == (Match.NONE, {})
    assert searched(others, method, path) is None


def test_a_prefix_of_a_proxy_hides_no_noun(app: FastAPI) -> None:
    index, *others = app.router.routes
    behind = asked("GET", "/api/v1/cases") | {"root_path": "/api"}
    match, below = index.matches(behind)
    assert match is Match.FULL
    assert below[FOUND] is searched(others, "GET", "/v1/cases")


def test_the_order_of_routers_decides_as_in_a_search() -> None:
    first, second = APIRouter(), APIRouter()
    first.add_api_route("/things/{id}", lambda id: id)
    second.add_api_route("/things/own", lambda: "own")
    app = FastAPI()
    for router in (first, second):
        app.include_router(router, prefix="/v1")
    index = Index(app.router.routes)
    _, below = index.matches(asked("GET", "/v1/things/own"))
    assert below[FOUND] is searched(app.router.routes, "GET", "/v1/things/own")


def test_a_noun_that_is_a_parameter_is_refused() -> None:
    router = APIRouter()
    router.add_api_route("/{noun}/list", lambda noun: noun)
    app = FastAPI()
    app.include_router(router, prefix="/v1")
    with pytest.raises(ValueError, match="written out"):
        Index(app.router.routes)


def test_it_makes_no_paths(app: FastAPI) -> None:
    with pytest.raises(NoMatchFound):
        app.router.routes[0].url_path_for("getCase", id="x")


@pytest.mark.parametrize(
    ("path", "noun"),
    [("/v1/cases/x", "cases"), ("/status", "status"), ("/", ""), ("/v1", "v1"), ("", "")],
)
def test_the_noun_of_a_path(path: str, noun: str) -> None:
    assert key(path) == noun
