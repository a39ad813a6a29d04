"""What can be done with offers."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from asyncpg import Record

from integration_api.agencies.service import public, sought
from integration_api.code_lists.service import must_know
from integration_api.kernel import clock, concurrency
from integration_api.kernel.answers import Answer, resource
from integration_api.kernel.db import ReadTx, WriteTx
from integration_api.kernel.ids import uuid7
from integration_api.kernel.lists import Place
from integration_api.kernel.principal import ANONYMOUS
from integration_api.kernel.problems import Conflict, Finding, UnknownReference
from integration_api.kernel.schemas import changes

from . import near
from .lifecycle import OFFER, PROVIDER, OfferStatus
from .schemas import OfferFilter, OfferIn, OfferPatch, contradiction
from .statements import (
    CREATE,
    GET,
    HELD,
    JOIN,
    KNOWN_SITES,
    LEAVE,
    LOCK,
    MOVE,
    SEE,
    change,
    list_offers,
)

LISTS = {"audiences": "audiences", "status_groups": "status_groups", "channels": "contact_channels"}
CODES = {"topic": "referral_topics", "cost": "offer_costs"}
POINTERS = {
    "period_order": "/valid_to",
    "fee_without_cost": "/fee_cents",
    "more_free_than_places": "/capacity_free",
}
WORDS = {
    "period_order": ("Endet, bevor es beginnt.", "Ends before it begins."),
    "fee_without_cost": (
        "Ein Betrag gehört nur zu Kosten der Art `fee`.",
        "An amount needs the cost `fee`.",
    ),
    "more_free_than_places": ("Mehr freie Plätze als Plätze.", "More free places than places."),
}


async def get(tx: ReadTx, id: UUID) -> Answer:
    """One offer.

    Raises:
        NotFound: there is none, or it is a draft of another agency.
    """
    return _shown(tx, resource(await tx.row(GET, id=id)))


async def list_(tx: ReadTx, narrowed: OfferFilter, place: Place) -> Answer:
    """One page of offers."""
    filters = sought(narrowed.filters())
    names = frozenset(filters.keys() - {"within"})
    if around := filters.pop("near", None):
        filters |= near.place(around, filters.pop("within", None))
    statement = list_offers(names, place.direction)
    row = await tx.row(statement, today=clock.today(), **filters, **place.params)
    return _shown(tx, place.answer(row))


async def create(tx: WriteTx, given: OfferIn) -> Answer:
    """Draft an offer of the caller's agency.

    Raises:
        UnknownReference: a code or a site of the municipality does not exist.
    """
    values = given.model_dump()
    _codes(values)
    site_ids = values.pop("site_ids")
    await _must_be_sites(tx, site_ids)
    id = uuid7()
    await tx.row(CREATE, id=id, **_counted(values))
    await tx.row(JOIN, id=id, site_ids=sorted(set(site_ids)))
    row = await tx.row(GET, id=id)
    return tx.answer(resource(row, status=201, location=f"/v1/offers/{id}"))


async def amend(tx: WriteTx, id: UUID, patch: OfferPatch, version: int) -> Answer:
    """Change an offer of the caller's agency.

    Raises:
        NotFound, PreconditionFailed, NotYourMoveProblem, UnknownReference.
        Conflict: it has ended, or would say what does not fit together.
    """
    values = changes(patch)
    _codes(values)
    row = await concurrency.hold(tx, LOCK, SEE, version, id=id)
    _must_fit(row, values)
    site_ids = values.pop("site_ids", None)
    if site_ids is not None and set(site_ids) == {UUID(int=s.int) for s in row["site_ids"]}:
        site_ids = None
    if site_ids is not None:
        await _must_be_sites(tx, site_ids)
        await tx.row(LEAVE, id=id)
        await tx.row(JOIN, id=id, site_ids=sorted(set(site_ids)))
    if values or site_ids is not None:
        statement = change(frozenset(_counted(values)), sites=site_ids is not None)
        await tx.row(statement, id=id, **_counted(values))
    return resource(await tx.row(GET, id=id))


async def advance(tx: WriteTx, id: UUID, arrow: str, version: int) -> Answer:
    """Move an offer of the caller's agency along an arrow.

    Raises:
        NotFound, PreconditionFailed, NotYourMoveProblem, TransitionNotAllowed.
    """
    row = await concurrency.hold(tx, LOCK, SEE, version, id=id)
    target = OFFER.target(arrow, OfferStatus(row["status"]), PROVIDER)
    await tx.row(MOVE[arrow], id=id, target=target.value)
    return tx.answer(resource(await tx.row(GET, id=id)))


def _shown(tx: ReadTx, answer: Answer) -> Answer:
    """What everybody may keep, and what only who asked may."""
    if tx.caller is ANONYMOUS:
        answer = public(answer)
    answer.headers["Vary"] = "Authorization, Acting-Agency"
    return answer


def _counted(values: dict[str, Any]) -> dict[str, Any]:
    """Free places with the moment at which they were said."""
    if "capacity_free" not in values:
        return values
    counted = None if values["capacity_free"] is None else clock.now()
    return values | {"capacity_as_of": counted}


def _codes(values: Mapping[str, Any]) -> None:
    for name, listed in CODES.items():
        if name in values:
            must_know(listed, values[name], f"/{name}")
    for name, listed in LISTS.items():
        for place, code in enumerate(values.get(name, [])):
            must_know(listed, code, f"/{name}/{place}")


def _must_fit(row: Record, values: Mapping[str, Any]) -> None:
    if row["status"] == OfferStatus.ENDED:
        words = ("Das Angebot ist beendet.", "The offer has ended.")
        raise Conflict(Finding("ended", *words))
    if wrong := contradiction({n: values.get(n, row[n]) for n in HELD}):
        raise Conflict(Finding(wrong, *WORDS[wrong], pointer=POINTERS[wrong]))


async def _must_be_sites(tx: WriteTx, ids: Sequence[UUID]) -> None:
    row = await tx.row(KNOWN_SITES, site_ids=list(ids))
    known = {UUID(int=one.int) for one in row["ids"]} if row else set()
    if missing := [n for n, id in enumerate(ids) if id not in known]:
        raise UnknownReference(*(f"/site_ids/{n}" for n in missing))
