"""Who may see an export: the client that asked for it, as long as all that it rests on holds."""

from sqlalchemy import ColumnElement, Uuid, and_, func, not_, select
from sqlalchemy.sql.selectable import FromClause

from integration_api.kernel.statements import Me
from integration_api.persons.access import live
from integration_api.persons.models import disclosure

from .models import export, export_part


def visible(me: Me) -> ColumnElement[bool]:
    """Exports of the caller itself."""
    return and_(
        export.c.municipality_id == me.municipality_id,
        export.c.agency_id == me.agency,
        export.c.client_id == me.client,
    )


def lost(me: Me, part: FromClause) -> ColumnElement[bool]:
    """Whether a disclosure under the part has ended: by revocation, by time, by its referral."""
    held = func.unnest(part.c.held).table_valued("id", name="held").render_derived()
    still = (
        select(disclosure.c.id)
        .where(disclosure.c.id == held.c.id.cast(Uuid), live(me.agency))
        .correlate(held)
        .exists()
    )
    return select(held.c.id).where(not_(still)).correlate(part).exists()


def outdated(me: Me) -> ColumnElement[bool]:
    """Whether that is so of any part of the export."""
    p = export_part
    return (
        select(p.c.n)
        .where(p.c.municipality_id == me.municipality_id, p.c.export_id == export.c.id, lost(me, p))
        .correlate(export)
        .exists()
    )
