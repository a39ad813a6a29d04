"""The compiled statements of both logs; row policies bind the functions that they read through."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    DateTime,
    Integer,
    LargeBinary,
    Text,
    Uuid,
    bindparam,
    cast,
    column,
    distinct,
    func,
    literal_column,
    null,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.sql.selectable import FromClause

from integration_api.kernel.lists import AT, LAST, LIMIT, Direction, envelope, page, variants
from integration_api.kernel.shape import NOBODY, instant, whole
from integration_api.kernel.statements import Personal

INSTANT = DateTime(timezone=True)
RECORD_FILTERS: dict[str, Any] = {
    "person_id": Uuid(),
    "resource_id": Uuid(),
    "agency_id": Uuid(),
    "principal_id": Uuid(),
    "at_from": INSTANT,
    "at_to": INSTANT,
}
ENTRY_FILTERS: dict[str, Any] = {
    "object_id": Text(),
    "actor_id": Text(),
    "action": Text(),
    "agency_id": Uuid(),
    "recorded_at_from": INSTANT,
    "recorded_at_to": INSTANT,
}
"""The filters in the order of the functions' parameters."""
NO_COMPARTMENTS: ColumnElement[Any] = literal_column("'{}'::text[]")


def _given(filters: dict[str, Any], direction: Direction) -> list[ColumnElement[Any]]:
    asked: list[ColumnElement[Any]] = [bindparam(n, type_=k) for n, k in filters.items()]
    place = (AT, LAST) if direction.after else (cast(null(), INSTANT), cast(null(), Uuid()))
    backwards: ColumnElement[Any] = literal_column(str(direction.backwards).lower(), Boolean)
    return [*asked, *place, backwards, LIMIT + 1]


def _record(r: FromClause) -> ColumnElement[Any]:
    before = (r.c[n] for n in ("agency_id", "client_id", "member_id", "purpose", "operation"))
    shown = (r.c.resource_id, r.c.subjects.label("subject_ids"), r.c.compartments, r.c.request_id)
    document = select(r.c.id, instant(r.c.at).label("at"), *before, *shown)
    return whole(document.correlate(r))


@variants
def list_records(direction: Direction) -> Personal:
    """One page of the access records that the officer may read."""
    ids = [column(n, Uuid) for n in ("agency_id", "client_id", "member_id")]
    read = func.ia.read_access_records(*_given(RECORD_FILTERS, direction)).table_valued(
        column("id", Uuid),
        column("at", INSTANT),
        *ids,
        column("purpose", Text),
        column("operation", Text),
        column("resource_id", Uuid),
        column("subjects", ARRAY(Uuid)),
        column("compartments", ARRAY(Text)),
        column("request_id", Uuid),
        name="read",
    )
    found = page(select(*read.c), read.c.at, read.c.id, direction)
    shown = select(func.unnest(found.c.subjects).label("one")).where(found.c.n <= LIMIT)
    each = shown.subquery("each")
    persons = select(func.array_agg(distinct(each.c.one), type_=ARRAY(Uuid))).scalar_subquery()
    subjects = func.coalesce(persons, NOBODY)
    extra = (subjects.label("subjects"), NO_COMPARTMENTS.label("compartments"))
    return Personal("listAccessRecords", envelope(found, _record(found), found, *extra))


def _said(r: FromClause, name: str) -> ColumnElement[Any]:
    return func.jsonb_extract_path_text(r.c.entry, literal_column(f"'{name}'"), type_=Text)


def _entry(r: FromClause) -> ColumnElement[Any]:
    texts = ("at", "agency_id", "client_id", "actor_id", "action", "object_type", "object_id")
    document = select(
        r.c.id,
        instant(r.c.at).label("recorded_at"),
        *(_said(r, n).label(n) for n in texts),
        cast(_said(r, "version"), Integer).label("version"),
        *(_said(r, n).label(n) for n in ("purpose", "reason", "request_id")),
        r.c.sequence,
        func.encode(r.c.hash, literal_column("'hex'")).label("hash"),
    )
    return whole(document.correlate(r))


@variants
def list_entries(direction: Direction) -> Personal:
    """One page of the audit entries that the officer may read."""
    read = func.ia.read_audit_entries(*_given(ENTRY_FILTERS, direction)).table_valued(
        column("id", Uuid),
        column("at", INSTANT),
        column("entry", JSONB),
        column("sequence", BigInteger),
        column("hash", LargeBinary),
        name="read",
    )
    found = page(select(*read.c), read.c.at, read.c.id, direction)
    of = cast(_said(found, "object_id"), Uuid)
    persons = func.array_agg(distinct(of), type_=ARRAY(Uuid)).filter(
        _said(found, "object_type") == literal_column("'person'")
    )
    extra = (
        func.coalesce(persons, NOBODY).label("subjects"),
        NO_COMPARTMENTS.label("compartments"),
    )
    return Personal("listAuditEntries", envelope(found, _entry(found), found, *extra))
