"""The compiled statements of consents."""

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
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, array
from sqlalchemy.sql.selectable import FromClause

from integration_api.agencies.models import agency
from integration_api.kernel import journal
from integration_api.kernel.lists import Direction, envelope, page, variants
from integration_api.kernel.shape import (
    CORE,
    NOBODY,
    allowed_actions,
    fields,
    instant,
    whole,
)
from integration_api.kernel.statements import ME, Change, Effect, Personal, Query

from .access import own as own_persons
from .access import visible_consents
from .lifecycle import CONSENT, ConsentStatus, DisclosureStatus
from .models import consent, disclosure, person

ID = bindparam("id", type_=Uuid())
INSTANT = DateTime(timezone=True)
# in the text: no partial index serves a condition that comes in as a parameter
ACTIVE: ColumnElement[str] = literal_column(f"'{DisclosureStatus.ACTIVE.value}'")
KINDS: dict[str, Any] = {
    "person_id": Uuid(),
    "recipient_agency_ids": ARRAY(Uuid),
    "compartments": ARRAY(Text),
    "purposes": ARRAY(Text),
    "instrument": Text(),
    "form": Text(),
    "language_version": Text(),
    "informed_at": INSTANT,
    "granted_at": INSTANT,
    "valid_from": INSTANT,
    "valid_to": INSTANT,
    "released_functions": ARRAY(Text),
    "guardian_relation": Text(),
    "guardian_person_id": Uuid(),
    "evidence_kind": Text(),
    "evidence_reference": Text(),
}
FILTERS: dict[str, ColumnElement[bool]] = {
    "person_id": consent.c.person_id == bindparam("person_id", type_=Uuid()),
    "status": consent.c.status == bindparam("status", type_=Text()),
}


def effective(c: FromClause) -> ColumnElement[bool]:
    """Granted and within its term."""
    return and_(
        c.c.status == ConsentStatus.GRANTED.value,
        c.c.valid_from <= ME.now,
        c.c.valid_to > ME.now,
    )


def _document(c: FromClause) -> ColumnElement[Any]:
    controller = {"controller": c.c.controller_agency_id == ME.agency}
    guardian = fields(relation=c.c.guardian_relation, person_id=c.c.guardian_person_id)
    evidence = fields(kind=c.c.evidence_kind, reference=c.c.evidence_reference)
    return whole(
        select(
            c.c.id,
            c.c.person_id,
            c.c.controller_agency_id,
            c.c.recipient_agency_ids,
            c.c.compartments,
            c.c.purposes,
            c.c.instrument,
            c.c.released_functions,
            case((c.c.guardian_relation.is_not(None), guardian)).label("guardian"),
            case((c.c.evidence_kind.is_not(None), evidence)).label("evidence"),
            c.c.form,
            c.c.language_version,
            *(instant(c.c[n]).label(n) for n in ("informed_at", "granted_at")),
            *(instant(c.c[n]).label(n) for n in ("valid_from", "valid_to")),
            c.c.status,
            effective(c).label("effective"),
            instant(c.c.revoked_at).label("revoked_at"),
            allowed_actions(CONSENT, c.c.status, controller).label("allowed_actions"),
            *(instant(c.c[n]).label(n) for n in ("created_at", "updated_at")),
        ).correlate(c)
    )


def _answer(c: FromClause) -> tuple[ColumnElement[Any], ...]:
    return (
        _document(c).label("body"),
        c.c.version,
        array([c.c.person_id]).label("subjects"),
        array([c.c.person_id]).label("shown"),
        CORE.label("compartments"),
    )


GET = Personal(
    "getConsent", select(*_answer(consent)).where(consent.c.id == ID, visible_consents(ME))
)
RECIPIENTS = Query(
    select(func.count().label("known")).where(
        agency.c.municipality_id == ME.municipality_id,
        agency.c.id == any_(bindparam("ids", type_=ARRAY(Uuid))),
    )
)
LOCK = Change(
    select(consent.c.version, consent.c.status)
    .where(consent.c.id == ID, visible_consents(ME))
    .with_for_update(key_share=True, of=consent)
)


BORN = Change(
    select(person.c.birth_date)
    .where(person.c.id == bindparam("person_id", type_=Uuid()), own_persons(ME))
    .with_for_update(key_share=True, of=person)
)
"""The person, held while its consent is recorded; none where another agency controls it."""


@variants
def list_consents(chosen: frozenset[str], direction: Direction) -> Personal:
    """One page of the consents given to the caller's agency."""
    c = consent
    rows = select(c.c.id, c.c.created_at.label("at")).where(
        visible_consents(ME), *(FILTERS[n] for n in sorted(chosen))
    )
    found = page(rows, c.c.created_at, c.c.id, direction)
    persons = func.array_agg(c.c.person_id.distinct(), type_=ARRAY(Uuid))
    extra = (func.coalesce(persons, NOBODY).label("subjects"), CORE.label("compartments"))
    source = found.join(c, c.c.id == found.c.id)
    return Personal("listConsents", envelope(found, _document(c), source, *extra))


def _create() -> Effect:
    values: dict[str, Any] = {n: bindparam(n, type_=k) for n, k in KINDS.items()}
    values |= {
        "id": ID,
        "municipality_id": ME.municipality_id,
        "controller_agency_id": ME.agency,
        "status": ConsentStatus.GRANTED.value,
        "created_at": ME.now,
        "updated_at": ME.now,
    }
    new = insert(consent).values(values).returning(*consent.c).cte("new")
    parts = journal.record(
        "consent", new, "consent.granted", changed=sorted(KINDS), to=journal.mine
    )
    return Effect("createConsent", select(*_answer(new)), *parts)


CREATE = _create()


def ended(condition: ColumnElement[bool]) -> Any:
    """Revoke the active disclosures of which `condition` holds; a CTE with the rows."""
    d = disclosure
    return (
        update(d)
        .where(d.c.status == ACTIVE, condition)
        .values(
            status=DisclosureStatus.REVOKED.value,
            revoked_at=ME.now,
            version=d.c.version + 1,
            updated_at=ME.now,
        )
        .returning(*d.c)
        .cte("ended")
    )


def record_ended(rows: Any) -> Any:
    """Audit entries and events of ended disclosures."""
    return journal.record(
        "disclosure",
        rows,
        "disclosure.revoked",
        changed=["status", "revoked_at"],
        to=journal.agencies("grantor_agency_id", "recipient_agency_id"),
        many=True,
    )


def ids_of(rows: Any) -> ColumnElement[Any]:
    """The ids of the rows of a CTE, an empty array for none."""
    return select(
        func.coalesce(func.array_agg(rows.c.id, type_=ARRAY(Uuid)), NOBODY)
    ).scalar_subquery()


def _revoke() -> Effect:
    moved = (
        update(consent)
        .where(consent.c.id == ID, visible_consents(ME))
        .values(
            status=bindparam("target", type_=Text()),
            revoked_at=ME.now,
            version=consent.c.version + 1,
            updated_at=ME.now,
        )
        .returning(*consent.c)
        .cte("moved")
    )
    over = ended(or_(disclosure.c.consent_id == ID, disclosure.c.release_id == ID))
    parts = journal.record(
        "consent", moved, "consent.revoked", changed=["status", "revoked_at"], to=journal.mine
    )
    answer = select(*_answer(moved), ids_of(over).label("ended"))
    return Effect("revokeConsent", answer, *parts, *record_ended(over))


REVOKE = _revoke()
