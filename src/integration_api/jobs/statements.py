"""The compiled statements of jobs, in the context of the client that asked."""

from datetime import timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    Interval,
    Select,
    Text,
    Uuid,
    bindparam,
    func,
    insert,
    literal_column,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.sql.selectable import FromClause

from integration_api.kernel import journal
from integration_api.kernel.shape import allowed_actions, fields, instant, whole
from integration_api.kernel.statements import ME, Change, Query

from .access import visible
from .lifecycle import JOB
from .models import job

KEPT = timedelta(hours=24)
"""How long a job can be read after its end, and its result with it."""
ID = bindparam("id", type_=Uuid())
TOKEN = bindparam("token", type_=Uuid())
DAY: ColumnElement[Any] = literal_column(f"interval '{KEPT.total_seconds():.0f} seconds'", Interval)
TOLD = bindparam("problems", type_=JSONB())
"""Why a job may have failed, by slug, in the caller's language."""


def gone() -> ColumnElement[bool]:
    """Whether the job is past its term."""
    return func.coalesce(job.c.expires_at <= ME.now, literal_column("false"))


def _document(j: FromClause) -> ColumnElement[Any]:
    mine: dict[str, ColumnElement[bool]] = {"asker": literal_column("true")}
    return whole(
        select(
            *(j.c[n] for n in ("id", "kind", "status")),
            fields(done=j.c.done, total=j.c.total).label("progress"),
            j.c.result_url,
            TOLD.op("->", return_type=JSONB())(j.c.problem).label("problem"),
            allowed_actions(JOB, j.c.status, mine).label("allowed_actions"),
            *(instant(j.c[n]).label(n) for n in ("created_at", "updated_at")),
            *(instant(j.c[n]).label(n) for n in ("finished_at", "expires_at")),
        ).correlate(j)
    )


def _answer(j: FromClause) -> Select[Any]:
    return select(_document(j).label("body"), j.c.version, j.c.status)


GET = Query(_answer(job).add_columns(gone().label("gone")).where(job.c.id == ID, visible(ME)))
LOCK = Change(
    select(job.c.version, job.c.status)
    .where(job.c.id == ID, visible(ME))
    .with_for_update(key_share=True, of=job)
)
UNFINISHED = Query(select(func.count().label("n")).where(visible(ME), job.c.finished_at.is_(None)))
HOLD = Change(
    select(job.c.id)
    .where(job.c.id == ID, job.c.lease_token == TOKEN, visible(ME))
    .with_for_update(key_share=True, of=job)
)
"""The fence: no row, where the lease is another's or the job is over."""


def _create() -> Change:
    new = (
        insert(job)
        .values(
            id=ID,
            municipality_id=ME.municipality_id,
            agency_id=ME.agency,
            client_id=ME.client,
            kind=bindparam("kind", type_=Text()),
            status=JOB.initial[0].value,
            purpose=ME.purpose,
            request_id=ME.request,
            created_at=ME.now,
            updated_at=ME.now,
        )
        .returning(*job.c)
        .cte("new")
    )
    parts = journal.record("job", new, "job.queued", changed=["status"], to=journal.mine)
    return Change(_answer(new).add_cte(*parts))


def move(arrow: str, *condition: ColumnElement[bool], **values: Any) -> Change:
    """One arrow; one that ends the job ends the lease and begins the term."""
    drawn = JOB[arrow]
    if drawn.target in JOB.final:
        values |= {"lease_until": None, "lease_token": None, "finished_at": ME.now}
        values |= {"expires_at": ME.now + DAY}
    moved = (
        update(job)
        .where(job.c.id == ID, *condition)
        .values(status=drawn.target.value, version=job.c.version + 1, updated_at=ME.now, **values)
        .returning(*job.c)
        .cte("moved")
    )
    to = journal.agencies("agency_id")
    parts = journal.record("job", moved, drawn.event, changed=["status"], to=to)
    return Change(_answer(moved).add_cte(*parts))


CREATE = _create()
CANCEL = move("cancel", visible(ME))
SUCCEED = move(
    "succeed",
    job.c.lease_token == TOKEN,
    visible(ME),
    result_url=bindparam("result_url", type_=Text()),
    done=bindparam("done", type_=Integer()),
    total=bindparam("total", type_=Integer()),
)
