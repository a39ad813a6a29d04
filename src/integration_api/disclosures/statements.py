"""The compiled statements of disclosures."""

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Date,
    DateTime,
    Integer,
    Text,
    Uuid,
    and_,
    any_,
    bindparam,
    case,
    func,
    insert,
    literal_column,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY, array
from sqlalchemy.sql.selectable import FromClause

from integration_api.agencies.access import visible as visible_agencies
from integration_api.agencies.models import agency
from integration_api.cases.access import visible as visible_cases
from integration_api.cases.models import case as case_table
from integration_api.cases.models import case_participant
from integration_api.kernel import journal
from integration_api.kernel.lists import Direction, envelope, page, variants
from integration_api.kernel.shape import (
    CORE,
    NOBODY,
    allowed_actions,
    instant,
    whole,
)
from integration_api.kernel.statements import ME, Change, Effect, Me, Personal, Query
from integration_api.persons.access import visible as visible_persons
from integration_api.persons.access import visible_consents, visible_disclosures
from integration_api.persons.lifecycle import DISCLOSURE, ConsentStatus, DisclosureStatus
from integration_api.persons.models import consent, disclosure, person, transfer_basis
from integration_api.persons.schemas_consents import DATA_PROCESSING, RELEASE
from integration_api.persons.statements_consents import ended, ids_of, record_ended

ID = bindparam("id", type_=Uuid())
TODAY = bindparam("today", type_=Date())
INSTANT = DateTime(timezone=True)
KINDS: dict[str, Any] = {
    "person_id": Uuid(),
    "case_id": Uuid(),
    "recipient_agency_id": Uuid(),
    "consent_id": Uuid(),
    "release_id": Uuid(),
    "transfer_basis": Text(),
    "request_reference": Text(),
    "purpose": Text(),
    "compartments": ARRAY(Text),
    "opening": Text(),
    "kept_days": Integer(),
}


def live_now(d: FromClause) -> ColumnElement[bool]:
    """Opens data to its recipient now, by the database's clock."""
    return and_(
        d.c.status == DisclosureStatus.ACTIVE.value,
        func.coalesce(d.c.opened_at <= func.now(), False),
        d.c.valid_from <= func.now(),
        d.c.valid_to > func.now(),
        d.c.closes_at > func.now(),
    )


def known_to(me: Me, d: FromClause) -> ColumnElement[bool]:
    """Whether the caller may know whom it is about: the grantor, a recipient while it is live."""
    return or_(d.c.grantor_agency_id == me.agency, live_now(d))


FILTERS: dict[str, ColumnElement[bool]] = {
    "granted": disclosure.c.grantor_agency_id == ME.agency,
    "received": disclosure.c.recipient_agency_id == ME.agency,
    "person_id": and_(
        disclosure.c.person_id == bindparam("person_id", type_=Uuid()), known_to(ME, disclosure)
    ),
    "case_id": and_(
        disclosure.c.case_id == bindparam("case_id", type_=Uuid()), known_to(ME, disclosure)
    ),
    "status": disclosure.c.status == bindparam("status", type_=Text()),
}


def _document(d: FromClause) -> ColumnElement[Any]:
    mine = {"grantor": d.c.grantor_agency_id == ME.agency}
    known = known_to(ME, d)
    grantors = {n: case((mine["grantor"], d.c[n])) for n in ("consent_id", "release_id")}
    told = ("transfer_basis", "request_reference", "emergency_reason", "justification")
    return whole(
        select(
            d.c.id,
            case((known, d.c.person_id)).label("person_id"),
            case((known, d.c.case_id)).label("case_id"),
            d.c.grantor_agency_id,
            d.c.recipient_agency_id,
            *(value.label(n) for n, value in grantors.items()),
            *(d.c[n] for n in told),
            d.c.purpose,
            d.c.compartments,
            d.c.opening,
            *(instant(d.c[n]).label(n) for n in ("valid_from", "valid_to")),
            *(instant(d.c[n]).label(n) for n in ("opened_at", "closes_at")),
            d.c.kept_days,
            d.c.status,
            live_now(d).label("live"),
            instant(d.c.revoked_at).label("revoked_at"),
            allowed_actions(DISCLOSURE, d.c.status, mine).label("allowed_actions"),
            *(instant(d.c[n]).label(n) for n in ("created_at", "updated_at")),
        ).correlate(d)
    )


