"""Who may see and keep competences and waiting times: all, and the own agency with its teams."""

from sqlalchemy import ColumnElement, Table, and_, select, true

from integration_api.agencies.access import administered
from integration_api.agencies.models import agency
from integration_api.kernel.statements import Me


def visible(_: Me) -> ColumnElement[bool]:
    """Every row: the directory is public."""
    return true()


def kept(me: Me, of: Table) -> ColumnElement[bool]:
    """Rows of the own agency and its teams."""
    own = select(agency.c.id).where(agency.c.id == of.c.agency_id, administered(me))
    # a probe by id; without the offset it would be a hash of all teams
    return and_(of.c.municipality_id == me.municipality_id, own.offset(0).correlate(of).exists())
