"""The compiled statements of residence periods."""

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Date,
    Text,
    Uuid,
    bindparam,
    func,
    insert,
    literal_column,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY, array
from sqlalchemy.sql.selectable import FromClause

from integration_api.agencies.models import agency
from integration_api.kernel import journal
from integration_api.kernel.lists import Direction, envelope, page, variants
from integration_api.kernel.shape import (
    NOBODY,
    instant,
    whole,
)
from integration_api.kernel.statements import ME, Effect, Personal, Query

from .access import audience, lasting, sees, visible, visible_periods
from .models import person, residence_period

PERSON_ID = bindparam("person_id", type_=Uuid())
KINDS: dict[str, Any] = {
    "status_code": Text(),
    "code_list_version": Text(),
    "legal_norm": Text(),
    "valid_from": Date(),
    "valid_to": Date(),
    "document_valid_to": Date(),
    "issuing_agency_id": Uuid(),
    "work_annotation": Text(),
    "work_annotation_text": Text(),
    "source": Text(),
    "corrects_id": Uuid(),
}
RESIDENCE: ColumnElement[Any] = literal_column("'{residence}'::text[]")


def _document(r: FromClause) -> ColumnElement[Any]:
    later = residence_period.alias("later")
    corrected = (
        select(later.c.id)
        .where(
            later.c.municipality_id == r.c.municipality_id,
            later.c.person_id == r.c.person_id,  # what corrects it is the same person's
            later.c.corrects_id == r.c.id,
        )
        .limit(1)
        .correlate(r)
    )
    return whole(
        select(
            r.c.id,
            r.c.person_id,
            *(r.c[n] for n in KINDS),
            corrected.scalar_subquery().label("corrected_by_id"),
            r.c.recorded_by_agency_id,
            instant(r.c.recorded_at).label("recorded_at"),
        ).correlate(r)
    )


# what an arrival at a person's periods needs to know: is it visible, is `residence`, may I add
SEE = Query(
    select(
        person.c.controller_agency_id,
        sees(ME, person, "residence").label("residence"),
        lasting(ME, "residence").label("lasting"),
        select(agency.c.type).where(agency.c.id == ME.agency).scalar_subquery().label("mine"),
    ).where(person.c.id == PERSON_ID, visible(ME))
)


@variants
def list_periods(direction: Direction) -> Personal:
    """One page of a person's periods; null where the person is not visible."""
    r = residence_period
    rows = select(r.c.id, r.c.recorded_at.label("at")).where(
        r.c.person_id == PERSON_ID, r.c.municipality_id == ME.municipality_id, visible_periods(ME)
    )
    found = page(rows, r.c.recorded_at, r.c.id, direction)
    there = select(person.c.id).where(person.c.id == PERSON_ID, visible(ME)).exists()
    extra = (
        there.label("there"),
        func.coalesce(func.array_agg(r.c.person_id.distinct(), type_=ARRAY(Uuid)), NOBODY).label(
            "subjects"
        ),
        RESIDENCE.label("compartments"),
    )
    source = found.join(r, r.c.id == found.c.id)
    return Personal("listResidencePeriods", envelope(found, _document(r), source, *extra))


def _create() -> Effect:
    values: dict[str, Any] = {n: bindparam(n, type_=k) for n, k in KINDS.items()}
    values |= {
        "id": bindparam("id", type_=Uuid()),
        "municipality_id": ME.municipality_id,
        "person_id": PERSON_ID,
        "controller_agency_id": bindparam("controller_agency_id", type_=Uuid()),
        "recorded_by_agency_id": ME.agency,
        "recorded_at": ME.now,
    }
    new = insert(residence_period).values(values).returning(*residence_period.c).cte("new")
    parts = journal.record(
        "residence_period",
        new,
        "residence_period.recorded",
        changed=sorted(KINDS),
        to=lambda row: audience(row.c.person_id),
        under="person_id",
    )
    answer = select(
        _document(new).label("body"),
        new.c.version,
        array([new.c.person_id]).label("subjects"),
        array([new.c.person_id]).label("shown"),
        RESIDENCE.label("compartments"),
    )
    return Effect("addResidencePeriod", answer, *parts)


CREATE = _create()
