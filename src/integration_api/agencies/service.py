"""What can be done with the directory."""

from typing import Any
from uuid import UUID

from integration_api.code_lists.names import search
from integration_api.code_lists.served import tag_of
from integration_api.code_lists.service import attributes, must_know
from integration_api.kernel import clock, concurrency
from integration_api.kernel.answers import Answer, resource
from integration_api.kernel.db import ReadTx, WriteTx
from integration_api.kernel.ids import uuid7
from integration_api.kernel.lifecycle import Guard
from integration_api.kernel.lists import Place
from integration_api.kernel.problems import Conflict, Finding, GuardNotMet, UnknownReference
from integration_api.kernel.schemas import changes

from .schemas import AgencyFilter, AgencyIn, AgencyPatch
from .statements import CREATE, GET, LOCK, OWN_TYPE, SEE, change, list_agencies

KEPT_SECONDS = 60
TEAM_WITHIN = Guard(
    "team_within_its_agency",
    "Ein Team darf nicht mehr als die eigene Stelle; eine Stelle anderer Art legt der Betrieb an.",
    "A team may do no more than its agency; the operator adds an agency of another kind.",
)
POWERS = ("immigration_office", "tandem")
"""Attributes of a kind of agency that let it do what others may not."""


async def get(tx: ReadTx, id: UUID) -> Answer:
    """One agency.

    Raises:
        NotFound: there is none.
    """
    return public(resource(await tx.row(GET, id=id, today=clock.today())))


async def list_(tx: ReadTx, narrowed: AgencyFilter, place: Place) -> Answer:
    """One page of the directory."""
    filters = sought(narrowed.filters())
    statement = list_agencies(frozenset(filters), place.direction)
    row = await tx.row(statement, today=clock.today(), **filters, **place.params)
    return public(place.answer(row))


async def create(tx: WriteTx, given: AgencyIn) -> Answer:
    """Add an agency to the caller's municipality.

    Raises:
        UnknownReference: a code does not exist, or the parent is not the caller's own agency.
        GuardNotMet: a team of the own agency would see or do more than the agency itself.
        Conflict: the slug is taken.
    """
    _codes(given.type, given.jurisdictions, given.contact_points)
    if given.parent_id:
        await _within(tx, given.parent_id, given.type)
    values: dict[str, Any] = given.model_dump(mode="python")
    values |= {"id": uuid7(), "today": clock.today()}
    row = await tx.row(CREATE, **values)
    return tx.answer(resource(row, status=201, location=f"/v1/agencies/{values['id']}"))


async def amend(tx: WriteTx, id: UUID, patch: AgencyPatch, version: int) -> Answer:
    """Change the caller's own agency or one of its teams.

    Raises:
        NotFound, PreconditionFailed, NotYourMoveProblem, UnknownReference.
        Conflict: it would end before the day it began, which is stored.
    """
    row = await concurrency.hold(tx, LOCK, SEE, version, id=id)
    values = changes(patch)
    if (end := values.get("active_to")) and end <= row["active_from"]:
        words = ("Endet, bevor es beginnt.", "Ends before it begins.")
        raise Conflict(Finding("period_order", *words, pointer="/active_to"))
    _codes(None, values.get("jurisdictions", []), values.get("contact_points", []))
    today = clock.today()
    moved = (
        await tx.row(change(frozenset(values)), id=id, today=today, **values) if values else None
    )
    return resource(moved or await tx.row(GET, id=id, today=today))


async def _within(tx: WriteTx, parent_id: UUID, kind: str) -> None:
    """A team is the caller's own, and widens nothing: its members are made by the caller."""
    own = await tx.row(OWN_TYPE)
    if own is None or parent_id != tx.caller.agency_id:
        raise UnknownReference("/parent_id")
    above, team = attributes("agency_types", own["type"]), attributes("agency_types", kind)
    wider = set(team.get("compartments", ())) - set(above.get("compartments", ()))
    if wider or any(team.get(n) and team.get(n) != above.get(n) for n in POWERS):
        raise GuardNotMet(TEAM_WITHIN)


def sought(filters: dict[str, Any]) -> dict[str, Any]:
    """The filters of a list, with `q` as the database searches for it."""
    return filters | {"q": search(filters["q"])} if "q" in filters else filters


def public(answer: Answer) -> Answer:
    """Anybody, from any origin, may keep it for a while and ask whether it has changed."""
    answer.headers["Cache-Control"] = f"public, max-age={KEPT_SECONDS}"
    answer.headers["Access-Control-Allow-Origin"] = "*"
    answer.headers.setdefault("ETag", tag_of(bytes(answer.body)))
    return answer


def _codes(kind: str | None, jurisdictions: Any, contact_points: Any) -> None:
    if kind:
        must_know("agency_types", kind, "/type")
    for place, code in enumerate(jurisdictions):
        must_know("jurisdictions", code, f"/jurisdictions/{place}")
    for place, point in enumerate(contact_points):
        channel = point["channel"] if isinstance(point, dict) else point.channel
        must_know("contact_channels", channel, f"/contact_points/{place}/channel")
