"""The compiled statements of what the worker ends and measures."""

from sqlalchemy import (
    BigInteger,
    DateTime,
    Double,
    any_,
    bindparam,
    cast,
    delete,
    func,
    literal_column,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY

from integration_api.kernel.journal import outbox
from integration_api.kernel.statements import Change, Query

from .models import feed_head

BATCH = 500


def _end() -> Change:
    """Delete the oldest numbers up to the first that is to stay; `oldest` moves with them."""
    o = outbox.c
    old = func.bool_and(o.occurred_at < bindparam("until", type_=DateTime(timezone=True)))
    first = (
        select(o.id, o.seq, old.over(order_by=o.seq).label("old"))
        .where(o.seq >= select(feed_head.c.oldest).scalar_subquery())
        .order_by(o.seq)
        .limit(BATCH)
        .cte("first")
    )
    ids = func.array(
        select(first.c.id).where(first.c.old).scalar_subquery(), type_=ARRAY(BigInteger)
    )
    gone = delete(outbox).where(o.id == any_(ids)).returning(o.seq).cte("gone")
    most = select(func.max(gone.c.seq)).scalar_subquery()
    count = select(func.count()).select_from(gone).scalar_subquery().label("ended")
    return Change(
        update(feed_head)
        .where(most.is_not(None))
        .values(oldest=func.greatest(feed_head.c.oldest, most + 1))
        .returning(count)
    )


END = _end()
AGE = Query(
    select(
        func.coalesce(
            cast(func.extract("epoch", func.now() - func.min(outbox.c.occurred_at)), Double),
            literal_column("0.0::float8"),
        ).label("age")
    ).where(outbox.c.seq.is_(None))
)
"""Seconds that the oldest event without a number has waited."""
