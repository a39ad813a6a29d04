"""The compiled statements of readers: the head of the feed, what is told next, and a page."""

from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Text,
    Uuid,
    and_,
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

from .access import FAMILIES, addressed, still_visible, visible
from .models import HERE, feed_head

WINDOW = 2000
"""Numbers that one look goes through, whoever's events they are."""
LIMIT = bindparam("limit", type_=Integer())
AFTER = bindparam("after", type_=BigInteger())
UPTO = bindparam("upto", type_=BigInteger())
TYPES = bindparam("types", type_=ARRAY(Text))

_ORDER = (
    feed_head.c.epoch,
    feed_head.c.last,
    feed_head.c.oldest,
    (feed_head.c.place == HERE).label("current"),
)
HEAD = Query(select(*_ORDER))


def _within(last: Any) -> ColumnElement[bool]:
    """Of these numbers and these types."""
    o = outbox.c
    return and_(
        o.seq > AFTER,
        o.seq <= func.least(AFTER + WINDOW, last),
        or_(TYPES.is_(None), o.type == any_(TYPES)),
    )


def _next() -> Query:
    o = outbox.c
    last = select(feed_head.c.last).scalar_subquery()
    found = select(o.seq, o.agg_type).where(_within(last), addressed(ME)).order_by(o.seq)
    told = found.limit(LIMIT).cte("told")
    kinds: Any = func.array_agg(told.c.agg_type.distinct())
    columns = (func.count().label("told"), func.max(told.c.seq).label("upto"), kinds.label("kinds"))
    some = select(*columns).select_from(told).subquery("some")
    return Query(select(*_ORDER, *some.c).select_from(feed_head.join(some, true())))


NEXT = _next()
"""The head, and after a number how many events are addressed to the caller, what they are about
and where the last of them is; of what it sees nothing is asked."""


@lru_cache(maxsize=1 << len(FAMILIES))
def page_of(families: frozenset[str]) -> Query:
    """The events of some families up to a number that was given before, as text.

    The head of the order, as it was at that moment, says whether the number still counts.
    """
    o = outbox.c
    found = (
        select(o.seq, o.body)
        .where(_within(UPTO), visible(ME, families))
        .order_by(o.seq)
        .limit(LIMIT)
        .cte("found")
    )
    text: Any = func.string_agg(
        found.c.body, aggregate_order_by(literal_column("','"), found.c.seq), type_=Text
    )
    columns = (text.label("items"), func.count().label("found"), func.max(found.c.seq).label("at"))
    page = select(*columns).select_from(found).subquery("page")
    return Query(select(*_ORDER, *page.c).select_from(feed_head.join(page, true())))


KIND = Query(select(agency.c.type).where(agency.c.id == bindparam("id", type_=Uuid())))
_GIVEN = select(
    bindparam("agg_type", type_=Text()).label("agg_type"),
    bindparam("agg_id", type_=Uuid()).label("agg_id"),
    bindparam("body", type_=Text()).label("body"),
).subquery("given")


@lru_cache(maxsize=len(FAMILIES) + 1)
def sees(families: frozenset[str]) -> Query:
    """One thing, as the feed would judge an event about it."""
    seen = still_visible(_GIVEN, families).label("sees")
    return Query(select(seen).select_from(_GIVEN))
