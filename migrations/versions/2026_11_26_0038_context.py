"""The context as a type: a statement that carries it needs no transaction around it.

Why: BEGIN with the context and COMMIT are two round trips beside the one that reads. The server
converts a parameter, and with it runs the check of its domain, before it runs any of the statement,
in the same transaction, and what `set_config` sets here ends with that. No column is of this type.
The last part, synchronous_commit, is mostly left out: the server's own holds.
"""

from migrations_sql import run

revision = "0038_context"
down_revision = "0037_status"
branch_labels = None
depends_on = None

SETTINGS = (
    *("app.municipality_id", "app.agency_id", "app.client_id", "app.member_id"),
    *("app.compartments", "app.assigned_only", "transaction_read_only"),
)
SET = " and ".join(
    f"set_config('{name}', split_part(value, ';', {n}), true) is not null"
    for n, name in enumerate(SETTINGS, 1)
)
SET += """ and (split_part(value, ';', 8) = ''
  or set_config('synchronous_commit', split_part(value, ';', 8), true) is not null)"""

UP = f"""
-- squawk-ignore ban-create-domain-with-constraint -- no column is of it
create domain ia.context as text constraint ck_context check ({SET})
"""
DOWN = "drop domain ia.context"


def upgrade() -> None:
    """Create the domain."""
    run(UP)


def downgrade() -> None:
    """Drop it."""
    run(DOWN)
