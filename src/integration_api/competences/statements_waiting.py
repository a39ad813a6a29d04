"""The compiled statements of observed waiting times."""

from typing import Any

from sqlalchemy import (
    ColumnElement,
    DateTime,
    Integer,
    Text,
    bindparam,
    func,
    insert,
    not_,
    or_,
    select,
)
from sqlalchemy.sql.selectable import FromClause

from integration_api.kernel import journal
from integration_api.kernel.lists import Direction, envelope, page, variants
from integration_api.kernel.shape import instant, whole
from integration_api.kernel.statements import ME, Change, Query

from .access import visible
from .models import waiting_time
from .statements import AGENCY, ID, there

OBSERVED_AT = bindparam("observed_at", type_=DateTime(timezone=True))
GIVEN: dict[str, Any] = {
    "service": Text(),
    "kind": Text(),
    "days": Integer(),
    "method": Text(),
    "sample_size": Integer(),
}


def newest() -> ColumnElement[bool]:
    """Whether no later observation of the same agency, service and kind is there."""
    w, later = waiting_time, waiting_time.alias("later")
    same = (later.c[n] == w.c[n] for n in ("agency_id", "service", "kind"))
    after = or_(
        later.c.observed_at > w.c.observed_at,
        (later.c.observed_at == w.c.observed_at) & (later.c.id > w.c.id),
    )
    return not_(select(later.c.id).where(*same, after).correlate(w).exists())


FILTERS: dict[str, ColumnElement[bool]] = {
    "service": waiting_time.c.service == bindparam("service", type_=Text()),
    "kind": waiting_time.c.kind == bindparam("kind", type_=Text()),
    "current": newest(),
}


def body(w: FromClause) -> ColumnElement[Any]:
    """An observation as clients see it."""
    times = (instant(w.c[n]).label(n) for n in ("observed_at", "recorded_at"))
    return whole(select(*(w.c[n] for n in ("id", "agency_id", *GIVEN)), *times).correlate(w))


@variants
def list_waiting_times(chosen: frozenset[str], direction: Direction) -> Query:
    """One page of the observations of an agency, newest first."""
    w = waiting_time
    rows = select(*w.c, w.c.observed_at.label("at")).where(
        w.c.agency_id == AGENCY, visible(ME), *(FILTERS[n] for n in sorted(chosen))
    )
    found = page(rows, w.c.observed_at, w.c.id, direction)
    return Query(envelope(found, body(found), found, there().label("there")))


def _create() -> Change:
    values: dict[str, Any] = {n: bindparam(n, type_=k) for n, k in GIVEN.items()}
    values |= {
        "id": ID,
        "municipality_id": ME.municipality_id,
        "agency_id": AGENCY,
        "observed_at": func.coalesce(OBSERVED_AT, ME.now),
        "recorded_at": ME.now,
    }
    new = insert(waiting_time).values(values).returning(*waiting_time.c).cte("new")
    changed, to = sorted(GIVEN), journal.everybody
    parts = journal.record("waiting_time", new, "waiting_time.observed", changed=changed, to=to)
    return Change(select(body(new).label("body"), new.c.version).add_cte(*parts))


CREATE = _create()
