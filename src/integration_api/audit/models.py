"""Table of signed heads; both logs are written by the kernel and declared there."""

from sqlalchemy import BigInteger, Column, ForeignKeyConstraint, LargeBinary, Table, Text, Uuid

from integration_api.kernel.tables import instant, metadata

audit_head = Table(
    "audit_head",
    metadata,
    Column("municipality_id", Uuid, primary_key=True),
    Column("n", BigInteger, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    instant("sealed_at"),
    Column("key_id", Text, nullable=False),
    Column("signature", LargeBinary, nullable=False),
    ForeignKeyConstraint(["municipality_id"], ["ia.municipality.id"]),
)
