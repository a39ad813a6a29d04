"""The compiled statements of sites."""

from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Date,
    Double,
    Text,
    Uuid,
    any_,
    bindparam,
    case,
    cast,
    delete,
    exists,
    func,
    insert,
    literal_column,
    not_,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSQUERY
from sqlalchemy.sql.selectable import FromClause

from integration_api.agencies.models import agency, municipality_ags
from integration_api.edge.ordered import envelope, page
from integration_api.kernel import journal
from integration_api.kernel.lists import Direction, variants
from integration_api.kernel.shape import collected, fields, instant, whole
from integration_api.kernel.statements import ME, Change, Query

from .access import kept, visible
from .models import site, site_unit

ID = bindparam("id", type_=Uuid())
TODAY = bindparam("today", type_=Date())
FILTERS: dict[str, ColumnElement[bool]] = {
    "municipality_id": site.c.municipality_id == bindparam("municipality_id", type_=Uuid()),
    "agency_id": site.c.agency_id == bindparam("agency_id", type_=Uuid()),
    "ags": site.c.municipality_id.in_(
        select(municipality_ags.c.municipality_id).where(
            municipality_ags.c.ags == bindparam("ags", type_=Text())
        )
    ),
    "unit_id": site.c.id.in_(
        select(site_unit.c.site_id).where(
            site_unit.c.agency_id == bindparam("unit_id", type_=Uuid()),
            site_unit.c.valid_from <= TODAY,
            or_(site_unit.c.valid_to.is_(None), site_unit.c.valid_to > TODAY),
        )
    ),
    "q": site.c.search.bool_op("@@")(cast(bindparam("q", type_=Text()), TSQUERY)),
}
CHANGEABLE: dict[str, Any] = {
    **{n: Text() for n in ("name", "description_de", "description_en", "street", "postal_code")},
    **{n: Text() for n in ("place", "time_zone")},
    **{n: Double() for n in ("latitude", "longitude")},
    "accessibility": ARRAY(Text),
    **{n: JSONB() for n in ("contact_points", "opening_hours", "exceptions")},
}
SHOWN = ["id", "municipality_id", "agency_id", *CHANGEABLE]
UNITS = bindparam("units", type_=JSONB())
UNIT: dict[str, Any] = {"agency_id": Uuid(), "valid_from": Date(), "valid_to": Date()}
UNIT |= {"floor": Text(), "room": Text()}


def _units(s: FromClause) -> ColumnElement[Any]:
    u = site_unit
    shown = {n: u.c[n] for n in ("agency_id", "valid_from", "valid_to", "floor", "room")}
    return (
        select(
            collected(
                fields(name=agency.c.name, **shown),
                agency.c.name_key,
                u.c.agency_id,
                u.c.valid_from,
            )
        )
        .select_from(u.join(agency, agency.c.id == u.c.agency_id))
        .where(u.c.municipality_id == s.c.municipality_id, u.c.site_id == s.c.id)
        .correlate(s)
        .scalar_subquery()
    )


def _opening(s: FromClause) -> FromClause:
    return func.ia.site_opening(
        s.c.opening_hours, s.c.exceptions, s.c.time_zone, ME.now
    ).table_valued("open_now", "next_opening", name="opening")


def _yes_no(opening: FromClause) -> ColumnElement[Any]:
    """Whether it is open, as a word: null where its hours are not known."""
    is_open = opening.c.open_now
    return case((is_open, literal_column("'yes'")), (not_(is_open), literal_column("'no'")))


def met_at(agency_id: ColumnElement[Any], day: ColumnElement[Any]) -> ColumnElement[Any]:
    """The sites under whose roof an agency is on a day, as JSON, for who wants to go there."""
    s, u, opening = site, site_unit, _opening(site)
    shown: dict[str, ColumnElement[Any]] = {}
    shown |= {n: s.c[n] for n in ("id", "name", "street", "postal_code", "place", "time_zone")}
    shown |= {"floor": u.c.floor, "room": u.c.room}
    shown |= {"open_now": _yes_no(opening), "next_opening": opening.c.next_opening}
    there = u.join(s, s.c.id == u.c.site_id).join(opening, literal_column("true"))
    on = (u.c.valid_from <= day, or_(u.c.valid_to.is_(None), u.c.valid_to > day))
    found = select(collected(fields(**shown), s.c.name_key, s.c.id)).select_from(there)
    return found.where(u.c.agency_id == agency_id, *on, visible(ME)).scalar_subquery()


