"""How every other exception becomes a problem: validation, routing, drawing, database, bugs."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import structlog
import yaml
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from . import observability, problems
from .lifecycle import NotYourMove, TransitionNotAllowed
from .problems import Finding, Problem, problem_response

Loc = tuple[str | int, ...]
log = structlog.get_logger(__name__)

# Our codes are stable, pydantic's are not.
FINDINGS = yaml.load(Path(__file__).with_name("findings.yaml").read_bytes(), yaml.CSafeLoader)
_CODE: dict[str, str] = {said: code for code, f in FINDINGS.items() for said in f["says"]}
_EXACT = {"23505": 409, "23P01": 409, "23503": 409, "23502": 422, "23514": 422}
_EXACT |= dict.fromkeys(("40001", "40P01", "55P03", "25006"), 503)
_CLASS = {"08": 503, "22": 422, "53": 503, "57": 503}
_GONE = (TimeoutError, OSError, asyncpg.InterfaceError, asyncpg.InternalClientError)


def install(app: FastAPI) -> None:
    """Handlers for all that may be raised; for the rest see `edge/last_resort.py`."""
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(TransitionNotAllowed, _transition)
    app.add_exception_handler(NotYourMove, _not_your_move)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    for kind in (asyncpg.PostgresError, *_GONE):
        app.add_exception_handler(kind, _database)


async def _problem(request: Request, problem: Exception) -> Response:
    assert isinstance(problem, Problem)
    return problem_response(problem, request)


async def _transition(request: Request, error: Exception) -> Response:
    assert isinstance(error, TransitionNotAllowed)
    problem = problems.TransitionNotAllowedProblem(
        current=error.current, allowed_actions=error.allowed
    )
    return problem_response(problem, request)


async def _not_your_move(request: Request, _: Exception) -> Response:
    return problem_response(problems.NotYourMoveProblem(), request)


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 405:
        return _not_allowed(request)
    known: dict[int, type[Problem]] = {404: problems.NotFound, 400: problems.Malformed}
    return problem_response(known.get(error.status_code, problems.Internal)(), request)


def _methods(request: Request, *, written_out: bool) -> set[str]:
    """The methods of all routes of the path: of those that write it out, or of those with ids."""
    found: set[str] = set()
    for route in iter_route_contexts(request.app.router.routes):
        pattern = getattr(route, "path_regex", None)
        match = pattern.match(request.scope["path"]) if pattern is not None else None
        if match and written_out != bool(match.groupdict()):
            found |= set(route.methods or ())
    return found


def _not_allowed(request: Request) -> Response:
    """405 with `Allow`; a path written out goes before one with ids (OpenAPI 3.1 § 4.8.8.2)."""
    found = _methods(request, written_out=True) or _methods(request, written_out=False)
    allow = ", ".join(sorted(found | ({"HEAD"} if "GET" in found else set())))
    return problem_response(problems.MethodNotAllowed(allow), request)


async def _invalid(request: Request, error: Exception) -> Response:
    """All findings at once: 400 where a parameter is wrong, else 422; 404 where only the id is."""
    assert isinstance(error, RequestValidationError)
    errors = [e for e in error.errors() if e["type"] != "unset"]
    if any(e["type"] == "json_invalid" for e in errors):
        return problem_response(problems.Malformed(), request)
    parameters = list(_parameters(errors))
    defect: Problem | None = request.scope.get("state", {}).get("defect")
    if defect is not None:  # the guard could not read the body and put a refused one in its place
        defect.findings += tuple(parameters)
        return problem_response(defect, request)
    body = list(members(errors, error.body))
    if parameters:
        return problem_response(problems.InvalidParameter(*parameters, *body), request)
    if not body and _methods(request, written_out=True):  # the word was taken for an id
        return _not_allowed(request)
    return problem_response(problems.Unprocessable(*body) if body else problems.NotFound(), request)


def _parameters(errors: Iterable[dict[str, Any]]) -> Iterator[Finding]:
    for e in errors:
        place, *name = e["loc"]
        if place in ("query", "header", "cookie"):
            code = _CODE.get(e["type"], "invalid")
            code = "unknown_parameter" if code == "unknown_member" else code
            yield finding_of(code, parameter=_safe(str(name[0])) if name else None)


def members(errors: Iterable[Any], body: Any) -> Iterator[Finding]:
    """What pydantic finds in a body, in our words; `loc` begins with `body`."""
    seen = set()
    for e in errors:
        if e["loc"][0] != "body":
            continue
        code = _CODE.get(e["type"], "invalid")
        pointer = _pointer(e["loc"][1:], body, absent=e["type"] == "missing")
        if (pointer, code) not in seen:  # branches of a union say the same thing
            seen.add((pointer, code))
            yield finding_of(code, pointer=pointer)


def finding_of(code: str, **place: str | None) -> Finding:
    """A finding by its code."""
    german, english = FINDINGS[code]["words"]
    return Finding(code, german, english, **place)


def _pointer(loc: Loc, body: Any, *, absent: bool) -> str:
    """RFC 6901, followed along the body itself: pydantic's path also names branches of unions."""
    pointer, here = "", body
    for at, part in enumerate(loc):
        inside = _holds(here, part)
        if inside and at + 1 < len(loc) and _holds(here, loc[at + 1]):
            inside = _holds(here[part], loc[at + 1])  # else a branch that is called like a member
        if inside or (absent and at == len(loc) - 1):
            pointer += "/" + _safe(str(part)).replace("~", "~0").replace("/", "~1")
            here = here[part] if inside else None
    return pointer


def _holds(node: Any, part: str | int) -> bool:
    if isinstance(node, list):
        return isinstance(part, int) and part < len(node)
    return isinstance(node, dict) and part in node


def _safe(name: str) -> str:
    """A name from outside: cut, and lone surrogates spelled out."""
    return name[:100].encode("utf-8", "backslashreplace").decode("utf-8")


def status_of(error: BaseException) -> int:
    """HTTP status for what the database layer raises; 500 only for what nobody thought of.

    Source: PostgreSQL, Appendix A (error codes).
    """
    if isinstance(error, _GONE):
        return 503
    state = getattr(error, "sqlstate", None) or ""
    if state == "42501":  # a policy said no: there is no row; a missing grant is a bug
        return 404 if "row-level security" in str(error) else 500
    return _EXACT.get(state) or _CLASS.get(state[:2], 500)


async def _database(request: Request, error: Exception) -> Response:
    """The backstop: counts and logs what validation or `visible()` should have caught."""
    state, status = getattr(error, "sqlstate", None) or "", status_of(error)
    if state == "42501" or status == 422:
        problems.backstop_hits[state] += 1
        observability.BACKSTOP.labels(state).inc()
    if status not in (409, 503) or state == "25006":  # a read-only server: demoted, or our bug
        log.error(
            "backstop",
            sqlstate=state,
            error=type(error).__qualname__,
            constraint=getattr(error, "constraint_name", None),
            operation=observability.template(request.scope),
        )
    known: dict[int, type[Problem]] = {404: problems.NotFound, 422: problems.Unprocessable}
    known |= {409: problems.Conflict, 503: problems.Unavailable}
    kind = problems.UnknownReference if state == "23503" else known.get(status, problems.Internal)
    return problem_response(kind(), request)
