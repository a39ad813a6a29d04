"""Keyset lists: one page forwards or backwards, without totals and without OFFSET.

The comparison is spelled out instead of a row comparison, which is not leakproof and could use no
index under row-level security.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Request
from sqlalchemy import (
    ARRAY,
    CTE,
    ColumnElement,
    DateTime,
    Integer,
    Select,
    Uuid,
    bindparam,
    func,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by

from .answers import Answer
from .paging import Cursors, links, page_body
from .principal import Principal
from .shape import collected

T = TypeVar("T")
AT = bindparam("after_at", type_=DateTime(timezone=True))
LAST = bindparam("after_id", type_=Uuid())
LIMIT = bindparam("limit", type_=Integer())


@dataclass(frozen=True, slots=True)
class Direction:
    """Which page is asked for; part of the cache key of a list's statements."""

    after: bool = False
    backwards: bool = False


def cut(
    rows: Select[Any], at: ColumnElement[Any], last: ColumnElement[Any], direction: Direction
) -> Select[Any]:
    """As many of `rows` as a page can take, with one row more as a probe."""
    if direction.backwards:
        rows = rows.where(at >= AT, or_(at > AT, last > LAST)).order_by(at, last)
    else:
        if direction.after:
            rows = rows.where(at <= AT, or_(at < AT, last < LAST))
        rows = rows.order_by(at.desc(), last.desc())
    return rows.limit(LIMIT + 1)


def page(
    rows: Select[Any], at: ColumnElement[Any], last: ColumnElement[Any], direction: Direction
) -> CTE:
    """One page of `rows`, which must have `at` and `id`, newest first; `n` is the place on it."""
    found = cut(rows, at, last, direction).subquery("found")
    newest = (found.c.at.desc(), found.c.id.desc())
    order = (found.c.at, found.c.id) if direction.backwards else newest
    return select(found, func.row_number().over(order_by=order).label("n")).cte("page")


def envelope(
    page: CTE, document: ColumnElement[Any], source: Any, *extra: ColumnElement[Any]
) -> Select[Any]:
    """The whole page as one row: items, how many were found, first and last place."""
    shown = page.c.n <= LIMIT
    order = (page.c.at.desc(), page.c.id.desc())
    return (
        select(
            collected(document, *order).label("body"),
            select(func.count()).select_from(page).scalar_subquery().label("found"),
            func.max(page.c.at).label("first_at"),
            _edge(page, page.c.id, order).label("first_id"),
            func.min(page.c.at).label("last_at"),
            _edge(page, page.c.id, (page.c.at, page.c.id)).label("last_id"),
            *extra,
        )
        .select_from(source)
        .where(shown)
    )


def _edge(page: CTE, value: ColumnElement[Any], order: tuple[Any, ...]) -> ColumnElement[Any]:
    return func.array_agg(aggregate_order_by(value, *order), type_=ARRAY(Uuid))[1]


@dataclass(frozen=True, slots=True)
class Place:
    """Where the asked page begins, read from the cursor."""

    direction: Direction
    params: Mapping[str, Any]
    limit: int
    binding: bytes
    cursors: Cursors
    address: tuple[str, list[tuple[str, str]]]

    def answer(self, row: Any) -> Answer:
        """The envelope of the page in `row`, with cursors for its neighbours."""
        more, back = row["found"] > self.limit, self.direction.backwards
        onward = before = None
        if row["last_id"] is not None:
            if more or back:
                onward = self._seal(row["last_at"], row["last_id"], "next")
            if (more and back) or (self.direction.after and not back):
                before = self._seal(row["first_at"], row["first_id"], "prev")
        body = page_body(row["body"], onward, before, self.limit)
        return Answer(body, headers=links(*self.address, next=onward, prev=before))

    def _seal(self, at: Any, last: UUID, direction: str) -> str:
        values = (at, UUID(int=last.int))
        return self.cursors.seal(values, binding=self.binding, direction=direction)


def place(request: Request, caller: Principal, cursor: str | None, limit: int) -> Place:
    """Read the cursor of a list request; it is bound to the caller, the path and the filters.

    Raises:
        InvalidCursor: not a cursor of this list for this caller (400).
    """
    given = sorted(i for i in request.query_params.multi_items() if i[0] not in ("cursor", "limit"))
    address = (request.scope["path"], [*given, ("limit", str(limit))])
    text = f"{caller.client_id}|{request.scope['path']}|{urlencode(given)}"
    binding = hashlib.sha256(text.encode()).digest()
    cursors: Cursors = request.app.state.cursors
    if cursor is None:
        return Place(Direction(), {"limit": limit}, limit, binding, cursors, address)
    (at, last), direction = cursors.open(cursor, binding=binding)
    params = {"limit": limit, "after_at": at, "after_id": last}
    return Place(Direction(True, direction == "prev"), params, limit, binding, cursors, address)


def variants(build: Callable[..., T]) -> Callable[..., T]:
    """One compiled statement per combination of filters and direction."""
    return lru_cache(maxsize=64)(build)
