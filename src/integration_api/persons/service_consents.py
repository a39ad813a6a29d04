"""What can be done with consents."""

from datetime import date, datetime, timedelta
from typing import Any
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
from .lifecycle import (
    CONSENT,
    CONSENT_GIVEN,
    FORM_FITS,
    GUARDIAN_NEEDED,
    ConsentParty,
    ConsentStatus,
)
from .schemas_consents import ConsentFilter, ConsentIn
from .statements_consents import BORN, CREATE, GET, LOCK, RECIPIENTS, REVOKE, list_consents

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
        UnknownReference: a code, the person, its guardian or a recipient does not exist.
        GuardNotMet: it was not given yet, begins too far ahead, is in a form that does not hold
            for a compartment, or is a minor's without a guardian.
        NotYourMoveProblem: another agency controls the person.
    """
    _codes(given)
    start = given.valid_from or given.granted_at
    if given.granted_at > clock.now() or start > clock.now() + FURTHEST:
        raise GuardNotMet(CONSENT_GIVEN)
    _form(given)
    await concurrency.exists(tx, statements.SEE, "/person_id", id=given.person_id)
    person = await tx.row(BORN, person_id=given.person_id)
    if person is None:
        raise NotYourMoveProblem
    await _others(tx, given)
    said = attributes("consent_instruments", given.instrument)
    years = said["guardian_under_years"]
    if given.guardian is None and surely_under(person["birth_date"], given.granted_at, years):
        raise GuardNotMet(GUARDIAN_NEEDED)
    values = _columns(given)
    ends = given.valid_to or calendar.later(start, said["default_months"])
    values |= {"valid_from": start, "valid_to": ends}
    id = uuid7()
    row = await tx.row(CREATE, id=id, **values)
    return tx.answer(resource(row, status=201, location=f"/v1/consents/{id}"))


def surely_under(born: str | None, at: datetime, years: int) -> bool:
    """Whether who was born then (a partial date) was under that age on the day of `at`.

    Where the date leaves it open, nobody is taken for a minor: 1 January is often a placeholder.
    """
    if born is None:
        return False
    earliest = date.fromisoformat(born + "-01-01"[len(born) - len("2000") :])
    return calendar.add_months(earliest, 12 * years) > calendar.berlin_day(at)


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


async def _others(tx: WriteTx, given: ConsentIn) -> None:
    """The other ones that a consent names."""
    known = await tx.row(RECIPIENTS, ids=given.recipient_agency_ids)
    if known is None or known["known"] != len(set(given.recipient_agency_ids)):
        raise UnknownReference("/recipient_agency_ids")
    if given.guardian and given.guardian.person_id:
        guardian = given.guardian.person_id
        await concurrency.exists(tx, statements.SEE, "/guardian/person_id", id=guardian)


def _columns(given: ConsentIn) -> dict[str, Any]:
    values = given.model_dump()
    guardian, evidence = values.pop("guardian") or {}, values.pop("evidence") or {}
    return values | {
        "guardian_relation": guardian.get("relation"),
        "guardian_person_id": guardian.get("person_id"),
        "evidence_kind": evidence.get("kind"),
        "evidence_reference": evidence.get("reference"),
    }


def _form(given: ConsentIn) -> None:
    for compartment in given.compartments:
        forms = attributes("compartments", compartment).get("forms")
        if forms and given.form not in forms:
            raise GuardNotMet(FORM_FITS)


def _codes(given: ConsentIn) -> None:
    must_know("consent_instruments", given.instrument, "/instrument")
    must_know("consent_forms", given.form, "/form")
    for place, code in enumerate(given.compartments):
        must_know("compartments", code, f"/compartments/{place}")
    for place, code in enumerate(given.purposes):
        must_know("purposes", code, f"/purposes/{place}")
    for place, code in enumerate(given.released_functions):
        must_know("secrecy_functions", code, f"/released_functions/{place}")
    if given.guardian:
        must_know("guardian_relations", given.guardian.relation, "/guardian/relation")
    if given.evidence:
        must_know("consent_evidence", given.evidence.kind, "/evidence/kind")
