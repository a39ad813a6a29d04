"""`/problems`: the registry of problem types, for people and for machines."""

from fastapi import APIRouter, Request, Response

from integration_api.code_lists.served import as_json, cached
from integration_api.kernel.problems import REGISTRY

from . import frame, pages_problems, service

router = APIRouter(prefix="/problems", include_in_schema=False)


@router.get("")
async def problems(request: Request) -> Response:
    """Every type of problem that the API answers."""
    if frame.wants_json(request):
        url = request.app.state.public_url
        items = [service.problem_document(kind, url) for kind in REGISTRY.values()]
        return cached(request, as_json({"items": items}), headers={"Vary": "Accept"})
    return pages_problems.problems(request)


@router.get("/{slug}")
async def problem(request: Request, slug: str) -> Response:
    """One type: what causes it and what to do."""
    kind = service.problem_type(slug)
    if frame.wants_json(request):
        body = service.problem_document(kind, request.app.state.public_url)
        return cached(request, as_json(body), headers={"Vary": "Accept"})
    return pages_problems.problem(request, kind)
