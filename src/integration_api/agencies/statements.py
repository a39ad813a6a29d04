"""The compiled statements of the directory."""

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Date,
    Select,
    Text,
    Uuid,
    bindparam,
    cast,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSQUERY
from sqlalchemy.sql.selectable import FromClause

from integration_api.edge.ordered import envelope, page
from integration_api.kernel import journal
from integration_api.kernel.lists import Direction, variants
from integration_api.kernel.shape import fields, instant, whole
from integration_api.kernel.statements import ME, Change, Query

from .access import administered, visible
from .models import agency, municipality, municipality_ags

ID = bindparam("id", type_=Uuid())
TODAY = bindparam("today", type_=Date())
FILTERS: dict[str, ColumnElement[bool]] = {
    "municipality_id": agency.c.municipality_id == bindparam("municipality_id", type_=Uuid()),
    "slug": agency.c.slug == bindparam("slug", type_=Text()),
    "type": agency.c.type == bindparam("type", type_=Text()),
    "parent_id": agency.c.parent_id == bindparam("parent_id", type_=Uuid()),
    "ags": agency.c.municipality_id.in_(
        select(municipality_ags.c.municipality_id).where(
            municipality_ags.c.ags == bindparam("ags", type_=Text())
        )
    ),
    "q": agency.c.search.bool_op("@@")(cast(bindparam("q", type_=Text()), TSQUERY)),
}
CHANGEABLE: dict[str, Any] = {
    "name": Text(),
    "jurisdictions": ARRAY(Text),
    "contact_points": JSONB(),
    "active_to": Date(),
}


def _document(a: FromClause) -> Select[Any]:
    """The agency as clients see it; `a` has the columns of the table."""
    ags = (
        select(municipality_ags.c.ags)
        .where(
            municipality_ags.c.municipality_id == municipality.c.id,
            municipality_ags.c.valid_from <= TODAY,
            or_(municipality_ags.c.valid_to.is_(None), municipality_ags.c.valid_to > TODAY),
        )
        .limit(1)
        .correlate(municipality)
        .scalar_subquery()
    )
    m = municipality
    city = (
        select(fields(id=m.c.id, slug=m.c.slug, name=m.c.name, ags=ags))
        .where(m.c.id == a.c.municipality_id)
        .correlate(a)
        .scalar_subquery()
    )
    return select(
        a.c.id,
        a.c.slug,
        a.c.name,
        a.c.type,
        a.c.jurisdictions,
        city.label("municipality"),
        a.c.parent_id,
        a.c.contact_points,
        a.c.active_from,
        a.c.active_to,
        instant(a.c.created_at).label("created_at"),
        instant(a.c.updated_at).label("updated_at"),
    )


def body_of(a: FromClause) -> ColumnElement[Any]:
    """The document of an agency."""
    return whole(_document(a).correlate(a))


GET = Query(
    select(body_of(agency).label("body"), agency.c.version).where(agency.c.id == ID, visible(ME))
)
LOCK = Change(
    select(agency.c.version, agency.c.active_from)
    .where(agency.c.id == ID, administered(ME))
    .with_for_update(key_share=True, of=agency)
)
OWN_TYPE = Query(select(agency.c.type).where(agency.c.id == ME.agency, visible(ME)))
MUNICIPALITIES = Query(
    select(municipality.c.id, municipality.c.name).order_by(municipality.c.name).limit(200)
)
"""Those of this installation: public, and few."""
SEE = Query(select(agency.c.version).where(agency.c.id == ID, visible(ME)))


@variants
def list_agencies(names: frozenset[str], direction: Direction) -> Query:
    """One page of the directory in German order, narrowed by the filters in `names`."""
    # whole rows: joined to their ids again, a generic plan would read the table
    rows = select(*agency.c, agency.c.name_key.label("at")).where(
        visible(ME), *(FILTERS[n] for n in sorted(names))
    )
    found = page(rows, agency.c.name_key, agency.c.id, direction)
    return Query(envelope(found, body_of(found), found))


def _create() -> Change:
    kinds: dict[str, Any] = {
        "slug": Text(),
        "name": Text(),
        "type": Text(),
        "jurisdictions": ARRAY(Text),
        "parent_id": Uuid(),
        "contact_points": JSONB(),
        "active_from": Date(),
        "active_to": Date(),
    }
    values: dict[str, Any] = {n: bindparam(n, type_=k) for n, k in kinds.items()}
    values |= {
        "id": ID,
        "municipality_id": ME.municipality_id,
        "created_at": ME.now,
        "updated_at": ME.now,
    }
    new = insert(agency).values(values).returning(*agency.c).cte("new")
    parts = journal.record(
        "agency", new, "agency.created", changed=sorted(kinds), to=journal.everybody
    )
    return Change(select(body_of(new).label("body"), new.c.version).add_cte(*parts))


CREATE = _create()


@variants
def change(names: frozenset[str]) -> Change:
    """Set the fields in `names` of the own agency or team; no row where nothing differs."""
    values: dict[Any, Any] = {n: bindparam(n, type_=CHANGEABLE[n]) for n in sorted(names)}
    differs = or_(*(agency.c[n].is_distinct_from(v) for n, v in sorted(values.items())))
    values |= {"version": agency.c.version + 1, "updated_at": ME.now}
    moved = (
        update(agency)
        .where(agency.c.id == ID, administered(ME), differs)
        .values(values)
        .returning(*agency.c)
        .cte("moved")
    )
    parts = journal.record(
        "agency", moved, "agency.changed", changed=sorted(names), to=journal.everybody
    )
    return Change(select(body_of(moved).label("body"), moved.c.version).add_cte(*parts))
