"""Put the packs of this version into the database, as the owner of the tables.

A pack is known by the digest of its file: what is there stays as it is, so that an older version
that starts again beside a newer one changes nothing. A new one supersedes the shipped one before.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from importlib.resources import files
from typing import Any
from uuid import UUID, uuid5

import yaml
from asyncpg import Connection
from sqlalchemy import Text, all_, any_, bindparam, insert, select, update
from sqlalchemy.dialects.postgresql import ARRAY

from integration_api.kernel import clock
from integration_api.kernel.shape import one_of
from integration_api.kernel.statements import ME, Change, Query, Statement

from .lifecycle import RulePackStatus
from .models import rule_pack

SPACE = UUID("6f0b5c7e-3a52-4b0c-9d0e-5b1f6a1f2a6d")
LOCK = 0x1A0027
"""Key of the advisory lock: one start after the other."""
SHIPS = (RulePackStatus.RELEASED, RulePackStatus.PENDING_LEGISLATION)
_NAMES = ["id", "code", "pack_version", "title", "law_as_of", "source", "amends", "derive"]
_NAMES += ["rules", "digest", "status", "released_by", "released_at"]
_GIVEN: dict[str, Any] = {n: bindparam(n, type_=rule_pack.c[n].type) for n in _NAMES}
THERE = Query(select(rule_pack.c.digest).where(rule_pack.c.municipality_id.is_(None)))
ADD = Change(insert(rule_pack).values(_GIVEN | {"created_at": ME.now, "updated_at": ME.now}))
SUPERSEDE = Change(
    update(rule_pack)
    .where(
        rule_pack.c.municipality_id.is_(None),
        rule_pack.c.code == any_(bindparam("codes", type_=ARRAY(Text))),
        one_of(rule_pack.c.status, [s.value for s in SHIPS]),
        rule_pack.c.digest != all_(bindparam("digests", type_=ARRAY(Text))),
    )
    .values(
        status=RulePackStatus.SUPERSEDED.value,
        superseded_at=ME.now,
        updated_at=ME.now,
        version=rule_pack.c.version + 1,
    )
)


@dataclass(frozen=True, slots=True)
class Shipped:
    """A pack of this version: its file and what tells it from every other."""

    text: bytes

    @property
    def digest(self) -> str:
        """The digest of the file."""
        return sha256(self.text).hexdigest()

    @property
    def id(self) -> UUID:
        """The same in every installation."""
        return uuid5(SPACE, self.digest)

    def row(self) -> dict[str, Any]:
        """The row of the pack."""
        raw: Mapping[str, Any] = yaml.load(self.text, yaml.CSafeLoader)
        head = raw["rule_set"]
        return {
            "id": self.id,
            "pack_version": str(head["version"]),
            **{n: head[n] for n in ("code", "title", "source")},
            "law_as_of": _read(date, head["law_as_of"]),
            "amends": head.get("amends"),
            "derive": raw.get("derive", {}),
            "rules": raw["rules"],
            "digest": self.digest,
            "status": head["state"],
            "released_by": head["released_by"],
            "released_at": _read(datetime, head["released_at"]),
        }


def packs() -> tuple[Shipped, ...]:
    """The packs that come with this version, in the order of their files."""
    folder = files(__package__) / "packs"
    found = sorted((f for f in folder.iterdir() if f.name.endswith(".yaml")), key=lambda f: f.name)
    return tuple(Shipped(f.read_bytes()) for f in found)


async def ship(connection: Connection, shipped: tuple[Shipped, ...] | None = None) -> int:
    """Add what is not there yet and supersede what it replaces; how many were added.

    Runs in the caller's transaction; two that start at once take turns.
    """
    shipped = packs() if shipped is None else shipped
    await connection.execute("select pg_advisory_xact_lock($1)", LOCK)
    there = {r["digest"] for r in await connection.fetch(THERE.sql, *_args(THERE))}
    rows = [one.row() for one in shipped if one.digest not in there]
    if rows:
        codes, digests = sorted({r["code"] for r in rows}), [one.digest for one in shipped]
        superseded = _args(SUPERSEDE, codes=codes, digests=digests)
        await connection.execute(SUPERSEDE.sql, *superseded)
    for row in rows:
        await connection.execute(ADD.sql, *_args(ADD, **row))
    return len(rows)


def _read(kind: type[date], said: Any) -> Any:
    """A day or an instant; YAML has read it already where it stands without quotes."""
    return kind.fromisoformat(said) if isinstance(said, str) else said


def _args(statement: Statement, **values: Any) -> list[Any]:
    return statement.args({"me_now": clock.now()} | values)
