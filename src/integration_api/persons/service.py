"""What can be done with persons."""

from typing import Any
from uuid import UUID

from integration_api.kernel import clock, concurrency
from integration_api.kernel.answers import Answer, resource
from integration_api.kernel.db import LoggedReadTx, WriteTx
from integration_api.kernel.ids import uuid7
from integration_api.kernel.lists import Place
from integration_api.kernel.problems import GuardNotMet
from integration_api.kernel.schemas import changes

from .lifecycle import BIRTH_NOT_AHEAD
from .schemas import PersonIn, PersonPatch
from .statements import CREATE, ECHO, GET, LOCK, SEE, change, list_persons

NAME_PARTS = ("family_name", "given_name", "birth_name", "mononym")


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
    values = _columns(given.model_dump())
    id = uuid7()
    row = await tx.row(CREATE, id=id, today=clock.today(), **values)
    return tx.answer(resource(row, status=201, location=f"/v1/persons/{id}"))


async def amend(tx: WriteTx, id: UUID, patch: PersonPatch, version: int) -> Answer:
    """Change a person of the own agency.

    Raises:
        NotFound, PreconditionFailed, NotYourMoveProblem, GuardNotMet.
    """
    await concurrency.hold(tx, LOCK, SEE, version, id=id)
    values = _columns(changes(patch))
    today = clock.today()
    row = await tx.row(change(frozenset(values)), id=id, today=today, **values) if values else None
    return resource(row or await tx.row(ECHO, id=id, today=today))


def _columns(values: dict[str, Any]) -> dict[str, Any]:
    """The members as columns of the table."""
    if name := values.pop("name", None):
        values |= {part: name.get(part) for part in NAME_PARTS}
    birth = values.get("birth_date")
    if birth and birth > clock.today().isoformat()[: len(birth)]:
        raise GuardNotMet(BIRTH_NOT_AHEAD)
    return values
