"""What the data protection officer can read."""

from typing import Any

from integration_api.kernel.answers import Answer
from integration_api.kernel.db import LoggedReadTx
from integration_api.kernel.lists import Place

from .access import must_be_officer
from .schemas import AccessRecordFilter, AuditEntryFilter
from .statements import ENTRY_FILTERS, RECORD_FILTERS, list_entries, list_records


async def list_access_records(
    tx: LoggedReadTx, narrowed: AccessRecordFilter, place: Place
) -> Answer:
    """One page of who read whose data; itself a read that is recorded.

    Raises:
        NotYourMoveProblem: the caller is no data protection officer.
    """
    must_be_officer(tx.caller)
    given: dict[str, Any] = {n: getattr(narrowed, n) for n in RECORD_FILTERS}
    return place.answer(await tx.row(list_records(place.direction), **given, **place.params))


async def list_audit_entries(tx: LoggedReadTx, narrowed: AuditEntryFilter, place: Place) -> Answer:
    """One page of who changed what.

    Raises:
        NotYourMoveProblem: the caller is no data protection officer.
    """
    must_be_officer(tx.caller)
    given: dict[str, Any] = {n: getattr(narrowed, n) for n in ENTRY_FILTERS}
    texts = {n: str(given[n]) for n in ("object_id", "actor_id") if given[n] is not None}
    statement = list_entries(place.direction)
    return place.answer(await tx.row(statement, **(given | texts), **place.params))
