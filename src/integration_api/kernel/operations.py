"""Declare an operation once: path, operationId, scope, refusals, all that the contract shows."""

import inspect
from collections.abc import Callable, Iterable
from typing import Any

from fastapi import APIRouter, Depends, Request, params
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel

from .db import within
from .lifecycle import Lifecycle
from .principal import needs
from .scopes import PROSE, Scope

Handler = Callable[..., Any]
ALWAYS = frozenset({400, 405, 429, 500})
TAKES: dict[str, frozenset[int]] = {
    "db": frozenset({503}),
    "id": frozenset({404}),
    "body": frozenset({408, 409, 413, 415, 422}),
    "if_match": frozenset({409, 412, 428}),
}
"""What can be refused because of a parameter of the handler."""
POSTED = frozenset({409, 422})
"""What an Idempotency-Key can be refused with."""


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
    response: type[Response] = JSONResponse,
) -> Callable[[Handler], Handler]:
    """Register a handler whose docstring is the description.

    `scope=None` without `public` means: any valid key. Which refusals the contract declares follows
    from what the handler takes; `problems` adds what does not show there.
    """
    scopes = {"x-scopes": {scope.value: PROSE[scope]}} if scope else {}
    openapi: dict[str, Any] = {**(extra or {}), **scopes}

    def register(handler: Handler) -> Handler:
        takes = inspect.signature(handler).parameters
        codes = {*ALWAYS, *problems, *(() if public else (401, 403))}
        for name in takes:
            codes |= TAKES.get(name, frozenset())
        asks = [] if public else [needs(scope)]
        if not any(_is_query(p.annotation) for p in takes.values()):
            asks.append(Depends(_no_query))
        if method == "POST":
            codes |= POSTED
        route = router.api_route(
            path,
            methods=[method],
            operation_id=id,
            summary=summary,
            description=description,
            response_model=answer,
            response_class=response,
            status_code=status,
            dependencies=asks,
            responses={code: {"description": "Problem"} for code in sorted(codes)},
            openapi_extra=openapi or None,
        )
        return route(within(handler) if "db" in takes else handler)

    return register


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
    sources = sorted(s.value for s in arrow.sources)
    by = sorted(map(str, arrow.by))
    drawn = {
        "lifecycle": lifecycle.name,
        "name": name,
        "from": sources,
        "to": arrow.target.value,
        "by": by,
        "event": arrow.event,
    }
    way = f"From {', '.join(sources)} to **{arrow.target.value}**; by {', '.join(by)}."
    return operation(
        router,
        "POST",
        f"/{{id}}{under}/{name.replace('_', '-')}",
        id=camel(name, lifecycle.name),
        summary=arrow.doc.split(".")[0],
        answer=answer,
        scope=scope,
        extra={"x-transition": drawn},
        description=f"{arrow.doc}\n\n{way}",
    )


async def _no_query(request: Request) -> None:
    """Refuse every query parameter (400)."""
    if names := request.query_params.keys():
        raise RequestValidationError(
            [{"type": "extra_forbidden", "loc": ("query", name)} for name in names]
        )


def _is_query(annotation: Any) -> bool:
    marks = getattr(annotation, "__metadata__", ())
    return any(isinstance(mark, params.Query) for mark in marks)


def camel(verb: str, noun: str) -> str:
    """`accept`, `referral` → `acceptReferral`."""
    head, *tail = verb.split("_")
    return head + "".join(w.capitalize() for w in (*tail, *noun.split("_")))
