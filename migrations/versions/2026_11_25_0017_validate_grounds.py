"""Validate the constraints of consents and disclosures, each table in a statement of its own.

Why: a constraint is added without looking at the rows and validated in a transaction of its own, so
that neither table is closed while the rows are read.
"""

from migrations_sql import run

revision = "0017_validate_grounds"
down_revision = "0016_grounds"
branch_labels = None
depends_on = None

UP = """
alter table ia.consent
  validate constraint fk_consent_municipality_id_guardian_person_id,
  validate constraint ck_consent_released,
  validate constraint ck_consent_guardian,
  validate constraint ck_consent_evidence

alter table ia.disclosure
  validate constraint fk_disclosure_municipality_id_person_id_release_id,
  validate constraint ck_disclosure_release,
  validate constraint ck_disclosure_justified,
  validate constraint ck_disclosure_basis
"""

DOWN = ""


def upgrade() -> None:
    """Validate."""
    run(UP)


def downgrade() -> None:
    """Nothing to undo: a valid constraint stays one."""
    run(DOWN)
