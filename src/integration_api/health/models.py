"""When the worker last did a whole round: one row."""

from sqlalchemy import Boolean, CheckConstraint, Column, Table, text

from integration_api.kernel.tables import instant, metadata

worker_round = Table(
    "worker_round",
    metadata,
    Column("one", Boolean, primary_key=True, server_default=text("true")),
    instant("at", nullable=True),
    CheckConstraint("one", name="one"),
)
