"""Tables of exports and of their sealed parts."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.dialects.postgresql import ARRAY

from integration_api.jobs.models import job
from integration_api.kernel.tables import id_column, instant, metadata

export = Table(
    "export",
    metadata,
    id_column(),
    Column("municipality_id", Uuid, nullable=False),
    Column("agency_id", Uuid, nullable=False),
    Column("client_id", Uuid, nullable=False),
    Column("types", ARRAY(Text), nullable=False),
    Column("cursor", Text),
    instant("as_of", nullable=True),
    Column("lines", Integer),
    Column("bytes", BigInteger),
    Column("sha256", Text),
    UniqueConstraint("municipality_id", "id"),
    ForeignKeyConstraint(
        ["municipality_id", "id"], [job.c.municipality_id, job.c.id], ondelete="CASCADE"
    ),
    CheckConstraint("cardinality(types) between 1 and 20", name="types"),
    CheckConstraint("num_nulls(cursor, as_of, lines, bytes, sha256) in (0, 5)", name="whole"),
)

export_part = Table(
    "export_part",
    metadata,
    Column("municipality_id", Uuid),
    Column("export_id", Uuid),
    Column("n", Integer),
    Column("agency_id", Uuid, nullable=False),
    Column("client_id", Uuid, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("subjects", ARRAY(Uuid), nullable=False),
    Column("compartments", ARRAY(Text), nullable=False),
    Column("shown", ARRAY(Uuid), nullable=False),
    Column("held", ARRAY(Uuid), nullable=False),
    PrimaryKeyConstraint("municipality_id", "export_id", "n"),
    ForeignKeyConstraint(
        ["municipality_id", "export_id"],
        [export.c.municipality_id, export.c.id],
        ondelete="CASCADE",
    ),
    CheckConstraint("n >= 1", name="n"),
)
"""`subjects`: whom the part is about; `shown`: those of them whom the caller saw; `held`: the
disclosures that were live for it then."""
