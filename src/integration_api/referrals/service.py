"""What can be done with referrals."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import asyncpg
from asyncpg import Record

from integration_api.cases.lifecycle import CASE_OPEN, NO_OPEN_REFERRALS, CasePhase
from integration_api.cases.service_notes import take_on
from integration_api.cases.statements import HOLD as HOLD_CASE
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

from .access import parties
from .lifecycle import (
    CASE_LED,
    CLAIM_FREE,
    DISCLOSURE_VALID,
    MEMBER_CLAIMS,
    NAMES_COMPETENT,
    NO_OTHER_OPEN,
    OPEN,
    RECIPIENT_ACTIVE,
    REFERRAL,
    SECOND_PERSON,
    STILL_OPEN,
    TEXT_FOR_OTHER,
    ReferralParty,
    ReferralStatus,
)
from .schemas import ReferralFilter, ReferralIn
from .statements import CREATE, FACTS, GET, list_referrals
from .statements_moves import CLAIM, EXPIRE, LAPSE, LOCK, RELEASE, REVOKE, STILL_PENDING, move

OTHER = "other"


async def get(tx: LoggedReadTx, id: UUID) -> Answer:
    """One referral as the caller's side may see it.

    Raises:
        NotFound: absent or not visible.
    """
    return resource(await tx.row(GET, id=id))


async def list_(tx: LoggedReadTx, narrowed: ReferralFilter, place: Place) -> Answer:
    """One page of the referrals in one direction."""
    filters = narrowed.filters()
    direction = filters.pop("direction")
    statement = list_referrals(frozenset({*filters, direction}), place.direction)
    return place.answer(await tx.row(statement, **filters, **place.params))


async def create(tx: WriteTx, given: ReferralIn) -> Answer:
    """Write a draft in a case that the caller's agency leads.

    Raises:
        UnknownReference: a code, the case, person, disclosure or replaced referral is unknown.
        GuardNotMet: the case is closed; the disclosure is another's or holds no longer.
    """
    must_know("referral_topics", given.topic, "/topic")
    must_know("urgencies", given.urgency, "/urgency")
    values = given.model_dump()
    held = await tx.row(HOLD_CASE, case_id=given.case_id)
    if held is None:
        raise UnknownReference("/case_id")
    asked = {n: values[n] for n in ("case_id", "person_id", "disclosure_id", "replaces_id")}
    facts = await tx.row(FACTS, **asked)
    assert facts is not None
    _judge(facts)
    if held["status"] == CasePhase.CLOSED.value:
        raise GuardNotMet(CASE_OPEN)
    id = uuid7()
    row = await tx.row(CREATE, id=id, recipient_agency_id=facts["recipient"], **values)
    return tx.answer(resource(row, status=201, location=f"/v1/referrals/{id}"))


async def advance(
    tx: WriteTx, id: UUID, arrow: str, version: int, brought: Mapping[str, Any] | None = None
) -> Answer:
    """Move a referral along one arrow; `brought` are the members of the arrow's body.

    Raises:
        NotFound, PreconditionFailed, NotYourMove, TransitionNotAllowed.
        UnknownReference: the coded reason or the suggested recipient is unknown.
        GuardNotMet: what the arrow asks for is not there.
    """
    values = dict(brought or {})
    if code := values.get("outcome") or values.get("reason"):
        pointer = "/outcome" if "outcome" in values else "/reason"
        must_know(str(REFERRAL[arrow].reasons), code, pointer)
    row = await tx.row(LOCK, id=id, today=clock.today())
    if row is None:
        raise NotFound
    concurrency.check(row, version)
    target = REFERRAL.target(arrow, ReferralStatus(row["status"]), parties(tx.caller, row))
    _guard(arrow, tx, row, values)
    if arrow == "send":
        values["due_at"] = _due(row["urgency"])
    try:
        moved = await tx.row(move(arrow), id=id, target=target.value, **values)
    except asyncpg.UniqueViolationError as e:
        raise GuardNotMet(NO_OTHER_OPEN) from e
    if arrow == "accept":
        await take_on(tx, row["claimed_by"] or tx.caller.member_id, row["case_id"])
    return tx.answer(resource(moved))


async def claim(tx: WriteTx, id: UUID, version: int) -> Answer:
    """Take an incoming referral on as a member of the recipient; compare-and-set.

    Raises:
        NotFound, PreconditionFailed, NotYourMoveProblem, GuardNotMet.
    """
    row = await _incoming(tx, id, version)
    if tx.caller.member_id is None:
        raise GuardNotMet(MEMBER_CLAIMS)
    if row["claimed_by"] not in (None, tx.caller.member_id):
        raise GuardNotMet(CLAIM_FREE)
    claimed = await tx.row(CLAIM, id=id)
    await take_on(tx, tx.caller.member_id, row["case_id"])
    return tx.answer(resource(claimed))


async def release(tx: WriteTx, id: UUID, version: int) -> Answer:
    """Give a claimed referral back to the agency's queue.

    Raises:
        NotFound, PreconditionFailed, NotYourMoveProblem, GuardNotMet.
    """
    await _incoming(tx, id, version)
    return tx.answer(resource(await tx.row(RELEASE, id=id)))


async def withdraw_for_disclosure(tx: WriteTx, ended: Mapping[str, Any]) -> None:
    """Reaction: disclosures ended, so the referrals under them end."""
    await tx.rows(REVOKE, disclosure_ids=ended["disclosure_ids"])


async def refuse_if_pending(tx: WriteTx, closing: Mapping[str, Any]) -> None:
    """Reaction: a case with pending referrals does not close.

    Raises:
        GuardNotMet: it has some.
    """
    if await tx.row(STILL_PENDING, case_id=closing["case_id"]):
        raise GuardNotMet(NO_OPEN_REFERRALS)


async def expire_due(tx: WriteTx) -> int:
    """The clock's arrow: unanswered referrals go back to their senders; how many did."""
    return len(await tx.rows(EXPIRE))