def answer_of(d: FromClause) -> tuple[ColumnElement[Any], ...]:
    """Columns of a single answer: document, version, whom it is about."""
    return (
        _document(d).label("body"),
        d.c.version,
        array([d.c.person_id]).label("subjects"),
        NOBODY.label("shown"),
        CORE.label("compartments"),
    )


GET = Personal(
    "getDisclosure",
    select(*answer_of(disclosure)).where(disclosure.c.id == ID, visible_disclosures(ME)),
)
SEE = Query(select(disclosure.c.version).where(disclosure.c.id == ID, visible_disclosures(ME)))
LOCK = Change(
    select(disclosure.c.version, disclosure.c.status)
    .where(
        disclosure.c.id == ID, visible_disclosures(ME), disclosure.c.grantor_agency_id == ME.agency
    )
    .with_for_update(key_share=True, of=disclosure)
)


@variants
def list_disclosures(chosen: frozenset[str], direction: Direction) -> Personal:
    """One page of the disclosures granted by or to the caller's agency."""
    d = disclosure
    rows = select(d.c.id, d.c.created_at.label("at")).where(
        visible_disclosures(ME), *(FILTERS[n] for n in sorted(chosen))
    )
    found = page(rows, d.c.created_at, d.c.id, direction)
    persons = func.array_agg(d.c.person_id.distinct(), type_=ARRAY(Uuid))
    extra = (func.coalesce(persons, NOBODY).label("subjects"), CORE.label("compartments"))
    source = found.join(d, d.c.id == found.c.id)
    return Personal("listDisclosures", envelope(found, _document(d), source, *extra))


GIVEN = {n: bindparam(n, type_=k) for n, k in KINDS.items()}
START = func.coalesce(bindparam("valid_from", type_=INSTANT), ME.now)
END = func.coalesce(bindparam("valid_to", type_=INSTANT), START)


def _facts() -> Query:
    """All that granting depends on, in one row: nulls where something is absent or invisible."""
    p, c, g, r, b = person, case_table, consent, agency.alias("recipient"), transfer_basis
    part = case_participant
    joined = (
        select(literal_column("1"))
        .subquery("asked")
        .outerjoin(p, and_(p.c.id == GIVEN["person_id"], visible_persons(ME)))
        .outerjoin(c, and_(c.c.id == GIVEN["case_id"], visible_cases(ME)))
        .outerjoin(part, and_(part.c.case_id == c.c.id, part.c.person_id == p.c.id))
        .outerjoin(r, and_(r.c.id == GIVEN["recipient_agency_id"], _works(r)))
        .outerjoin(g, and_(g.c.id == GIVEN["consent_id"], _of_the_person()))
        .outerjoin(b, b.c.code == GIVEN["transfer_basis"])
    )
    return Query(
        select(
            p.c.controller_agency_id.label("controller"),
            c.c.lead_agency_id.label("lead"),
            part.c.id.label("participant"),
            r.c.id.label("recipient"),
            r.c.type.label("recipient_type"),
            g.c.id.label("consent"),
            _covers(DATA_PROCESSING, GIVEN["compartments"]).label("covered"),
            g.c.valid_to.label("consent_ends"),
            _release().label("release"),
            _release(_covers(RELEASE, NEEDED)).label("released"),
            b.c.code.label("basis"),
            _carried(r).label("carried"),
            b.c.on_request.label("on_request"),
        ).select_from(joined)
    )


def _works(r: FromClause) -> ColumnElement[bool]:
    return and_(
        r.c.municipality_id == ME.municipality_id,
        r.c.active_from <= TODAY,
        or_(r.c.active_to.is_(None), r.c.active_to > TODAY),
    )


