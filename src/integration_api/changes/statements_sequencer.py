"""The compiled statements of the sequencer: look for what is new, number it."""

from sqlalchemy import (
    BigInteger,
    Text,
    bindparam,
    case,
    func,
    select,
    update,
)

from integration_api.kernel.journal import outbox
from integration_api.kernel.statements import Change, Query

from .listening import CHANNEL
from .models import HERE, feed_head

BATCH = 500

WAITING = Query(select(select(outbox.c.id).where(outbox.c.seq.is_(None)).exists()))
"""Asked once a pause: the partial index is empty when everything is numbered."""
HOLD = Change(
    select(feed_head.c.last, (feed_head.c.place == HERE).label("current")).with_for_update()
)
BEGIN_EPOCH = Change(
    update(feed_head).values(epoch=func.gen_random_uuid(), place=HERE).returning(feed_head.c.epoch)
)
"""From here on a number may mean another event than the one a reader knows."""


def _number() -> Change:
    """Number a batch in the order of insertion and move the head; only while `HOLD` holds it.

    A statement of its own, because only one that begins after the lock was had sees what the
    sequencer before has numbered.
    """
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
    # only where something is new: the announcement takes a lock that all commits share
    tell = case((count > 0, func.pg_notify(CHANNEL, "", type_=Text)))
    return Change(select(head.c.last, tell))


NUMBER = _number()
