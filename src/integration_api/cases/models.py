"""Tables of cases: participants, foreign numbers, access, assignments, notes."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from integration_api.agencies.models import member
from integration_api.kernel.tables import id_column, instant, metadata, version_column
from integration_api.persons.models import AGENCY, PERSON

from .lifecycle import CASE

case = Table(
    "case",
    metadata,
    id_column(),
    Column("municipality_id", Uuid, nullable=False),
    Column("reference", Text, nullable=False),
    Column("lead_agency_id", Uuid, nullable=False),
    Column("concerns", JSONB, nullable=False),
    Column("status", Text, nullable=False),
    Column("outcome", Text),
    Column("reason", Text),
    instant("closed_at", nullable=True),
    version_column(),
    instant("created_at"),
    instant("updated_at"),
    UniqueConstraint("municipality_id", "id"),
    UniqueConstraint("municipality_id", "id", "lead_agency_id"),
    UniqueConstraint("municipality_id", "reference"),
    ForeignKeyConstraint(["municipality_id", "lead_agency_id"], AGENCY),
    CheckConstraint(
        "(status = 'closed') = (closed_at is not null)"
        " and (status = 'closed') = (outcome is not null)",
        name="closed",
    ),
    CheckConstraint(CASE.sql_in(), name="status"),
    Index(
        "ix_case_municipality_id_lead_agency_id_created_at_id",
        "municipality_id",
        "lead_agency_id",
        text("created_at desc"),
        text("id desc"),
    ),
)
CASE_KEY = [case.c.municipality_id, case.c.id]

case_participant = Table(
    "case_participant",
    metadata,
    id_column(),
    Column("municipality_id", Uuid, nullable=False),
    Column("case_id", Uuid, nullable=False),
    Column("lead_agency_id", Uuid, nullable=False),
    Column("person_id", Uuid, nullable=False),
    Column("role", Text, nullable=False),
    version_column(),
    instant("created_at"),
    UniqueConstraint("municipality_id", "case_id", "person_id"),
    ForeignKeyConstraint(
        ["municipality_id", "case_id", "lead_agency_id"],
        [*CASE_KEY, case.c.lead_agency_id],
        onupdate="CASCADE",
    ),
    ForeignKeyConstraint(["municipality_id", "person_id"], PERSON),
    Index(None, "case_id", "created_at", "id"),
    Index(None, "municipality_id", "person_id"),  # serves ia.assigned_to_person
)

case_external_id = Table(
    "case_external_id",
    metadata,
    Column("municipality_id", Uuid),
    Column("agency_id", Uuid),
    Column("system", Text),
    Column("value", Text),
    Column("case_id", Uuid, nullable=False),
    PrimaryKeyConstraint("municipality_id", "agency_id", "system", "value"),
    UniqueConstraint("municipality_id", "agency_id", "case_id", "system"),
    ForeignKeyConstraint(["municipality_id", "case_id"], CASE_KEY),
    ForeignKeyConstraint(["municipality_id", "agency_id"], AGENCY),
    CheckConstraint("value ~ '^[A-Za-z0-9._~-]{1,64}$'", name="value"),
)

case_access = Table(
    "case_access",
    metadata,
    Column("municipality_id", Uuid),
    Column("agency_id", Uuid),
    Column("case_id", Uuid),
    instant("sort_at"),
    Column("status", Text, nullable=False),
    instant("valid_from"),
    instant("valid_to"),
    PrimaryKeyConstraint("municipality_id", "agency_id", "case_id"),
    ForeignKeyConstraint(["municipality_id", "case_id"], CASE_KEY, ondelete="CASCADE"),
    Index(None, "case_id", "agency_id"),  # serves the policies of cases and participants
    # serves the worker, which looks for access that lapsed and goes on under a later disclosure
    Index(None, "valid_to", postgresql_where=text("valid_to < 'infinity'")),
    Index(
        "ix_case_access_municipality_id_agency_id_sort_at_case_id",
        "municipality_id",
        "agency_id",
        text("sort_at desc"),
        text("case_id desc"),
    ),
    Index(
        "ix_case_access_municipality_id_agency_id_status_sort_at_case_id",
        "municipality_id",
        "agency_id",
        "status",
        text("sort_at desc"),
        text("case_id desc"),
    ),
)

case_assignment = Table(
    "case_assignment",
    metadata,
    Column("municipality_id", Uuid),
    Column("case_id", Uuid),
    Column("agency_id", Uuid),
    Column("member_ids", ARRAY(Uuid), nullable=False),
    version_column(),
    instant("updated_at"),
    PrimaryKeyConstraint("municipality_id", "case_id", "agency_id"),
    ForeignKeyConstraint(["municipality_id", "case_id"], CASE_KEY),
    ForeignKeyConstraint(["municipality_id", "agency_id"], AGENCY),
    CheckConstraint("cardinality(member_ids) <= 20", name="member_ids"),
)

case_note = Table(
    "case_note",
    metadata,
    id_column(),
    Column("municipality_id", Uuid, nullable=False),
    Column("case_id", Uuid, nullable=False),
    Column("lead_agency_id", Uuid, nullable=False),
    Column("agency_id", Uuid, nullable=False),
    Column("member_id", Uuid),
    Column("compartment", Text, nullable=False),
    Column("visibility", Text, nullable=False),
    Column("text", Text, nullable=False),
    version_column(),
    instant("created_at"),
    ForeignKeyConstraint(
        ["municipality_id", "case_id", "lead_agency_id"],
        [*CASE_KEY, case.c.lead_agency_id],
        onupdate="CASCADE",
    ),
    ForeignKeyConstraint(["municipality_id", "agency_id"], AGENCY),
    ForeignKeyConstraint(["municipality_id", "member_id"], [member.c.municipality_id, member.c.id]),
    CheckConstraint("visibility in ('agency', 'case')", name="visibility"),
    Index(None, "case_id", "created_at", "id"),
)