def body_of(s: FromClause) -> ColumnElement[Any]:
    """The document of a site, with whether it is open now."""
    opening = _opening(s)
    document = select(
        *(s.c[n] for n in SHOWN),
        _yes_no(opening).label("open_now"),
        opening.c.next_opening,
        _units(s).label("units"),
        *(instant(s.c[n]).label(n) for n in ("created_at", "updated_at")),
    ).select_from(opening)
    return whole(document.correlate(s))


GET = Query(select(body_of(site).label("body"), site.c.version).where(site.c.id == ID, visible(ME)))
SEE = Query(select(site.c.version).where(site.c.id == ID, visible(ME)))
LOCK = Change(
    select(site.c.version, site.c.latitude, site.c.longitude, _units(site).label("units"))
    .where(site.c.id == ID, kept(ME))
    .with_for_update(key_share=True, of=site)
)
KNOWN_AGENCIES = Query(
    select(
        func.coalesce(func.array_agg(agency.c.id), literal_column("'{}'::uuid[]")).label("ids")
    ).where(
        agency.c.municipality_id == ME.municipality_id,
        agency.c.id == any_(bindparam("ids", type_=ARRAY(Uuid()))),
    )
)


@variants
def list_sites(names: frozenset[str], direction: Direction) -> Query:
    """One page of sites in German order, narrowed by the filters in `names`."""
    # whole rows: joined to their ids again, a generic plan would read the table
    rows = select(*site.c, site.c.name_key.label("at")).where(
        visible(ME), *(FILTERS[n] for n in sorted(names))
    )
    found = page(rows, site.c.name_key, site.c.id, direction)
    return Query(envelope(found, body_of(found), found))


def _create() -> Change:
    values: dict[str, Any] = {n: bindparam(n, type_=k) for n, k in CHANGEABLE.items()}
    values |= {"id": ID, "municipality_id": ME.municipality_id, "agency_id": ME.agency}
    values |= {"created_at": ME.now, "updated_at": ME.now}
    new = insert(site).values(values).returning(*site.c).cte("new")
    changed = sorted([*CHANGEABLE, "units"])
    parts = journal.record("site", new, "site.created", changed=changed, to=journal.everybody)
    return Change(select(new.c.id).add_cte(*parts))


CREATE = _create()
LEAVE = Change(
    delete(site_unit).where(
        site_unit.c.municipality_id == ME.municipality_id,
        site_unit.c.site_id == ID,
        exists().where(site.c.id == ID, kept(ME)),
    )
)


def _join() -> Change:
    columns = [Column(n, kind) for n, kind in UNIT.items()]
    given = func.jsonb_to_recordset(UNITS).table_valued(*columns, name="given")
    typed = given.render_derived(with_types=True)
    rows = select(ME.municipality_id, ID, *(typed.c[n] for n in UNIT))
    return Change(insert(site_unit).from_select(["municipality_id", "site_id", *UNIT], rows))


JOIN = _join()


@variants
def change(names: frozenset[str], *, units: bool) -> Change:
    """Set the columns in `names` of a site that the own agency keeps.

    Without `units`, no row where nothing differs; with them, the version moves in any case.
    """
    values: dict[Any, Any] = {n: bindparam(n, type_=CHANGEABLE[n]) for n in sorted(names)}
    where = [site.c.id == ID, kept(ME)]
    if not units:
        where.append(or_(*(site.c[n].is_distinct_from(v) for n, v in sorted(values.items()))))
    values |= {"version": site.c.version + 1, "updated_at": ME.now}
    moved = update(site).where(*where).values(values).returning(*site.c).cte("moved")
    changed = sorted([*names, *(["units"] if units else [])])
    parts = journal.record("site", moved, "site.changed", changed=changed, to=journal.everybody)
    return Change(select(moved.c.id).add_cte(*parts))
