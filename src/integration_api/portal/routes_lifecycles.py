"""`/v1/lifecycles`: the drawings, as data and as pictures."""

from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, Query, Request, Response
from fastapi.routing import APIRoute, iter_route_contexts

from integration_api.code_lists.served import CACHED, as_json, cached, page_of
from integration_api.code_lists.service import Language
from integration_api.drawings.svg import svg
from integration_api.kernel.operations import operation
from integration_api.kernel.problems import language
from integration_api.kernel.scalars import Code

from . import service
from .schemas import DrawingQuery, LifecycleFilter, LifecycleOut, LifecyclePage

router = APIRouter(prefix="/v1/lifecycles", tags=["Lifecycles"])
SVG = "image/svg+xml"
PICTURE = {"description": "The drawing.", "content": {SVG: {"schema": {"type": "string"}}}}


class SvgResponse(Response):
    """A picture."""

    media_type = SVG


@operation(
    router,
    "GET",
    "",
    id="listLifecycles",
    summary="List lifecycles",
    answer=LifecyclePage,
    public=True,
    extra=CACHED,
)
async def list_lifecycles(
    request: Request, narrowed: Annotated[LifecycleFilter, Query()]
) -> Response:
    """Every drawing: states, arrows, who may fire them, their operations, reasons and guards."""
    found = operations(request.app)
    items = [service.document(one, found) for one in request.app.state.lifecycles]
    items.sort(key=lambda item: str(item["name"]))
    page = page_of(request, items, narrowed, lambda i: str(i["name"]), dict)
    return cached(request, as_json(page))


@router.get(
    "/{name}.svg",
    operation_id="drawLifecycle",
    summary="Draw a lifecycle",
    response_class=SvgResponse,
    responses={200: PICTURE, **{c: {"description": "Problem"} for c in (400, 404, 405, 429, 500)}},
    openapi_extra=CACHED,
)
async def draw_lifecycle(
    request: Request, name: Code, narrowed: Annotated[DrawingQuery, Query()]
) -> Response:
    """The drawing as a picture, with German or English labels."""
    lang = narrowed.lang or language(request)
    picture = _picture(request, name, lang)
    headers = {"Content-Language": lang, "Vary": "Accept-Language", "Content-Security-Policy": CSP}
    return cached(request, picture.encode(), SVG, headers=headers)


def _picture(request: Request, name: str, lang: Language) -> str:
    """A lifecycle, or a drawing that is none."""
    drawn = request.app.state.pictures.get(name)
    return (
        drawn(lang) if drawn else svg(service.lifecycle(request.app.state.lifecycles, name), lang)
    )


# A picture on its own may carry its own style, and nothing else.
CSP = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"


@operation(
    router,
    "GET",
    "/{name}",
    id="getLifecycle",
    summary="Read a lifecycle",
    answer=LifecycleOut,
    public=True,
    problems=(404,),
    extra=CACHED,
)
async def get_lifecycle(request: Request, name: Code) -> Response:
    """One drawing: all that a frontend needs to show the buttons of a resource."""
    one = service.lifecycle(request.app.state.lifecycles, name)
    return cached(request, as_json(service.document(one, operations(request.app))))


def operations(app: FastAPI) -> service.Operations:
    """The operation of every drawn arrow, found once."""
    if not hasattr(app.state, "drawn_operations"):
        app.state.drawn_operations = dict(_operations(app))
    found: service.Operations = app.state.drawn_operations
    return found


def _operations(app: FastAPI) -> Any:
    for context in iter_route_contexts(app.router.routes):
        route = context.route
        if isinstance(route, APIRoute) and (
            drawn := (route.openapi_extra or {}).get("x-transition")
        ):
            body = route.body_field and route.body_field.field_info.annotation
            yield (
                (drawn["lifecycle"], drawn["name"]),
                {
                    "operation_id": route.operation_id,
                    "path": context.path,
                    "request_schema": getattr(body, "__name__", None),
                },
            )
