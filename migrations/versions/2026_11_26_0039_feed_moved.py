"""When the head of the feed moved last, by the database's clock.

Why: a page may be read in the transaction that reads the head if all that is numbered was committed
before that transaction began. That is so unless the head has moved since, and saves three of seven
round trips.
"""

from migrations_sql import run

revision = "0039_feed_moved"
down_revision = "0036_imports"
branch_labels = None
depends_on = None

UP = """
alter table ia.feed_head add column moved_at timestamptz not null default now()
"""

DOWN = """
alter table ia.feed_head drop column moved_at
"""


def upgrade() -> None:
    """Add."""
    run(UP)


def downgrade() -> None:
    """Drop."""
    run(DOWN)
