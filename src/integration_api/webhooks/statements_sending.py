"""The compiled statements that claim deliveries and say what came of them: the worker's.

All times are the database's, so that workers with different clocks agree on a lease.
"""

from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Float,
    Integer,
    LargeBinary,
    Text,
    Uuid,
    any_,
    bindparam,
    case,
    exists,
    func,
    insert,
    literal_column,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql.selectable import FromClause

from integration_api.kernel import journal
from integration_api.kernel.journal import EVERYBODY, outbox
from integration_api.kernel.statements import ME, Change

from .lifecycle import WEBHOOK_ENDPOINT
from .models import webhook_attempt, webhook_delivery, webhook_endpoint, webhook_secret
from .schedule import MOST_ATTEMPTS

LEASE = "30 seconds"
"""Longer than an attempt takes in all, with a margin."""
PATIENCE = "5 days"
"""How long every attempt may fail before the endpoint is disabled."""
ID, TOKEN = bindparam("id", type_=Uuid()), bindparam("token", type_=Uuid())
SLOTS = bindparam("slots", type_=Integer())


def _text(value: str) -> ColumnElement[Any]:
    return literal_column(f"'{value}'")


def _interval(value: str) -> ColumnElement[Any]:
    return literal_column(f"interval '{value}'")


def _picked() -> CTE:
    """What may be sent now: endpoints in random order, so that none waits for another.

    Of an endpoint no more than it takes at once, oldest first, and nothing that comes behind an
    event of the same resource that is still due.
    """
    e = (
        select(webhook_endpoint.c.id, webhook_endpoint.c.max_inflight)
        .where(webhook_endpoint.c.status == _text("enabled"))
        .order_by(func.random())
        .subquery("e")
    )
    w, x, p = (webhook_delivery.alias(n) for n in ("w", "x", "p"))
    sent = (
        select(func.count())
        .select_from(x)
        .where(x.c.endpoint_id == e.c.id, x.c.status == _text("due"), x.c.lease_until >= func.now())
        .correlate(e)
        .scalar_subquery()
    )
    before = exists().where(
        p.c.endpoint_id == w.c.endpoint_id,
        p.c.agg_id == w.c.agg_id,
        p.c.event_seq < w.c.event_seq,
        p.c.status == _text("due"),
    )
    d = (
        select(w.c.id)
        .where(
            w.c.endpoint_id == e.c.id,
            w.c.status == _text("due"),
            w.c.next_at <= func.now(),
            w.c.attempts < MOST_ATTEMPTS,
            or_(w.c.lease_until.is_(None), w.c.lease_until < func.now()),
            ~before,
        )
        .order_by(w.c.next_at, w.c.event_seq)
        .limit(func.greatest(0, e.c.max_inflight - sent))
        .with_for_update(skip_locked=True, of=w)
        .lateral("d")
    )
    return select(d.c.id).select_from(e.join(d, true())).limit(SLOTS).cte("picked")


def _signers(d: FromClause) -> ColumnElement[Any]:
    s = webhook_secret.c
    newest = (
        select(s.sealed)
        .where(
            s.municipality_id == d.c.municipality_id,
            s.endpoint_id == d.c.endpoint_id,
            s.valid_to > func.now(),
        )
        .order_by(s.created_at.desc(), s.id.desc())
        .correlate(d)
    )
    return func.array(newest.scalar_subquery(), type_=ARRAY(LargeBinary))


def _claim() -> Change:
    """Take at most `slots` deliveries under a lease, with all that is needed to send them."""
    picked, d, e = _picked(), webhook_delivery, webhook_endpoint.c
    taken = (
        update(d)
        .where(d.c.id == picked.c.id)
        .values(
            lease_until=func.now() + _interval(LEASE),
            lease_token=func.gen_random_uuid(),
            attempts=d.c.attempts + 1,
        )
        .returning(*d.c)
        .cte("taken")
    )
    source = taken.join(webhook_endpoint, e.id == taken.c.endpoint_id).outerjoin(
        outbox, outbox.c.seq == taken.c.event_seq
    )
    names = ["id", "municipality_id", "agency_id", "endpoint_id", "event_id", "type"]
    names += ["agg_type", "agg_id", "attempts"]
    return Change(
        select(
            *(taken.c[n] for n in names),
            taken.c.lease_token.label("token"),
            e.url,
            e.networks,
            func.coalesce(taken.c.body, outbox.c.body).label("body"),
            or_(
                taken.c.event_seq.is_(None),
                taken.c.agency_id == any_(outbox.c.agency_ids),
                any_(outbox.c.agency_ids) == EVERYBODY,
            ).label("addressed"),
            _signers(taken).label("signers"),
            func.now().label("now"),
        ).select_from(source)
    )


