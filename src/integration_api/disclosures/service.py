"""What can be done with disclosures."""

from typing import Any
from uuid import UUID

from asyncpg import Record

from integration_api.cases.lifecycle import CASE_OPEN, CasePhase
from integration_api.cases.statements import HOLD as HOLD_CASE
from integration_api.code_lists.service import attributes, must_know
from integration_api.kernel import clock, concurrency
from integration_api.kernel.answers import Answer, resource
from integration_api.kernel.db import LoggedReadTx, WriteTx
from integration_api.kernel.ids import uuid7
from integration_api.kernel.lists import Place
from integration_api.kernel.problems import (
    Conflict,
    Finding,
    GuardNotMet,
    NotYourMoveProblem,
    UnknownReference,
)
from integration_api.kernel.reactions import Cause, react
from integration_api.persons.lifecycle import (
    BASIS_APPLIES,
    CONSENT_EFFECTIVE,
    DISCLOSURE,
    RECIPIENT_MAY_SEE,
    RELEASE_COVERS,
    REQUEST_NAMED,
    DisclosureParty,
    DisclosureStatus,
)

from .schemas import ConsentGround, DisclosureFilter, DisclosureIn, LegalGround
from .statements import (
    CREATE,
    FACTS,
    GET,
    HOLD_CONSENTS,
    LOCK,
    REVOKE,
    SEE,
    list_disclosures,
)

GROUNDS = ("consent_id", "release_id", "transfer_basis", "request_reference")
NEEDS_RELEASE = "needs_release"
UNASKED = ("opening", "kept_days", "request_reference")
GRANTOR = frozenset({DisclosureParty.GRANTOR.value})


async def get(tx: LoggedReadTx, id: UUID) -> Answer:
    """One disclosure granted by or to the caller's agency.

    Raises:
        NotFound: absent or not visible.
    """
    return resource(await tx.row(GET, id=id))


async def list_(tx: LoggedReadTx, narrowed: DisclosureFilter, place: Place) -> Answer:
    """One page of the disclosures granted by or to the caller's agency."""
    filters = narrowed.filters()
    chosen = set(filters)
    if direction := filters.pop("direction", None):
        chosen = chosen - {"direction"} | {direction}
    statement = list_disclosures(frozenset(chosen), place.direction)
    return place.answer(await tx.row(statement, **filters, **place.params))


async def grant(tx: WriteTx, given: DisclosureIn) -> Answer:
    """Grant a disclosure.

    Raises:
        UnknownReference: a code, the person, case, recipient, consent or basis does not exist.
        NotYourMoveProblem: the caller does not control the person, or does not lead the case.
        GuardNotMet: the recipient's kind of unit may never see a compartment; the case is closed;
            the consent or the legal basis does not carry it.
        Conflict: it would begin at once and has ended already.
    """
    values, facts = await granting(tx, given)
    id = uuid7()
    row = await tx.row(CREATE, id=id, **values, **term_of(given, facts))
    return tx.answer(resource(row, status=201, location=f"/v1/disclosures/{id}"))


async def granting(tx: WriteTx, given: DisclosureIn) -> tuple[dict[str, Any], Record]:
    """What a disclosure would be made of, with consents and case held, and what it depends on.

    Raises:
        As `grant`.
    """
    _codes(given)
    values = _values(given)
    term = {"valid_from": given.valid_from, "valid_to": given.valid_to}
    asked = {n: v for n, v in values.items() if n not in UNASKED}
    if grounds := [i for i in (values["consent_id"], values["release_id"]) if i]:
        # a revocation at the same moment comes wholly before or after
        await tx.rows(HOLD_CONSENTS, ids=grounds)
    needed = [c for c in values["compartments"] if attributes("compartments", c).get(NEEDS_RELEASE)]
    facts = await tx.row(FACTS, today=clock.today(), needed=needed, **asked, **term)
    assert facts is not None
    _judge(facts, given, tx.caller.agency_id)
    if isinstance(given.ground, ConsentGround) and needed and not facts["released"]:
        raise GuardNotMet(RELEASE_COVERS)
    if given.valid_to and not given.valid_from and given.valid_to <= clock.now():
        words = ("Endet, bevor es beginnt.", "Ends before it begins.")
        raise Conflict(Finding("period_order", *words, pointer="/valid_to"))
    if given.case_id:
        held = await tx.row(HOLD_CASE, case_id=given.case_id)
        if held is None or held["status"] == CasePhase.CLOSED.value:
            raise GuardNotMet(CASE_OPEN)
    return values, facts


def term_of(given: DisclosureIn, facts: Record) -> dict[str, Any]:
    """From when to when a disclosure holds: at most as long as its consent."""
    return {
        "valid_from": given.valid_from,
        "valid_to": given.valid_to or facts["consent_ends"],
    }


async def revoke(tx: WriteTx, id: UUID, version: int) -> Answer:
    """Revoke a disclosure; ends access and open referrals under it, in this transaction.

    Raises:
        NotFound, PreconditionFailed, NotYourMoveProblem, TransitionNotAllowed.
    """
    row = await concurrency.hold(tx, LOCK, SEE, version, id=id)
    DISCLOSURE.target("revoke", DisclosureStatus(row["status"]), GRANTOR)
    moved = await tx.row(REVOKE, id=id)
    assert moved is not None
    await react(tx, Cause.DISCLOSURE_ENDED, {"disclosure_ids": moved["ended"]})
    return tx.answer(resource(moved))


def _judge(facts: Any, given: DisclosureIn, me: UUID) -> None:
    if given.recipient_agency_id == me:
        raise UnknownReference("/recipient_agency_id")  # nobody discloses to itself
    ground = given.ground
    by_consent = isinstance(ground, ConsentGround)
    known = {
        "/person_id": facts["controller"],
        "/recipient_agency_id": facts["recipient"],
        "/ground": facts["consent"] if by_consent else facts["basis"],
        "/case_id": facts["lead"] and facts["participant"] if given.case_id else True,
    }
    if isinstance(ground, ConsentGround) and ground.release_id:
        known["/ground/release_id"] = facts["release"]
    for pointer, found in known.items():
        if found is None:
            raise UnknownReference(pointer)
    if facts["controller"] != me or (given.case_id and facts["lead"] != me):
        raise NotYourMoveProblem
    ceiling = attributes("agency_types", facts["recipient_type"]).get("compartments", ())
    if not {"core", *given.compartments} <= set(ceiling):
        raise GuardNotMet(RECIPIENT_MAY_SEE)
    if by_consent and not facts["covered"]:
        raise GuardNotMet(CONSENT_EFFECTIVE)
    if not by_consent and not facts["carried"]:
        raise GuardNotMet(BASIS_APPLIES)
    if isinstance(ground, LegalGround) and facts["on_request"] and not ground.request_reference:
        raise GuardNotMet(REQUEST_NAMED)


def _values(given: DisclosureIn) -> dict[str, Any]:
    ground = given.ground
    return {
        "person_id": given.person_id,
        "case_id": given.case_id,
        "recipient_agency_id": given.recipient_agency_id,
        **{n: getattr(ground, n, None) for n in GROUNDS},
        "purpose": given.purpose,
        "compartments": sorted({"core", *given.compartments}),
        "opening": given.opening.value,
        "kept_days": given.kept_days,
    }


def _codes(given: DisclosureIn) -> None:
    must_know("purposes", given.purpose, "/purpose")
    for place, code in enumerate(given.compartments):
        must_know("compartments", code, f"/compartments/{place}")
