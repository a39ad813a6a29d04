"""The head of the order of events: one row for the whole database."""

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, Table, Text, Uuid, text

from integration_api.kernel.tables import metadata

feed_head = Table(
    "feed_head",
    metadata,
    Column("one", Boolean, primary_key=True, server_default=text("true")),
    Column("epoch", Uuid, nullable=False, server_default=text("gen_random_uuid()")),
    Column("place", Text, nullable=False),
    Column("last", BigInteger, nullable=False, server_default=text("0")),
    CheckConstraint("one", name="one"),
)
