"""What can be done with sites."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import asyncpg
import orjson
from asyncpg import Record

from integration_api.agencies.service import public, sought
from integration_api.code_lists.service import must_know
from integration_api.kernel import clock, concurrency
from integration_api.kernel.answers import Answer, resource
from integration_api.kernel.db import ReadTx, WriteTx
from integration_api.kernel.ids import uuid7
from integration_api.kernel.lists import Place
from integration_api.kernel.problems import Conflict, Finding, UnknownReference
from integration_api.kernel.statements import Change

from .schemas import SiteFilter, SiteIn, SitePatch
from .statements import CREATE, GET, JOIN, KNOWN_AGENCIES, LEAVE, LOCK, SEE, change, list_sites


async def get(tx: ReadTx, id: UUID) -> Answer:
    """One site.

    Raises:
        NotFound: there is none.
    """
    return public(resource(await tx.row(GET, id=id)))


async def list_(tx: ReadTx, narrowed: SiteFilter, place: Place) -> Answer:
    """One page of sites."""
    filters = sought(narrowed.filters())
    statement = list_sites(frozenset(filters), place.direction)
    return public(
        place.answer(await tx.row(statement, today=clock.today(), **filters, **place.params))
    )


async def create(tx: WriteTx, given: SiteIn) -> Answer:
    """Add a site, which the caller's agency keeps.

    Raises:
        UnknownReference: a code, a time zone or an agency of the municipality does not exist.
    """
    values = _stored(given.model_dump(mode="json"))
    units = values.pop("units")
    _codes(values)
    await _must_be_agencies(tx, units)
    id = uuid7()
    await _written(tx, CREATE, id=id, **values)
    await tx.row(JOIN, id=id, units=units)
    row = await tx.row(GET, id=id)
    return tx.answer(resource(row, status=201, location=f"/v1/sites/{id}"))


async def amend(tx: WriteTx, id: UUID, patch: SitePatch, version: int) -> Answer:
    """Change a site that the caller's agency keeps.

    Raises:
        NotFound, PreconditionFailed, NotYourMoveProblem, UnknownReference.
        Conflict: one coordinate would stand without the other.
    """
    values = _stored(patch.model_dump(mode="json", include=patch.model_fields_set))
    _codes(values)
    row = await concurrency.hold(tx, LOCK, SEE, version, id=id)
    _must_be_a_point(row, values)
    units = values.pop("units", None)
    if units is not None and _same(units, row["units"]):
        units = None
    if units is not None:
        await _must_be_agencies(tx, units)
        await tx.row(LEAVE, id=id)
        await tx.row(JOIN, id=id, units=units)
    if values or units is not None:
        statement = change(frozenset(values), units=units is not None)
        await _written(tx, statement, id=id, **values)
    return resource(await tx.row(GET, id=id))


def _stored(values: dict[str, Any]) -> dict[str, Any]:
    """Hours in the order of the week, exceptions in that of the days."""
    for day in values.get("exceptions", []):
        day["hours"].sort(key=lambda h: h["opens"])
    for name, key in (("opening_hours", _in_week), ("exceptions", lambda e: e["day"])):
        if name in values:
            values[name] = sorted(values[name], key=key)
    return values


def _in_week(interval: Mapping[str, Any]) -> tuple[int, str]:
    return interval["weekday"], interval["opens"]


def _same(units: Sequence[Mapping[str, Any]], stored: bytes) -> bool:
    def keyed(rows: Sequence[Mapping[str, Any]]) -> list[tuple[str, ...]]:
        return sorted(tuple(str(u[n]) for n in units[0]) for u in rows)

    there = orjson.loads(stored)
    return len(units) == len(there) and (not units or keyed(units) == keyed(there))


def _codes(values: Mapping[str, Any]) -> None:
    for place, code in enumerate(values.get("accessibility", [])):
        must_know("accessibility_features", code, f"/accessibility/{place}")
    for place, point in enumerate(values.get("contact_points", [])):
        must_know("contact_channels", point["channel"], f"/contact_points/{place}/channel")


def _must_be_a_point(row: Record, values: Mapping[str, Any]) -> None:
    both = [values.get(n, row[n]) for n in ("latitude", "longitude")]
    if (both[0] is None) != (both[1] is None):
        words = ("Nur beide zusammen oder keines.", "Both of them or neither.")
        raise Conflict(Finding("both_or_neither", *words, pointer="/latitude"))


async def _must_be_agencies(tx: WriteTx, units: Sequence[Mapping[str, Any]]) -> None:
    ids = [UUID(u["agency_id"]) for u in units]
    row = await tx.row(KNOWN_AGENCIES, ids=ids)
    known = {UUID(int=one.int) for one in row["ids"]} if row else set()
    if missing := [n for n, id in enumerate(ids) if id not in known]:
        raise UnknownReference(*(f"/units/{n}/agency_id" for n in missing))


async def _written(tx: WriteTx, statement: Change, **values: Any) -> None:
    """Write a site whose time zone the database knows."""
    try:
        await tx.row(statement, **values)
    except asyncpg.InvalidParameterValueError as e:
        raise UnknownReference("/time_zone") from e
