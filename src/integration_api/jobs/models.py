"""The table of jobs."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)

from integration_api.agencies.models import agency
from integration_api.kernel.tables import id_column, instant, metadata, version_column

from .lifecycle import JOB

OPEN = text("finished_at is null")

job = Table(
    "job",
    metadata,
    id_column(),
    Column("municipality_id", Uuid, nullable=False),
    Column("agency_id", Uuid, nullable=False),
    Column("client_id", Uuid, nullable=False),
    Column("kind", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("request_id", Uuid, nullable=False),
    Column("done", Integer, nullable=False, server_default=text("0")),
    Column("total", Integer),
    Column("problem", Text),
    Column("result_url", Text),
    instant("lease_until", nullable=True),
    Column("lease_token", Uuid),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    version_column(),
    instant("created_at"),
    instant("updated_at"),
    instant("finished_at", nullable=True),
    instant("expires_at", nullable=True),
    UniqueConstraint("municipality_id", "id"),
    ForeignKeyConstraint(["municipality_id", "agency_id"], [agency.c.municipality_id, agency.c.id]),
    CheckConstraint("kind ~ '^[a-z]+(_[a-z]+)*$'", name="kind"),
    CheckConstraint(JOB.sql_in(), name="status"),
    CheckConstraint(
        "(finished_at is null) = (status in ('queued', 'running'))"
        " and (finished_at is null) = (expires_at is null)",
        name="finished",
    ),
    CheckConstraint(
        "(lease_until is null) = (lease_token is null)"
        " and (finished_at is null or lease_token is null)"
        " and (status <> 'running' or lease_token is not null)",
        name="lease",
    ),
    CheckConstraint(
        "(problem is not null) = (status = 'failed')"
        " and (result_url is not null) = (status = 'succeeded')",
        name="outcome",
    ),
    CheckConstraint("done >= 0 and total >= 0 and attempts >= 0", name="progress"),
    # serves the limit of unfinished jobs of a client
    Index(None, "municipality_id", "agency_id", "client_id", postgresql_where=OPEN),
    # serves the worker, which takes the oldest first
    Index("ix_job_open", "created_at", "id", postgresql_where=OPEN),
    # serves the deletion of what has expired
    Index(None, "expires_at"),
    # serves the foreign key
    Index("ix_job_agency", "municipality_id", "agency_id"),
)
