"""The compiled statements of offers."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Date,
    DateTime,
    Integer,
    Select,
    Text,
    Uuid,
    and_,
    any_,
    bindparam,
    cast,
    delete,
    exists,
    func,
    insert,
    literal_column,
    null,
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
from integration_api.kernel.shape import allowed_actions, collected, fields, instant, one_of, whole
from integration_api.kernel.statements import ME, Change, Query
from integration_api.sites.models import site

from .access import kept, visible
from .lifecycle import LISTED, OFFER
from .models import offer, offer_site
from .near import WITHIN, around, metres

ID = bindparam("id", type_=Uuid())
TODAY = bindparam("today", type_=Date())


def _given(name: str, kind: Any) -> ColumnElement[Any]:
    return bindparam(name, type_=kind)


FILTERS: dict[str, ColumnElement[bool]] = {
    **{n: offer.c[n] == _given(n, Uuid()) for n in ("municipality_id", "agency_id")},
    **{n: offer.c[n] == _given(n, Text()) for n in ("topic", "status")},
    "ags": offer.c.municipality_id.in_(
        select(municipality_ags.c.municipality_id).where(
            municipality_ags.c.ags == _given("ags", Text())
        )
    ),
    "site_id": exists().where(
        offer_site.c.site_id == _given("site_id", Uuid()), offer_site.c.offer_id == offer.c.id
    ),
    "audience": _given("audience", Text()) == any_(offer.c.audiences),
    "channel": _given("channel", Text()) == any_(offer.c.channels),
    "language": offer.c.languages.contains(
        func.jsonb_build_array(fields(tag=_given("language", Text())))
    ),
    "status_group": or_(
        func.cardinality(offer.c.status_groups) == 0,
        _given("status_group", Text()) == any_(offer.c.status_groups),
    ),
    "q": offer.c.search.bool_op("@@")(cast(_given("q", Text()), TSQUERY)),
}
CURRENT: ColumnElement[bool] = and_(
    one_of(offer.c.status, LISTED), or_(offer.c.valid_to.is_(None), offer.c.valid_to > TODAY)
)
"""What a list shows that is not asked for a state."""
TEXTS = ["name_de", "name_en", "description_de", "description_en", "topic", "eligibility_de"]
TEXTS += ["eligibility_en", "cost", "cost_note_de", "cost_note_en"]
CHANGEABLE: dict[str, Any] = {
    **{n: Text() for n in TEXTS},
    **{n: ARRAY(Text) for n in ("audiences", "status_groups", "channels")},
    "languages": JSONB(),
    **{n: Integer() for n in ("fee_cents", "capacity_total", "capacity_free")},
    **{n: Date() for n in ("valid_from", "valid_to")},
    "capacity_as_of": DateTime(timezone=True),
}
SHOWN = ["id", "municipality_id", "status", *(n for n in CHANGEABLE if n != "capacity_as_of")]
SITE_IDS = bindparam("site_ids", type_=ARRAY(Uuid()))


def _sites(o: FromClause) -> ColumnElement[Any]:
    names = ("id", "name", "street", "place", "latitude", "longitude")
    shown = fields(**{n: site.c[n] for n in names})
    return (
        select(collected(shown, site.c.name_key, site.c.id))
        .select_from(offer_site.join(site, site.c.id == offer_site.c.site_id))
        .where(offer_site.c.municipality_id == o.c.municipality_id, offer_site.c.offer_id == o.c.id)
        .correlate(o)
        .scalar_subquery()
    )


def body_of(o: FromClause, distance: ColumnElement[Any]) -> ColumnElement[Any]:
    """The document of an offer; `distance` in metres where one was asked for."""
    provider = (
        select(fields(id=agency.c.id, slug=agency.c.slug, name=agency.c.name))
        .where(agency.c.id == o.c.agency_id)
        .correlate(o)
        .scalar_subquery()
    )
    mine = and_(o.c.municipality_id == ME.municipality_id, o.c.agency_id == ME.agency)
    document = select(
        *(o.c[n] for n in SHOWN),
        provider.label("agency"),
        instant(o.c.capacity_as_of).label("capacity_as_of"),
        _sites(o).label("sites"),
        distance.label("distance_metres"),
        allowed_actions(OFFER, o.c.status, {"provider": mine}).label("allowed_actions"),
        *(instant(o.c[n]).label(n) for n in ("created_at", "updated_at")),
    )
    return whole(document.correlate(o))


NOWHERE: ColumnElement[Any] = cast(null(), Integer)
GET = Query(
    select(body_of(offer, NOWHERE).label("body"), offer.c.version).where(
        offer.c.id == ID, visible(ME)
    )
)
SEE = Query(select(offer.c.version).where(offer.c.id == ID, visible(ME)))
NONE: ColumnElement[Any] = literal_column("'{}'::uuid[]")
HELD = ("status", "fee_cents", "cost", "capacity_total", "capacity_free", "valid_from", "valid_to")
LOCK = Change(
    select(
        offer.c.version,
        *(offer.c[n] for n in HELD),
        select(func.coalesce(func.array_agg(offer_site.c.site_id), NONE))
        .where(
            offer_site.c.municipality_id == offer.c.municipality_id,
            offer_site.c.offer_id == offer.c.id,
        )
        .correlate(offer)
        .scalar_subquery()
        .label("site_ids"),
    )
    .where(offer.c.id == ID, kept(ME))
    .with_for_update(key_share=True, of=offer)
)
KNOWN_SITES = Query(
    select(func.coalesce(func.array_agg(site.c.id), NONE).label("ids")).where(
        site.c.municipality_id == ME.municipality_id, site.c.id == any_(SITE_IDS)
    )
)


def _lists(build: Callable[..., Query]) -> Callable[..., Query]:
    """As `variants`, for a list whose filters have more combinations."""
    return lru_cache(maxsize=512)(build)


@_lists
def list_offers(names: frozenset[str], direction: Direction) -> Query:
    """One page of offers, narrowed by the filters in `names`: by name, or with `near` by distance.

    The sites around are found first, in a box that an index holds; see `near`. Whole rows: joined
    to their ids again, a generic plan would read the table.
    """
    chosen = [FILTERS[n] for n in sorted(names - {"near"})]
    narrowed = [visible(ME), *chosen, *([] if "status" in names else [CURRENT])]
    if "near" in names:
        near = _near()
        rows = select(*offer.c, near.c.metres.label("at")).where(*narrowed)
        rows = rows.select_from(near.join(offer, offer.c.id == near.c.offer_id))
        found = page(rows, near.c.metres, offer.c.id, direction)
    else:
        rows = select(*offer.c, offer.c.name_key.label("at")).where(*narrowed)
        found = page(rows, offer.c.name_key, offer.c.id, direction)
    distance = found.c.at if "near" in names else NOWHERE
    return Query(envelope(found, body_of(found, distance), found))


def _near() -> FromClause:
    nearest: Select[Any] = (
        select(offer_site.c.offer_id, func.min(metres()).label("metres"))
        .select_from(offer_site.join(site, site.c.id == offer_site.c.site_id))
        .where(around(), metres() <= WITHIN)
        .group_by(offer_site.c.offer_id)
    )
    return nearest.subquery("near")


def _create() -> Change:
    values: dict[str, Any] = {n: bindparam(n, type_=k) for n, k in CHANGEABLE.items()}
    values |= {"id": ID, "municipality_id": ME.municipality_id, "agency_id": ME.agency}
    values |= {"created_at": ME.now, "updated_at": ME.now, "status": OFFER.initial[0].value}
    new = insert(offer).values(values).returning(*offer.c).cte("new")
    changed = sorted([*CHANGEABLE, "site_ids"])
    parts = journal.record("offer", new, "offer.created", changed=changed, to=journal.everybody)
    return Change(select(new.c.id).add_cte(*parts))


CREATE = _create()
LEAVE = Change(
    delete(offer_site).where(
        offer_site.c.municipality_id == ME.municipality_id,
        offer_site.c.offer_id == ID,
        exists().where(offer.c.id == ID, kept(ME)),
    )
)
JOIN = Change(
    insert(offer_site).from_select(
        ["municipality_id", "offer_id", "site_id"],
        select(ME.municipality_id, ID, func.unnest(SITE_IDS)),
    )
)


def _moved(action: str, changed: list[str], *where: Any, **values: Any) -> Change:
    values |= {"version": offer.c.version + 1, "updated_at": ME.now}
    moved = (
        update(offer)
        .where(offer.c.id == ID, kept(ME), *where)
        .values(values)
        .returning(*offer.c)
        .cte("moved")
    )
    parts = journal.record("offer", moved, action, changed=changed, to=journal.everybody)
    return Change(select(moved.c.id).add_cte(*parts))


@variants
def change(names: frozenset[str], *, sites: bool) -> Change:
    """Set the columns in `names` of an own offer.

    Without `sites`, no row where nothing differs; with them, the version moves in any case.
    """
    values: dict[str, Any] = {n: bindparam(n, type_=CHANGEABLE[n]) for n in sorted(names)}
    differs = [offer.c[n].is_distinct_from(v) for n, v in values.items()]
    where = [] if sites else [or_(*differs)]
    changed = sorted([*names, *(["site_ids"] if sites else [])])
    return _moved("offer.changed", changed, *where, **values)


MOVE = {
    t.name: _moved(t.event, ["status"], status=bindparam("target", type_=Text()))
    for t in OFFER.transitions
}
