"""What can be done with residence facts, and what is recorded of a person, for the rules."""

import re
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from integration_api.code_lists.service import attributes, must_know
from integration_api.kernel import clock
from integration_api.kernel.answers import Answer, resource
from integration_api.kernel.db import LoggedReadTx, WriteTx
from integration_api.kernel.ids import uuid7
from integration_api.kernel.lists import Place
from integration_api.kernel.problems import (
    GuardNotMet,
    NotFound,
    NotYourMoveProblem,
    UnknownReference,
)

from .lifecycle import FACT_DAY_PLAUSIBLE
from .schemas_facts import NATIONALITIES, RECORDED, ResidenceFactIn, ResidenceFactsIn
from .statements_facts import CREATE, OPERATION, READ, READ_WRITING, list_facts
from .statements_periods import SEE

STATELESS = "997"
MAY_LIE_AHEAD = {"reception_duty_ends_on", "work_permit_since"}
AHEAD = timedelta(days=5 * 366)
EARLIEST = date(1900, 1, 1)
_WHOLE_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


async def recorded_facts(
    tx: LoggedReadTx | WriteTx, person_id: UUID, as_of: date, *, operation: str = OPERATION
) -> dict[str, Any]:
    """Read the facts recorded of a person as of a day, and record that they were read.

    One statement. Names and values are those of the closed set of facts: days as `date` (None: it
    never was), a code as text, codes as a frozenset (nationalities in ISO 3166-1 alpha-2, lower
    case). An absent name is not known, or not the caller's to see: without the compartment
    `residence` there is the birth date alone. `operation` is the one that the access record names.

    Raises:
        NotFound: the person is absent or not visible.
    """
    asked: dict[str, Any] = {"person_id": person_id, "as_of": as_of, "operation": operation}
    if isinstance(tx, WriteTx):
        row = await tx.row(READ_WRITING, **asked)
    else:
        row = await tx.row(READ, **asked)
    if row is None:
        raise NotFound
    return _facts(row["body"])


async def list_(tx: LoggedReadTx, person_id: UUID, place: Place) -> Answer:
    """One page of a person's residence facts, empty without the compartment `residence`.

    Raises:
        NotFound: the person is absent or not visible.
    """
    row = await tx.row(list_facts(place.direction), person_id=person_id, **place.params)
    if row is None or not row["there"]:
        raise NotFound
    return place.answer(row)


async def create(tx: WriteTx, person_id: UUID, given: ResidenceFactsIn) -> Answer:
    """Record facts; an immigration office that sees the compartment `residence` may.

    Raises:
        NotFound: the person is not visible.
        NotYourMoveProblem: the caller is no agency that issues residence documents, or sees the
            person in an emergency only.
        UnknownReference: a code does not exist.
        GuardNotMet: a day lies ahead that cannot, or before 1900.
    """
    for place, item in enumerate(given.items):
        must_know("residence_sources", item.source, f"/items/{place}/source")
        _must_hold(item, f"/items/{place}/value")
    row = await tx.row(SEE, person_id=person_id)
    if row is None:
        raise NotFound
    issues = attributes("agency_types", row["mine"]).get("immigration_office")
    if not (row["residence"] and row["lasting"] and issues):
        raise NotYourMoveProblem
    items = [{"id": str(uuid7()), **item.model_dump()} for item in given.items]
    controller = row["controller_agency_id"]
    made = await tx.row(CREATE, person_id=person_id, items=items, controller_agency_id=controller)
    return tx.answer(resource(made, status=201))


def _must_hold(item: ResidenceFactIn, pointer: str) -> None:
    """Refuse a code that its list does not have, and a day that cannot be yet."""
    if isinstance(item.value, list):
        for place, code in enumerate(item.value):
            _must_know(item.fact, code, f"{pointer}/{place}")
    elif isinstance(item.value, str):
        _must_know(item.fact, item.value, pointer)
    elif item.value is not None:
        latest = clock.today() + (AHEAD if item.fact in MAY_LIE_AHEAD else timedelta())
        if not EARLIEST <= item.value <= latest:
            raise GuardNotMet(FACT_DAY_PLAUSIBLE)


def _must_know(name: str, code: str, pointer: str) -> None:
    fact = RECORDED[name]
    if fact.values is None:
        must_know(fact.list or name, code, pointer)  # nationalities are recorded by their own list
    elif code not in fact.values:
        raise UnknownReference(pointer)


def _facts(read: dict[str, Any]) -> dict[str, Any]:
    found = {n: read[n] for n in ("status_code", "prior_status_code", "work_annotation")}
    found["born_on"] = _day(read["birth_date"])
    found["document_valid_to"] = _day(read["document_valid_to"])
    if found["work_annotation"] == "unknown":  # nothing was read from the document
        found["work_annotation"] = None
    known = {name: value for name, value in found.items() if value is not None}
    for name, value in (read["facts"] or {}).items():
        if name == NATIONALITIES:
            known |= _states(value)
        elif name in RECORDED:  # an older version may have kept others
            known[name] = _recorded(RECORDED[name].kind, value)
    return known


def _recorded(kind: str, value: Any) -> Any:
    if kind == "day":
        return _day(value)  # null is known: it never was
    return frozenset(value) if isinstance(value, list) else value


def _states(codes: list[str]) -> dict[str, Any]:
    """Nationalities as the rules compare them; unclear or not stated is not known.

    Who is stateless has none, which is known.
    """
    iso = [attributes(NATIONALITIES, code).get("iso2") for code in codes if code != STATELESS]
    return {} if None in iso else {NATIONALITIES: frozenset(i.lower() for i in iso if i)}


def _day(text: str | None) -> date | None:
    """A whole day; a year or a month alone is none."""
    return date.fromisoformat(text) if text and _WHOLE_DAY.fullmatch(text) else None
