"""What can be done with jobs by who asked for them."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from asyncpg import Record

from integration_api.kernel import concurrency
from integration_api.kernel.answers import Answer, resource
from integration_api.kernel.db import ReadTx, WriteTx
from integration_api.kernel.ids import uuid7
from integration_api.kernel.problems import GuardNotMet, NotFound

from .lifecycle import ASKER, JOB, UNFINISHED, JobStatus
from .refusals import ROOM, JobExpired
from .statements import CANCEL, CREATE, GET, LOCK
from .statements import UNFINISHED as COUNT

LOOK_AGAIN = 2
"""Seconds after which a look at an unfinished job is worth it."""
MOST = 10
"""Unfinished jobs of one client."""
Told = Mapping[str, dict[str, object]]
"""Why a job may have failed, in the caller's language (`refusals.shown`)."""


async def get(tx: ReadTx, id: UUID, told: Told) -> Answer:
    """One job of the caller.

    Raises:
        NotFound: absent, or another client's.
        JobExpired: it is past its term.
    """
    row = await tx.row(GET, id=id, problems=told)
    if row is not None and row["gone"]:
        raise JobExpired
    return _looked_at(row)


async def ask(tx: WriteTx, kind: str, told: Told) -> tuple[UUID, Answer]:
    """Ask for a job: its id, and the answer that says where to look (202).

    What the job is to do is written by its noun, in this transaction.

    Raises:
        GuardNotMet: the caller has too many unfinished ones (409).
    """
    counted = await tx.row(COUNT)
    if counted is not None and counted["n"] >= MOST:
        raise GuardNotMet(ROOM)
    id = uuid7()
    row = await tx.row(CREATE, id=id, kind=kind, problems=told)
    answer = _looked_at(row, status=202, location=f"/v1/jobs/{id}")
    return id, tx.answer(answer)


async def cancel(tx: WriteTx, id: UUID, version: int, told: Told) -> Answer:
    """Cancel a job of the caller that is not over.

    Raises:
        NotFound, PreconditionFailed, TransitionNotAllowed.
    """
    row = await tx.row(LOCK, id=id)
    if row is None:
        raise NotFound
    concurrency.check(row, version)
    JOB.target("cancel", JobStatus(row["status"]), ASKER)
    return tx.answer(resource(await tx.row(CANCEL, id=id, problems=told)))


def _looked_at(row: Record | None, **how: Any) -> Answer:
    answer = resource(row, **how)
    if row is not None and JobStatus(row["status"]) in UNFINISHED:
        answer.headers["Retry-After"] = str(LOOK_AGAIN)
    return answer
