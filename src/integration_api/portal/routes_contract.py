"""`/v1/openapi.json`: the committed contract, byte for byte, in English or German."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from integration_api.code_lists.served import CACHED, cached
from integration_api.code_lists.service import Language
from integration_api.kernel.operations import operation

from . import service
from .schemas import ContractOut, ContractQuery

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
async def contract_json(request: Request, asked: Annotated[ContractQuery, Query()]) -> Response:
    """The contract that you are reading, as it is committed with the code."""
    return _committed(request, "json", "application/json", asked.lang)


@router.get("/openapi.yaml", include_in_schema=False)
async def contract_yaml(request: Request, asked: Annotated[ContractQuery, Query()]) -> Response:
    """The same document as YAML, for people."""
    return _committed(request, "yaml", "application/yaml", asked.lang)


def _committed(request: Request, kind: str, media_type: str, lang: Language) -> Response:
    told = {"Content-Language": lang}
    return cached(request, service.contract(kind, lang), media_type, headers=told, packed=True)
