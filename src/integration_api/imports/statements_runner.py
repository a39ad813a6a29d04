"""The compiled statement of the worker: delete what is over."""

from sqlalchemy import and_, any_, delete, func, or_, select

from integration_api.jobs.models import job
from integration_api.kernel.statements import Change

from .models import import_
from .statements import KEPT

_OVER = (
    select(import_.c.id)
    .select_from(
        import_.outerjoin(
            job,
            and_(job.c.municipality_id == import_.c.municipality_id, job.c.id == import_.c.job_id),
        )
    )
    .where(import_.c.created_at < func.now() - KEPT)
    .where(or_(job.c.id.is_(None), job.c.finished_at.is_not(None)))
    .limit(20)
    .subquery("over")
)
END = Change(
    delete(import_)
    .where(import_.c.id == any_(func.array(select(_OVER.c.id).scalar_subquery())))
    .returning(import_.c.id)
)
