"""Validate the foreign key from disclosures to the participants of cases.

Why: a constraint is added without looking at the rows and validated in a transaction of its own, so
that neither table is closed while the rows are read.
"""

from migrations_sql import run

revision = "0006_validate"
down_revision = "0005_referrals"
branch_labels = None
depends_on = None

UP = """
alter table ia.disclosure validate constraint fk_disclosure_participant
"""

DOWN = ""


def upgrade() -> None:
    """Validate."""
    run(UP)


def downgrade() -> None:
    """Nothing to undo: a valid constraint stays one."""
    run(DOWN)
