"""The compiled statements of the arrows, of claiming, and of what the clock and reactions do."""

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Date,
    DateTime,
    Text,
    Uuid,
    and_,
    any_,
    bindparam,
    case,
    func,
    literal_column,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, array

from integration_api.agencies.models import agency
from integration_api.cases.models import case as case_table
from integration_api.kernel import journal
from integration_api.kernel.lists import variants
from integration_api.kernel.operations import camel
from integration_api.kernel.shape import fields, one_of
from integration_api.kernel.statements import ME, Change, Effect, Query
from integration_api.persons.models import disclosure, person
from integration_api.persons.statements import name_of

from .access import visible
from .lifecycle import PENDING, REFERRAL
from .models import referral
from .statements import ID, answer, holds

BATCH = 100
BOTH = journal.agencies("sender_agency_id", "recipient_agency_id")
TODAY = bindparam("today", type_=Date())
INSTANT = DateTime(timezone=True)


def _lock() -> Change:
    """Everything a move is judged by, under the locks of disclosure and referral, in this order.

    Whoever ends a disclosure takes its lock first and then those of its referrals; a move of a
    referral, which may open or close the disclosure, must not take them the other way round.
    """
    r, d, a = referral, disclosure, agency
    works = (
        select(and_(a.c.active_from <= TODAY, or_(a.c.active_to.is_(None), a.c.active_to > TODAY)))
        .where(a.c.id == r.c.recipient_agency_id)
        .correlate(r)
    )
    columns = ("version", "status", "case_id", "urgency", "created_by", "claimed_by", "due_at")
    sides = ("sender_agency_id", "recipient_agency_id")
    return Change(
        select(
            *(r.c[n] for n in (*columns, *sides)),
            holds(d).label("disclosure_holds"),
            works.scalar_subquery().label("recipient_works"),
        )
        .select_from(r.join(d, d.c.id == r.c.disclosure_id))
        .where(r.c.id == ID, visible(ME))
        .with_for_update(key_share=True, of=[d, r])
    )


LOCK = _lock()


def _frozen() -> dict[str, ColumnElement[Any]]:
    """What is disclosed, as it is now: the preview, and the person for after acceptance."""
    p = person
    about = select(fields(languages=p.c.languages)).where(p.c.id == referral.c.person_id)
    whole = select(
        fields(
            name=name_of(p),
            birth_date=p.c.birth_date,
            birth_date_estimated=p.c.birth_date_estimated,
            languages=p.c.languages,
            case_reference=select(case_table.c.reference)
            .where(case_table.c.id == referral.c.case_id)
            .correlate(referral)
            .scalar_subquery(),
        )
    ).where(p.c.id == referral.c.person_id)
    return {
        "preview": about.correlate(referral).scalar_subquery(),
        "disclosed": whole.correlate(referral).scalar_subquery(),
    }


def _given(name: str, kind: Any) -> ColumnElement[Any]:
    return bindparam(name, type_=kind)


REASON = {"reason": _given("reason", Text()), "reason_text": _given("reason_text", Text())}
NO_REASON = {"reason": null(), "reason_text": null(), "resume_on": null()}
BRINGS: dict[str, dict[str, Any]] = {
    "send": {"sent_at": ME.now, "due_at": _given("due_at", INSTANT), **_frozen()},
    "receive": {"received_at": ME.now},
    "accept": {"decided_at": ME.now},
    "decline": {
        **REASON,
        "suggested_recipient_id": _given("suggested_recipient_id", Uuid()),
        "decided_at": ME.now,
        "ended_at": ME.now,
    },
    "start": {"started_at": ME.now},
    "hold": {**REASON, "resume_on": _given("resume_on", Date())},
    "resume": NO_REASON,
    "complete": {
        **NO_REASON,
        "outcome": _given("outcome", Text()),
        "outcome_text": _given("outcome_text", Text()),
        "ended_at": ME.now,
    },
    "fail": {**REASON, "resume_on": null(), "ended_at": ME.now},
    "withdraw": {**REASON, "ended_at": ME.now},
    "void": {**REASON, "ended_at": func.coalesce(referral.c.ended_at, ME.now)},
}
"""What each arrow of a party brings beside the new status."""


