"""Who may see an export: the client that asked for it, as long as all that it rests on holds."""

from sqlalchemy import ColumnElement, Table, Uuid, and_, column, func, not_, or_, select
from sqlalchemy.sql.selectable import FromClause

from integration_api.kernel.statements import Me
from integration_api.persons.access import live
from integration_api.persons.access import visible as visible_persons
from integration_api.persons.models import disclosure, person

from .models import export, export_part


def visible(me: Me) -> ColumnElement[bool]:
    """Exports of the caller itself."""
    return and_(
        export.c.municipality_id == me.municipality_id,
        export.c.agency_id == me.agency,
        export.c.client_id == me.client,
    )


def lost(me: Me, part: FromClause) -> ColumnElement[bool]:
    """Whether a disclosure under the part has ended, or somebody in it is no longer visible.

    By revocation, by time, by its referral; because the person is another agency's now.
    """
    return or_(
        _one_without(part, "held", disclosure, live(me.agency)),
        _one_without(part, "shown", person, visible_persons(me)),
    )


def _one_without(
    part: FromClause, name: str, table: Table, holds: ColumnElement[bool]
) -> ColumnElement[bool]:
    ids = func.unnest(part.c[name]).table_valued(column("id", Uuid()), name=name).render_derived()
    still = select(table.c.id).where(table.c.id == ids.c.id, holds).correlate(ids).exists()
    return select(ids.c.id).where(not_(still)).correlate(part).exists()


def outdated(me: Me) -> ColumnElement[bool]:
    """Whether that is so of any part of the export."""
    p = export_part
    return (
        select(p.c.n)
        .where(p.c.municipality_id == me.municipality_id, p.c.export_id == export.c.id, lost(me, p))
        .correlate(export)
        .exists()
    )
