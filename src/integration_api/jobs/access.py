"""Who may see a job: the client that asked for it, and no other of its agency."""

from sqlalchemy import ColumnElement, and_

from integration_api.kernel.statements import Me

from .models import job


def visible(me: Me) -> ColumnElement[bool]:
    """Jobs of the caller itself."""
    return and_(
        job.c.municipality_id == me.municipality_id,
        job.c.agency_id == me.agency,
        job.c.client_id == me.client,
    )
