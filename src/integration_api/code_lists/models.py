"""Tables of the lists that an operator loaded; the others are files of the package."""

from sqlalchemy import CheckConstraint, Column, Date, ForeignKeyConstraint, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from integration_api.kernel.tables import instant, metadata

code_list = Table(
    "code_list",
    metadata,
    Column("name", Text, primary_key=True),
    Column("version", Date, nullable=False),
    Column("title_de", Text, nullable=False),
    Column("title_en", Text, nullable=False),
    Column("source", Text, nullable=False),
    instant("loaded_at"),
)

code_list_entry = Table(
    "code_list_entry",
    metadata,
    Column("name", Text, primary_key=True),
    Column("code", Text, primary_key=True),
    Column("de", Text, nullable=False),
    Column("en", Text),
    Column("valid_from", Date),
    Column("valid_to", Date),
    Column("legal_basis", Text),
    Column("attributes", JSONB, nullable=False),
    ForeignKeyConstraint(["name"], [code_list.c.name]),
    CheckConstraint("valid_to > valid_from", name="valid"),
)
