"""SQL that builds the JSON of an answer."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    Text,
    and_,
    any_,
    case,
    func,
    literal,
    literal_column,
    null,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by, array

from .lifecycle import Lifecycle

_FORM = 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'
_FOREVER: ColumnElement[Any] = literal_column("'infinity'::timestamptz")
NOBODY: ColumnElement[Any] = literal_column("'{}'::uuid[]")
"""No subjects: the answer shows nobody."""
CORE: ColumnElement[Any] = literal_column("'{core}'::text[]")
"""The compartment of every answer about a person."""


def instant(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """RFC 3339 in UTC; an open end (`infinity`) is null."""
    return func.to_char(func.timezone("UTC", func.nullif(column, _FOREVER)), literal(_FORM, Text))


def fields(**members: Any) -> ColumnElement[Any]:
    """One object with these members."""
    pairs: list[Any] = []
    for name, value in members.items():
        pairs += [literal_column(f"'{name}'"), value]
    return func.jsonb_build_object(*pairs)


def whole(row: Select[Any]) -> ColumnElement[Any]:
    """The object of a one-row select, or null."""
    inner = row.subquery()
    return select(func.row_to_json(inner.table_valued())).scalar_subquery()


def collected(value: ColumnElement[Any], *order: ColumnElement[Any]) -> ColumnElement[Any]:
    """All values of a group in this order, `[]` when there are none."""
    values = func.json_agg(aggregate_order_by(value, *order))
    return func.coalesce(values, literal_column("'[]'::json"))


def names(*pairs: tuple[str, ColumnElement[bool]]) -> ColumnElement[Any]:
    """The names whose condition holds, as an array of text."""
    if not pairs:
        return literal_column("'{}'::text[]")
    chosen: list[ColumnElement[Any]] = [
        case((condition, literal_column(f"'{name}'"))) for name, condition in pairs
    ]
    return func.array_remove(array[Any](chosen, type_=Text()), null(), type_=ARRAY(Text))


def one_of(column: ColumnElement[Any], values: Iterable[str]) -> ColumnElement[bool]:
    """Membership that is compiled once (an IN list would expand)."""
    return column == any_(literal_column(f"'{{{','.join(values)}}}'::text[]"))


def allowed_actions(
    lifecycle: Lifecycle[Any], status: ColumnElement[Any], mine: Mapping[str, ColumnElement[bool]]
) -> ColumnElement[Any]:
    """`allowed_actions`, printed from the drawing; `mine` says when the caller is which party."""
    return names(
        *(
            (t.name, and_(one_of(status, sorted(s.value for s in t.sources)), mine[party]))
            for t in lifecycle.transitions
            for party in sorted(map(str, t.by))
            if party in mine
        )
    )
