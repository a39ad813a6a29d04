"""The compiled statements of readers: a page of the feed, and its head."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Integer,
    Text,
    Uuid,
    any_,
    bindparam,
    func,
    literal_column,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by

from integration_api.agencies.models import agency
from integration_api.kernel.journal import outbox
from integration_api.kernel.statements import ME, Query

from .access import still_visible, visible
from .models import HERE, feed_head

WINDOW = 2000
"""Numbers that one look goes through, whoever's events they are."""
LIMIT = bindparam("limit", type_=Integer())
AFTER = bindparam("after", type_=BigInteger())
UPTO = bindparam("upto", type_=BigInteger())
TYPES = bindparam("types", type_=ARRAY(Text))

HEAD = Query(
    select(
        feed_head.c.epoch,
        feed_head.c.last,
        feed_head.c.oldest,
        (feed_head.c.place == HERE).label("current"),
    )
)


def _page() -> Query:
    """The events after a number, as text, with the head of the order as it was at that moment."""
    o, head = outbox.c, feed_head.c
    found = (
        select(o.seq, o.body)
        .where(o.seq > AFTER, o.seq <= func.least(AFTER + WINDOW, UPTO), visible(ME))
        .where(or_(TYPES.is_(None), o.type == any_(TYPES)))
        .order_by(o.seq)
        .limit(LIMIT)
        .cte("found")
    )
    text: Any = func.string_agg(
        found.c.body, aggregate_order_by(literal_column("','"), found.c.seq), type_=Text
    )
    columns = (text.label("items"), func.count().label("found"), func.max(found.c.seq).label("at"))
    page = select(*columns).select_from(found).subquery("page")
    order = (head.epoch, head.last, head.oldest, (head.place == HERE).label("current"))
    return Query(select(*order, *page.c).select_from(feed_head.join(page, true())))


PAGE = _page()
"""What there is up to a number that was given before; the head says whether it still counts."""
KIND = Query(select(agency.c.type).where(agency.c.id == bindparam("id", type_=Uuid())))
_GIVEN = select(
    bindparam("agg_type", type_=Text()).label("agg_type"),
    bindparam("agg_id", type_=Uuid()).label("agg_id"),
    bindparam("body", type_=Text()).label("body"),
).subquery("given")
SEES = Query(select(still_visible(_GIVEN).label("sees")).select_from(_GIVEN))
"""One thing, as the feed would judge an event about it."""
