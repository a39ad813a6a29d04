"""The compiled statements of employers."""

from typing import Any

from sqlalchemy import ColumnElement, Date, Text, Uuid, bindparam, insert, or_, select, update
from sqlalchemy.sql.selectable import FromClause

from integration_api.kernel import journal
from integration_api.kernel.lists import Direction, envelope, page, variants
from integration_api.kernel.shape import instant, whole
from integration_api.kernel.statements import ME, Change, Query

from .access import kept, visible
from .models import employer

ID = bindparam("id", type_=Uuid())
CHANGEABLE: dict[str, Any] = {
    **{
        n: Text()
        for n in (
            "name",
            "establishment_number",
            "sector",
            "place",
            "contact_email",
            "contact_phone",
        )
    },
    "ba_excluded_until": Date(),
}
SHOWN = ["id", "recorded_by_agency_id", "name", "establishment_number", "sector", "place"]
SHOWN += ["contact_email", "contact_phone", "ba_excluded_until"]


def _body(e: FromClause) -> ColumnElement[Any]:
    times = (instant(e.c[n]).label(n) for n in ("created_at", "updated_at"))
    return whole(select(*(e.c[n] for n in SHOWN), *times).correlate(e))


def _answer(e: FromClause) -> Any:
    return select(_body(e).label("body"), e.c.version)


GET = Query(_answer(employer).where(employer.c.id == ID, visible(ME)))
SEE = Query(select(employer.c.version).where(employer.c.id == ID, visible(ME)))
LOCK = Change(
    select(employer.c.version)
    .where(employer.c.id == ID, kept(ME))
    .with_for_update(key_share=True, of=employer)
)


@variants
def list_employers(chosen: frozenset[str], direction: Direction) -> Query:
    """One page of the employers of the municipality."""
    # whole rows: joined to their ids again, a generic plan would read the table
    rows = select(*employer.c, employer.c.created_at.label("at")).where(visible(ME))
    if "establishment_number" in chosen:
        number = bindparam("establishment_number", type_=Text())
        rows = rows.where(employer.c.establishment_number == number)
    found = page(rows, employer.c.created_at, employer.c.id, direction)
    return Query(envelope(found, _body(found), found))


def _create() -> Change:
    values: dict[str, Any] = {n: bindparam(n, type_=k) for n, k in CHANGEABLE.items()}
    values |= {
        "id": ID,
        "municipality_id": ME.municipality_id,
        "recorded_by_agency_id": ME.agency,
        "created_at": ME.now,
        "updated_at": ME.now,
    }
    new = insert(employer).values(values).returning(*employer.c).cte("new")
    changed = sorted(CHANGEABLE)
    parts = journal.record(
        "employer", new, "employer.recorded", changed=changed, to=journal.everybody
    )
    return Change(_answer(new).add_cte(*parts))


CREATE = _create()


@variants
def change(names: frozenset[str]) -> Change:
    """Set the members in `names` of an employer that the own agency keeps."""
    values: dict[Any, Any] = {n: bindparam(n, type_=CHANGEABLE[n]) for n in sorted(names)}
    differs = or_(*(employer.c[n].is_distinct_from(v) for n, v in sorted(values.items())))
    values |= {"version": employer.c.version + 1, "updated_at": ME.now}
    moved = (
        update(employer)
        .where(employer.c.id == ID, kept(ME), differs)
        .values(values)
        .returning(*employer.c)
        .cte("moved")
    )
    changed = sorted(names)
    parts = journal.record(
        "employer", moved, "employer.changed", changed=changed, to=journal.everybody
    )
    return Change(_answer(moved).add_cte(*parts))
