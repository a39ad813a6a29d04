"""How an import is merged: batch by batch, each a transaction with its progress."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg
from pydantic import ValidationError

from integration_api.cases.schemas import CaseLine
from integration_api.cases.service import values_of
from integration_api.cases.service_upsert import Effect, Verdict, Wanted, carry_out, judge, refresh
from integration_api.jobs.refusals import JobGaveUp, JobRightsEnded
from integration_api.jobs.work import Work
from integration_api.kernel.db import Call, Database
from integration_api.kernel.ids import uuid7
from integration_api.kernel.principal import ANONYMOUS
from integration_api.kernel.problems import (
    Conflict,
    Problem,
    UnknownReference,
    Unprocessable,
    document,
)
from integration_api.kernel.refusals import members
from integration_api.kernel.scopes import Scope

from .reading import Record, records, text_of
from .refusals import ImportTooFaulty
from .service import binding
from .statements import END_PARTS, GO_ON, OF_JOB, PART, TELL, WHOLE
from .statements_runner import END

BATCH = 500
"""Lines of one transaction at most."""
FIRST_COUNT = 1_000
"""Lines after which statistics are made anew, and again whenever they have doubled."""
MOST_PROBLEMS = 10_000
CLASHES = (
    asyncpg.UniqueViolationError,
    asyncpg.ForeignKeyViolationError,
    asyncpg.InsufficientPrivilegeError,
    asyncpg.DeadlockDetectedError,
)
"""What others did between the look and the writing: smaller batches find whose line it was."""


@dataclass(frozen=True, slots=True)
class Line:
    """A record with its place: the `n`-th of all, after `before` others of its part."""

    n: int
    part: int
    before: int
    line: int
    wanted: Wanted | None
    problem: Problem | None = None


@dataclass(slots=True)
class Merge:
    """One attempt at an import; `at` counts the records before."""

    work: Work
    id: UUID
    system: str
    form: dict[str, Any] | None
    dry_run: bool
    at: int
    counted: int = 0
    """How many were done when the planner's statistics were made anew."""


async def make(work: Work) -> None:
    """Merge what is left of the import of a job.

    Raises:
        JobRightsEnded: the client may no longer import, or not write what it imports.
        JobGaveUp: a part cannot be opened any more.
        ImportTooFaulty: too many lines are wrong.
        LeaseLostError: the job is no longer this worker's.
    """
    if not {Scope.IMPORTS_WRITE.value, Scope.CASES_WRITE.value} <= work.caller.scopes:
        raise JobRightsEnded
    async with work.database.reading(work.caller) as tx:
        row = await tx.row(OF_JOB, id=work.id)
        parts = await tx.row(WHOLE, id=row["id"]) if row else None
    assert row is not None
    assert parts is not None
    id = UUID(int=row["id"].int)
    work.done, work.total = row["taken"] + row["rejected"], int(parts["lines"])
    merge = Merge(work, id, row["system"], row["csv"], row["dry_run"], work.done)
    for n in range(row["at_part"], parts["last"] + 1):
        skipped = row["at_record"] if n == row["at_part"] else 0
        await _part(merge, n, skipped)
    work.total = work.done
    async with work.finishing(f"/v1/imports/{id}") as tx:
        await tx.rows(END_PARTS, id=id)


async def _part(merge: Merge, n: int, skipped: int) -> None:
    text = text_of(await _opened(merge, n))
    batch: list[Line] = []
    numbers: set[str] = set()
    for before, record in enumerate(records(text, merge.form)):
        if before < skipped:
            continue
        line = _line(record, merge.at + len(batch), n, before)
        number = line.wanted.value if line.wanted else ""
        if len(batch) == BATCH or number in numbers:  # the same number again is the next batch's
            await _batch(merge, batch)
            batch, numbers = [], set()
        batch.append(line)
        numbers |= {number} - {""}
    if batch:
        await _batch(merge, batch)


async def _opened(merge: Merge, n: int) -> bytes:
    work = merge.work
    async with work.database.reading(work.caller) as tx:
        row = await tx.row(PART, id=merge.id, n=n)
    place = binding(work.caller, merge.id, n)
    content = work.seals.vault.open(row["sealed"], place) if row else None
    if content is None:
        raise JobGaveUp
    return content


def _line(record: Record, n: int, part: int, before: int) -> Line:
    place = (n, part, before, record.line)
    if isinstance(record.document, Problem):
        return Line(*place, None, record.document)
    try:
        given = CaseLine.model_validate(record.document)
    except ValidationError as error:
        errors = [{**e, "loc": ("body", *e["loc"])} for e in error.errors()]
        return Line(*place, None, Unprocessable(*members(errors, record.document)))
    try:
        values = values_of(given)
    except UnknownReference as problem:
        return Line(*place, Wanted(given.external_id, {}), problem)
    return Line(*place, Wanted(values.pop("external_id"), values))


async def _batch(merge: Merge, batch: Sequence[Line]) -> None:
    """Merge a batch; where something clashes, its halves, down to the line that does."""
    try:
        rejected = await _written(merge, batch)
    except CLASHES:
        if len(batch) > 1:
            half = len(batch) // 2
            await _batch(merge, batch[:half])
            return await _batch(merge, batch[half:])
        (line,) = batch
        place = (line.n, line.part, line.before, line.line)
        rejected = await _written(merge, [Line(*place, line.wanted, Conflict())])
    merge.at += len(batch)
    merge.work.done = merge.at
    if merge.at >= max(FIRST_COUNT, 2 * merge.counted) and not merge.dry_run:
        merge.counted = merge.at
        async with merge.work.fenced() as tx:
            await refresh(tx)
    if rejected > MOST_PROBLEMS:
        raise ImportTooFaulty
    return None


async def _written(merge: Merge, batch: Sequence[Line]) -> int:
    """One transaction: what is merged, what is told of the rest, and how far it is."""
    good = [line for line in batch if line.problem is None]
    wanted = [line.wanted for line in good if line.wanted]
    async with merge.work.fenced() as tx:
        verdicts = await judge(tx, merge.system, wanted) if wanted else []
        if not merge.dry_run:
            await carry_out(tx, merge.system, wanted, verdicts)
        bad = [(line, line.problem) for line in batch if line.problem]
        bad += _refused(good, verdicts)
        if bad:
            await tx.rows(TELL, id=merge.id, problems=[_told(*one) for one in bad])
        counts = {e.value: sum(v.effect is e for v in verdicts) for e in Effect}
        last = batch[-1]
        place = {"at_part": last.part, "at_record": last.before + 1}
        row = await tx.row(GO_ON, id=merge.id, **place, **counts, rejected=len(bad))
        assert row is not None
        return int(row["rejected"])


def _refused(lines: Sequence[Line], verdicts: Sequence[Verdict]) -> Iterator[tuple[Line, Problem]]:
    for line, verdict in zip(lines, verdicts, strict=True):
        if isinstance(verdict.effect, Problem):
            yield line, verdict.effect


def _told(line: Line, problem: Problem) -> dict[str, Any]:
    """A problem as it is kept: in both languages, since nobody knows yet who asks."""
    return {
        "id": uuid7(),
        "n": line.n,
        "part": line.part,
        "line": line.line,
        "external_id": line.wanted.value if line.wanted else None,
        "slug": problem.type.slug,
        "status": problem.type.status,
        "problem": {lang: document(problem, lang) for lang in ("de", "en")},
    }


async def end_over(worker: Database) -> int:
    """Delete some imports that are over; how many it were."""
    async with worker.writing(Call(ANONYMOUS)) as tx:
        return len(await tx.rows(END))
