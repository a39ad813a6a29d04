"""Tables of imports: what was asked for, the parts that were sent, what was wrong with a line."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from integration_api.agencies.models import agency
from integration_api.jobs.models import job
from integration_api.kernel.tables import id_column, instant, metadata, version_column


def _count(name: str) -> Column[int]:
    return Column(name, Integer, nullable=False, server_default=text("0"))


import_ = Table(
    "import",
    metadata,
    id_column(),
    Column("municipality_id", Uuid, nullable=False),
    Column("agency_id", Uuid, nullable=False),
    Column("client_id", Uuid, nullable=False),
    Column("type", Text, nullable=False),
    Column("system", Text, nullable=False),
    Column("csv", JSONB),
    Column("dry_run", Boolean, nullable=False),
    Column("job_id", Uuid),
    Column("at_part", Integer, nullable=False, server_default=text("1")),
    _count("at_record"),
    *(_count(n) for n in ("created", "updated", "unchanged", "rejected")),
    version_column(),
    instant("created_at"),
    instant("updated_at"),
    UniqueConstraint("municipality_id", "id"),
    UniqueConstraint("municipality_id", "job_id"),
    ForeignKeyConstraint(["municipality_id", "agency_id"], [agency.c.municipality_id, agency.c.id]),
    ForeignKeyConstraint(
        ["municipality_id", "job_id"], [job.c.municipality_id, job.c.id], ondelete="CASCADE"
    ),
    CheckConstraint("type ~ '^[a-z]+(_[a-z]+)*$'", name="type"),
    CheckConstraint(
        "at_part >= 1 and at_record >= 0 and created >= 0 and updated >= 0"
        " and unchanged >= 0 and rejected >= 0",
        name="progress",
    ),
    # serves the foreign key, and the limit of imports of a client that were not started
    Index(None, "municipality_id", "agency_id", "client_id"),
    # serves the deletion of what is over
    Index(None, "created_at"),
)
"""`at_part` and `at_record` say where the merge goes on: records of that part that are done."""

IMPORT_KEY = [import_.c.municipality_id, import_.c.id]

import_part = Table(
    "import_part",
    metadata,
    Column("municipality_id", Uuid),
    Column("import_id", Uuid),
    Column("n", Integer),
    Column("agency_id", Uuid, nullable=False),
    Column("client_id", Uuid, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("bytes", Integer, nullable=False),
    Column("lines", Integer, nullable=False),
    Column("sha256", Text, nullable=False),
    version_column(),
    PrimaryKeyConstraint("municipality_id", "import_id", "n"),
    ForeignKeyConstraint(["municipality_id", "import_id"], IMPORT_KEY, ondelete="CASCADE"),
    CheckConstraint("n between 1 and 50 and bytes >= 1 and lines >= 0", name="n"),
)

import_problem = Table(
    "import_problem",
    metadata,
    id_column(),
    Column("municipality_id", Uuid, nullable=False),
    Column("import_id", Uuid, nullable=False),
    Column("agency_id", Uuid, nullable=False),
    Column("client_id", Uuid, nullable=False),
    Column("n", Integer, nullable=False),
    Column("part", Integer, nullable=False),
    Column("line", Integer, nullable=False),
    Column("external_id", Text),
    Column("slug", Text, nullable=False),
    Column("status", Integer, nullable=False),
    Column("problem", JSONB, nullable=False),
    UniqueConstraint("municipality_id", "import_id", "n"),
    ForeignKeyConstraint(["municipality_id", "import_id"], IMPORT_KEY, ondelete="CASCADE"),
    CheckConstraint("n >= 0 and part >= 1 and line >= 1", name="n"),
)
"""`problem` holds the document in German and in English, without its type and its place."""
