"""`/v1/openapi.json`: the committed contract, byte for byte."""

from fastapi import APIRouter, Request, Response

from integration_api.code_lists.served import CACHED, cached
from integration_api.kernel.operations import operation

from . import service
from .schemas import ContractOut

router = APIRouter(prefix="/v1", tags=["Contract"])


@operation(
    router,
    "GET",
    "/openapi.json",
    id="getContract",
    summary="Read the contract",
    answer=ContractOut,
    public=True,
    extra=CACHED,
)
async def contract_json(request: Request) -> Response:
    """The contract that you are reading, as it is committed with the code."""
    return cached(request, service.contract("openapi.json"), packed=True)


@router.get("/openapi.yaml", include_in_schema=False)
async def contract_yaml(request: Request) -> Response:
    """The same document as YAML, for people."""
    return cached(request, service.contract("openapi.yaml"), "application/yaml", packed=True)
