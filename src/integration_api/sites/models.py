"""Tables of sites and of the agencies under their roofs."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    Computed,
    Date,
    Double,
    ForeignKeyConstraint,
    Index,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSVECTOR

from integration_api.agencies.models import agency
from integration_api.kernel.tables import id_column, instant, metadata, version_column

site = Table(
    "site",
    metadata,
    id_column(),
    Column("municipality_id", Uuid, nullable=False),
    Column("agency_id", Uuid, nullable=False),
    Column("name", Text, nullable=False),
    Column("description_de", Text),
    Column("description_en", Text),
    Column("street", Text),
    Column("postal_code", Text),
    Column("place", Text, nullable=False),
    Column("latitude", Double),
    Column("longitude", Double),
    Column("time_zone", Text, nullable=False),
    Column("accessibility", ARRAY(Text), nullable=False),
    Column("contact_points", JSONB, nullable=False),
    Column("opening_hours", JSONB, nullable=False),
    Column("exceptions", JSONB, nullable=False),
    version_column(),
    instant("created_at"),
    instant("updated_at"),
    Column(
        "name_key",
        Text(collation="C"),
        Computed("left(ia.name_key(name), 50)", persisted=True),
        nullable=False,
    ),
    Column(
        "search",
        TSVECTOR,
        Computed("ia.search_words(name, place)", persisted=True),
        nullable=False,
    ),
    UniqueConstraint("municipality_id", "id"),
    ForeignKeyConstraint(["municipality_id", "agency_id"], [agency.c.municipality_id, agency.c.id]),
    CheckConstraint("(latitude is null) = (longitude is null)", name="coordinates"),
    CheckConstraint("latitude between -90 and 90", name="latitude"),
    CheckConstraint("longitude between -180 and 180", name="longitude"),
    CheckConstraint("postal_code ~ '^[0-9]{5}$'", name="postal_code"),
    # PostgreSQL refuses a zone that it does not know with an error
    CheckConstraint("timezone(time_zone, 'epoch'::timestamptz) is not null", name="time_zone"),
    CheckConstraint("ia.hours_apart(opening_hours)", name="opening_hours"),
    CheckConstraint("ia.exceptions_apart(exceptions)", name="exceptions"),
    Index(None, "name_key", "id"),  # serves the pages of GET /v1/sites
    Index(None, "municipality_id", "name_key", "id"),  # serves those of one municipality
    Index(None, "search", postgresql_using="gin"),  # serves ?q=
    Index(None, "municipality_id", "agency_id"),  # serves ?agency_id= and the policy of changes
    Index(None, "latitude", "longitude"),  # serves ?near= of offers
)

site_unit = Table(
    "site_unit",
    metadata,
    Column("municipality_id", Uuid, primary_key=True),
    Column("site_id", Uuid, primary_key=True),
    Column("agency_id", Uuid, primary_key=True),
    Column("valid_from", Date, primary_key=True),
    Column("valid_to", Date),
    Column("floor", Text),
    Column("room", Text),
    ForeignKeyConstraint(["municipality_id", "site_id"], [site.c.municipality_id, site.c.id]),
    ForeignKeyConstraint(["municipality_id", "agency_id"], [agency.c.municipality_id, agency.c.id]),
    CheckConstraint("valid_to > valid_from", name="valid"),
    Index(None, "agency_id", "site_id"),  # serves ?unit_id=, and where an agency is met
)
