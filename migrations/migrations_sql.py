"""Run the SQL text of a migration, statement by statement, online and offline."""

from alembic import op
from sqlalchemy import text


def run(sql: str) -> None:
    """Execute statements that are separated by blank lines.

    The driver prepares each statement, and a prepared statement is one command; a colon is no
    parameter here.
    """
    for statement in sql.strip().split("\n\n"):
        if statement.strip():
            op.execute(text(statement.strip().rstrip(";").replace(":", r"\:")))
