"""The table of tasks."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    Date,
    ForeignKeyConstraint,
    Index,
    Table,
    Text,
    Uuid,
    text,
)

from integration_api.agencies.models import agency, member
from integration_api.kernel.tables import id_column, instant, metadata, version_column
from integration_api.persons.models import disclosure, person

from .lifecycle import TASK

task = Table(
    "task",
    metadata,
    id_column(),
    Column("municipality_id", Uuid, nullable=False),
    Column("agency_id", Uuid, nullable=False),
    Column("kind", Text, nullable=False),
    Column("person_id", Uuid, nullable=False),
    Column("disclosure_id", Uuid, nullable=False),
    Column("due_on", Date, nullable=False),
    Column("status", Text, nullable=False),
    Column("outcome", Text),
    instant("completed_at", nullable=True),
    Column("completed_by_member_id", Uuid),
    version_column(),
    instant("created_at"),
    instant("updated_at"),
    ForeignKeyConstraint(["municipality_id", "agency_id"], [agency.c.municipality_id, agency.c.id]),
    ForeignKeyConstraint(["municipality_id", "person_id"], [person.c.municipality_id, person.c.id]),
    ForeignKeyConstraint(
        ["municipality_id", "disclosure_id"], [disclosure.c.municipality_id, disclosure.c.id]
    ),
    ForeignKeyConstraint(
        ["municipality_id", "completed_by_member_id"], [member.c.municipality_id, member.c.id]
    ),
    CheckConstraint("kind in ('emergency_review')", name="kind"),
    CheckConstraint(TASK.sql_in(), name="status"),
    CheckConstraint("(status = 'done') = (completed_at is not null)", name="completed"),
    CheckConstraint("(status = 'done') = (outcome is not null)", name="outcome"),
    # serves GET /v1/tasks
    Index(
        "ix_task_municipality_id_agency_id_created_at_id",
        "municipality_id",
        "agency_id",
        text("created_at desc"),
        text("id desc"),
    ),
    # serves the foreign key: a disclosure has one review at most
    Index("ix_task_disclosure_id", "disclosure_id"),
)
