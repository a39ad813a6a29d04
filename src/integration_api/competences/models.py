"""Tables of competences and of observed waiting times."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    Date,
    ForeignKeyConstraint,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from integration_api.agencies.models import agency
from integration_api.kernel.tables import id_column, instant, metadata, version_column

agency_competence = Table(
    "agency_competence",
    metadata,
    id_column(),
    Column("municipality_id", Uuid, nullable=False),
    Column("agency_id", Uuid, nullable=False),
    Column("service", Text, nullable=False),
    Column("jurisdiction", Text, nullable=False),
    Column("area", ARRAY(Text), nullable=False),
    Column("applies_when", JSONB),
    Column("legal_basis", ARRAY(Text), nullable=False),
    Column("valid_from", Date, nullable=False),
    Column("valid_to", Date),
    instant("created_at"),
    instant("updated_at"),
    version_column(),
    UniqueConstraint("municipality_id", "id"),
    ForeignKeyConstraint(["municipality_id", "agency_id"], [agency.c.municipality_id, agency.c.id]),
    CheckConstraint("valid_to > valid_from", name="valid"),
    CheckConstraint(
        "array_to_string(area, ' ', '') ~ '^((0[1-9]|1[0-6])[0-9]{6}( |$))*$'", name="area"
    ),
    CheckConstraint("cardinality(legal_basis) > 0", name="legal_basis"),
    CheckConstraint("jsonb_typeof(applies_when) = 'object'", name="applies_when"),
    # serves POST /v1/responsibility-checks
    Index(None, "municipality_id", "service"),
    # serves GET /v1/agencies/{id}/competences
    Index(
        "ix_agency_competence_agency_id_created_at_id",
        "agency_id",
        text("created_at desc"),
        text("id desc"),
    ),
)
"""No agency has a service twice on one day: an exclusion constraint of the migration."""

waiting_time = Table(
    "waiting_time",
    metadata,
    id_column(),
    Column("municipality_id", Uuid, nullable=False),
    Column("agency_id", Uuid, nullable=False),
    Column("service", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("days", Integer, nullable=False),
    Column("method", Text, nullable=False),
    Column("sample_size", Integer),
    instant("observed_at"),
    instant("recorded_at"),
    version_column(),
    UniqueConstraint("municipality_id", "id"),
    ForeignKeyConstraint(["municipality_id", "agency_id"], [agency.c.municipality_id, agency.c.id]),
    CheckConstraint("days between 0 and 3650", name="days"),
    CheckConstraint("sample_size between 1 and 1000000", name="sample_size"),
    # serves GET /v1/agencies/{id}/waiting-times
    Index(
        "ix_waiting_time_agency_id_observed_at_id",
        "agency_id",
        text("observed_at desc"),
        text("id desc"),
    ),
    # serves the newest of each kind: ?current=true, POST /v1/responsibility-checks
    Index(
        "ix_waiting_time_agency_id_service_kind_observed_at",
        "agency_id",
        "service",
        "kind",
        text("observed_at desc"),
        text("id desc"),
    ),
)
