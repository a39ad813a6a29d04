"""Keyset pages of the directory that begin with the smallest: by name, by distance.

`kernel/lists.py` pages by time, newest first; place, cursor and envelope are the same.
"""

from typing import Any

from sqlalchemy import ARRAY, CTE, ColumnElement, Select, Uuid, bindparam, func, or_, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.types import TypeEngine

from integration_api.kernel.lists import LAST, LIMIT, Direction
from integration_api.kernel.shape import collected


def page(
    rows: Select[Any], at: ColumnElement[Any], last: ColumnElement[Any], direction: Direction
) -> CTE:
    """One page of `rows`, which must have `at` and `id`; `n` is the place on it.

    Equal values of `at` follow their ids. There is one row more than asked for, as a probe.
    """
    kind: TypeEngine[Any] = at.type
    after = bindparam("after_at", type_=kind)
    if direction.backwards:
        rows = rows.where(at <= after, or_(at < after, last < LAST))
        rows = rows.order_by(at.desc(), last.desc())
    else:
        if direction.after:
            rows = rows.where(at >= after, or_(at > after, last > LAST))
        rows = rows.order_by(at, last)
    found = rows.limit(LIMIT + 1).subquery("found")
    order: tuple[ColumnElement[Any], ...] = (found.c.at, found.c.id)
    if direction.backwards:
        order = (found.c.at.desc(), found.c.id.desc())
    return select(found, func.row_number().over(order_by=order).label("n")).cte("page")


def envelope(page: CTE, document: ColumnElement[Any], source: Any) -> Select[Any]:
    """The whole page as one row: items, how many were found, first and last place."""
    forth, back = (page.c.at, page.c.id), (page.c.at.desc(), page.c.id.desc())
    return (
        select(
            collected(document, *forth).label("body"),
            select(func.count()).select_from(page).scalar_subquery().label("found"),
            func.min(page.c.at).label("first_at"),
            _edge(page.c.id, forth).label("first_id"),
            func.max(page.c.at).label("last_at"),
            _edge(page.c.id, back).label("last_id"),
        )
        .select_from(source)
        .where(page.c.n <= LIMIT)
    )


def _edge(value: ColumnElement[Any], order: tuple[Any, ...]) -> ColumnElement[Any]:
    return func.array_agg(aggregate_order_by(value, *order), type_=ARRAY(Uuid))[1]