async def withdraw_lapsed(tx: WriteTx) -> int:
    """The clock's arrow: referrals whose disclosure ended by time end too; how many did."""
    return len(await tx.rows(LAPSE))


async def _incoming(tx: WriteTx, id: UUID, version: int) -> Record:
    row = await tx.row(LOCK, id=id, today=clock.today())
    if row is None:
        raise NotFound
    concurrency.check(row, version)
    if ReferralParty.RECIPIENT.value not in parties(tx.caller, row):
        raise NotYourMoveProblem
    if ReferralStatus(row["status"]) not in OPEN:
        raise GuardNotMet(STILL_OPEN)
    return row


def _judge(facts: Record) -> None:
    known = {
        "/person_id": facts["participant"],
        "/disclosure_id": facts["recipient"],
        "/replaces_id": facts["replaces"] or None,
    }
    for pointer, found in known.items():
        if found is None:
            raise UnknownReference(pointer)
    if not facts["fits"]:
        raise GuardNotMet(CASE_LED)
    if not facts["holds"]:
        raise GuardNotMet(DISCLOSURE_VALID)


def _guard(arrow: str, tx: WriteTx, row: Record, brought: Mapping[str, Any]) -> None:
    """The guards drawn at the arrow, each asked by its name."""
    reason = brought.get("reason") or ""
    met = {
        DISCLOSURE_VALID: row["disclosure_holds"],
        RECIPIENT_ACTIVE: row["recipient_works"],
        NO_OTHER_OPEN: True,  # the partial unique index answers
        TEXT_FOR_OTHER: reason != OTHER or brought.get("reason_text"),
        NAMES_COMPETENT: not reason.startswith("not_competent")
        or brought["suggested_recipient_id"],
        SECOND_PERSON: tx.caller.member_id and tx.caller.member_id != row["created_by"],
    }
    for guard in REFERRAL[arrow].guards:
        if not met[guard]:
            raise GuardNotMet(guard)


def _due(urgency: str) -> Any:
    """End of the last working day for an answer (Europe/Berlin, NRW)."""
    days = attributes("urgencies", urgency)["decide_working_days"]
    return calendar.end_of_day(calendar.add_working_days(clock.today(), days))
