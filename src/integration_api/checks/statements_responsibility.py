"""The compiled statement of a responsibility check: whose competences may apply."""

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Date,
    Select,
    Text,
    Uuid,
    any_,
    bindparam,
    func,
    literal_column,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql.selectable import FromClause

from integration_api.agencies.models import agency
from integration_api.competences.access import visible
from integration_api.competences.models import agency_competence, waiting_time
from integration_api.competences.statements_waiting import body as observation
from integration_api.competences.statements_waiting import newest
from integration_api.kernel.shape import collected, fields
from integration_api.kernel.statements import ME, Query
from integration_api.sites.statements import met_at

MUNICIPALITY = bindparam("municipality_id", type_=Uuid())
SERVICES = bindparam("services", type_=ARRAY(Text))
AS_OF = bindparam("as_of", type_=Date())
MOST = 500
MOST_AHEAD = 366
"""Days to come in which the next change is looked for."""
SHOWN = ("id", "slug", "name", "type", "contact_points")


def _parent(a: FromClause) -> ColumnElement[Any]:
    above = agency.alias("above")
    return (
        select(fields(id=above.c.id, slug=above.c.slug, name=above.c.name))
        .where(above.c.municipality_id == a.c.municipality_id, above.c.id == a.c.parent_id)
        .correlate(a)
        .scalar_subquery()
    )


def _waiting(c: FromClause) -> ColumnElement[Any]:
    """The newest observation of each kind, for the service at this agency."""
    w = waiting_time
    mine = (w.c.agency_id == c.c.agency_id, w.c.service == c.c.service)
    found = select(collected(observation(w), w.c.kind)).where(*mine, newest(), visible(ME))
    return found.correlate(c).scalar_subquery()


def _candidates() -> Select[Any]:
    c, a = agency_competence, agency
    return (
        select(
            *(c.c[n] for n in ("id", "agency_id", "service", "area", "applies_when")),
            c.c.legal_basis,
            # an agency that is closed has no competence; `least` passes over null
            func.greatest(c.c.valid_from, a.c.active_from).label("valid_from"),
            func.least(c.c.valid_to, a.c.active_to).label("valid_to"),
            *(a.c[n].label(f"agency_{n}") for n in SHOWN if n != "id"),
            _parent(a).label("parent"),
            _waiting(c).label("waiting_times"),
            met_at(a.c.id, AS_OF).label("sites"),
        )
        .select_from(c.join(a, a.c.id == c.c.agency_id))
        .where(
            c.c.municipality_id == MUNICIPALITY,
            c.c.service == any_(SERVICES),
            or_(c.c.valid_to.is_(None), c.c.valid_to > AS_OF),
            c.c.valid_from <= AS_OF + literal_column(f"{MOST_AHEAD}"),
            or_(a.c.active_to.is_(None), a.c.active_to > AS_OF),
            visible(ME),
        )
        .order_by(a.c.slug, c.c.valid_from, c.c.id)
        .limit(literal_column(f"{MOST}"))
    )


CANDIDATES = Query(_candidates())
"""Those of that day and of later ones, so that a change to come can be told."""
