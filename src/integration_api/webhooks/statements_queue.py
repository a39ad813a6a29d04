"""The compiled statements that put events in the queue and take out what is over: the worker's."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    DateTime,
    LargeBinary,
    Select,
    Text,
    Uuid,
    and_,
    any_,
    bindparam,
    delete,
    func,
    literal_column,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.sql.selectable import FromClause

from integration_api.kernel.journal import EVERYBODY, outbox
from integration_api.kernel.statements import Change, Query

from .models import (
    webhook_delivery,
    webhook_endpoint,
    webhook_head,
    webhook_replay,
    webhook_secret,
)
from .schedule import MOST_ATTEMPTS

BATCH = 500
REPLAYED = 2_000
"""Numbers that one step of a replay looks at."""
KEPT = "30 days"
"""How long an ended delivery can be read."""
COPIED = ("municipality_id", "agency_id", "endpoint_id", "event_id", "event_seq", "type")
DUE = webhook_delivery.c.status == literal_column("'due'")
LAST = bindparam("last", type_=BigInteger())

_LOOKS: list[ColumnElement[Any]] = [
    (
        select(func.max(outbox.c.seq)).scalar_subquery()
        > select(webhook_head.c.last).scalar_subquery()
    ).label("events"),
    select(webhook_delivery.c.id)
    .where(DUE, webhook_delivery.c.next_at <= func.now())
    .exists()
    .label("due"),
    select(webhook_replay.c.endpoint_id).exists().label("replays"),
]
WAITING = Query(select(*_LOOKS))
"""Asked once a pause; each answer is one look into an index."""
HOLD_HEAD = Change(select(webhook_head.c.last).with_for_update(skip_locked=True))
"""No row while another worker queues."""


def _fitting(events: FromClause, e: FromClause) -> ColumnElement[bool]:
    """Whether an event is addressed to the agency of an endpoint and is of its types."""
    return and_(
        e.c.municipality_id == events.c.municipality_id,
        or_(e.c.agency_id == any_(events.c.agency_ids), any_(events.c.agency_ids) == EVERYBODY),
        or_(func.cardinality(e.c.types) == 0, events.c.type == any_(e.c.types)),
    )


def _queued(events: FromClause, e: FromClause) -> Select[Any]:
    return select(
        e.c.municipality_id,
        e.c.agency_id,
        e.c.id,
        *(events.c[n] for n in ("event_id", "seq", "type", "agg_type", "agg_id")),
    )


def _fan_out() -> Change:
    """Queue a batch of events and move the head; only while `HOLD_HEAD` holds it.

    It can be repeated: what is queued already stays as it is.
    """
    o, e = outbox.c, webhook_endpoint
    names = ("event_id", "municipality_id", "agg_type", "agg_id", "type", "agency_ids", "seq")
    batch = (
        select(*(o[n] for n in names)).where(o.seq > LAST).order_by(o.seq).limit(BATCH).cte("batch")
    )
    rows = _queued(batch, e).select_from(batch.join(e, _fitting(batch, e)))
    rows = rows.where(e.c.status == literal_column("'enabled'"))
    new = (
        insert(webhook_delivery)
        .from_select([*COPIED, "agg_type", "agg_id"], rows)
        .on_conflict_do_nothing()
        .returning(webhook_delivery.c.id)
        .cte("new")
    )
    furthest = select(func.coalesce(func.max(batch.c.seq), LAST)).scalar_subquery()
    head = update(webhook_head).values(last=furthest).returning(webhook_head.c.last).cte("head")
    queued = select(func.count()).select_from(new).scalar_subquery()
    return Change(select(head.c.last, queued.label("queued")))


FAN_OUT = _fan_out()
HOLD_REPLAY = Change(
    select(
        *(webhook_replay.c[n] for n in ("endpoint_id", "from_at", "to_at", "at_seq")),
        func.coalesce(
            webhook_replay.c.until_seq, select(webhook_head.c.last).scalar_subquery()
        ).label("until_seq"),
    )
    .order_by(func.random())
    .limit(1)
    .with_for_update(skip_locked=True, of=webhook_replay)
)
"""What is queued in the ordinary way after its beginning is no part of a replay."""
ENDPOINT = bindparam("endpoint_id", type_=Uuid())


def _replay() -> Change:
    """Queue again, in their order, what one step of a replay finds."""
    o, e = outbox.c, webhook_endpoint
    names = ("event_id", "municipality_id", "agg_type", "agg_id", "type", "agency_ids", "seq")
    batch = (
        select(*(o[n] for n in names))
        .where(
            o.seq > bindparam("at_seq", type_=BigInteger()),
            o.seq <= bindparam("to_seq", type_=BigInteger()),
            o.occurred_at
            >= func.coalesce(
                bindparam("from_at", type_=DateTime(timezone=True)), literal_column("'-infinity'")
            ),
            o.occurred_at < bindparam("to_at", type_=DateTime(timezone=True)),
        )
        .cte("batch")
    )
    rows = _queued(batch, e).select_from(batch.join(e, _fitting(batch, e)))
    rows = rows.where(e.c.id == ENDPOINT)
    again = insert(webhook_delivery).from_select([*COPIED, "agg_type", "agg_id"], rows)
    d = webhook_delivery.c
    upserted = (
        again.on_conflict_do_update(
            index_elements=[d.municipality_id, d.endpoint_id, d.event_seq],
            set_={
                "status": literal_column("'due'"),
                "reason": null(),
                "attempts": literal_column("0"),
                "next_at": func.now(),
                "ended_at": null(),
                "version": d.version + 1,
            },
            where=d.status != literal_column("'due'"),
        )
        .returning(d.id)
        .cte("again")
    )
    return Change(select(func.count().label("queued")).select_from(upserted))


REPLAY_STEP = _replay()
REPLAY_ON = Change(
    update(webhook_replay)
    .where(webhook_replay.c.endpoint_id == ENDPOINT)
    .values(
        at_seq=bindparam("to_seq", type_=BigInteger()),
        until_seq=bindparam("until_seq", type_=BigInteger()),
    )
)
REPLAY_OVER = Change(delete(webhook_replay).where(webhook_replay.c.endpoint_id == ENDPOINT))
SWEEP = Change(
    update(webhook_delivery)
    .where(
        DUE,
        webhook_delivery.c.attempts >= MOST_ATTEMPTS,
        webhook_delivery.c.lease_until < func.now(),
    )
    .values(
        status=literal_column("'dead'"),
        lease_until=None,
        lease_token=None,
        ended_at=func.now(),
        version=webhook_delivery.c.version + 1,
    )
    .returning(webhook_delivery.c.id)
)
"""A delivery whose worker always dies must end, too."""
PRUNE = Change(
    delete(webhook_delivery)
    .where(
        webhook_delivery.c.id.in_(
            select(webhook_delivery.c.id)
            .where(
                webhook_delivery.c.status != literal_column("'due'"),
                webhook_delivery.c.ended_at < func.now() - literal_column(f"interval '{KEPT}'"),
            )
            .limit(literal_column(str(BATCH)))
        )
    )
    .returning(webhook_delivery.c.id)
)
END_SECRETS = Change(delete(webhook_secret).where(webhook_secret.c.valid_to <= func.now()))
SEALED_BY = bindparam("key_id", type_=Text())
SEALED_OTHERWISE = Change(
    select(*(webhook_secret.c[n] for n in ("id", "endpoint_id", "sealed")))
    .where(webhook_secret.c.key_id != SEALED_BY)
    .limit(literal_column(str(BATCH)))
    .with_for_update(skip_locked=True)
)
"""What the key before the present one has sealed."""
RESEAL = Change(
    update(webhook_secret)
    .where(webhook_secret.c.id == bindparam("id", type_=Uuid()))
    .values(sealed=bindparam("sealed", type_=LargeBinary()), key_id=SEALED_BY)
)
AGE = Query(
    select(
        func.coalesce(
            func.extract("epoch", func.now() - func.min(webhook_delivery.c.next_at)), 0
        ).label("seconds")
    )
    .select_from(
        webhook_delivery.join(
            webhook_endpoint, webhook_endpoint.c.id == webhook_delivery.c.endpoint_id
        )
    )
    .where(
        DUE,
        webhook_delivery.c.next_at <= func.now(),
        webhook_endpoint.c.status == literal_column("'enabled'"),
    )
)
