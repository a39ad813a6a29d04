"""What can be done with tasks."""

from uuid import UUID

from integration_api.code_lists.service import attributes, must_know
from integration_api.kernel import concurrency
from integration_api.kernel.answers import Answer, resource
from integration_api.kernel.db import LoggedReadTx, WriteTx
from integration_api.kernel.lists import Place
from integration_api.kernel.problems import NotYourMoveProblem
from integration_api.kernel.reactions import Cause, react

from .lifecycle import OWNER, TASK, TaskStatus
from .schemas import TaskFilter
from .statements import COMPLETE, GET, LOCK, SEE, list_tasks

ENDS_ACCESS = "ends_access"


async def get(tx: LoggedReadTx, id: UUID) -> Answer:
    """One task of the caller's agency.

    Raises:
        NotFound: absent or not visible.
    """
    return resource(await tx.row(GET, id=id))


async def list_(tx: LoggedReadTx, narrowed: TaskFilter, place: Place) -> Answer:
    """One page of the tasks of the caller's agency."""
    filters = narrowed.filters()
    statement = list_tasks(frozenset(filters), place.direction)
    return place.answer(await tx.row(statement, **filters, **place.params))


async def complete(tx: WriteTx, id: UUID, outcome: str, version: int) -> Answer:
    """Complete a task; an outcome that ends access does so in this transaction.

    Raises:
        NotFound, PreconditionFailed, TransitionNotAllowed.
        NotYourMoveProblem: no person is at the desk.
        UnknownReference: the outcome is unknown.
    """
    if tx.caller.member_id is None:
        raise NotYourMoveProblem
    must_know("review_outcomes", outcome, "/outcome")
    row = await concurrency.hold(tx, LOCK, SEE, version, id=id)
    target = TASK.target("complete", TaskStatus(row["status"]), OWNER)
    moved = await tx.row(COMPLETE, id=id, target=target.value, outcome=outcome)
    if attributes("review_outcomes", outcome).get(ENDS_ACCESS):
        await react(tx, Cause.REVIEW_REFUSED, {"disclosure_id": row["disclosure_id"]})
    return tx.answer(resource(moved))
