"""The tables of endpoints, secrets and deliveries; `webhook_head` is how far events are queued."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, CIDR

from integration_api.agencies.models import agency
from integration_api.kernel.tables import id_column, instant, metadata, version_column

from .lifecycle import WEBHOOK_ENDPOINT

NEWEST = (text("created_at desc"), text("id desc"))
DUE = text("status = 'due'")

webhook_endpoint = Table(
    "webhook_endpoint",
    metadata,
    id_column(),
    Column("municipality_id", Uuid, nullable=False),
    Column("agency_id", Uuid, nullable=False),
    Column("url", Text, nullable=False),
    Column("types", ARRAY(Text), nullable=False),
    Column("description", Text),
    Column("networks", ARRAY(CIDR), nullable=False, server_default="{}"),
    Column("max_inflight", Integer, nullable=False, server_default="4"),
    Column("status", Text, nullable=False),
    Column("disabled_reason", Text),
    instant("disabled_at", nullable=True),
    instant("failing_since", nullable=True),
    version_column(),
    instant("created_at"),
    instant("updated_at"),
    UniqueConstraint("municipality_id", "agency_id", "id"),
    ForeignKeyConstraint(["municipality_id", "agency_id"], [agency.c.municipality_id, agency.c.id]),
    CheckConstraint(WEBHOOK_ENDPOINT.sql_in(), name="status"),
    CheckConstraint(
        "(status = 'disabled') = (disabled_at is not null)"
        " and (status = 'disabled') = (disabled_reason is not null)",
        name="disabled",
    ),
    CheckConstraint("disabled_reason in ('owner', 'gone', 'failing')", name="reason"),
    CheckConstraint("max_inflight between 1 and 32", name="max_inflight"),
    # serves GET /v1/webhook-endpoints and the queueing of events
    Index(
        "ix_webhook_endpoint_municipality_id_agency_id_created_at_id",
        "municipality_id",
        "agency_id",
        *NEWEST,
    ),
)


def _endpoint() -> ForeignKeyConstraint:
    """Carries the agency: no row of one agency hangs on an endpoint of another."""
    names = ("municipality_id", "agency_id", "endpoint_id")
    of = webhook_endpoint.c
    return ForeignKeyConstraint(names, [of.municipality_id, of.agency_id, of.id])


webhook_secret = Table(
    "webhook_secret",
    metadata,
    id_column(),
    Column("municipality_id", Uuid, nullable=False),
    Column("agency_id", Uuid, nullable=False),
    Column("endpoint_id", Uuid, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("key_id", Text, nullable=False),
    instant("created_at"),
    instant("valid_to", default="'infinity'"),
    _endpoint(),
    Index(None, "endpoint_id"),
    # serves the search for what another key has sealed
    Index(None, "key_id"),
)

webhook_delivery = Table(
    "webhook_delivery",
    metadata,
    Column("id", Uuid, primary_key=True, server_default=text("gen_random_uuid()")),
    Column("municipality_id", Uuid, nullable=False),
    Column("agency_id", Uuid, nullable=False),
    Column("endpoint_id", Uuid, nullable=False),
    Column("event_id", Uuid, nullable=False),
    Column("event_seq", BigInteger),
    Column("type", Text, nullable=False),
    Column("agg_type", Text, nullable=False),
    Column("agg_id", Uuid, nullable=False),
    Column("body", Text),
    Column("status", Text, nullable=False, server_default="due"),
    Column("reason", Text),
    Column("attempts", Integer, nullable=False, server_default="0"),
    instant("next_at", default="now()"),
    instant("lease_until", nullable=True),
    Column("lease_token", Uuid),
    instant("ended_at", nullable=True),
    version_column(),
    instant("created_at", default="now()"),
    UniqueConstraint("municipality_id", "id"),
    UniqueConstraint("municipality_id", "endpoint_id", "event_seq"),
    _endpoint(),
    CheckConstraint("status in ('due', 'done', 'dead', 'dropped')", name="status"),
    CheckConstraint("(status = 'due') = (ended_at is null)", name="ended"),
    CheckConstraint("(event_seq is null) = (body is not null)", name="text"),
    # serve the claim: what is due at an endpoint, and what waits before it for the same resource
    Index(None, "endpoint_id", "next_at", "event_seq", postgresql_where=DUE),
    Index(None, "endpoint_id", "agg_id", "event_seq", postgresql_where=DUE),
    Index(None, "next_at", postgresql_where=DUE),
    # serves the deletion of what ended long ago
    Index(None, "ended_at", postgresql_where=text("status <> 'due'")),
    # serve GET /v1/webhook-deliveries
    Index(
        "ix_webhook_delivery_municipality_id_agency_id_created_at_id",
        "municipality_id",
        "agency_id",
        *NEWEST,
    ),
    Index(
        "ix_webhook_delivery_agency_id_status_created_at_id",
        "municipality_id",
        "agency_id",
        "status",
        *NEWEST,
    ),
    Index("ix_webhook_delivery_endpoint_id_created_at_id", "endpoint_id", *NEWEST),
    Index("ix_webhook_delivery_agg_id_created_at_id", "agg_id", *NEWEST),
)

webhook_attempt = Table(
    "webhook_attempt",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("municipality_id", Uuid, nullable=False),
    Column("agency_id", Uuid, nullable=False),
    Column("delivery_id", Uuid, nullable=False),
    instant("at"),
    Column("latency_ms", Integer, nullable=False),
    Column("status_code", Integer),
    Column("error", Text),
    Column("answer", Text),
    ForeignKeyConstraint(
        ["municipality_id", "delivery_id"],
        [webhook_delivery.c.municipality_id, webhook_delivery.c.id],
        ondelete="CASCADE",
    ),
    CheckConstraint("length(answer) <= 1024", name="answer"),
    Index(None, "delivery_id", "id"),
)

webhook_replay = Table(
    "webhook_replay",
    metadata,
    Column("municipality_id", Uuid, primary_key=True),
    Column("endpoint_id", Uuid, primary_key=True),
    Column("agency_id", Uuid, nullable=False),
    instant("from_at", nullable=True),
    instant("to_at"),
    Column("at_seq", BigInteger, nullable=False, server_default="0"),
    Column("until_seq", BigInteger),
    instant("created_at"),
    _endpoint(),
    CheckConstraint("from_at < to_at", name="range"),
)

webhook_head = Table(
    "webhook_head",
    metadata,
    Column("one", Boolean, primary_key=True, server_default=text("true")),
    Column("last", BigInteger, nullable=False),
    CheckConstraint("one", name="one"),
)
