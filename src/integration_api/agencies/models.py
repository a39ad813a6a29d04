"""Tables of municipalities, agencies, members, API clients and keys."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    Computed,
    Date,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy import text as sql_text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSVECTOR

from integration_api.kernel.tables import id_column, instant, metadata, version_column

municipality = Table(
    "municipality",
    metadata,
    id_column(),
    Column("slug", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("reference_prefix", Text, nullable=False),
    instant("created_at"),
    UniqueConstraint("slug"),
    CheckConstraint("reference_prefix ~ '^[A-Z]{1,3}$'", name="reference_prefix"),
)

municipality_ags = Table(
    "municipality_ags",
    metadata,
    Column("municipality_id", Uuid, primary_key=True),
    Column("ags", Text, nullable=False),
    Column("valid_from", Date, primary_key=True),
    Column("valid_to", Date),
    ForeignKeyConstraint(["municipality_id"], [municipality.c.id]),
    CheckConstraint("ags ~ '^(0[1-9]|1[0-6])[0-9]{6}$'", name="ags"),
)

agency = Table(
    "agency",
    metadata,
    id_column(),
    Column("municipality_id", Uuid, nullable=False),
    Column("parent_id", Uuid),
    Column("slug", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("jurisdictions", ARRAY(Text), nullable=False),
    Column("contact_points", JSONB, nullable=False),
    Column("active_from", Date, nullable=False),
    Column("active_to", Date),
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
        "search", TSVECTOR, Computed("ia.search_words(name, '')", persisted=True), nullable=False
    ),
    UniqueConstraint("municipality_id", "id"),
    UniqueConstraint("municipality_id", "slug"),
    ForeignKeyConstraint(["municipality_id"], [municipality.c.id]),
    ForeignKeyConstraint(
        ["municipality_id", "parent_id"], ["ia.agency.municipality_id", "ia.agency.id"]
    ),
    CheckConstraint("active_to > active_from", name="active"),
    CheckConstraint("parent_id <> id", name="parent"),
    Index(None, "name_key", "id"),  # serves the pages of GET /v1/agencies
    Index(None, "municipality_id", "name_key", "id"),  # serves those of one municipality
    Index(None, "search", postgresql_using="gin"),  # serves ?q=
    Index(None, "slug"),  # serves ?slug= where no municipality is named
    Index(None, "municipality_id", "parent_id"),  # serves ?parent_id= and the policy of changes
)

member = Table(
    "member",
    metadata,
    id_column(),
    Column("municipality_id", Uuid, nullable=False),
    Column("agency_id", Uuid, nullable=False),
    Column("function_title", Text, nullable=False),
    Column("roles", ARRAY(Text), nullable=False),
    Column("active_from", Date, nullable=False),
    Column("active_to", Date),
    instant("created_at"),
    Column("issuer", Text),
    Column("subject", Text),
    version_column(),
    instant("updated_at", default="now()"),
    UniqueConstraint("municipality_id", "id"),
    ForeignKeyConstraint(["municipality_id", "agency_id"], [agency.c.municipality_id, agency.c.id]),
    CheckConstraint("(issuer is null) = (subject is null)", name="login"),
    Index(None, "municipality_id", "agency_id"),
    # serves `ia.find_subject`; a person is in an agency once
    Index(None, "issuer", "subject", "agency_id", unique=True),
    Index(None, "agency_id", "created_at", "id"),  # serves the pages of GET /v1/members
)

api_client = Table(
    "api_client",
    metadata,
    id_column(),
    Column("municipality_id", Uuid, nullable=False),
    Column("agency_id", Uuid, nullable=False),
    Column("member_id", Uuid),
    Column("name", Text, nullable=False),
    Column("scopes", ARRAY(Text), nullable=False),
    Column("purposes", ARRAY(Text), nullable=False),
    instant("created_at"),
    instant("revoked_at", nullable=True),
    Column("issuer", Text),
    Column("subject", Text),
    version_column(),
    instant("updated_at", default="now()"),
    UniqueConstraint("municipality_id", "id"),
    ForeignKeyConstraint(["municipality_id", "agency_id"], [agency.c.municipality_id, agency.c.id]),
    ForeignKeyConstraint(["municipality_id", "member_id"], [member.c.municipality_id, member.c.id]),
    CheckConstraint(
        "(issuer is null) = (subject is null) and (subject is null or member_id is null)",
        name="login",
    ),
    Index(None, "municipality_id", "agency_id"),
    # serves `ia.find_subject`: a machine that logs in is one client
    Index(None, "issuer", "subject", unique=True, postgresql_where=sql_text("revoked_at is null")),
    Index(None, "agency_id", "created_at", "id"),  # serves the pages of GET /v1/api-clients
)

api_key = Table(
    "api_key",
    metadata,
    id_column(),
    Column("municipality_id", Uuid, nullable=False),
    Column("client_id", Uuid, nullable=False),
    Column("secret_sha256", LargeBinary, nullable=False),
    instant("created_at"),
    instant("expires_at"),
    instant("revoked_at", nullable=True),
    instant("last_used_at", nullable=True),
    UniqueConstraint("secret_sha256"),
    ForeignKeyConstraint(
        ["municipality_id", "client_id"], [api_client.c.municipality_id, api_client.c.id]
    ),
    Index(None, "municipality_id", "client_id"),
)
