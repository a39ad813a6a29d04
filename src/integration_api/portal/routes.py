"""All that the portal serves; what is in the contract is marked by its tag."""

from fastapi import APIRouter

from . import (
    routes_contract,
    routes_guides,
    routes_lifecycles,
    routes_pages,
    routes_problems,
)

FORMS = ("/",)
"""Where a page takes what a browser sends."""

router = APIRouter()
for part in (
    routes_lifecycles,
    routes_contract,
    routes_problems,
    routes_pages,
    routes_guides,
):
    router.include_router(part.router)
