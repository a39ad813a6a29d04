"""What can be done with the competences of an agency."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import asyncpg
import orjson
from asyncpg import Record

from integration_api.code_lists.service import attributes, label, lists, must_know
from integration_api.kernel import concurrency
from integration_api.kernel.answers import Answer, etag, resource
from integration_api.kernel.db import ReadTx, WriteTx
from integration_api.kernel.ids import uuid7
from integration_api.kernel.lists import Place
from integration_api.kernel.problems import (
    Conflict,
    Finding,
    NotFound,
    NotYourMoveProblem,
    UnknownReference,
    Unprocessable,
)
from integration_api.kernel.statements import Change
from integration_api.rules.conditions import parse
from integration_api.rules.findings import PackError

from .schemas import CompetenceFilter, CompetenceIn, CompetencePatch
from .statements import AGENCY_SEEN, CREATE, END, GET, LOCK, SEE, list_competences

SERVICES = "services"
KEPT_SECONDS = 60
MOST_MONTHS = 1200
DISTRICT = 5
"""The digits of an AGS that name the Kreis."""


async def get(tx: ReadTx, agency_id: UUID, id: UUID) -> Answer:
    """One competence.

    Raises:
        NotFound: there is none, or it is of another agency.
    """
    return public(resource(await tx.row(GET, agency_id=agency_id, id=id)))


async def list_(tx: ReadTx, agency_id: UUID, narrowed: CompetenceFilter, place: Place) -> Answer:
    """One page of the competences of an agency.

    Raises:
        NotFound: there is no such agency.
    """
    filters = narrowed.filters()
    statement = list_competences(frozenset(filters), place.direction)
    return of_agency(await tx.row(statement, agency_id=agency_id, **filters, **place.params), place)


async def create(tx: WriteTx, agency_id: UUID, given: CompetenceIn) -> Answer:
    """Record a competence of the caller's own agency or one of its teams.

    Raises:
        Unprocessable: the condition cannot be read (422, with all that is wrong in it).
        NotFound, NotYourMoveProblem.
        UnknownReference: the service does not exist, or a part of the area is of another district.
        Conflict: the agency has the service on some of these days already.
    """
    _readable(given.applies_when)
    must_know(SERVICES, given.service, "/service")
    seen = await own(tx, agency_id)
    districts = {ags[:DISTRICT] for ags in seen["ags"]}
    for place, ags in enumerate(given.area):
        if ags[:DISTRICT] not in districts:
            raise UnknownReference(f"/area/{place}")
    basis = lists()[SERVICES].entries[given.service].legal_basis
    values = given.model_dump() | {
        "jurisdiction": attributes(SERVICES, given.service)["jurisdiction"],
        "legal_basis": given.legal_basis or [basis or label(SERVICES, given.service, "de")],
    }
    id = uuid7()
    row = await _once(tx, CREATE, "/valid_from", id=id, agency_id=agency_id, **values)
    where = f"/v1/agencies/{agency_id}/competences/{id}"
    return tx.answer(resource(row, status=201, location=where))


async def end(
    tx: WriteTx, agency_id: UUID, id: UUID, patch: CompetencePatch, version: int
) -> Answer:
    """Say when a competence of the caller's own agency or one of its teams ends.

    Raises:
        NotFound, PreconditionFailed, NotYourMoveProblem.
        Conflict: it would end before it began, or overlap with the one that followed.
    """
    at = {"agency_id": agency_id, "id": id}
    row = await concurrency.hold(tx, LOCK, SEE, version, **at)
    moved = None
    if "valid_to" in patch.model_fields_set:
        day = patch.valid_to
        if day is not None and day <= row["valid_from"]:
            words = ("Endet, bevor es beginnt.", "Ends before it begins.")
            raise Conflict(Finding("period_order", *words, pointer="/valid_to"))
        moved = await _once(tx, END, "/valid_to", **at, valid_to=day)
    return resource(moved or await tx.row(GET, **at))


async def own(tx: WriteTx, agency_id: UUID) -> Record:
    """The agency of the path, which must be the caller's own or one of its teams.

    Raises:
        NotFound, NotYourMoveProblem.
    """
    seen = await tx.row(AGENCY_SEEN, agency_id=agency_id)
    if seen is None:
        raise NotFound
    if not seen["mine"]:
        raise NotYourMoveProblem
    return seen


def of_agency(row: Any, place: Place) -> Answer:
    """A page below an agency.

    Raises:
        NotFound: there is no such agency.
    """
    if row is None or not row["there"]:
        raise NotFound
    return public(place.answer(row))


def public(answer: Answer) -> Answer:
    """Anybody may keep the directory for a while, and ask whether it has changed."""
    answer.headers["Cache-Control"] = f"public, max-age={KEPT_SECONDS}"
    answer.headers.setdefault("ETag", etag(1, bytes(answer.body)))
    return answer


def _readable(condition: Mapping[str, Any] | None) -> None:
    """Refuse a condition that no reader of the directory could apply."""
    try:
        _bounded(condition or {})
        parse(condition or {})
    except PackError as error:
        wrong = (Finding(f.code, f.de, f.en, f"/applies_when{f.pointer}") for f in error.findings)
        raise Unprocessable(*wrong) from error
    except (LookupError, OverflowError, TypeError, ValueError) as error:
        words = ("Die Angabe hat die falsche Form.", "The value has the wrong form.")
        raise Unprocessable(Finding("wrong_type", *words, pointer="/applies_when")) from error


def _bounded(value: Any) -> None:
    """Refuse numbers that are no count of months, and text that no row can hold.

    Raises:
        ValueError: there is one.
        TypeError: half a character.
    """
    if isinstance(value, Mapping | list | tuple):
        for one in value.items() if isinstance(value, Mapping) else value:
            _bounded(one)
    elif isinstance(value, int | float) and value > MOST_MONTHS:
        raise ValueError("too large")
    elif isinstance(value, str) and b"\\u0000" in orjson.dumps(value):
        raise ValueError("NUL")


async def _once(tx: WriteTx, statement: Change, pointer: str, **values: Any) -> Record | None:
    """Write a competence that its agency does not have on the same days already."""
    try:
        return await tx.row(statement, **values)
    except asyncpg.ExclusionViolationError as e:
        words = (
            "Die Stelle hat diese Leistung an manchen dieser Tage schon.",
            "The agency has this service on some of these days already.",
        )
        raise Conflict(Finding("overlaps", *words, pointer=pointer)) from e
