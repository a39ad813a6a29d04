"""Tables of persons, residence periods, consents, transfer bases and disclosures."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from integration_api.agencies.models import agency
from integration_api.kernel.tables import id_column, instant, metadata, version_column

from .lifecycle import CONSENT, DISCLOSURE

AGENCY = [agency.c.municipality_id, agency.c.id]
ACTIVE = text("status = 'active'")

person = Table(
    "person",
    metadata,
    id_column(),
    Column("municipality_id", Uuid, nullable=False),
    Column("controller_agency_id", Uuid, nullable=False),
    Column("family_name", Text),
    Column("given_name", Text),
    Column("birth_name", Text),
    Column("mononym", Text),
    Column("birth_date", Text),
    Column("birth_date_estimated", Boolean, nullable=False),
    Column("languages", JSONB, nullable=False),
    version_column(),
    instant("created_at"),
    instant("updated_at"),
    UniqueConstraint("municipality_id", "id"),
    UniqueConstraint("municipality_id", "id", "controller_agency_id"),
    ForeignKeyConstraint(["municipality_id", "controller_agency_id"], AGENCY),
    CheckConstraint("(mononym is null) <> (family_name is null)", name="name"),
    CheckConstraint(
        "mononym is null or (given_name is null and birth_name is null)", name="mononym"
    ),
    Index(None, "municipality_id", "controller_agency_id", "created_at", "id"),
)

PERSON = [person.c.municipality_id, person.c.id]
CONTROLLED = [person.c.municipality_id, person.c.id, person.c.controller_agency_id]

person_address = Table(
    "person_address",
    metadata,
    Column("municipality_id", Uuid, primary_key=True),
    Column("person_id", Uuid, primary_key=True),
    Column("controller_agency_id", Uuid, nullable=False),
    Column("street", Text),
    Column("postal_code", Text, nullable=False),
    Column("town", Text, nullable=False),
    Column("protected", Boolean, nullable=False),
    ForeignKeyConstraint(
        ["municipality_id", "person_id", "controller_agency_id"],
        CONTROLLED,
        name="fk_person_address_controlled_person",
        onupdate="CASCADE",
    ),
)

residence_period = Table(
    "residence_period",
    metadata,
    id_column(),
    Column("municipality_id", Uuid, nullable=False),
    Column("person_id", Uuid, nullable=False),
    Column("controller_agency_id", Uuid, nullable=False),
    Column("status_code", Text, nullable=False),
    Column("code_list_version", Text, nullable=False),
    Column("legal_norm", Text),
    Column("valid_from", Date, nullable=False),
    Column("valid_to", Date),
    Column("document_valid_to", Date),
    Column("issuing_agency_id", Uuid),
    Column("work_annotation", Text, nullable=False),
    Column("work_annotation_text", Text),
    Column("source", Text, nullable=False),
    Column("corrects_id", Uuid),
    Column("recorded_by_agency_id", Uuid, nullable=False),
    instant("recorded_at"),
    version_column(),
    UniqueConstraint("municipality_id", "person_id", "id"),
    ForeignKeyConstraint(
        ["municipality_id", "person_id", "controller_agency_id"],
        CONTROLLED,
        name="fk_residence_period_controlled_person",
        onupdate="CASCADE",
    ),
    ForeignKeyConstraint(["municipality_id", "issuing_agency_id"], AGENCY),
    ForeignKeyConstraint(["municipality_id", "recorded_by_agency_id"], AGENCY),
    ForeignKeyConstraint(
        ["municipality_id", "person_id", "corrects_id"],
        [
            "ia.residence_period.municipality_id",
            "ia.residence_period.person_id",
            "ia.residence_period.id",
        ],
    ),
    CheckConstraint("valid_to > valid_from", name="valid"),
    Index(None, "municipality_id", "person_id", "recorded_at", "id"),
)

residence_fact = Table(
    "residence_fact",
    metadata,
    id_column(),
    Column("municipality_id", Uuid, nullable=False),
    Column("person_id", Uuid, nullable=False),
    Column("controller_agency_id", Uuid, nullable=False),
    Column("fact", Text, nullable=False),
    Column("value", JSONB),  # null: a day that never was
    Column("source", Text, nullable=False),
    Column("recorded_by_agency_id", Uuid, nullable=False),
    instant("recorded_at"),
    version_column(),
    ForeignKeyConstraint(
        ["municipality_id", "person_id", "controller_agency_id"],
        CONTROLLED,
        name="fk_residence_fact_controlled_person",
        onupdate="CASCADE",
    ),
    ForeignKeyConstraint(["municipality_id", "recorded_by_agency_id"], AGENCY),
    Index(None, "municipality_id", "person_id", "fact", "recorded_at", "id"),
)

consent = Table(
    "consent",
    metadata,
    id_column(),
    Column("municipality_id", Uuid, nullable=False),
    Column("person_id", Uuid, nullable=False),
    Column("controller_agency_id", Uuid, nullable=False),
    Column("recipient_agency_ids", ARRAY(Uuid), nullable=False),
    Column("compartments", ARRAY(Text), nullable=False),
    Column("purposes", ARRAY(Text), nullable=False),
    Column("instrument", Text, nullable=False),
    Column("form", Text, nullable=False),
    Column("language_version", Text, nullable=False),
    instant("informed_at"),
    instant("granted_at"),
    instant("valid_from"),
    instant("valid_to"),
    Column("status", Text, nullable=False),
    instant("revoked_at", nullable=True),
    Column("released_functions", ARRAY(Text), nullable=False, server_default="{}"),
    Column("guardian_relation", Text),
    Column("guardian_person_id", Uuid),
    Column("evidence_kind", Text),
    Column("evidence_reference", Text),
    version_column(),
    instant("created_at"),
    instant("updated_at"),
    UniqueConstraint("municipality_id", "person_id", "id"),
    ForeignKeyConstraint(
        ["municipality_id", "person_id", "controller_agency_id"], CONTROLLED, onupdate="CASCADE"
    ),
    CheckConstraint("valid_to > valid_from", name="valid"),
    CheckConstraint("(status = 'revoked') = (revoked_at is not null)", name="revoked"),
    CheckConstraint(CONSENT.sql_in(), name="status"),
    ForeignKeyConstraint(["municipality_id", "guardian_person_id"], PERSON),
    CheckConstraint(
        "(instrument = 'confidentiality_release') = (cardinality(released_functions) > 0)",
        name="released",
    ),
    CheckConstraint("guardian_person_id is null or guardian_relation is not null", name="guardian"),
    CheckConstraint("(evidence_kind is null) = (evidence_reference is null)", name="evidence"),
    Index(None, "municipality_id", "controller_agency_id", "created_at", "id"),
    Index(None, "municipality_id", "person_id"),  # serves ?person_id=
)

transfer_basis = Table(
    "transfer_basis",
    metadata,
    Column("code", Text, primary_key=True),
    Column("label_de", Text, nullable=False),
    Column("label_en", Text, nullable=False),
    Column("from_types", ARRAY(Text), nullable=False),
    Column("to_types", ARRAY(Text), nullable=False),
    Column("compartments", ARRAY(Text), nullable=False),
    Column("legal_basis", ARRAY(Text), nullable=False),
    Column("mutual", Boolean, nullable=False, server_default=text("false")),
    Column("on_request", Boolean, nullable=False, server_default=text("false")),
    Column("valid_from", Date, nullable=False),
    Column("valid_to", Date),
)

disclosure = Table(
    "disclosure",
    metadata,
    id_column(),
    Column("municipality_id", Uuid, nullable=False),
    Column("person_id", Uuid, nullable=False),
    Column("case_id", Uuid),
    Column("grantor_agency_id", Uuid, nullable=False),
    Column("recipient_agency_id", Uuid, nullable=False),
    Column("consent_id", Uuid),
    Column("release_id", Uuid),
    Column("transfer_basis", Text),
    Column("request_reference", Text),
    Column("emergency_reason", Text),
    Column("justification", Text),
    Column("purpose", Text, nullable=False),
    Column("compartments", ARRAY(Text), nullable=False),
    Column("opening", Text, nullable=False),
    Column("valid_from", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    instant("valid_to"),
    instant("opened_at", nullable=True),
    Column("closes_at", DateTime(timezone=True), nullable=False, server_default="infinity"),
    Column("kept_days", Integer, nullable=False),
    Column("status", Text, nullable=False),
    instant("revoked_at", nullable=True),
    version_column(),
    instant("created_at"),
    instant("updated_at"),
    Column("told", Boolean, nullable=False, server_default=text("false")),
    UniqueConstraint("municipality_id", "id"),
    UniqueConstraint(
        *("municipality_id", "id", "person_id", "case_id", "recipient_agency_id"),
        name="uq_disclosure_ground",
    ),
    ForeignKeyConstraint(["municipality_id", "person_id"], PERSON),
    ForeignKeyConstraint(
        ["municipality_id", "case_id", "person_id"],
        [f"ia.case_participant.{n}" for n in ("municipality_id", "case_id", "person_id")],
        name="fk_disclosure_participant",
    ),
    ForeignKeyConstraint(
        ["municipality_id", "person_id", "consent_id"],
        [consent.c.municipality_id, consent.c.person_id, consent.c.id],
    ),
    ForeignKeyConstraint(["municipality_id", "grantor_agency_id"], AGENCY),
    ForeignKeyConstraint(["municipality_id", "recipient_agency_id"], AGENCY),
    ForeignKeyConstraint(["transfer_basis"], [transfer_basis.c.code]),
    ForeignKeyConstraint(
        ["municipality_id", "person_id", "release_id"],
        [consent.c.municipality_id, consent.c.person_id, consent.c.id],
    ),
    CheckConstraint("num_nonnulls(consent_id, transfer_basis, emergency_reason) = 1", name="basis"),
    CheckConstraint("release_id is null or consent_id is not null", name="release"),
    CheckConstraint("(emergency_reason is null) = (justification is null)", name="justified"),
    CheckConstraint("recipient_agency_id <> grantor_agency_id", name="recipient"),
    CheckConstraint("'core' = any (compartments)", name="core"),
    CheckConstraint("valid_to > valid_from", name="valid"),
    CheckConstraint("kept_days between 0 and 365", name="kept_days"),
    CheckConstraint("opening in ('immediately', 'on_acceptance')", name="opening"),
    CheckConstraint("(status = 'revoked') = (revoked_at is not null)", name="revoked"),
    CheckConstraint(DISCLOSURE.sql_in(), name="status"),
    # serves the policies of persons and residence periods
    Index(None, "recipient_agency_id", "person_id", postgresql_where=ACTIVE),
    Index(None, "municipality_id", "grantor_agency_id", "created_at", "id"),
    Index(None, "municipality_id", "recipient_agency_id", "created_at", "id"),
    Index(None, "consent_id", postgresql_where=ACTIVE),  # serves the revocation of a consent
    Index(None, "release_id", postgresql_where=ACTIVE),  # serves the revocation of a release
    # serves the projection case_access
    Index(None, "case_id", "recipient_agency_id", postgresql_where=ACTIVE),
    # serves the turns by time: what began, what ended
    Index(
        "ix_disclosure_told",
        "told",
        text("least(valid_to, closes_at)"),
        postgresql_where=text("status = 'active' and opened_at is not null"),
    ),
)
