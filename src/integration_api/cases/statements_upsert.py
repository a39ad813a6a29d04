"""The compiled statements of cases by the caller's own numbers, for any number of them at once.

A look tells of each what stands against it; what is new and what differs is then written, each by
one statement, with the audit entries and events of all.
"""

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    Text,
    Uuid,
    and_,
    bindparam,
    cast,
    column,
    func,
    literal_column,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.sql.selectable import FromClause

from integration_api.kernel import journal
from integration_api.kernel.statements import ME, Change, Effect, Query
from integration_api.persons.access import visible as visible_persons
from integration_api.persons.models import person

from .access import led, told, visible
from .documents import answer, hidden_concerns
from .lifecycle import CASE
from .models import case, case_external_id, case_participant
from .statements import ID, added_rows, given

SYSTEM = bindparam("system", type_=Text())


def _people(g: FromClause) -> FromClause:
    """The participants of each given case, one a row, with their place in the list from 1."""
    return (
        func.jsonb_array_elements(g.c.participants)
        .table_valued(column("value", JSONB()), with_ordinality="place", name="p")
        .render_derived()
    )


def _said(p: FromClause, member: str) -> ColumnElement[Any]:
    """A member of a given participant, as text."""
    return p.c.value.op("->>", return_type=Text())(literal_column(f"'{member}'"))


def _look() -> Change:
    """What is known of each given number; cases that the caller leads are locked, by their ids."""
    g = given("lines", n=Integer, value=Text, concerns=JSONB, participants=JSONB)
    e = case_external_id.c
    mine = and_(e.municipality_id == ME.municipality_id, e.agency_id == ME.agency)
    # a look-up for each, too: as a join, all numbers of the system are gathered
    has = select(e.case_id).where(mine, e.system == SYSTEM, e.value == g.c.value).correlate(g)
    numbers = select(
        g.c.n, g.c.concerns, g.c.participants, has.scalar_subquery().label("case_id")
    ).cte("numbers")
    held = (
        select(case.c.id, case.c.version, case.c.status, case.c.concerns)
        .add_columns(hidden_concerns().label("hidden"))
        .where(case.c.id.in_(select(numbers.c.case_id)), led(ME))
        .order_by(case.c.id)
        .with_for_update(key_share=True, of=case)
        .cte("held")
    )
    return Change(_verdicts(numbers, held))


def _verdicts(numbers: FromClause, held: FromClause) -> Select[Any]:
    n, cp, p = numbers.c, case_participant.c, _people(numbers)
    who = cast(_said(p, "person_id"), Uuid)
    # one look-up for each: as EXISTS they are joins, for which all visible persons are gathered
    known = select(person.c.id).where(person.c.id == who, visible_persons(ME)).correlate(p)
    unknown = func.array_agg(p.c.place - literal_column("1"))
    takes_part = select(cp.id).where(cp.case_id == held.c.id, cp.person_id == who)
    takes_part = takes_part.correlate(held, p)
    comes_in = select(p.c.place).where(takes_part.scalar_subquery().is_(None))
    comes_in = comes_in.correlate(numbers, held)
    seen = select(case.c.id).where(case.c.id == n.case_id, visible(ME)).correlate(numbers)
    return select(
        n.n,
        n.case_id,
        seen.exists().label("seen"),
        held.c.version,
        held.c.status,
        select(unknown)
        .where(known.scalar_subquery().is_(None))
        .correlate(numbers)
        .scalar_subquery()
        .label("unknown"),
        or_(
            held.c.concerns.is_distinct_from(n.concerns.op("||")(held.c.hidden)),
            comes_in.exists(),
        ).label("differs"),
    ).select_from(numbers.outerjoin(held, held.c.id == n.case_id))


def _open() -> Change:
    g = given("lines", id=Uuid, value=Text, concerns=JSONB, participants=JSONB)
    row: dict[str, Any] = {
        "id": g.c.id,
        "municipality_id": ME.municipality_id,
        "reference": func.ia.next_case_reference(bindparam("year", type_=Integer())),
        "lead_agency_id": ME.agency,
        "concerns": g.c.concerns,
        "status": literal_column(f"'{CASE.initial[0].value}'"),
        "created_at": ME.now,
        "updated_at": ME.now,
    }
    new = added_rows(case, "new", row, select(*row.values()))
    parts = journal.record(
        "case",
        new,
        "case.opened",
        changed=["concerns", "participants"],
        to=journal.mine,
        many=True,
    )
    both = new.join(g, g.c.id == new.c.id)
    number = {
        "municipality_id": new.c.municipality_id,
        "agency_id": ME.agency,
        "system": SYSTEM,
        "value": g.c.value,
        "case_id": new.c.id,
    }
    numbers = select(*number.values()).select_from(both)
    numbered = added_rows(case_external_id, "numbered", number, numbers)
    taking_part, people = _participants(new, g, both)
    added = added_rows(case_participant, "added", taking_part, people)
    return Change(select(new.c.id, new.c.version).add_cte(added, numbered, *parts))


def _amend() -> Change:
    g = given("lines", id=Uuid, concerns=JSONB, participants=JSONB)
    # what the caller does not see, it cannot take away
    concerns = g.c.concerns.op("||")(hidden_concerns())
    moved = (
        update(case)
        .where(case.c.id == g.c.id, led(ME))
        .values(concerns=concerns, version=case.c.version + 1, updated_at=ME.now)
        .returning(*case.c)
        .cte("moved")
    )
    parts = journal.record(
        "case",
        moved,
        "case.changed",
        changed=["concerns", "participants"],
        to=told,
        many=True,
    )
    row, people = _participants(moved, g, moved.join(g, g.c.id == moved.c.id))
    added = (
        insert(case_participant)
        .from_select(list(row), people)
        .on_conflict_do_nothing()
        .returning(case_participant.c.id)
        .cte("added")
    )
    return Change(select(moved.c.id, moved.c.version).add_cte(added, *parts))


def _participants(c: FromClause, g: FromClause, both: Any) -> tuple[dict[str, Any], Select[Any]]:
    p = _people(g)
    row: dict[str, Any] = {
        "id": cast(_said(p, "id"), Uuid),
        "municipality_id": c.c.municipality_id,
        "case_id": c.c.id,
        "lead_agency_id": c.c.lead_agency_id,
        "person_id": cast(_said(p, "person_id"), Uuid),
        "role": _said(p, "role"),
        "created_at": ME.now,
    }
    return row, select(*row.values()).select_from(both.join(p, true()))


REFRESH = Query(select(func.ia.refresh_case_statistics()))
"""Statistics for the planner, which knows nothing of what came in the last minute."""
LOOK = _look()
OPEN = _open()
AMEND = _amend()
ECHO = Effect("putCaseByExternalId", answer(case).where(case.c.id == ID, led(ME)))
