"""The compiled statements of competences."""

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Date,
    Text,
    Uuid,
    and_,
    bindparam,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.sql.selectable import FromClause

from integration_api.agencies.access import administered
from integration_api.agencies.access import visible as visible_agencies
from integration_api.agencies.models import agency, municipality_ags
from integration_api.kernel import journal
from integration_api.kernel.lists import Direction, envelope, page, variants
from integration_api.kernel.shape import instant, whole
from integration_api.kernel.statements import ME, Change, Query

from .access import kept, visible
from .models import agency_competence

AGENCY = bindparam("agency_id", type_=Uuid())
ID = bindparam("id", type_=Uuid())
GIVEN: dict[str, Any] = {
    "service": Text(),
    "jurisdiction": Text(),
    "area": ARRAY(Text),
    "applies_when": JSONB(none_as_null=True),
    "legal_basis": ARRAY(Text),
    "valid_from": Date(),
    "valid_to": Date(),
}


def holds(c: FromClause, day: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether a competence holds on that day."""
    return and_(c.c.valid_from <= day, or_(c.c.valid_to.is_(None), c.c.valid_to > day))


FILTERS: dict[str, ColumnElement[bool]] = {
    "as_of": holds(agency_competence, bindparam("as_of", type_=Date())),
    "service": agency_competence.c.service == bindparam("service", type_=Text()),
}


def there() -> ColumnElement[Any]:
    """Whether the agency of the path exists."""
    return select(agency.c.id).where(agency.c.id == AGENCY, visible_agencies(ME)).exists()


def _body(c: FromClause) -> ColumnElement[Any]:
    times = (instant(c.c[n]).label(n) for n in ("created_at", "updated_at"))
    shown = (c.c[n] for n in ("id", "agency_id", *GIVEN))
    return whole(select(*shown, *times).correlate(c))


def _answer(c: FromClause) -> Any:
    return select(_body(c).label("body"), c.c.version)


AGENCY_SEEN = Query(
    select(
        administered(ME).label("mine"),
        select(func.coalesce(func.array_agg(municipality_ags.c.ags), []))
        .where(municipality_ags.c.municipality_id == agency.c.municipality_id)
        .correlate(agency)
        .scalar_subquery()
        .label("ags"),
    ).where(agency.c.id == AGENCY, visible_agencies(ME))
)
"""The agency of the path: is it the caller's, and where does its municipality lie."""
_ONE = and_(agency_competence.c.id == ID, agency_competence.c.agency_id == AGENCY)
GET = Query(_answer(agency_competence).where(_ONE, visible(ME)))
SEE = Query(select(agency_competence.c.version).where(_ONE, visible(ME)))
LOCK = Change(
    select(agency_competence.c.version, agency_competence.c.valid_from)
    .where(_ONE, kept(ME, agency_competence))
    .with_for_update(key_share=True, of=agency_competence)
)


@variants
def list_competences(chosen: frozenset[str], direction: Direction) -> Query:
    """One page of the competences of an agency, newest first."""
    c = agency_competence
    rows = select(*c.c, c.c.created_at.label("at")).where(
        c.c.agency_id == AGENCY, visible(ME), *(FILTERS[n] for n in sorted(chosen))
    )
    found = page(rows, c.c.created_at, c.c.id, direction)
    return Query(envelope(found, _body(found), found, there().label("there")))


def _create() -> Change:
    values: dict[str, Any] = {n: bindparam(n, type_=k) for n, k in GIVEN.items()}
    values |= {
        "id": ID,
        "municipality_id": ME.municipality_id,
        "agency_id": AGENCY,
        "created_at": ME.now,
        "updated_at": ME.now,
    }
    new = insert(agency_competence).values(values).returning(*agency_competence.c).cte("new")
    changed, to = sorted(GIVEN), journal.everybody
    parts = journal.record("competence", new, "competence.recorded", changed=changed, to=to)
    return Change(_answer(new).add_cte(*parts))


def _end() -> Change:
    end = bindparam("valid_to", type_=Date())
    moved = (
        update(agency_competence)
        .where(
            _ONE, kept(ME, agency_competence), agency_competence.c.valid_to.is_distinct_from(end)
        )
        .values(valid_to=end, version=agency_competence.c.version + 1, updated_at=ME.now)
        .returning(*agency_competence.c)
        .cte("moved")
    )
    to = journal.everybody
    parts = journal.record("competence", moved, "competence.changed", changed=["valid_to"], to=to)
    return Change(_answer(moved).add_cte(*parts))


CREATE, END = _create(), _end()
