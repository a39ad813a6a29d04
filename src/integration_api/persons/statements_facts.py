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
    func,
    not_,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY, array
from sqlalchemy.sql.selectable import FromClause

from integration_api.kernel.shape import CORE, fields, names
from integration_api.kernel.statements import ME, Effect, Personal

from .access import sees, visible, visible_periods
from .models import person, residence_period
from .statements import ends

PERSON_ID = bindparam("person_id", type_=Uuid())
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
