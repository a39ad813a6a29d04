"""The compiled statements of deliveries, as their agency sees and repeats them."""

from typing import Any

from sqlalchemy import ColumnElement, Text, Uuid, bindparam, case, func, insert, select, update
from sqlalchemy.sql.selectable import FromClause

from integration_api.kernel.lists import Direction, envelope, page, variants
from integration_api.kernel.shape import collected, fields, instant, whole
from integration_api.kernel.statements import ME, Change, Query

from .access import visible_deliveries
from .models import webhook_attempt, webhook_delivery

ID = bindparam("id", type_=Uuid())
MOST_ATTEMPTS = 20
FILTERS: dict[str, ColumnElement[bool]] = {
    "endpoint_id": webhook_delivery.c.endpoint_id == bindparam("endpoint_id", type_=Uuid()),
    "status": webhook_delivery.c.status == bindparam("status", type_=Text()),
    "aggregate_id": webhook_delivery.c.agg_id == bindparam("aggregate_id", type_=Uuid()),
}


def _summary(d: FromClause) -> list[ColumnElement[Any]]:
    return [
        *(d.c[n] for n in ("id", "endpoint_id", "event_id", "type")),
        d.c.agg_type.label("aggregate_type"),
        d.c.agg_id.label("aggregate_id"),
        d.c.status,
        d.c.reason,
        d.c.attempts.label("attempts_made"),
        case((d.c.status == "due", instant(d.c.next_at))).label("next_at"),
        *(instant(d.c[n]).label(n) for n in ("ended_at", "created_at")),
    ]


def _attempts(d: FromClause) -> ColumnElement[Any]:
    a = webhook_attempt.c
    last = (
        select(webhook_attempt)
        .where(a.municipality_id == d.c.municipality_id, a.delivery_id == d.c.id)
        .order_by(a.id.desc())
        .limit(MOST_ATTEMPTS)
        .correlate(d)
        .subquery("last")
    )
    names = ("latency_ms", "status_code", "error", "answer")
    shown = fields(at=instant(last.c.at), **{n: last.c[n] for n in names})
    return select(collected(shown, last.c.id.desc())).correlate(d).scalar_subquery()


def _body(d: FromClause) -> ColumnElement[Any]:
    return whole(select(*_summary(d), _attempts(d).label("attempts")).correlate(d))


def _line(d: FromClause) -> ColumnElement[Any]:
    return whole(select(*_summary(d)).correlate(d))


GET = Query(
    select(_body(webhook_delivery).label("body"), webhook_delivery.c.version).where(
        webhook_delivery.c.id == ID, visible_deliveries(ME)
    )
)


@variants
def list_deliveries(names: frozenset[str], direction: Direction) -> Query:
    """One page of deliveries, narrowed by the filters in `names`."""
    rows = select(*webhook_delivery.c, webhook_delivery.c.created_at.label("at")).where(
        visible_deliveries(ME), *(FILTERS[n] for n in sorted(names))
    )
    found = page(rows, webhook_delivery.c.created_at, webhook_delivery.c.id, direction)
    return Query(envelope(found, _line(found), found))


TRY = Change(
    insert(webhook_delivery).values(
        id=ID,
        municipality_id=ME.municipality_id,
        agency_id=ME.agency,
        endpoint_id=bindparam("endpoint_id", type_=Uuid()),
        event_id=bindparam("event_id", type_=Uuid()),
        type=bindparam("type", type_=Text()),
        agg_type=bindparam("agg_type", type_=Text()),
        agg_id=bindparam("endpoint_id", type_=Uuid()),
        body=bindparam("body", type_=Text()),
    )
)
"""A delivery that no event caused."""
REDELIVER = Change(
    update(webhook_delivery)
    .where(webhook_delivery.c.id == ID, visible_deliveries(ME))
    .values(
        status="due",
        reason=None,
        attempts=0,
        next_at=func.now(),
        lease_until=None,
        lease_token=None,
        ended_at=None,
        version=webhook_delivery.c.version + 1,
    )
    .returning(webhook_delivery.c.id)
)
"""Whoever holds a lease on it has lost it: what comes of that attempt is dropped."""
