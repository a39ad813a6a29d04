"""The compiled statements of referrals: documents, lists, creation."""

from typing import Any

from sqlalchemy import (
    ColumnElement,
    DateTime,
    Text,
    Uuid,
    and_,
    any_,
    bindparam,
    case,
    func,
    insert,
    literal_column,
    not_,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, array
from sqlalchemy.sql.selectable import FromClause

from integration_api.cases.models import case as case_table
from integration_api.cases.models import case_participant
from integration_api.kernel import journal
from integration_api.kernel.lists import Direction, envelope, page, variants
from integration_api.kernel.shape import (
    CORE,
    NOBODY,
    allowed_actions,
    instant,
    names,
    one_of,
    whole,
)
from integration_api.kernel.statements import ME, Effect, Personal, Query
from integration_api.persons.access import may, visible_disclosures
from integration_api.persons.lifecycle import DisclosureStatus
from integration_api.persons.models import disclosure

from .access import sent_by, sent_to, visible
from .lifecycle import REFERRAL, SHOWN, WORKED, ReferralStatus
from .models import referral

ID = bindparam("id", type_=Uuid())
TIMES = (
    "created_at",
    "updated_at",
    "sent_at",
    "received_at",
    "decided_at",
    "started_at",
    "ended_at",
)
TAKEN_BACK = (ReferralStatus.WITHDRAWN.value, ReferralStatus.ENTERED_IN_ERROR.value)
FROZEN_NUMBER: ColumnElement[str] = literal_column("'case_reference'")
AWAITING = (ReferralStatus.SENT.value, ReferralStatus.RECEIVED.value)


def holds(d: FromClause) -> ColumnElement[bool]:
    """The disclosure stands, opened or not, by the database's clock."""
    return and_(
        d.c.status == DisclosureStatus.ACTIVE.value,
        d.c.valid_from <= func.now(),
        d.c.valid_to > func.now(),
        d.c.closes_at > func.now(),
    )


def _ground(r: FromClause) -> FromClause:
    """What the disclosure under a referral opens to the caller, one row."""
    d = disclosure
    mine = r.c.sender_agency_id == ME.agency
    masked = r.c.status == ReferralStatus.ENTERED_IN_ERROR.value
    opened = and_(
        not_(masked), or_(mine, and_(one_of(r.c.status, sorted(s.value for s in SHOWN)), holds(d)))
    )
    told = and_(may(ME, "case_notes"), literal_column("'case_notes'") == any_(d.c.compartments))
    notes = and_(opened, or_(mine, told))
    return (
        select(
            func.coalesce(opened, False).label("core"), func.coalesce(notes, False).label("notes")
        )
        .select_from(d)
        .where(d.c.id == r.c.disclosure_id)
        .correlate(r)
        .lateral("ground")
    )


def _document(r: FromClause, g: FromClause) -> ColumnElement[Any]:
    mine = r.c.sender_agency_id == ME.agency
    told = or_(mine, not_(one_of(r.c.status, TAKEN_BACK)))
    parties = {"sender": mine, "recipient": r.c.recipient_agency_id == ME.agency}
    number = select(case_table.c.reference).where(case_table.c.id == r.c.case_id).correlate(r)
    # frozen with the rest: the statement that accepts does not see the case yet
    frozen = r.c.disclosed.op("->>", return_type=Text())(FROZEN_NUMBER)
    reference = func.coalesce(frozen, number.scalar_subquery())
    person = r.c.disclosed.op("-", return_type=JSONB())(FROZEN_NUMBER)
    worked = one_of(r.c.status, sorted(s.value for s in WORKED))
    return whole(
        select(
            r.c.id,
            r.c.sender_agency_id,
            r.c.recipient_agency_id,
            case((worked, r.c.recipient_agency_id), else_=r.c.sender_agency_id).label(
                "responsible_agency_id"
            ),
            *(r.c[n] for n in ("topic", "urgency", "handover_mode", "status")),
            instant(r.c.due_at).label("due_at"),
            and_(one_of(r.c.status, AWAITING), r.c.due_at < ME.now).label("overdue"),
            case((told, func.nullif(r.c.preview, literal_column("'{}'::jsonb")))).label("preview"),
            _if(g.c.core, r.c.case_id).label("case_id"),
            _if(g.c.core, reference).label("case_reference"),
            _if(g.c.core, r.c.person_id).label("person_id"),
            _if(g.c.core, func.nullif(person, literal_column("'{}'::jsonb"))).label("person"),
            case((g.c.notes, r.c.message)).label("message"),
            r.c.disclosure_id,
            r.c.claimed_by,
            instant(r.c.claimed_at).label("claimed_at"),
            case((told, r.c.reason)).label("reason"),
            case((and_(told, g.c.core), r.c.reason_text)).label("reason_text"),
            r.c.resume_on,
            r.c.suggested_recipient_id,
            r.c.outcome,
            _if(g.c.core, r.c.outcome_text).label("outcome_text"),
            case((mine, r.c.replaces_id)).label("replaces_id"),
            names(("core", not_(g.c.core)), ("case_notes", not_(g.c.notes))).label("redactions"),
            allowed_actions(REFERRAL, r.c.status, parties).label("allowed_actions"),
            *(instant(r.c[n]).label(n) for n in TIMES),
        ).correlate(r, g)
    )


def _if(condition: ColumnElement[bool], value: Any) -> ColumnElement[Any]:
    return case((condition, value))


def answer(r: FromClause) -> Any:
    """A select of one answer from `r`: document, version, whom it is about, whom it shows."""
    g = _ground(r)
    return select(
        _document(r, g).label("body"),
        r.c.version,
        array([r.c.person_id]).label("subjects"),
        case((g.c.core, array([r.c.person_id])), else_=NOBODY).label("shown"),
        CORE.label("compartments"),
    ).select_from(r.join(g, literal_column("true")))


GET = Personal("getReferral", answer(referral).where(referral.c.id == ID, visible(ME)))

FILTERS: dict[str, ColumnElement[bool]] = {
    "incoming": sent_to(ME),
    "outgoing": sent_by(ME),
    "status": referral.c.status == any_(bindparam("status", type_=ARRAY(Text))),
    "due_at_from": referral.c.due_at >= bindparam("due_at_from", type_=DateTime(timezone=True)),
    "due_at_to": referral.c.due_at < bindparam("due_at_to", type_=DateTime(timezone=True)),
    "case_id": and_(  # who sees a preview may not ask whose it is
        referral.c.case_id == bindparam("case_id", type_=Uuid()),
        or_(sent_by(ME), one_of(referral.c.status, sorted(s.value for s in SHOWN))),
    ),
}


@variants
def list_referrals(chosen: frozenset[str], direction: Direction) -> Personal:
    """One page of the referrals in one direction."""
    r = referral
    rows = select(r.c.id, r.c.created_at.label("at")).where(*(FILTERS[n] for n in sorted(chosen)))
    found = page(rows, r.c.created_at, r.c.id, direction)
    g = _ground(r)
    source = found.join(r, r.c.id == found.c.id).join(g, literal_column("true"))
    persons = func.array_agg(r.c.person_id.distinct(), type_=ARRAY(Uuid))
    extra = (func.coalesce(persons, NOBODY).label("subjects"), CORE.label("compartments"))
    return Personal("listReferrals", envelope(found, _document(r, g), source, *extra))


DISCLOSURE_ID = bindparam("disclosure_id", type_=Uuid())
CASE_ID = bindparam("case_id", type_=Uuid())


def _facts() -> Query:
    """All that a draft depends on, in one row: nulls where something is absent or invisible."""
    d, p, old = disclosure, case_participant, referral.alias("old")
    person_id = bindparam("person_id", type_=Uuid())
    replaces_id = bindparam("replaces_id", type_=Uuid())
    takes_part = and_(p.c.case_id == CASE_ID, p.c.person_id == person_id)
    granted = and_(
        d.c.id == DISCLOSURE_ID, visible_disclosures(ME), d.c.grantor_agency_id == ME.agency
    )
    fits = and_(d.c.case_id == CASE_ID, d.c.person_id == person_id)
    replaced = and_(old.c.id == replaces_id, old.c.sender_agency_id == ME.agency)
    return Query(
        select(
            p.c.id.label("participant"),
            d.c.recipient_agency_id.label("recipient"),
            fits.label("fits"),
            holds(d).label("holds"),
            or_(replaces_id.is_(None), old.c.id.is_not(None)).label("replaces"),
        ).select_from(
            select(literal_column("1"))
            .subquery("asked")
            .outerjoin(p, takes_part)
            .outerjoin(d, granted)
            .outerjoin(old, replaced)
        )
    )


FACTS = _facts()


def _create() -> Effect:
    kinds: dict[str, Any] = {
        "id": Uuid(),
        "case_id": Uuid(),
        "person_id": Uuid(),
        "disclosure_id": Uuid(),
        "recipient_agency_id": Uuid(),
        "topic": Text(),
        "urgency": Text(),
        "handover_mode": Text(),
        "message": Text(),
        "replaces_id": Uuid(),
    }
    values: dict[str, Any] = {n: bindparam(n, type_=k) for n, k in kinds.items()}
    values |= {
        "municipality_id": ME.municipality_id,
        "sender_agency_id": ME.agency,
        "preview": literal_column("'{}'::jsonb"),
        "disclosed": literal_column("'{}'::jsonb"),
        "status": REFERRAL.initial[0].value,
        "created_by": func.coalesce(ME.member, ME.client),
        "created_at": ME.now,
        "updated_at": ME.now,
    }
    new = insert(referral).values(values).returning(*referral.c).cte("new")
    parts = journal.record(
        "referral", new, "referral.created", changed=sorted(kinds), to=journal.mine
    )
    return Effect("createReferral", answer(new), *parts)


CREATE = _create()
