"""Operations of sites and offers; the public reads among them need no owner."""

from tests.access.operations_register import Call, Prepare, call
from tests.cast import id_of
from tests.make import Make
from tests.sites.sites import HOUSE

OPEN: dict[str, Prepare] = {}
"""Public reads of rows that a recipe makes: operation → how it is called."""


@call("createSite")
async def _(make: Make) -> Call:
    unit = {"agency_id": str(id_of("jobcenter")), "valid_from": "2026-07-01", "floor": "2. OG"}
    return Call("POST", "/v1/sites", HOUSE | {"units": [unit]})


@call("updateSite")
async def _(make: Make) -> Call:
    s = await make.site()
    return Call("PATCH", f"/v1/sites/{s.id}", {"street": "Beispielweg 2"}, s.etag, (s.id,))


async def _site(make: Make) -> Call:
    return Call("GET", f"/v1/sites/{(await make.site()).id}")


async def _sites(make: Make) -> Call:
    await make.site()
    return Call("GET", "/v1/sites?limit=1")


OPEN |= {"getSite": _site, "listSites": _sites}
