"""Metadata of all tables, the naming convention, and the log of personal reads.

Tables serve Alembic and statements; nothing is mapped, no session exists in a request.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    Uuid,
)
from sqlalchemy import text as sql_text
from sqlalchemy.dialects.postgresql import ARRAY

metadata = MetaData(
    schema="ia",
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    },
)


def id_column() -> Column[object]:
    """UUIDv7 primary key, made by the application (PostgreSQL 17 has no `uuidv7()`)."""
    return Column("id", Uuid, primary_key=True)


def instant(name: str, *, nullable: bool = False, default: str | None = None) -> Column[object]:
    """A `timestamptz` column; `default` is SQL."""
    from_sql = sql_text(default) if default else None
    return Column(name, DateTime(timezone=True), nullable=nullable, server_default=from_sql)


def version_column() -> Column[int]:
    """Counts the changes of a row; first part of its ETag, version of its events."""
    return Column("version", Integer, nullable=False, server_default=sql_text("1"))


access_record = Table(
    "access_record",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("municipality_id", Uuid, nullable=False),
    Column("agency_id", Uuid, nullable=False),
    Column("client_id", Uuid, nullable=False),
    Column("member_id", Uuid),
    Column("purpose", Text, nullable=False),
    Column("request_id", Uuid, nullable=False),
    Column("operation", Text, nullable=False),
    Column("subjects", ARRAY(Uuid), nullable=False),
    Column("compartments", ARRAY(Text), nullable=False),
    Column("resource_id", Uuid),
    # serves the pages of GET /v1/access-records and the deletion of records older than six months
    Index(None, "municipality_id", "at"),
)
