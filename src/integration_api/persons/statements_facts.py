"""The compiled statements of the facts that are recorded of a person."""

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Date,
    Select,
    Text,
    Uuid,
    and_,
    bindparam,
    column,
    func,
    insert,
    literal_column,
    not_,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, array, distinct_on
from sqlalchemy.sql.selectable import FromClause

from integration_api.kernel import journal
from integration_api.kernel.lists import Direction, envelope, page, variants
from integration_api.kernel.shape import CORE, NOBODY, collected, fields, instant, names, whole
from integration_api.kernel.statements import ME, Effect, Personal

from .access import audience, sees, visible, visible_facts, visible_periods
from .models import person, residence_fact, residence_period
from .statements import ends
from .statements_periods import PERSON_ID, RESIDENCE

AS_OF = bindparam("as_of", type_=Date())
OPERATION = "createEligibilityCheck"
"""The operation of the access record unless the caller names another."""


def _uncorrected(r: FromClause) -> ColumnElement[bool]:
    later = residence_period.alias("later")
    return not_(
        select(later.c.id)
        .where(
            later.c.municipality_id == r.c.municipality_id,
            later.c.person_id == r.c.person_id,  # what corrects it is the same person's
            later.c.corrects_id == r.c.id,
        )
        .correlate(r)
        .exists()
    )


def _periods() -> Select[Any]:
    r = residence_period
    return select(r).where(
        r.c.municipality_id == ME.municipality_id,
        r.c.person_id == PERSON_ID,
        visible_periods(ME),
        _uncorrected(r),
    )


def _newest() -> Select[Any]:
    """The newest record of each fact of the person."""
    f = residence_fact.c
    return (
        select(residence_fact)
        .ext(distinct_on(f.fact))
        .where(f.municipality_id == ME.municipality_id, f.person_id == PERSON_ID, visible_facts(ME))
        .order_by(f.fact, f.recorded_at.desc(), f.id.desc())
    )


def _present() -> ColumnElement[Any]:
    """What counts of the facts, by name."""
    new = _newest().subquery("newest")
    return select(func.jsonb_object_agg(new.c.fact, new.c.value)).scalar_subquery()


def _read() -> Select[Any]:
    p = person
    seen = _periods().cte("periods")
    now = (
        select(seen)
        .where(seen.c.valid_from <= AS_OF, or_(seen.c.valid_to.is_(None), ends(seen) > AS_OF))
        .order_by(seen.c.valid_from.desc(), seen.c.recorded_at.desc())
        .limit(1)
        .cte("now")
    )
    before = (
        select(seen.c.status_code)
        .where(seen.c.valid_from < select(now.c.valid_from).scalar_subquery())
        .order_by(seen.c.valid_from.desc(), seen.c.recorded_at.desc())
        .limit(1)
        .cte("before")
    )
    body = fields(
        birth_date=p.c.birth_date,
        status_code=now.c.status_code,
        work_annotation=now.c.work_annotation,
        document_valid_to=now.c.document_valid_to,
        prior_status_code=before.c.status_code,
        facts=_present(),
    )
    compartments = names(("residence", sees(ME, p, "residence")))
    return (
        select(
            body.label("body"),
            array([p.c.id]).label("subjects"),
            func.array_cat(CORE, compartments, type_=ARRAY(Text)).label("compartments"),
        )
        .select_from(p.outerjoin(now, true()).outerjoin(before, true()))
        .where(and_(p.c.id == PERSON_ID, visible(ME)))
    )


READ = Personal(OPERATION, _read())
READ_WRITING = Effect(OPERATION, _read())
"""The same in a transaction that may write."""


def _document(f: FromClause) -> ColumnElement[Any]:
    return whole(
        select(
            f.c.id,
            f.c.person_id,
            f.c.fact,
            f.c.value,
            f.c.source,
            f.c.recorded_by_agency_id,
            instant(f.c.recorded_at).label("recorded_at"),
        ).correlate(f)
    )


@variants
def list_facts(direction: Direction) -> Personal:
    """One page of the facts that count; null where the person is not visible."""
    f = residence_fact
    new = _newest().subquery("newest")
    rows = select(new.c.id, new.c.recorded_at.label("at"))
    found = page(rows, new.c.recorded_at, new.c.id, direction)
    there = select(person.c.id).where(person.c.id == PERSON_ID, visible(ME)).exists()
    subjects = func.array_agg(f.c.person_id.distinct(), type_=ARRAY(Uuid))
    extra = (
        there.label("there"),
        func.coalesce(subjects, NOBODY).label("subjects"),
        RESIDENCE.label("compartments"),
    )
    source = found.join(f, f.c.id == found.c.id)
    return Personal("listResidenceFacts", envelope(found, _document(f), source, *extra))


GIVEN: dict[str, Any] = {"id": Uuid(), "fact": Text(), "value": JSONB(), "source": Text()}


def _create() -> Effect:
    recordset = func.jsonb_to_recordset(bindparam("items", type_=JSONB()))
    columns = (column(name, kind) for name, kind in GIVEN.items())
    given = recordset.table_valued(*columns).render_derived(with_types=True)
    values: dict[str, ColumnElement[Any]] = {
        **{name: given.c[name] for name in GIVEN},
        "municipality_id": ME.municipality_id,
        "person_id": PERSON_ID,
        "controller_agency_id": bindparam("controller_agency_id", type_=Uuid()),
        "recorded_by_agency_id": ME.agency,
        "recorded_at": ME.now,
    }
    rows = insert(residence_fact).from_select(list(values), select(*values.values()))
    new = rows.returning(*residence_fact.c).cte("new")
    parts = journal.record(
        "residence_fact",
        new,
        "residence_fact.recorded",
        changed=["fact", "source", "value"],
        to=lambda row: audience(row.c.person_id),
        under="person_id",
        many=True,
    )
    persons = func.array_agg(new.c.person_id.distinct(), type_=ARRAY(Uuid))
    items = collected(_document(new), new.c.id)
    answer = select(
        func.json_build_object(literal_column("'items'"), items).label("body"),
        literal_column("1").label("version"),
        persons.label("subjects"),
        persons.label("shown"),
        RESIDENCE.label("compartments"),
    )
    return Effect("recordResidenceFacts", answer, *parts)


CREATE = _create()
