"""Who may see a task."""

from sqlalchemy import ColumnElement, and_

from integration_api.kernel.statements import Me
from integration_api.persons.access import may

from .models import task


def visible(me: Me) -> ColumnElement[bool]:
    """Tasks of the own agency."""
    return and_(
        task.c.municipality_id == me.municipality_id,
        may(me, "core"),
        task.c.agency_id == me.agency,
    )
