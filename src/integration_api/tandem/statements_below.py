"""What the statements of everything below a tandem case share."""

from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Select,
    Table,
    Uuid,
    and_,
    bindparam,
    func,
    insert,
    literal_column,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql.selectable import FromClause

from integration_api.kernel import journal
from integration_api.kernel.lifecycle import Lifecycle
from integration_api.kernel.lists import Direction, envelope, page
from integration_api.kernel.shape import NOBODY, instant, whole
from integration_api.kernel.statements import ME, Personal, Query

from .access import audience, visible
from .models import tandem_case
from .models_work import tandem_step
from .statements import ID, answered, arrows, who_of

TANDEM_ID = bindparam("tandem_case_id", type_=Uuid())
COMPARTMENTS: ColumnElement[Any] = literal_column("'{core,placement}'::text[]")
INSTANTS = {"submitted_at", "deemed_at", "invalidated_at", "created_at", "updated_at"}
HIDDEN = {"municipality_id", "version"}


def told(row: FromClause) -> ColumnElement[Any]:
    """Those of the lead and both teams that may see the tandem case above now."""
    return audience(row.c.tandem_case_id)


def document(
    table: Table, row: FromClause, lifecycle: Lifecycle[Any] | None, *extra: ColumnElement[Any]
) -> ColumnElement[Any]:
    """All columns of a row, with what the caller may do with it."""
    columns = [c.name for c in table.columns if c.name not in HIDDEN]
    columns_ = [(instant(row.c[n]) if n in INSTANTS else row.c[n]).label(n) for n in columns]
    if lifecycle:
        extra = (*extra, arrows(lifecycle, row.c.status, tandem_case))
    return whole(select(*columns_, *extra).correlate(row, tandem_case))


def answer_of(
    table: Table,
    row: FromClause,
    lifecycle: Lifecycle[Any] | None = None,
    *extra: ColumnElement[Any],
) -> Select[Any]:
    """One answer from `row`."""
    who = who_of(tandem_case)
    above = and_(tandem_case.c.id == row.c.tandem_case_id, visible(ME))
    version = row.c.version if "version" in row.c else literal_column("1")
    body = document(table, row, lifecycle, *extra)
    source = row.join(tandem_case, above).join(who, literal_column("true"))
    return answered(body, version, who, COMPARTMENTS).select_from(source)


def listed(
    operation: str,
    table: Table,
    lifecycle: Lifecycle[Any] | None,
    direction: Direction,
    *extra: ColumnElement[Any],
) -> Personal:
    """One page below a tandem case; `there` tells whether the caller may see it."""
    t, who = tandem_case, who_of(tandem_case)
    rows = (
        select(table.c.id, table.c.created_at.label("at"))
        .select_from(table.join(t, t.c.id == table.c.tandem_case_id))
        .where(table.c.tandem_case_id == TANDEM_ID, visible(ME))
    )
    found = page(rows, table.c.created_at, table.c.id, direction)
    source = (
        found.join(table, table.c.id == found.c.id)
        .join(t, and_(t.c.id == table.c.tandem_case_id, visible(ME)))
        .join(who, literal_column("true"))
    )
    persons = func.array_remove(func.array_agg(who.c.id.distinct()), None, type_=ARRAY(Uuid))
    there = select(t.c.id).where(t.c.id == TANDEM_ID, visible(ME)).exists()
    columns = (
        there.label("there"),
        func.coalesce(persons, NOBODY).label("subjects"),
        COMPARTMENTS.label("compartments"),
    )
    shape = document(table, table, lifecycle, *extra)
    return Personal(operation, envelope(found, shape, source, *columns))


def step(
    lane: str,
    moved: FromClause,
    state: ColumnElement[Any] | None = None,
    *,
    of: ColumnElement[Any] | None = None,
    name: str = "step",
) -> CTE:
    """The row of the timeline that a move leaves; `state`, `of` where `moved` has them not."""
    names = ["municipality_id", "tandem_case_id", "lane", "status", "at"]
    reached = moved.c.status if state is None else state
    row = select(
        moved.c.municipality_id,
        moved.c.tandem_case_id if of is None else of,
        literal_column(f"'{lane}'"),
        reached,
        ME.now,
    )
    return insert(tandem_step).from_select(names, row).cte(name)


def add(table: Table, values: dict[str, Any], noun: str, event: str) -> tuple[FromClause, Any]:
    """A new row below a tandem case, with its journal."""
    given = {
        "id": ID,
        "municipality_id": ME.municipality_id,
        "tandem_case_id": TANDEM_ID,
        "created_at": ME.now,
    }
    if "updated_at" in table.c:
        given["updated_at"] = ME.now
    new = insert(table).values(given | values).returning(*table.c).cte("new")
    return new, journal.record(
        noun, new, event, changed=sorted(values), to=told, under="tandem_case_id"
    )


def change(
    table: Table, noun: str, event: str, where: ColumnElement[bool], values: dict[str, Any]
) -> tuple[FromClause, Any]:
    """A changed row below a tandem case, with its journal."""
    set_ = values | {"version": table.c.version + 1}
    if "updated_at" in table.c:
        set_["updated_at"] = ME.now
    moved = update(table).where(where).values(set_).returning(*table.c).cte("moved")
    reason = moved.c.reason if "reason" in moved.c else None
    parts = journal.record(
        noun, moved, event, changed=sorted(values), to=told, reason=reason, under="tandem_case_id"
    )
    return moved, parts


def above(table: Table) -> Query:
    """The tandem case above a row: what is locked first."""
    t = tandem_case
    return Query(
        select(t.c.id)
        .select_from(table.join(t, t.c.id == table.c.tandem_case_id))
        .where(table.c.id == ID, visible(ME))
    )


def row_of(table: Table) -> Query:
    """A row itself, read under the lock of its tandem case."""
    t = tandem_case
    return Query(
        select(table)
        .select_from(table.join(t, t.c.id == table.c.tandem_case_id))
        .where(table.c.id == ID, visible(ME))
    )
