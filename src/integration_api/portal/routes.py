"""All that the portal serves; what is in the contract is marked by its tag."""

from fastapi import APIRouter

from . import (
    routes_contract,
    routes_guides,
    routes_lifecycles,
    routes_pages,
    routes_problems,
    routes_wellknown,
)

FORMS = ("/",)
"""Where a page takes what a browser sends."""

router = APIRouter()
PARTS = (
    routes_lifecycles,
    routes_contract,
    routes_problems,
    routes_pages,
    routes_guides,
    routes_wellknown,
)
for part in PARTS:
    router.include_router(part.router)
