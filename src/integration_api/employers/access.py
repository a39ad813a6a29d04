"""Who may see an employer, and who keeps it."""

from sqlalchemy import ColumnElement, and_

from integration_api.kernel.statements import Me

from .models import employer


def visible(me: Me) -> ColumnElement[bool]:
    """Every agency of the municipality: it is data of a company."""
    return employer.c.municipality_id == me.municipality_id


def kept(me: Me) -> ColumnElement[bool]:
    """Employers that the own agency has recorded."""
    return and_(visible(me), employer.c.recorded_by_agency_id == me.agency)
