"""The compiled statements of tasks."""

from typing import Any

from sqlalchemy import ColumnElement, Text, Uuid, bindparam, func, literal_column, select, update
from sqlalchemy.dialects.postgresql import ARRAY, array
from sqlalchemy.sql.selectable import FromClause

from integration_api.kernel import journal
from integration_api.kernel.lists import Direction, envelope, page, variants
from integration_api.kernel.shape import CORE, NOBODY, allowed_actions, instant, whole
from integration_api.kernel.statements import ME, Change, Effect, Personal, Query

from .access import visible
from .lifecycle import TASK
from .models import task

ID = bindparam("id", type_=Uuid())
SHOWN = ["id", "agency_id", "kind", "person_id", "disclosure_id", "due_on", "status", "outcome"]


def _document(t: FromClause) -> ColumnElement[Any]:
    return whole(
        select(
            *(t.c[n] for n in SHOWN),
            instant(t.c.completed_at).label("completed_at"),
            t.c.completed_by_member_id,
            allowed_actions(TASK, t.c.status, {"owner": literal_column("true")}).label(
                "allowed_actions"
            ),
            *(instant(t.c[n]).label(n) for n in ("created_at", "updated_at")),
        ).correlate(t)
    )


def answer(t: FromClause) -> tuple[ColumnElement[Any], ...]:
    """Columns of a single answer: document, version, whom it shows, and what of them."""
    return (
        _document(t).label("body"),
        t.c.version,
        array([t.c.person_id]).label("subjects"),
        array([t.c.person_id]).label("shown"),
        CORE.label("compartments"),
    )


GET = Personal("getTask", select(*answer(task)).where(task.c.id == ID, visible(ME)))
SEE = Query(select(task.c.version).where(task.c.id == ID, visible(ME)))
LOCK = Change(
    select(task.c.version, task.c.status, task.c.disclosure_id)
    .where(task.c.id == ID, visible(ME))
    .with_for_update(key_share=True, of=task)
)


@variants
def list_tasks(chosen: frozenset[str], direction: Direction) -> Personal:
    """One page of the tasks of the caller's agency."""
    rows = select(task.c.id, task.c.created_at.label("at")).where(visible(ME))
    if "status" in chosen:
        rows = rows.where(task.c.status == bindparam("status", type_=Text()))
    found = page(rows, task.c.created_at, task.c.id, direction)
    persons = func.array_agg(task.c.person_id.distinct(), type_=ARRAY(Uuid))
    extra = (func.coalesce(persons, NOBODY).label("subjects"), CORE.label("compartments"))
    source = found.join(task, task.c.id == found.c.id)
    return Personal("listTasks", envelope(found, _document(task), source, *extra))


def _complete() -> Effect:
    moved = (
        update(task)
        .where(task.c.id == ID, visible(ME))
        .values(
            status=bindparam("target", type_=Text()),
            outcome=bindparam("outcome", type_=Text()),
            completed_at=ME.now,
            completed_by_member_id=ME.member,
            version=task.c.version + 1,
            updated_at=ME.now,
        )
        .returning(*task.c)
        .cte("moved")
    )
    parts = journal.record(
        "task",
        moved,
        "task.completed",
        changed=["status", "outcome"],
        to=journal.mine,
        reason=moved.c.outcome,
    )
    return Effect("completeTask", select(*answer(moved)), *parts)


COMPLETE = _complete()
