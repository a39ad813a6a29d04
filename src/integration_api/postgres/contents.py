"""What is in a database: the rows of each table and the sum of their hashes, from one snapshot.

Two databases hold the same where these agree, whatever the order of their rows. The sum finds what
was lost or changed by accident; against intent there is the audit chain.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from asyncpg import Connection

PLAIN = (
    "set local timezone = 'UTC'; set local datestyle = 'ISO'; set local intervalstyle = 'iso_8601';"
    "set local bytea_output = 'hex'; set local extra_float_digits = 1; set local search_path = '';"
    "set local statement_timeout = 0; set local transaction_timeout = 0;"
    "set local idle_in_transaction_session_timeout = 0; set local row_security = off"
)
"""The same text for the same row, however the server is set up; and no policy hides any."""
TABLES = """select format('%I.%I', nspname, relname) as name from pg_class
  join pg_namespace n on n.oid = relnamespace where nspname = 'ia' and relkind = 'r' order by 1"""
SUM = """select count(*) as rows, coalesce(
  sum(('x' || left(md5(t::text), 16))::bit(64)::bigint::numeric), 0)::text as sum from {} t"""
ENDING = ".contents.json"


@dataclass(frozen=True)
class Contents:
    """What one snapshot held; `at` is the database's time (RFC 3339), `sha256` the dump's."""

    at: str
    version: str
    """Of the service that wrote the dump."""
    revision: str
    tables: dict[str, tuple[int, str]]
    """Rows and sum of each table."""
    sha256: str = ""

    @property
    def rows(self) -> int:
        """Of all tables."""
        return sum(rows for rows, _ in self.tables.values())

    def keep(self, path: Path) -> None:
        """Write it down."""
        path.write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")

    @classmethod
    def kept(cls, path: Path) -> Self:
        """What was written down.

        Raises:
            OSError, ValueError, KeyError, TypeError: nothing was, or something else.
        """
        said: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        tables = {name: (int(rows), str(sum_)) for name, (rows, sum_) in said["tables"].items()}
        return cls(**(said | {"tables": tables}))

    def unlike(self, other: "Contents") -> list[str]:
        """What `other`, made from this one, has not as this has it; a sentence a table."""
        found = []
        for name in sorted(self.tables.keys() | other.tables.keys()):
            mine, theirs = self.tables.get(name), other.tables.get(name)
            if mine is None or theirs is None:
                found.append(f"{name} is " + ("missing" if theirs is None else "new"))
            elif mine[0] != theirs[0]:
                found.append(f"{name} has {theirs[0]} rows instead of {mine[0]}")
            elif mine != theirs:
                found.append(f"{name} has other values")
        return found


async def contents(connection: Connection, version: str) -> Contents:
    """What the transaction that is open on `connection` sees; reads every row."""
    await connection.execute(PLAIN)
    at = await connection.fetchval('select to_char(now(), \'YYYY-MM-DD"T"HH24:MI:SS"Z"\')')
    revision = await connection.fetchval("select version_num from ia.alembic_version")
    tables = {}
    for row in await connection.fetch(TABLES):
        found = await connection.fetchrow(SUM.format(row["name"]))
        assert found is not None
        tables[row["name"]] = (found["rows"], found["sum"])
    return Contents(at, version, revision, tables)
