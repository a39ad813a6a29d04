"""Tables of offers and of the sites where they are held."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    Computed,
    Date,
    ForeignKeyConstraint,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSVECTOR

from integration_api.agencies.models import agency
from integration_api.kernel.tables import id_column, instant, metadata, version_column
from integration_api.sites.models import site

from .lifecycle import OFFER

WORDS = (
    "ia.search_words(name_de || ' ' || coalesce(name_en, ''),"
    " description_de || ' ' || coalesce(description_en, ''))"
)
offer = Table(
    "offer",
    metadata,
    id_column(),
    Column("municipality_id", Uuid, nullable=False),
    Column("agency_id", Uuid, nullable=False),
    Column("status", Text, nullable=False),
    Column("name_de", Text, nullable=False),
    Column("name_en", Text),
    Column("description_de", Text, nullable=False),
    Column("description_en", Text),
    Column("topic", Text, nullable=False),
    Column("audiences", ARRAY(Text), nullable=False),
    Column("languages", JSONB, nullable=False),
    Column("eligibility_de", Text),
    Column("eligibility_en", Text),
    Column("status_groups", ARRAY(Text), nullable=False),
    Column("cost", Text, nullable=False),
    Column("fee_cents", Integer),
    Column("cost_note_de", Text),
    Column("cost_note_en", Text),
    Column("capacity_total", Integer),
    Column("capacity_free", Integer),
    instant("capacity_as_of", nullable=True),
    Column("channels", ARRAY(Text), nullable=False),
    Column("valid_from", Date, nullable=False),
    Column("valid_to", Date),
    version_column(),
    instant("created_at"),
    instant("updated_at"),
    Column(
        "name_key",
        Text(collation="C"),
        Computed("left(ia.name_key(name_de), 50)", persisted=True),
        nullable=False,
    ),
    Column("search", TSVECTOR, Computed(WORDS, persisted=True), nullable=False),
    UniqueConstraint("municipality_id", "id"),
    ForeignKeyConstraint(["municipality_id", "agency_id"], [agency.c.municipality_id, agency.c.id]),
    CheckConstraint(OFFER.sql_in(), name="status"),
    CheckConstraint("cardinality(audiences) > 0", name="audiences"),
    CheckConstraint("fee_cents is null or (cost = 'fee' and fee_cents > 0)", name="fee"),
    CheckConstraint("capacity_total >= 0", name="capacity_total"),
    CheckConstraint(
        "capacity_free is null"
        " or (capacity_total is not null and capacity_free between 0 and capacity_total)",
        name="capacity_free",
    ),
    CheckConstraint("(capacity_free is null) = (capacity_as_of is null)", name="capacity_as_of"),
    CheckConstraint("valid_to > valid_from", name="valid"),
    # serve the pages of GET /v1/offers, of all and of one municipality; the policy stands before
    # `search`, so that words are looked for along these, and no index of words would be used
    Index(None, "name_key", "id"),
    Index(None, "municipality_id", "name_key", "id"),
    Index(None, "agency_id", "name_key", "id"),  # serves ?agency_id=, and own drafts
)

offer_site = Table(
    "offer_site",
    metadata,
    Column("municipality_id", Uuid, primary_key=True),
    Column("offer_id", Uuid, primary_key=True),
    Column("site_id", Uuid, primary_key=True),
    ForeignKeyConstraint(["municipality_id", "offer_id"], [offer.c.municipality_id, offer.c.id]),
    ForeignKeyConstraint(["municipality_id", "site_id"], [site.c.municipality_id, site.c.id]),
    Index(None, "site_id", "offer_id"),  # serves ?site_id= and ?near=
)
