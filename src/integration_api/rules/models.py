"""The table of rule packs."""

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

from integration_api.agencies.models import agency, member
from integration_api.kernel.tables import id_column, instant, metadata, version_column

from .lifecycle import RULE_PACK

rule_pack = Table(
    "rule_pack",
    metadata,
    id_column(),
    Column("municipality_id", Uuid),  # null: it came with a version of this service
    Column("agency_id", Uuid),
    Column("code", Text, nullable=False),
    Column("pack_version", Text, nullable=False),
    Column("title", JSONB, nullable=False),
    Column("law_as_of", Date, nullable=False),
    Column("source", Text, nullable=False),
    Column("amends", Text),
    Column("derive", JSONB, nullable=False),
    Column("rules", JSONB, nullable=False),
    Column("digest", Text),
    Column("status", Text, nullable=False),
    instant("submitted_at", nullable=True),
    Column("submitted_by_member_id", Uuid),
    Column("released_by", Text),
    instant("released_at", nullable=True),
    Column("released_by_member_id", Uuid),
    instant("superseded_at", nullable=True),
    version_column(),
    instant("created_at"),
    instant("updated_at"),
    UniqueConstraint(
        "municipality_id",
        "code",
        "pack_version",
        "digest",
        postgresql_nulls_not_distinct=True,
    ),
    ForeignKeyConstraint(["municipality_id", "agency_id"], [agency.c.municipality_id, agency.c.id]),
    ForeignKeyConstraint(
        ["municipality_id", "submitted_by_member_id"], [member.c.municipality_id, member.c.id]
    ),
    ForeignKeyConstraint(
        ["municipality_id", "released_by_member_id"], [member.c.municipality_id, member.c.id]
    ),
    CheckConstraint(RULE_PACK.sql_in(), name="status"),
    CheckConstraint(
        "(municipality_id is null) = (agency_id is null)"
        " and (municipality_id is null) = (digest is not null)",
        name="shipped",
    ),
    CheckConstraint(
        "municipality_id is null or (status in ('review', 'released', 'superseded'))"
        " = (submitted_by_member_id is not null)",
        name="submitted",
    ),
    CheckConstraint(
        "municipality_id is null or (status in ('released', 'superseded'))"
        " = (released_by_member_id is not null)",
        name="released",
    ),
    CheckConstraint("released_by_member_id <> submitted_by_member_id", name="second_person"),
    CheckConstraint("status <> 'released' or released_at is not null", name="released_at"),
    CheckConstraint("(status = 'superseded') = (superseded_at is not null)", name="superseded"),
    # no two released packs of a code at once, whoever releases at the same time
    Index(
        "ix_rule_pack_head",
        "municipality_id",
        "code",
        unique=True,
        postgresql_where=text("status = 'released'"),
        postgresql_nulls_not_distinct=True,
    ),
    # serves GET /v1/rule-packs
    Index("ix_rule_pack_created_at_id", text("created_at desc"), text("id desc")),
    # serves GET /v1/rule-packs?municipality_id=
    Index(
        "ix_rule_pack_municipality_id_created_at_id",
        "municipality_id",
        text("created_at desc"),
        text("id desc"),
    ),
)