def _of_the_person() -> ColumnElement[bool]:
    return and_(visible_consents(ME), consent.c.person_id == GIVEN["person_id"])


NEEDED = bindparam("needed", type_=ARRAY(Text))
"""The compartments for which a release must stand beside the consent."""


def _release(*conditions: ColumnElement[bool]) -> ColumnElement[Any]:
    """The release that is named, where these conditions hold of it."""
    named = and_(consent.c.id == GIVEN["release_id"], _of_the_person(), *conditions)
    return select(consent.c.id).where(named).scalar_subquery()


def _covers(instrument: str, compartments: ColumnElement[Any]) -> ColumnElement[bool]:
    """The consent is effective now and says all that is asked for, for the whole term."""
    g = consent
    return and_(
        g.c.instrument == instrument,
        g.c.status == ConsentStatus.GRANTED.value,
        g.c.valid_from <= ME.now,
        g.c.valid_to > ME.now,
        g.c.valid_from <= START,
        g.c.valid_to >= END,
        GIVEN["recipient_agency_id"] == any_(g.c.recipient_agency_ids),
        GIVEN["purpose"] == any_(g.c.purposes),
        g.c.compartments.contains(compartments),
    )


def _carried(r: FromClause) -> ColumnElement[bool]:
    """The legal basis holds today, from one of its sides to the other, for these compartments."""
    b = transfer_basis
    mine = select(agency.c.type).where(agency.c.id == ME.agency, visible_agencies(ME))
    me, them = mine.scalar_subquery(), r.c.type
    onward = and_(me == any_(b.c.from_types), them == any_(b.c.to_types))
    back = and_(b.c.mutual, me == any_(b.c.to_types), them == any_(b.c.from_types))
    return and_(
        or_(onward, back),
        b.c.compartments.contains(GIVEN["compartments"]),
        b.c.valid_from <= TODAY,
        or_(b.c.valid_to.is_(None), b.c.valid_to > TODAY),
    )


FACTS = _facts()
HOLD_CONSENTS = Change(
    select(consent.c.id)
    .where(consent.c.id == any_(bindparam("ids", type_=ARRAY(Uuid))), visible_consents(ME))
    .order_by(consent.c.id)
    .with_for_update(read=True, of=consent)
)
HOLD_CASE = Change(
    select(case_table.c.status)
    .where(case_table.c.id == bindparam("case_id", type_=Uuid()), visible_cases(ME))
    .with_for_update(read=True, of=case_table)
)


def _create() -> Effect:
    values: dict[str, Any] = {n: bindparam(n, type_=k) for n, k in KINDS.items()}
    start = func.coalesce(bindparam("valid_from", type_=INSTANT), func.now())
    values |= {
        "id": ID,
        "municipality_id": ME.municipality_id,
        "grantor_agency_id": ME.agency,
        "valid_from": start,
        "valid_to": func.coalesce(
            bindparam("valid_to", type_=INSTANT), literal_column("'infinity'::timestamptz")
        ),
        "opened_at": case((values["opening"] == "immediately", start)),
        "status": DisclosureStatus.ACTIVE.value,
        "created_at": ME.now,
        "updated_at": ME.now,
    }
    new = insert(disclosure).values(values).returning(*disclosure.c).cte("new")
    parts = journal.record(
        "disclosure",
        new,
        "disclosure.granted",
        changed=sorted(KINDS),
        to=journal.agencies("grantor_agency_id", "recipient_agency_id"),
    )
    return Effect("grantDisclosure", select(*answer_of(new)), *parts)


CREATE = _create()


def _revoke() -> Effect:
    over = ended(and_(disclosure.c.id == ID, disclosure.c.grantor_agency_id == ME.agency))
    answer = select(*answer_of(over), ids_of(over).label("ended"))
    return Effect("revokeDisclosure", answer, *record_ended(over))


REVOKE = _revoke()
