"""What a tandem case is worked with: declarations, procedures, BA requests, start clearances."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from integration_api.employers.models import employer
from integration_api.kernel.tables import id_column, instant, metadata, version_column
from integration_api.persons.models import AGENCY

from .lifecycle_approvals import APPROVAL, ASKED, DECLARATION
from .models import NEWEST, TANDEM_KEY

ASKED_SQL = ", ".join(f"'{s.value}'" for s in APPROVAL.states if s in ASKED)


def _of_tandem(name: str) -> tuple[Column[object] | ForeignKeyConstraint | Index, ...]:
    """The first columns of everything below a tandem case, and what serves its list."""
    return (
        id_column(),
        Column("municipality_id", Uuid, nullable=False),
        Column("tandem_case_id", Uuid, nullable=False),
        ForeignKeyConstraint(["municipality_id", "tandem_case_id"], TANDEM_KEY),
        Index(f"ix_{name}_tandem_case_id_created_at_id", "tandem_case_id", *NEWEST),
    )


ANSWERS = ("temp_agency", "regulated_occupation", "collective_agreement", "social_insurance")
"""Columns that hold yes, no, or null while nobody answered."""

employer_declaration = Table(
    "employer_declaration",
    metadata,
    *_of_tandem("employer_declaration"),
    Column("employer_id", Uuid, nullable=False),
    Column("recorded_by_agency_id", Uuid, nullable=False),
    Column("number", Integer, nullable=False),
    Column("replaces_id", Uuid),
    Column("purpose", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("occupation", Text),
    Column("job_title", Text),
    Column("place_of_work", Text),
    Column("weekly_minutes", Integer),
    Column("gross_pay_cents", Integer),
    Column("pay_period", Text),
    Column("starts_on", Date),
    Column("ends_on", Date),
    Column("temp_agency", Text),
    Column("regulated_occupation", Text),
    Column("collective_agreement", Text),
    Column("social_insurance", Text),
    Column("annual_leave_days", Integer),
    Column("signed_on", Date),
    Column("on_behalf", Boolean, nullable=False),
    instant("submitted_at", nullable=True),
    instant("created_at"),
    instant("updated_at"),
    version_column(),
    UniqueConstraint("municipality_id", "tandem_case_id", "id"),
    UniqueConstraint("tandem_case_id", "number"),
    ForeignKeyConstraint(
        ["municipality_id", "employer_id"], [employer.c.municipality_id, employer.c.id]
    ),
    ForeignKeyConstraint(["municipality_id", "recorded_by_agency_id"], AGENCY),
    ForeignKeyConstraint(
        ["municipality_id", "tandem_case_id", "replaces_id"],
        [f"ia.employer_declaration.{n}" for n in ("municipality_id", "tandem_case_id", "id")],
        name="fk_employer_declaration_replaces",
    ),
    CheckConstraint("ends_on >= starts_on", name="term"),
    *(CheckConstraint(f"{n} in ('yes', 'no')", name=n) for n in ANSWERS),
    CheckConstraint("(status = 'submitted') = (submitted_at is not null)", name="submitted"),
    CheckConstraint(DECLARATION.sql_in(), name="status"),
)
DECLARATION_KEY = [employer_declaration.c[n] for n in ("municipality_id", "tandem_case_id", "id")]

tandem_procedure = Table(
    "tandem_procedure",
    metadata,
    *_of_tandem("tandem_procedure"),
    Column("recorded_by_agency_id", Uuid, nullable=False),
    Column("kind", Text, nullable=False),
    Column("competent_authority", Text, nullable=False),
    Column("result", Text),
    Column("result_on", Date),
    instant("created_at"),
    ForeignKeyConstraint(["municipality_id", "recorded_by_agency_id"], AGENCY),
    CheckConstraint("(result is null) = (result_on is null)", name="result"),
)

ba_approval_request = Table(
    "ba_approval_request",
    metadata,
    *_of_tandem("ba_approval_request"),
    Column("declaration_id", Uuid, nullable=False),
    Column("agency_id", Uuid, nullable=False),
    Column("deadline_policy", Text, nullable=False),
    Column("deadline_policy_version", Text),
    Column("status", Text, nullable=False),
    Column("transmitted_on", Date),
    Column("due_on", Date),
    Column("deemed_from", Date),
    Column("information_received_on", Date),
    Column("decided_on", Date),
    instant("deemed_at", nullable=True),
    Column("restrictions", JSONB),
    Column("reason", Text),
    instant("created_at"),
    instant("updated_at"),
    version_column(),
    UniqueConstraint("municipality_id", "id"),
    ForeignKeyConstraint(
        ["municipality_id", "tandem_case_id", "declaration_id"],
        DECLARATION_KEY,
        name="fk_ba_approval_request_declaration",
    ),
    ForeignKeyConstraint(["municipality_id", "agency_id"], AGENCY),
    CheckConstraint(
        "status in ('draft', 'withdrawn') or (transmitted_on is not null and due_on is not null"
        " and deemed_from is not null and deadline_policy_version is not null)",
        name="transmitted",
    ),
    CheckConstraint("deemed_from > due_on and due_on > transmitted_on", name="term"),
    CheckConstraint("(status = 'deemed_approved') = (deemed_at is not null)", name="deemed"),
    CheckConstraint(APPROVAL.sql_in(), name="status"),
    Index(
        "uq_ba_approval_request_open",
        "tandem_case_id",
        unique=True,
        postgresql_where=text(f"status in ({ASKED_SQL})"),
    ),
    # serves the clock
    Index(
        "ix_ba_approval_request_due",
        "municipality_id",
        "deemed_from",
        postgresql_where=text("status = 'transmitted'"),
    ),
)

tandem_step = Table(
    "tandem_step",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("municipality_id", Uuid, nullable=False),
    Column("tandem_case_id", Uuid, nullable=False),
    Column("lane", Text, nullable=False),
    Column("status", Text, nullable=False),
    instant("at"),
    ForeignKeyConstraint(["municipality_id", "tandem_case_id"], TANDEM_KEY),
    Index("ix_tandem_step_tandem_case_id_id", "tandem_case_id", text("id desc")),  # timeline
)

start_clearance = Table(
    "start_clearance",
    metadata,
    *_of_tandem("start_clearance"),
    Column("declaration_id", Uuid, nullable=False),
    Column("agency_id", Uuid, nullable=False),
    Column("valid_from", Date, nullable=False),
    Column("valid_to", Date),
    Column("facts_sha256", Text, nullable=False),
    instant("invalidated_at", nullable=True),
    Column("invalidated_reason", Text),
    instant("created_at"),
    version_column(),
    ForeignKeyConstraint(
        ["municipality_id", "tandem_case_id", "declaration_id"],
        DECLARATION_KEY,
        name="fk_start_clearance_declaration",
    ),
    ForeignKeyConstraint(["municipality_id", "agency_id"], AGENCY),
    CheckConstraint("valid_to >= valid_from", name="term"),
    CheckConstraint("(invalidated_at is null) = (invalidated_reason is null)", name="invalidated"),
    Index(
        "uq_start_clearance_valid",
        "tandem_case_id",
        unique=True,
        postgresql_where=text("invalidated_at is null"),
    ),
)
