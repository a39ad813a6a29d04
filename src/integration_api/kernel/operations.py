"""Declare an operation once: path, operationId, scope, problems, all that the contract shows."""

from collections.abc import Callable, Iterable
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel

from .lifecycle import Lifecycle
from .principal import needs
from .scopes import PROSE, Scope

Handler = Callable[..., Any]
ALWAYS = (405, 500, 503)
GUARDED = (401, 403)
INPUT = (400,)
MOVES = (404, 409, 412, 415, 413, 408, 422, 428)
WRITES = (409, 415, 413, 408, 422)


def operation(
    router: APIRouter,
    method: str,
    path: str,
    *,
    id: str,
    summary: str,
    answer: type[BaseModel] | None,
    scope: Scope | None = None,
    public: bool = False,
    problems: Iterable[int] = (),
    status: int = 200,
    extra: dict[str, Any] | None = None,
    description: str | None = None,
) -> Callable[[Handler], Handler]:
    """Register a handler whose docstring is the description.

    `scope=None` without `public` means: any valid key. Every operation declares what can always
    happen; `problems` adds the rest.
    """
    codes = {*ALWAYS, *INPUT, *problems, *(() if public else GUARDED)}
    openapi: dict[str, Any] = dict(extra or {})
    if scope:
        openapi["x-scopes"] = {scope.value: PROSE[scope]}
    return router.api_route(
        path,
        methods=[method],
        operation_id=id,
        summary=summary,
        description=description,
        response_model=answer,
        status_code=status,
        dependencies=[needs(scope)] if scope else [],
        responses={code: {"description": "Problem"} for code in sorted(codes)},
        openapi_extra=openapi or None,
    )


def transition(
    router: APIRouter,
    lifecycle: Lifecycle[Any],
    name: str,
    *,
    scope: Scope,
    answer: type[BaseModel],
    under: str = "",
) -> Callable[[Handler], Handler]:
    """Register the handler of one arrow: everything about it is printed from the drawing."""
    arrow = lifecycle[name]
    sources = ", ".join(sorted(s.value for s in arrow.sources))
    by = ", ".join(sorted(map(str, arrow.by)))
    description = f"{arrow.doc}\n\nFrom {sources} to **{arrow.target.value}**; by {by}."
    drawn = {
        "lifecycle": lifecycle.name,
        "name": name,
        "from": sorted(s.value for s in arrow.sources),
        "to": arrow.target.value,
        "by": sorted(map(str, arrow.by)),
        "event": arrow.event,
    }
    return operation(
        router,
        "POST",
        f"/{{id}}{under}/{name.replace('_', '-')}",
        id=camel(name, lifecycle.name),
        summary=arrow.doc.split(".")[0],
        answer=answer,
        scope=scope,
        problems=MOVES,
        extra={"x-transition": drawn},
        description=description,
    )


def camel(verb: str, noun: str) -> str:
    """`accept`, `referral` → `acceptReferral`."""
    head, *tail = verb.split("_")
    return head + "".join(w.capitalize() for w in (*tail, *noun.split("_")))
