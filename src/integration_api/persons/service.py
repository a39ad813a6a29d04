"""What can be done with persons."""

from typing import Any
from uuid import UUID

import asyncpg

from integration_api.kernel import clock, concurrency
from integration_api.kernel.answers import Answer, resource
from integration_api.kernel.db import LoggedReadTx, WriteTx
from integration_api.kernel.ids import uuid7
from integration_api.kernel.lists import Place
from integration_api.kernel.problems import GuardNotMet
from integration_api.kernel.schemas import changes

from .lifecycle import ADDRESS_PROTECTED, BIRTH_NOT_AHEAD
from .schemas import PersonIn, PersonPatch
from .statements import (
    ADDRESS,
    CLEAR_ADDRESS,
    CREATE,
    ECHO,
    GET,
    LOCK,
    MEMBERS,
    SEE,
    change,
    list_persons,
)


async def get(tx: LoggedReadTx, id: UUID) -> Answer:
    """One person as far as the caller may see it.

    Raises:
        NotFound: absent or not visible.
    """
    return resource(await tx.row(GET, id=id, today=clock.today()))


async def list_(tx: LoggedReadTx, place: Place) -> Answer:
    """One page of the visible persons; there is no search by name."""
    row = await tx.row(list_persons(place.direction), today=clock.today(), **place.params)
    return place.answer(row)


async def create(tx: WriteTx, given: PersonIn) -> Answer:
    """Record a person; the caller's agency becomes its controller.

    Raises:
        GuardNotMet: the birth date lies ahead.
    """
    said = given.model_dump()
    values = _address(said["address"]) | _columns(said)
    id = uuid7()
    row = await tx.row(CREATE, id=id, today=clock.today(), **values)
    return tx.answer(resource(row, status=201, location=f"/v1/persons/{id}"))


async def amend(tx: WriteTx, id: UUID, patch: PersonPatch, version: int) -> Answer:
    """Change a person of the own agency.

    Raises:
        NotFound, PreconditionFailed, NotYourMoveProblem, GuardNotMet.
    """
    await concurrency.hold(tx, LOCK, SEE, version, id=id)
    sent = changes(patch)
    parts, today = frozenset(sent), clock.today()
    values = _columns(sent)
    if "address" in parts:
        await tx.row(CLEAR_ADDRESS, id=id)
        values |= _address(sent["address"])
    try:
        row = await tx.row(change(parts), id=id, today=today, **values) if parts else None
    except asyncpg.UniqueViolationError as e:  # what the caller does not see was not cleared
        raise GuardNotMet(ADDRESS_PROTECTED) from e
    return resource(row or await tx.row(ECHO, id=id, today=today))


def _address(given: dict[str, Any] | None) -> dict[str, Any]:
    return given or dict.fromkeys(ADDRESS)


def _columns(values: dict[str, Any]) -> dict[str, Any]:
    """The members as columns of the table; the address has a table of its own."""
    values = {n: v for n, v in values.items() if n != "address"}
    if name := values.pop("name", None):
        values |= {part: name.get(part) for part in MEMBERS["name"]}
    birth = values.get("birth_date")
    if birth and birth > clock.today().isoformat()[: len(birth)]:
        raise GuardNotMet(BIRTH_NOT_AHEAD)
    return values
