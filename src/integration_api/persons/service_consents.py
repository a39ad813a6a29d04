"""What can be done with consents."""

from datetime import timedelta
from uuid import UUID

from integration_api.code_lists.service import attributes, must_know
from integration_api.kernel import calendar, clock, concurrency
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
from integration_api.kernel.reactions import Cause, react

from . import statements
from .lifecycle import CONSENT, CONSENT_GIVEN, ConsentParty, ConsentStatus
from .schemas import ConsentFilter, ConsentIn
from .statements_consents import CREATE, GET, LOCK, RECIPIENTS, REVOKE, list_consents

FURTHEST = timedelta(days=3660)
PARTIES = frozenset({ConsentParty.CONTROLLER.value})


async def get(tx: LoggedReadTx, id: UUID) -> Answer:
    """One consent given to the caller's agency.

    Raises:
        NotFound: absent or given to another agency.
    """
    return resource(await tx.row(GET, id=id))


async def list_(tx: LoggedReadTx, narrowed: ConsentFilter, place: Place) -> Answer:
    """One page of the consents given to the caller's agency."""
    filters = narrowed.filters()
    statement = list_consents(frozenset(filters), place.direction)
    return place.answer(await tx.row(statement, **filters, **place.params))


async def create(tx: WriteTx, given: ConsentIn) -> Answer:
    """Record a consent for a person that the caller's agency controls.

    Raises:
        UnknownReference: a code, the person or a recipient does not exist.
        GuardNotMet: it was not given yet, or begins too far ahead.
        NotYourMoveProblem: another agency controls the person.
    """
    _codes(given)
    start = given.valid_from or given.granted_at
    if given.granted_at > clock.now() or start > clock.now() + FURTHEST:
        raise GuardNotMet(CONSENT_GIVEN)
    await concurrency.exists(tx, statements.SEE, "/person_id", id=given.person_id)
    if await tx.row(statements.LOCK, id=given.person_id) is None:
        raise NotYourMoveProblem
    known = await tx.row(RECIPIENTS, ids=given.recipient_agency_ids)
    if known is None or known["known"] != len(set(given.recipient_agency_ids)):
        raise UnknownReference("/recipient_agency_ids")
    values = given.model_dump()
    months = attributes("consent_instruments", given.instrument)["default_months"]
    values |= {"valid_from": start, "valid_to": given.valid_to or calendar.later(start, months)}
    id = uuid7()
    row = await tx.row(CREATE, id=id, **values)
    return tx.answer(resource(row, status=201, location=f"/v1/consents/{id}"))


async def revoke(tx: WriteTx, id: UUID, version: int) -> Answer:
    """Revoke a consent; ends its disclosures and what leans on them, in this transaction.

    Raises:
        NotFound, PreconditionFailed, TransitionNotAllowed.
    """
    row = await tx.row(LOCK, id=id)
    if row is None:
        raise NotFound
    concurrency.check(row, version)
    target = CONSENT.target("revoke", ConsentStatus(row["status"]), PARTIES)
    moved = await tx.row(REVOKE, id=id, target=target.value)
    assert moved is not None
    if moved["ended"]:
        await react(tx, Cause.DISCLOSURE_ENDED, {"disclosure_ids": moved["ended"]})
    return tx.answer(resource(moved))


def _codes(given: ConsentIn) -> None:
    must_know("consent_instruments", given.instrument, "/instrument")
    must_know("consent_forms", given.form, "/form")
    for place, code in enumerate(given.compartments):
        must_know("compartments", code, f"/compartments/{place}")
    for place, code in enumerate(given.purposes):
        must_know("purposes", code, f"/purposes/{place}")
