"""Audit entry and event of a change, as CTEs of the statement that makes it.

Both hold pseudonymous ids only; the event's text is final and is copied by feed and webhooks.
"""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ColumnElement,
    Computed,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    cast,
    func,
    insert,
    literal,
    literal_column,
    null,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, array
from sqlalchemy.sql.selectable import CTE, FromClause

from .shape import fields, instant
from .statements import ME
from .tables import metadata

outbox = Table(
    "outbox",
    metadata,
    Column("id", BigInteger, Identity(always=True, cache=1), primary_key=True),
    Column("event_id", Uuid, nullable=False),
    Column("municipality_id", Uuid, nullable=False),
    Column("agg_type", Text, nullable=False),
    Column("agg_id", Uuid, nullable=False),
    Column("agg_version", Integer),
    Column("type", Text, nullable=False),
    Column("agency_ids", ARRAY(Uuid), nullable=False),
    Column("body", Text, nullable=False),
    Column("occurred_at", DateTime(timezone=True), nullable=False),
    Column("seq", BigInteger),
    UniqueConstraint("agg_id", "agg_version"),
    UniqueConstraint("event_id"),
    Index("uq_outbox_seq", "seq", unique=True),
    Index("ix_outbox_open", "id", postgresql_where=text("seq is null")),
)

audit_entry = Table(
    "audit_entry",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("municipality_id", Uuid, nullable=False),
    Column("canonical", Text, nullable=False),
    Column("actor_id", Text, Computed("(canonical::jsonb) ->> 'actor_id'", persisted=True)),
    Column("action", Text, Computed("(canonical::jsonb) ->> 'action'", persisted=True)),
    Column("object_id", Text, Computed("(canonical::jsonb) ->> 'object_id'", persisted=True)),
    Column(
        "agency_id", Uuid, Computed("((canonical::jsonb) ->> 'agency_id')::uuid", persisted=True)
    ),
    Column("recorded_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("n", BigInteger),
    Column("hash", LargeBinary),
    CheckConstraint("canonical is json object", name="canonical"),
    CheckConstraint("(n is null) = (hash is null)", name="sealed"),
    Index(None, "municipality_id", "n", unique=True, postgresql_where=text("n is not null")),
    Index(None, "municipality_id", "object_id"),
    Index(None, "municipality_id", "recorded_at"),  # serves the pages of GET /v1/audit-entries
    Index("ix_audit_entry_open", "municipality_id", "id", postgresql_where=text("hash is null")),
)


def record(
    noun: str,
    change: FromClause,
    action: str,
    *,
    changed: list[str],
    to: Callable[[FromClause], ColumnElement[Any]],
    reason: ColumnElement[Any] | None = None,
    many: bool = False,
    beside: bool = False,
    under: str | None = None,
) -> tuple[CTE, CTE]:
    """Audit entry and event of every row in `change` (columns id, municipality_id, version).

    `action` is the event type (`referral.accepted`), `to` the agencies that may know of it;
    `many` where one statement may move several rows, whose events need an id each; `beside` where
    the change makes no new version, so that there may be several events of one. `under` is the
    column of what it is a part of, which the event names too: documents of that show it.
    """
    names: ColumnElement[Any] = literal_column(f"'{{{','.join(changed)}}}'::text[]")
    event_id = func.gen_random_uuid() if many else ME.event
    rows = select(change, event_id.label("event_id")).cte(f"{noun}_events")
    version = null() if beside else rows.c.version
    ids = {f"{noun}_id": rows.c.id} | ({under: rows.c[under]} if under else {})
    event = _event(noun, rows, action, names, to(rows), version, ids)
    return audit(noun, change, action, reason), event


def audit(
    noun: str, change: FromClause, action: str, reason: ColumnElement[Any] | None = None
) -> CTE:
    """The audit entry alone, for what concerns nobody but the caller's own agency."""
    entry = fields(
        at=instant(ME.now),
        municipality_id=change.c.municipality_id,
        agency_id=ME.agency,
        client_id=ME.client,
        actor_id=func.coalesce(ME.member, ME.client),
        action=literal(action, Text),
        object_type=literal(noun, Text),
        object_id=change.c.id,
        version=change.c.version,
        purpose=ME.purpose,
        reason=literal_column("null::text") if reason is None else reason,
        request_id=ME.request,
    )
    rows = select(change.c.municipality_id, cast(entry, Text)).select_from(change)
    names = ["municipality_id", "canonical"]
    return insert(audit_entry).from_select(names, rows).cte(f"{noun}_audit")


def _event(
    noun: str,
    change: FromClause,
    action: str,
    changed: ColumnElement[Any],
    to: ColumnElement[Any],
    version: ColumnElement[Any],
    ids: Mapping[str, ColumnElement[Any]],
) -> CTE:
    data = fields(**ids, version=change.c.version, changed=changed)
    body = fields(
        id=change.c.event_id, type=literal(action, Text), occurred_at=instant(ME.now), data=data
    )
    rows = select(
        change.c.event_id,
        change.c.municipality_id,
        literal(noun, Text),
        change.c.id,
        version,
        literal(action, Text),
        to,
        cast(body, Text),
        ME.now,
    ).select_from(change)
    names = ["event_id", "municipality_id", "agg_type", "agg_id", "agg_version", "type"]
    names += ["agency_ids", "body", "occurred_at"]
    return insert(outbox).from_select(names, rows).cte(f"{noun}_event")


def agencies(*columns: str) -> Callable[[FromClause], ColumnElement[Any]]:
    """The agencies that stand in these columns of the changed row."""
    return lambda row: func.array_remove(
        array([row.c[name] for name in columns]), null(), type_=ARRAY(Uuid)
    )


EVERYBODY: ColumnElement[Any] = literal_column("'00000000-0000-0000-0000-000000000000'::uuid")
"""An addressee that stands for every agency of the municipality."""


def everybody(_: FromClause) -> ColumnElement[Any]:
    """Every agency of the municipality: the directory is public."""
    return array([EVERYBODY])


def mine(_: FromClause) -> ColumnElement[Any]:
    """The caller's own agency alone."""
    return array([ME.agency])
