"""The table of referrals."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    Date,
    ForeignKeyConstraint,
    Index,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from integration_api.agencies.models import member
from integration_api.cases.models import CASE_KEY, case_participant
from integration_api.kernel.tables import id_column, instant, metadata, version_column
from integration_api.persons.models import AGENCY, disclosure

from .lifecycle import OPEN, REFERRAL

NEWEST = (text("created_at desc"), text("id desc"))
SENT = text("sent_at is not null")
OPEN_SQL = ", ".join(f"'{s.value}'" for s in REFERRAL.states if s in OPEN)

referral = Table(
    "referral",
    metadata,
    id_column(),
    Column("municipality_id", Uuid, nullable=False),
    Column("case_id", Uuid, nullable=False),
    Column("person_id", Uuid, nullable=False),
    Column("disclosure_id", Uuid, nullable=False),
    Column("sender_agency_id", Uuid, nullable=False),
    Column("recipient_agency_id", Uuid, nullable=False),
    Column("topic", Text, nullable=False),
    Column("handover_mode", Text, nullable=False),
    Column("urgency", Text, nullable=False),
    Column("message", Text),
    Column("preview", JSONB, nullable=False),
    Column("disclosed", JSONB, nullable=False),
    Column("status", Text, nullable=False),
    instant("due_at", nullable=True),
    Column("resume_on", Date),
    Column("claimed_by", Uuid),
    instant("claimed_at", nullable=True),
    Column("reason", Text),
    Column("reason_text", Text),
    Column("suggested_recipient_id", Uuid),
    Column("outcome", Text),
    Column("outcome_text", Text),
    Column("replaces_id", Uuid),
    Column("created_by", Uuid, nullable=False),
    instant("created_at"),
    instant("updated_at"),
    instant("sent_at", nullable=True),
    instant("received_at", nullable=True),
    instant("decided_at", nullable=True),
    instant("started_at", nullable=True),
    instant("ended_at", nullable=True),
    version_column(),
    UniqueConstraint("municipality_id", "id"),
    ForeignKeyConstraint(["municipality_id", "case_id"], CASE_KEY),
    ForeignKeyConstraint(
        ["municipality_id", "case_id", "person_id"],
        [
            case_participant.c.municipality_id,
            case_participant.c.case_id,
            case_participant.c.person_id,
        ],
    ),
    ForeignKeyConstraint(
        ["municipality_id", "disclosure_id", "person_id", "case_id", "recipient_agency_id"],
        [
            disclosure.c[n]
            for n in ("municipality_id", "id", "person_id", "case_id", "recipient_agency_id")
        ],
        name="fk_referral_ground",
    ),
    ForeignKeyConstraint(["municipality_id", "sender_agency_id"], AGENCY),
    ForeignKeyConstraint(["municipality_id", "recipient_agency_id"], AGENCY),
    ForeignKeyConstraint(["municipality_id", "suggested_recipient_id"], AGENCY),
    ForeignKeyConstraint(
        ["municipality_id", "replaces_id"], ["ia.referral.municipality_id", "ia.referral.id"]
    ),
    ForeignKeyConstraint(
        ["municipality_id", "claimed_by"], [member.c.municipality_id, member.c.id]
    ),
    CheckConstraint("recipient_agency_id <> sender_agency_id", name="recipient"),
    CheckConstraint("status <> 'draft' or sent_at is null", name="sent"),
    CheckConstraint("status not in ('sent', 'received') or due_at is not null", name="due"),
    CheckConstraint("(status = 'completed') <= (outcome is not null)", name="outcome"),
    CheckConstraint(REFERRAL.sql_in(), name="status"),
    Index(
        "uq_referral_open",
        "municipality_id",
        "case_id",
        "recipient_agency_id",
        "topic",
        unique=True,
        postgresql_where=text(f"status in ({OPEN_SQL})"),
    ),
    # serve GET /v1/referrals by direction, with and without a status
    Index("ix_referral_sender", "municipality_id", "sender_agency_id", "status", *NEWEST),
    Index("ix_referral_sender_all", "municipality_id", "sender_agency_id", *NEWEST),
    Index(
        "ix_referral_recipient",
        "municipality_id",
        "recipient_agency_id",
        "status",
        *NEWEST,
        postgresql_where=SENT,
    ),
    Index(
        "ix_referral_recipient_all",
        "municipality_id",
        "recipient_agency_id",
        *NEWEST,
        postgresql_where=SENT,
    ),
    # serves the clock
    Index(
        "ix_referral_due",
        "municipality_id",
        "due_at",
        postgresql_where=text("status in ('sent', 'received')"),
    ),
    Index("ix_referral_disclosure", "disclosure_id"),  # serves the end of a disclosure
    # serves GET /v1/me: what came back unanswered and was not replaced
    Index("ix_referral_replaces", "replaces_id", postgresql_where=text("replaces_id is not null")),
    Index("ix_referral_case", "case_id"),  # serves ?case_id= and the closing of a case
)
