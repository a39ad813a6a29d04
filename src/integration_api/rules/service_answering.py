"""The packs that answer in a municipality, as every process sees them at its next request.

Each question reads the heads anew, one small statement; what is behind a head is put together once
in a process. Hence a release needs no restart and no message between processes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import structlog
from asyncpg import Record

from integration_api.kernel.problems import Unavailable
from integration_api.kernel.statements import Query

from .compiled import Kept, pack_of
from .engine import standing
from .findings import PackError
from .loading import Pack
from .statements import CONTENT
from .statements_heads import CONTENTS

log = structlog.get_logger(__name__)
KEPT = Kept()


class Reads(Protocol):
    """What is needed of a transaction: rows that are nobody's."""

    async def rows(self, statement: Query, **params: Any) -> list[Record]:
        """All rows."""


@dataclass(frozen=True, slots=True)
class Answering:
    """A municipality and the packs that answer in it, by what `engine.check` calls them."""

    municipality: Mapping[str, str]
    packs: Mapping[str, Pack]
    ids: Mapping[tuple[str, str], str]
    """The row of a pack by code and version, for who wants to read what was answered by."""


async def answering(tx: Reads, heads: Sequence[Record]) -> Answering:
    """The packs behind the rows of `heads`; only those that are new to this process are read.

    Raises:
        Unavailable: a pack cannot be applied by this version (503, and an error in the log).
    """
    first = heads[0]
    keys = [(row["pack_id"], row["pack_row"]) for row in heads if row["pack_id"]]
    unknown = [key[0] for key in keys if KEPT.get(key) is None]
    if unknown:
        for row in await tx.rows(CONTENTS, ids=unknown):
            KEPT.keep((row["id"], row["version"]), _put_together(row))
    found = [(key[0], pack) for key in keys if (pack := KEPT.get(key)) is not None]
    return Answering(
        {name: str(first[name]) for name in ("id", "slug", "name")},
        standing(pack for _, pack in found),
        {(pack.code, pack.version): str(id) for id, pack in found},
    )


def _put_together(row: Record) -> Pack:
    try:
        return pack_of(row["code"], {n: row[n] for n in CONTENT}, row["status"])
    except PackError as error:
        log.exception("rule_pack_unusable", pack_id=str(row["id"]), code=row["code"])
        raise Unavailable from error
