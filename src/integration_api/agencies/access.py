"""Who may see and change an agency: the directory is public, changes are the own tree's."""

from sqlalchemy import ColumnElement, or_, true

from integration_api.kernel.statements import Me

from .models import agency


def visible(_: Me) -> ColumnElement[bool]:
    """Every agency: the directory is public."""
    return true()


def administered(me: Me) -> ColumnElement[bool]:
    """The caller's own agency and its teams."""
    return (agency.c.municipality_id == me.municipality_id) & or_(
        agency.c.id == me.agency, agency.c.parent_id == me.agency
    )
