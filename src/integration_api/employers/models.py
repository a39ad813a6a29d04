"""The table of employers."""

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

from integration_api.agencies.models import agency
from integration_api.kernel.tables import id_column, instant, metadata, version_column

employer = Table(
    "employer",
    metadata,
    id_column(),
    Column("municipality_id", Uuid, nullable=False),
    Column("recorded_by_agency_id", Uuid, nullable=False),
    Column("name", Text, nullable=False),
    Column("establishment_number", Text),
    Column("sector", Text),
    Column("place", Text),
    Column("contact_email", Text),
    Column("contact_phone", Text),
    Column("ba_excluded_until", Date),
    instant("created_at"),
    instant("updated_at"),
    version_column(),
    UniqueConstraint("municipality_id", "id"),
    UniqueConstraint("municipality_id", "establishment_number"),
    ForeignKeyConstraint(
        ["municipality_id", "recorded_by_agency_id"], [agency.c.municipality_id, agency.c.id]
    ),
    CheckConstraint("establishment_number ~ '^[0-9]{8}$'", name="establishment_number"),
    # serves GET /v1/employers
    Index(
        "ix_employer_municipality_id_created_at_id",
        "municipality_id",
        text("created_at desc"),
        text("id desc"),
    ),
)
