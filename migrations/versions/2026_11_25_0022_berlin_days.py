"""A day begins in Berlin, for the database too.

Why: a membership that begins today was not there yet while it was still yesterday in
UTC: who was made a member after midnight could not log in for an hour or two.
"""

from migrations_sql import run

revision = "0022_berlin_days"
down_revision = "0021_audit_chain"
branch_labels = None
depends_on = None

BY_DAY = (
    "ia.find_api_key(bytea)",
    "ia.find_subject(text, text)",
    "ia.tandem_audience(uuid)",
    "ia.ctx_officer()",
)

UP = "\n\n".join(f"alter function {one} set timezone = 'Europe/Berlin'" for one in BY_DAY)

DOWN = "\n\n".join(f"alter function {one} reset timezone" for one in BY_DAY)


def upgrade() -> None:
    """Change."""
    run(UP)


def downgrade() -> None:
    """Change back."""
    run(DOWN)
