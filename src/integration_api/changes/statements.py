"""The compiled statements of the sequencer: look for what is new, number it."""

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Text,
    bindparam,
    func,
    select,
    update,
)

from integration_api.kernel.journal import outbox
from integration_api.kernel.statements import Change, Query

from .models import feed_head

CHANNEL = "ia_changes"
BATCH = 500
HERE: ColumnElement[str] = func.ia.database_place(type_=Text)

WAITING = Query(select(select(outbox.c.id).where(outbox.c.seq.is_(None)).exists()))
HOLD = Change(
    select(feed_head.c.last, (feed_head.c.place == HERE).label("current")).with_for_update()
)
MOVED = Change(
    update(feed_head).values(epoch=func.gen_random_uuid(), place=HERE).returning(feed_head.c.epoch)
)
"""The database is at another place than the one whose numbers readers know."""


def _number() -> Change:
    """Number a batch in the order of insertion and move the head; under its lock alone."""
    new = select(outbox.c.id).where(outbox.c.seq.is_(None)).order_by(outbox.c.id).limit(BATCH)
    rows = new.subquery("new")
    n = func.row_number().over(order_by=rows.c.id)
    batch = select(rows.c.id, n.label("n")).cte("batch")
    last = bindparam("last", type_=BigInteger())
    numbered = (
        update(outbox)
        .where(outbox.c.id == batch.c.id)
        .values(seq=last + batch.c.n)
        .returning(outbox.c.id)
        .cte("numbered")
    )
    count = select(func.count()).select_from(numbered).scalar_subquery()
    head = update(feed_head).values(last=last + count).returning(feed_head.c.last).cte("head")
    return Change(select(head.c.last, func.pg_notify(CHANNEL, "")))


NUMBER = _number()
