"""Operations of sites and offers; the public reads among them need no owner."""

from tests.access.operations_register import Call, Prepare, call
from tests.cast import id_of
from tests.make import Make
from tests.offers.offers import COURSE
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


@call("createOffer")
async def _(make: Make) -> Call:
    site = await make.site()
    return Call("POST", "/v1/offers", COURSE | {"site_ids": [site.id]}, ids=(site.id,))


@call("updateOffer")
async def _(make: Make) -> Call:
    o = await make.offer()
    return Call("PATCH", f"/v1/offers/{o.id}", {"capacity_free": 2}, o.etag, (o.id,))


def _moves(verb: str, *way: str) -> None:
    @call(f"{verb}Offer")
    async def _(make: Make) -> Call:
        o = await make.offer(*way)
        return Call("POST", f"/v1/offers/{o.id}/{verb}", None, o.etag, (o.id,))


_moves("publish")
_moves("pause", "publish")
_moves("resume", "publish", "pause")
_moves("end", "publish")


async def _offer(make: Make) -> Call:
    site = await make.site()
    return Call("GET", f"/v1/offers/{(await make.offer('publish', site_ids=[site.id])).id}")


async def _offers(make: Make) -> Call:
    site = await make.site()
    await make.offer("publish", site_ids=[site.id])
    return Call("GET", "/v1/offers?near=51.2562,7.1508&limit=1")


async def _site(make: Make) -> Call:
    return Call("GET", f"/v1/sites/{(await make.site()).id}")


async def _sites(make: Make) -> Call:
    await make.site()
    return Call("GET", "/v1/sites?limit=1")


OPEN |= {"getSite": _site, "listSites": _sites, "getOffer": _offer, "listOffers": _offers}
