"""Tables of tandem cases and of their two tracks."""

from sqlalchemy import (
    Boolean,
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
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from integration_api.cases.models import CASE_KEY, case_participant
from integration_api.employers.models import employer
from integration_api.kernel.tables import id_column, instant, metadata, version_column
from integration_api.persons.models import AGENCY

from .lifecycle_legal import LEGAL_TRACK, PERMITTED
from .lifecycle_placement import PLACEMENT_TRACK

NEWEST = (text("created_at desc"), text("id desc"))
PERMITTED_SQL = ", ".join(f"'{s.value}'" for s in LEGAL_TRACK.states if s in PERMITTED)

tandem_case = Table(
    "tandem_case",
    metadata,
    id_column(),
    Column("municipality_id", Uuid, nullable=False),
    Column("case_id", Uuid),
    Column("person_id", Uuid),
    Column("employer_id", Uuid),
    Column("goal", Text, nullable=False),
    Column("language", Text),
    Column("lead_agency_id", Uuid, nullable=False),
    Column("legal_agency_id", Uuid, nullable=False),
    Column("placement_agency_id", Uuid, nullable=False),
    instant("legal_acknowledged_at", nullable=True),
    instant("placement_acknowledged_at", nullable=True),
    Column("blocker", Text),
    Column("blocker_agency_id", Uuid),
    instant("legal_closed_at", nullable=True),
    instant("placement_closed_at", nullable=True),
    instant("closed_at", nullable=True),
    Column("outcome", Text),
    Column("legal_closed_in_place", Boolean, nullable=False, server_default=text("false")),
    Column("placement_closed_in_place", Boolean, nullable=False, server_default=text("false")),
    instant("created_at"),
    instant("updated_at"),
    version_column(),
    UniqueConstraint("municipality_id", "id"),
    ForeignKeyConstraint(["municipality_id", "case_id"], CASE_KEY),
    ForeignKeyConstraint(
        ["municipality_id", "case_id", "person_id"],
        [
            case_participant.c.municipality_id,
            case_participant.c.case_id,
            case_participant.c.person_id,
        ],
    ),
    ForeignKeyConstraint(
        ["municipality_id", "employer_id"], [employer.c.municipality_id, employer.c.id]
    ),
    ForeignKeyConstraint(["municipality_id", "lead_agency_id"], AGENCY),
    ForeignKeyConstraint(["municipality_id", "legal_agency_id"], AGENCY),
    ForeignKeyConstraint(["municipality_id", "placement_agency_id"], AGENCY),
    ForeignKeyConstraint(["municipality_id", "blocker_agency_id"], AGENCY),
    CheckConstraint(
        "(case_id is null) = (person_id is null)"
        " and (case_id is not null or employer_id is not null)",
        name="subject",
    ),
    CheckConstraint("legal_agency_id <> placement_agency_id", name="teams"),
    CheckConstraint("(blocker is null) = (blocker_agency_id is null)", name="blocker"),
    CheckConstraint(
        "(closed_at is not null)"
        " = (legal_closed_at is not null and placement_closed_at is not null)",
        name="closed",
    ),
    CheckConstraint(
        "(outcome is not null) = (legal_closed_at is not null or placement_closed_at is not null)",
        name="outcome",
    ),
    CheckConstraint(
        "(legal_closed_at is not null or not legal_closed_in_place)"
        " and (placement_closed_at is not null or not placement_closed_in_place)",
        name="in_place",
    ),
    Index(
        "uq_tandem_case_open",
        "municipality_id",
        "case_id",
        "person_id",
        unique=True,
        postgresql_where=text("closed_at is null"),
    ),
    Index("ix_tandem_case_case", "case_id"),  # serves the closing of a case
    # serve GET /v1/tandem-cases, one arm for each party
    Index("ix_tandem_case_lead", "municipality_id", "lead_agency_id", *NEWEST),
    Index("ix_tandem_case_legal", "municipality_id", "legal_agency_id", *NEWEST),
    Index("ix_tandem_case_placement", "municipality_id", "placement_agency_id", *NEWEST),
)
TANDEM_KEY = [tandem_case.c.municipality_id, tandem_case.c.id]


def _track(*columns: Column[object] | CheckConstraint | Index, name: str) -> Table:
    """A track: one row of a tandem case, moved by its owner alone."""
    return Table(
        name,
        metadata,
        id_column(),
        Column("municipality_id", Uuid, nullable=False),
        Column("tandem_case_id", Uuid, nullable=False),
        Column("agency_id", Uuid, nullable=False),
        Column("status", Text, nullable=False),
        *columns,
        Column("reason", Text),
        instant("created_at"),
        instant("updated_at"),
        version_column(),
        UniqueConstraint("tandem_case_id"),
        ForeignKeyConstraint(["municipality_id", "tandem_case_id"], TANDEM_KEY),
        ForeignKeyConstraint(["municipality_id", "agency_id"], AGENCY),
    )


legal_track = _track(
    Column("legal_basis", Text),
    Column("identity_status", Text),
    Column("missing_facts", ARRAY(Text), nullable=False, server_default="{}"),
    Column("facts_due_on", Date),
    Column("unblock_conditions", Text),
    Column("eligible_from", Date),
    Column("application_received_on", Date),
    Column("ba_exemption", Text),
    Column("permit_valid_from", Date),
    Column("permit_valid_to", Date),
    Column("permit_restrictions", JSONB),
    Column("remedy_filed_on", Date),
    Column("eligibility", JSONB),
    CheckConstraint("permit_valid_from is not null or permit_valid_to is null", name="permit"),
    CheckConstraint("permit_valid_to >= permit_valid_from", name="term"),
    CheckConstraint(
        f"permit_valid_from is not null or status not in ({PERMITTED_SQL})", name="granted"
    ),
    CheckConstraint(LEGAL_TRACK.sql_in(), name="status"),
    # serves the clock
    Index(
        "ix_legal_track_permit",
        "municipality_id",
        "permit_valid_to",
        postgresql_where=text(f"status in ({PERMITTED_SQL})"),
    ),
    name="legal_track",
)

placement_track = _track(
    Column("contract_signed_on", Date),
    Column("started_on", Date),
    CheckConstraint(
        "contract_signed_on is not null"
        " or status not in ('contract_confirmed', 'started', 'aftercare', 'completed')",
        name="contract",
    ),
    CheckConstraint(
        "started_on is not null or status not in ('started', 'aftercare', 'completed')",
        name="started",
    ),
    CheckConstraint(PLACEMENT_TRACK.sql_in(), name="status"),
    name="placement_track",
)
