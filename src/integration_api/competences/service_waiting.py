"""What can be done with observed waiting times."""

from typing import Any
from uuid import UUID

from integration_api.code_lists.service import must_know
from integration_api.kernel import clock
from integration_api.kernel.answers import Answer, resource
from integration_api.kernel.db import ReadTx, WriteTx
from integration_api.kernel.ids import uuid7
from integration_api.kernel.lists import Place
from integration_api.kernel.problems import Conflict, Finding

from .schemas import WaitingTimeFilter, WaitingTimeIn
from .service import SERVICES, of_agency, own
from .statements_waiting import CREATE, list_waiting_times


async def list_(tx: ReadTx, agency_id: UUID, narrowed: WaitingTimeFilter, place: Place) -> Answer:
    """One page of the observations of an agency, newest first.

    Raises:
        NotFound: there is no such agency.
    """
    filters: dict[str, Any] = {n: v for n, v in narrowed.filters().items() if v is not False}
    statement = list_waiting_times(frozenset(filters), place.direction)
    filters.pop("current", None)
    return of_agency(await tx.row(statement, agency_id=agency_id, **filters, **place.params), place)


async def create(tx: WriteTx, agency_id: UUID, given: WaitingTimeIn) -> Answer:
    """Record how long one waits at the caller's own agency or one of its teams.

    Raises:
        NotFound, NotYourMoveProblem.
        UnknownReference: service, kind or method do not exist.
        Conflict: observed in the future.
    """
    must_know(SERVICES, given.service, "/service")
    must_know("waiting_time_kinds", given.kind, "/kind")
    must_know("observation_methods", given.method, "/method")
    if given.observed_at and given.observed_at > clock.now():
        words = ("Liegt in der Zukunft.", "Lies in the future.")
        raise Conflict(Finding("in_future", *words, pointer="/observed_at"))
    await own(tx, agency_id)
    row = await tx.row(CREATE, id=uuid7(), agency_id=agency_id, **given.model_dump())
    return tx.answer(resource(row, status=201))
