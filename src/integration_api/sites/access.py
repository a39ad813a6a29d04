"""Who may see and change a site: it is public, and changed by the agency that keeps it."""

from sqlalchemy import ColumnElement, true

from integration_api.kernel.statements import Me

from .models import site


def visible(_: Me) -> ColumnElement[bool]:
    """Every site: the directory is public."""
    return true()


def kept(me: Me) -> ColumnElement[bool]:
    """Sites that the own agency keeps."""
    return (site.c.municipality_id == me.municipality_id) & (site.c.agency_id == me.agency)
