"""What can be done with employers."""

from typing import Any
from uuid import UUID

import asyncpg
from asyncpg import Record

from integration_api.kernel import concurrency
from integration_api.kernel.answers import Answer, resource
from integration_api.kernel.db import ReadTx, WriteTx
from integration_api.kernel.ids import uuid7
from integration_api.kernel.lists import Place
from integration_api.kernel.problems import Conflict, Finding
from integration_api.kernel.schemas import changes
from integration_api.kernel.statements import Change

from .schemas import EmployerFilter, EmployerIn, EmployerPatch
from .statements import CREATE, GET, LOCK, SEE, change, list_employers


async def get(tx: ReadTx, id: UUID) -> Answer:
    """One employer of the municipality.

    Raises:
        NotFound: there is none.
    """
    return resource(await tx.row(GET, id=id))


async def list_(tx: ReadTx, narrowed: EmployerFilter, place: Place) -> Answer:
    """One page of the employers of the municipality."""
    filters = narrowed.filters()
    statement = list_employers(frozenset(filters), place.direction)
    return place.answer(await tx.row(statement, **filters, **place.params))


async def create(tx: WriteTx, given: EmployerIn) -> Answer:
    """Record an employer.

    Raises:
        Conflict: the establishment number is taken.
    """
    id = uuid7()
    row = await _once(tx, CREATE, id=id, **given.model_dump())
    return tx.answer(resource(row, status=201, location=f"/v1/employers/{id}"))


async def amend(tx: WriteTx, id: UUID, patch: EmployerPatch, version: int) -> Answer:
    """Change an employer that the caller's agency has recorded.

    Raises:
        NotFound, PreconditionFailed, NotYourMoveProblem.
        Conflict: the establishment number is taken.
    """
    await concurrency.hold(tx, LOCK, SEE, version, id=id)
    values = changes(patch)
    moved = await _once(tx, change(frozenset(values)), id=id, **values) if values else None
    return resource(moved or await tx.row(GET, id=id))


async def _once(tx: WriteTx, statement: Change, **values: Any) -> Record | None:
    """Write an employer whose number no other of the municipality has."""
    try:
        return await tx.row(statement, **values)
    except asyncpg.UniqueViolationError as e:
        words = ("Diese Nummer gibt es schon.", "This number is taken.")
        raise Conflict(Finding("taken", *words, pointer="/establishment_number")) from e
