"""The head of the order of events: one row for the whole database."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ColumnElement,
    Table,
    Text,
    Uuid,
    func,
    text,
)

from integration_api.kernel.tables import metadata

feed_head = Table(
    "feed_head",
    metadata,
    Column("one", Boolean, primary_key=True, server_default=text("true")),
    Column("epoch", Uuid, nullable=False, server_default=text("gen_random_uuid()")),
    Column("place", Text, nullable=False),
    Column("last", BigInteger, nullable=False, server_default=text("0")),
    Column("oldest", BigInteger, nullable=False, server_default=text("1")),
    CheckConstraint("one", name="one"),
)
HERE: ColumnElement[str] = func.ia.database_place(type_=Text)
"""Where the database is now; elsewhere than `place` after a restore or a failover."""
