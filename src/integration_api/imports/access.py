"""Who may see an import: the client that asked for it, and no other of its agency."""

from sqlalchemy import ColumnElement, and_

from integration_api.kernel.statements import Me

from .models import import_


def visible(me: Me) -> ColumnElement[bool]:
    """Imports of the caller itself."""
    return and_(
        import_.c.municipality_id == me.municipality_id,
        import_.c.agency_id == me.agency,
        import_.c.client_id == me.client,
    )
