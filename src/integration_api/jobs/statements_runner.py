"""The compiled statements of the worker: look for jobs, lease them, give them back, end them."""

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Double,
    Integer,
    Interval,
    Text,
    any_,
    bindparam,
    cast,
    delete,
    func,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY

from integration_api.kernel.statements import Change, Query

from .models import job
from .statements import ID, TOKEN, move

LEASE_SECONDS = 30
"""How long a worker that is not heard of keeps a job; renewed three times as often."""
LEASE: ColumnElement[Any] = literal_column(f"interval '{LEASE_SECONDS} seconds'", Interval)
KINDS = bindparam("kinds", type_=ARRAY(Text()))


def _free() -> tuple[ColumnElement[bool], ...]:
    """Unfinished, of a kind that this worker knows, and nobody's; leases go by the database."""
    lapsed = or_(job.c.lease_until.is_(None), job.c.lease_until < func.now())
    return job.c.finished_at.is_(None), job.c.kind == any_(KINDS), lapsed


def _claim() -> Change:
    picked = (
        select(job.c.id)
        .where(*_free())
        .order_by(job.c.created_at, job.c.id)
        .limit(bindparam("slots", type_=Integer()))
        .with_for_update(skip_locked=True, of=job)
        .cte("picked")
    )
    names = ("id", "municipality_id", "agency_id", "client_id", "kind", "status", "purpose")
    return Change(
        update(job)
        .where(job.c.id == picked.c.id)
        .values(
            lease_until=func.now() + LEASE,
            lease_token=func.gen_random_uuid(),
            attempts=job.c.attempts + 1,
        )
        .returning(*(job.c[n] for n in (*names, "request_id", "lease_token", "attempts")))
    )


WAITING = Query(
    select(cast(func.extract("epoch", func.now() - job.c.created_at), Double))
    .where(*_free())
    .order_by(job.c.created_at, job.c.id)
    .limit(literal_column("1"))
)
"""The age of the oldest, in seconds. Asked once a pause; mostly the partial index is empty."""
CLAIM = _claim()
RENEW = Change(
    update(job)
    .where(job.c.id == ID, job.c.lease_token == TOKEN)
    .values(
        lease_until=func.now() + LEASE,
        done=bindparam("done", type_=Integer()),
        total=bindparam("total", type_=Integer()),
    )
    .returning(job.c.id)
)
RELEASE = Change(
    update(job)
    .where(job.c.id == ID, job.c.lease_token == TOKEN)
    .values(
        lease_until=func.now() + bindparam("pause", type_=Interval(native=True)),
        attempts=job.c.attempts - bindparam("uncounted", type_=Integer()),
    )
    .returning(job.c.id)
)
"""Given back before the lease ends; a worker that was told to stop counts as no attempt."""
START = move("start", job.c.lease_token == TOKEN)
FAIL = move("fail", job.c.lease_token == TOKEN, problem=bindparam("problem", type_=Text()))
_OLD = (
    select(job.c.id)
    .where(job.c.expires_at < func.now() - literal_column("interval '30 days'"))
    .limit(500)
    .scalar_subquery()
)
END = Change(delete(job).where(job.c.id == any_(func.array(_OLD))).returning(job.c.id))
"""What expired a month ago: from then on nobody is told that it was there."""