CLAIM = _claim()
"""Claim no more than there are free hands for: what waits in a process loses its lease."""


def _ended(**values: Any) -> CTE:
    """The delivery one step on, if the lease is still that of the attempt."""
    d = webhook_delivery
    values |= {"lease_until": None, "lease_token": None, "version": d.c.version + 1}
    return (
        update(d)
        .where(d.c.id == ID, d.c.lease_token == TOKEN)
        .values(values)
        .returning(*d.c)
        .cte("moved")
    )


def _told(moved: CTE) -> CTE:
    """What came of an attempt, beside a delivery that was moved."""
    told: dict[str, Any] = {
        "latency_ms": Integer(),
        "status_code": Integer(),
        "error": Text(),
        "answer": Text(),
    }
    row = select(
        moved.c.municipality_id,
        moved.c.agency_id,
        moved.c.id,
        func.clock_timestamp(),
        *(bindparam(n, type_=k) for n, k in told.items()),
    )
    names = ["municipality_id", "agency_id", "delivery_id", "at", *told]
    return insert(webhook_attempt).from_select(names, row).cte("told")


def _done() -> Change:
    moved = _ended(status=_text("done"), ended_at=func.now())
    e = webhook_endpoint
    well = (
        update(e)
        .where(e.c.id == moved.c.endpoint_id, e.c.failing_since.is_not(None))
        .values(failing_since=None)
        .returning(e.c.id)
        .cte("well")
    )
    return Change(select(moved.c.id).add_cte(_told(moved), well))


def _failed() -> Change:
    """Set the next attempt, or end; what waits behind it waits as long.

    Otherwise each look would pass over all that waits behind an endpoint that is away.
    """
    d, e = webhook_delivery, webhook_endpoint
    over = d.c.attempts >= MOST_ATTEMPTS
    later = func.now() + func.make_interval(0, 0, 0, 0, 0, 0, bindparam("seconds", type_=Float()))
    moved = _ended(
        status=case((over, _text("dead")), else_=_text("due")),
        ended_at=case((over, func.now())),
        next_at=later,
    )
    f: Any = d.alias("f")
    behind = (
        update(f)
        .where(
            f.c.endpoint_id == moved.c.endpoint_id,
            f.c.agg_id == moved.c.agg_id,
            f.c.event_seq > moved.c.event_seq,
            f.c.status == _text("due"),
            f.c.next_at < moved.c.next_at,
            moved.c.status == _text("due"),
        )
        .values(next_at=moved.c.next_at)
        .returning(f.c.id)
        .cte("behind")
    )
    ill = (
        update(e)
        .where(e.c.id == moved.c.endpoint_id, e.c.failing_since.is_(None))
        .values(failing_since=func.now())
        .returning(e.c.id)
        .cte("ill")
    )
    hopeless = func.coalesce(e.c.failing_since < func.now() - _interval(PATIENCE), False)
    source = moved.join(e, e.c.id == moved.c.endpoint_id)
    return Change(
        select(moved.c.status, hopeless.label("hopeless"))
        .select_from(source)
        .add_cte(_told(moved), behind, ill)
    )


def _dropped() -> Change:
    moved = _ended(
        status=_text("dropped"), ended_at=func.now(), reason=bindparam("reason", type_=Text())
    )
    return Change(select(moved.c.id))


DONE, FAILED, DROPPED = _done(), _failed(), _dropped()
"""Fenced: no row means that another worker has the delivery, and the result is dropped."""


def _give_up() -> Change:
    """The system's arrow: the endpoint is disabled, and its agency is told."""
    e, arrow = webhook_endpoint, WEBHOOK_ENDPOINT["give_up"]
    reason = bindparam("reason", type_=Text())
    moved = (
        update(e)
        .where(
            e.c.id == ID,
            e.c.municipality_id == ME.municipality_id,
            e.c.status == _text("enabled"),
        )
        .values(
            status=arrow.target.value,
            disabled_reason=reason,
            disabled_at=ME.now,
            version=e.c.version + 1,
            updated_at=ME.now,
        )
        .returning(*e.c)
        .cte("moved")
    )
    parts = journal.record(
        "webhook_endpoint",
        moved,
        arrow.event,
        changed=["status"],
        to=journal.agencies("agency_id"),
        reason=moved.c.disabled_reason,
    )
    return Change(select(moved.c.id).add_cte(*parts))


GIVE_UP = _give_up()