@variants
def move(arrow: str) -> Effect:
    """One arrow: the new state, what it brings, audit entry, event, answer."""
    brings = BRINGS[arrow]
    moved = _moved(and_(referral.c.id == ID, visible(ME)), brings, _given("target", Text()))
    told = BOTH if arrow not in ("withdraw", "void") else _sent_parties
    parts = journal.record(
        "referral",
        moved,
        REFERRAL[arrow].event,
        changed=["status", *sorted(brings)],
        to=told,
        reason=func.coalesce(moved.c.reason, moved.c.outcome),
    )
    return Effect(camel(arrow, "referral"), answer(moved), *parts)


def _moved(where: ColumnElement[bool], brings: dict[str, Any], status: Any) -> Any:
    values = brings | {"status": status, "version": referral.c.version + 1, "updated_at": ME.now}
    return update(referral).where(where).values(values).returning(*referral.c).cte("moved")


def _sent_parties(row: Any) -> ColumnElement[Any]:
    """Who may know of the end of a referral: the recipient only of one that was sent."""
    known = case((row.c.sent_at.is_not(None), row.c.recipient_agency_id))
    return func.array_remove(array([row.c.sender_agency_id, known]), null(), type_=ARRAY(Uuid))


def _action(name: str, event: str, brings: dict[str, Any]) -> Effect:
    """An operation that moves no state."""
    moved = _moved(and_(referral.c.id == ID, visible(ME)), brings, referral.c.status)
    parts = journal.record("referral", moved, event, changed=sorted(brings), to=BOTH)
    return Effect(name, answer(moved), *parts)


CLAIM = _action(
    "claimReferral", "referral.claimed", {"claimed_by": ME.member, "claimed_at": ME.now}
)
RELEASE = _action(
    "releaseReferral", "referral.released", {"claimed_by": null(), "claimed_at": null()}
)

STILL_PENDING = Query(
    select(referral.c.id)
    .where(
        referral.c.case_id == _given("case_id", Uuid()),
        visible(ME),
        one_of(referral.c.status, sorted(s.value for s in PENDING)),
    )
    .limit(1)
)


def _revoke() -> Change:
    """The system's arrow when disclosures end: everything pending under them is withdrawn."""
    arrow = REFERRAL["revoke"]
    moved = _moved(
        and_(
            referral.c.disclosure_id == any_(_given("disclosure_ids", ARRAY(Uuid))),
            visible(ME),
            one_of(referral.c.status, sorted(s.value for s in arrow.sources)),
        ),
        {"reason": literal_column("'disclosure_ended'"), "ended_at": ME.now},
        arrow.target.value,
    )
    parts = journal.record(
        "referral",
        moved,
        arrow.event,
        changed=["status", "ended_at"],
        to=_sent_parties,
        reason=moved.c.reason,
        many=True,
    )
    return Change(select(moved.c.id).add_cte(*parts))


REVOKE = _revoke()


def _by_the_clock(name: str, due: ColumnElement[bool], **brings: Any) -> Change:
    """A system's arrow for a batch of one municipality's referrals; several workers may run it."""
    arrow, r, d = REFERRAL[name], referral, disclosure
    batch = (
        select(r.c.id)
        .select_from(r.join(d, d.c.id == r.c.disclosure_id))
        .where(
            r.c.municipality_id == ME.municipality_id,
            one_of(r.c.status, sorted(s.value for s in arrow.sources)),
            due,
        )
        .limit(literal_column(str(BATCH)))
        .with_for_update(skip_locked=True, key_share=True, of=[d, r])
        .cte("due")
    )
    needed = ("id", "municipality_id", "sender_agency_id", "recipient_agency_id", "version")
    moved = (
        update(r)
        .where(r.c.id == batch.c.id)
        .values(
            status=arrow.target.value,
            version=r.c.version + 1,
            updated_at=ME.now,
            ended_at=ME.now,
            **brings,
        )
        .returning(*(r.c[n] for n in (*needed, "sent_at", "reason")))
        .cte("moved")
    )
    parts = journal.record(
        "referral",
        moved,
        arrow.event,
        changed=["status", "ended_at", *brings],
        to=_sent_parties,
        reason=moved.c.reason,
        many=True,
    )
    return Change(select(moved.c.id).add_cte(*parts))


EXPIRE = _by_the_clock("expire", referral.c.due_at <= ME.now)
LAPSE = _by_the_clock(
    "revoke", disclosure.c.valid_to <= ME.now, reason=literal_column("'disclosure_ended'")
)
