"""The compiled statement of the worker: delete the parts of what has expired."""

from sqlalchemy import any_, delete, func, select

from integration_api.jobs.models import job
from integration_api.kernel.statements import Change

from .models import export_part

_OVER = (
    select(job.c.id)
    .where(job.c.expires_at < func.now(), job.c.kind == "export")
    .where(
        select(export_part.c.n)
        .where(
            export_part.c.municipality_id == job.c.municipality_id,
            export_part.c.export_id == job.c.id,
        )
        .correlate(job)
        .exists()
    )
    .limit(20)
    .subquery("over")
)
END_PARTS = Change(
    delete(export_part)
    .where(export_part.c.export_id == any_(func.array(select(_OVER.c.id).scalar_subquery())))
    .returning(export_part.c.n)
)
