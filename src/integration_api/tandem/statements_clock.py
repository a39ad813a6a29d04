"""The compiled statements of what the clock does: the same arrows, a batch at a time.

Several workers may run them: rows are taken with SKIP LOCKED, the tandem case before its track.
"""

from typing import Any

from sqlalchemy import ColumnElement, Date, bindparam, literal_column, select, update
from sqlalchemy.sql.selectable import CTE

from integration_api.kernel import journal
from integration_api.kernel.lifecycle import Lifecycle
from integration_api.kernel.shape import one_of
from integration_api.kernel.statements import ME, Change

from .lifecycle_approvals import APPROVAL
from .lifecycle_legal import LEGAL_TRACK
from .models import legal_track, tandem_case
from .models_work import ba_approval_request, start_clearance
from .statements_below import step, told

BATCH: ColumnElement[int] = literal_column("100")
TODAY = bindparam("today", type_=Date())
SOON = bindparam("soon", type_=Date())


def _due(table: Any, lifecycle: Lifecycle[Any], name: str, when: ColumnElement[bool]) -> CTE:
    t, sources = tandem_case, sorted(s.value for s in lifecycle[name].sources)
    return (
        select(table.c.id)
        .select_from(table.join(t, t.c.id == table.c.tandem_case_id))
        .where(table.c.municipality_id == ME.municipality_id, one_of(table.c.status, sources), when)
        .limit(BATCH)
        .with_for_update(skip_locked=True, key_share=True, of=[t, table])
        .cte("due")
    )


def _moved(table: Any, lifecycle: Lifecycle[Any], name: str, due: CTE, **brings: Any) -> Any:
    arrow = lifecycle[name]
    moved = (
        update(table)
        .where(table.c.id == due.c.id)
        .values(status=arrow.target.value, version=table.c.version + 1, updated_at=ME.now, **brings)
        .returning(*(table.c[n] for n in ("id", "municipality_id", "tandem_case_id", "version")))
        .cte("moved")
    )
    changed = ["status", *sorted(brings)]
    parts = journal.record(
        table.name, moved, arrow.event, changed=changed, to=told, many=True, under="tandem_case_id"
    )
    reached = step(table.name, moved, literal_column(f"'{arrow.target.value}'"))
    return moved, (*parts, reached)


def _deem() -> Change:
    """Silence is approval: every request whose deadline is over."""
    r = ba_approval_request
    due = _due(r, APPROVAL, "deem", r.c.deemed_from <= TODAY)
    moved, parts = _moved(r, APPROVAL, "deem", due, deemed_at=ME.now)
    return Change(select(moved.c.id).add_cte(*parts))


def _remind() -> Change:
    """Permits that end before long."""
    due = _due(legal_track, LEGAL_TRACK, "mark_renewal_due", legal_track.c.permit_valid_to <= SOON)
    moved, parts = _moved(legal_track, LEGAL_TRACK, "mark_renewal_due", due)
    return Change(select(moved.c.id).add_cte(*parts))


def _expire() -> Change:
    """Permits whose last day is over, and the clearances with them."""
    c = start_clearance
    due = _due(legal_track, LEGAL_TRACK, "expire", legal_track.c.permit_valid_to < TODAY)
    moved, parts = _moved(legal_track, LEGAL_TRACK, "expire", due)
    ended = (
        update(c)
        .where(c.c.tandem_case_id == moved.c.tandem_case_id, c.c.invalidated_at.is_(None))
        .values(
            invalidated_at=ME.now,
            invalidated_reason=literal_column("'permit_expired'"),
            version=c.c.version + 1,
        )
        .returning(*(c.c[n] for n in ("id", "municipality_id", "tandem_case_id", "version")))
        .cte("ended")
    )
    changed = ["invalidated_at", "invalidated_reason"]
    more = journal.record(
        c.name,
        ended,
        f"{c.name}.invalidated",
        changed=changed,
        to=told,
        many=True,
        under="tandem_case_id",
    )
    return Change(select(moved.c.id).add_cte(*parts, *more))


DEEM, REMIND, EXPIRE = _deem(), _remind(), _expire()
