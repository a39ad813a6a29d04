"""How an export is made: read at one moment, sealed part by part, written at once."""

from datetime import datetime
from hashlib import sha256
from typing import Any

from asyncpg import Record

from integration_api.changes import service as changes
from integration_api.jobs.refusals import JobRightsEnded
from integration_api.jobs.work import Work
from integration_api.kernel import clock
from integration_api.kernel.db import Call, Database, ReadTx
from integration_api.kernel.principal import ANONYMOUS
from integration_api.kernel.scopes import Scope
from integration_api.tandem.service import when

from .content import line, pack
from .schemas import ResourceType
from .service import binding, lacking
from .statements import ADD_PART, FILL, GET, RESTS_ON
from .statements_runner import END_PARTS
from .statements_types import TYPES

BATCH = 200
"""Resources that are read by one statement, and make one part."""
Part = dict[str, Any]


async def make(work: Work) -> None:
    """Make the export of a job.

    The parts are held compressed while they are read, so that the moment is no longer than the
    reading, and are written with the end of the job: an attempt that fails leaves nothing.

    Raises:
        JobRightsEnded: the client may no longer export, or not read what it asked for.
        LeaseLostError: the job is no longer this worker's.
    """
    cursor = await feed_cursor(work)
    at = clock.now()
    made = _Made(work)
    async with work.snapshot(at) as tx:
        types = await _types(work, tx)
        ids = {one: [r["id"] for r in await tx.rows(TYPES[one].ids)] for one in types}
        work.total = sum(map(len, ids.values()))
        for one in types:
            for first in range(0, len(ids[one]), BATCH):
                await made.add(tx, one, ids[one][first : first + BATCH])
    await made.keep(cursor, at)


async def feed_cursor(work: Work) -> str:
    """Where to go on in the feed; taken before the moment, so that nothing falls in between."""
    async with work.database.reading(work.caller) as tx:
        return await changes.cursor_now(tx, work.seals.cursors)


async def _types(work: Work, tx: ReadTx) -> list[ResourceType]:
    row = await tx.row(GET, id=work.id)
    asked = row["types"] if row else []
    types = [one for one in TYPES if one.value in asked]
    if Scope.EXPORTS_WRITE.value not in work.caller.scopes or lacking(work.caller, types):
        raise JobRightsEnded
    return types


class _Made:
    """What is made so far: parts, and the length and hash of all lines."""

    def __init__(self, work: Work) -> None:
        self.work, self.parts, self.length, self.hash = work, list[Part](), 0, sha256()

    async def add(self, tx: ReadTx, kind: ResourceType, ids: list[Any]) -> None:
        """Read one batch and seal it."""
        today = when()
        rows = await tx.rows(TYPES[kind].documents, ids=ids, **today)
        subjects = sorted({s for row in rows for s in row["subjects"]})
        rests_on = await tx.row(RESTS_ON, subjects=subjects)
        assert rests_on is not None
        plain = b"".join(_line(kind, row) for row in rows)
        n = len(self.parts) + 1
        packed = pack(plain)
        sealed = self.work.seals.vault.seal(packed, binding(self.work.caller, self.work.id, n))
        compartments = sorted({c for row in rows for c in row["compartments"]})
        part = {"n": n, "sealed": sealed, "subjects": subjects, "compartments": compartments}
        self.parts.append(part | {n: rests_on[n] for n in ("shown", "held")})
        self.length += len(plain)
        self.hash.update(plain)
        self.work.done += len(rows)

    async def keep(self, cursor: str, at: datetime) -> None:
        """Write everything, with the access records, in the transaction that ends the job."""
        work = self.work
        told = {"bytes": self.length, "sha256": self.hash.hexdigest(), "lines": work.done}
        async with work.finishing(f"/v1/exports/{work.id}") as tx:
            for part in self.parts:
                await tx.row(ADD_PART, id=work.id, **part)
            await tx.row(FILL, id=work.id, cursor=cursor, as_of=at, **told)


def _line(kind: ResourceType, row: Record) -> bytes:
    return line(kind.value, str(row["id"]), row["version"], row["body"])


async def end_expired(worker: Database) -> int:
    """Delete the parts of some expired exports; how many parts it were."""
    async with worker.writing(Call(ANONYMOUS)) as tx:
        return len(await tx.rows(END_PARTS))
