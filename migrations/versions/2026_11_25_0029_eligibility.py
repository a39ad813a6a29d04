"""What the rules answered when a legal team checked a status.

Why: an answer that a team acted on must be there to be read again, with the packs it came from,
after packs and facts have changed.
"""

from migrations_sql import run

revision = "0029_eligibility"
down_revision = "0028_competences"
branch_labels = None
depends_on = None

UP = """
alter table ia.legal_track add column eligibility jsonb

grant update (eligibility) on ia.legal_track to ia_app
"""

DOWN = """
alter table ia.legal_track drop column eligibility
"""


def upgrade() -> None:
    """Change."""
    run(UP)


def downgrade() -> None:
    """Change back."""
    run(DOWN)
