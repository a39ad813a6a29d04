"""The compiled statements of cases."""

from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Integer,
    Select,
    Table,
    Text,
    Uuid,
    and_,
    bindparam,
    column,
    func,
    insert,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, array
from sqlalchemy.sql.selectable import FromClause

from integration_api.kernel import journal
from integration_api.kernel.lifecycle import Transition
from integration_api.kernel.lists import Direction, envelope, page, variants
from integration_api.kernel.operations import camel
from integration_api.kernel.shape import (
    NOBODY,
    collected,
    fields,
)
from integration_api.kernel.statements import ME, Change, Effect, Personal, Query
from integration_api.persons.access import may, unbound
from integration_api.persons.access import visible as visible_persons
from integration_api.persons.models import person

from .access import led, told, visible, within_term
from .documents import (
    GUARDED,
    answer,
    compartments_of,
    document,
    hidden_concerns,
    participant,
    participants_of,
)
from .lifecycle import CASE, CasePhase
from .models import case, case_access, case_external_id, case_participant

ID = bindparam("id", type_=Uuid())

GET = Personal("getCase", answer(case).where(case.c.id == ID, visible(ME)))
SEE = Query(select(case.c.version).where(case.c.id == ID, visible(ME)))
LOCK = Change(
    select(case.c.version, case.c.status)
    .where(case.c.id == ID, led(ME))
    .with_for_update(key_share=True, of=case)
)
HOLD = Change(
    select(case.c.status)
    .where(case.c.id == bindparam("case_id", type_=Uuid()), led(ME))
    .with_for_update(read=True, of=case)
)
"""For what is begun in a case by its lead: it cannot close at the same moment."""


@variants
def list_cases(chosen: frozenset[str], direction: Direction) -> Personal:
    """One page of what the caller may see, driven from the projection of access."""
    a, e = case_access, case_external_id
    rows = select(a.c.case_id.label("id"), a.c.sort_at.label("at")).where(
        a.c.municipality_id == ME.municipality_id, a.c.agency_id == ME.agency, within_term()
    )
    if "status" in chosen:
        rows = rows.where(a.c.status == bindparam("status", type_=Text()))
    if "external_id" in chosen:
        rows = rows.join(e, e.c.case_id == a.c.case_id).where(
            e.c.municipality_id == ME.municipality_id,
            e.c.agency_id == ME.agency,
            e.c.system == bindparam("external_system", type_=Text()),
            e.c.value == bindparam("external_id", type_=Text()),
        )
    found = page(rows, a.c.sort_at, a.c.case_id, direction)
    who = participants_of(case)
    source = found.join(case, and_(case.c.id == found.c.id, visible(ME))).join(
        who, literal_column("true")
    )
    extra = (
        _all_persons(who).label("subjects"),
        compartments_of(who, every=True).label("compartments"),
    )
    return Personal("listCases", envelope(found, document(case, who), source, *extra))


def _all_persons(who: FromClause) -> ColumnElement[Any]:
    """Every person on the page; arrays of different length cannot be aggregated as such."""
    text = func.string_agg(
        func.nullif(func.array_to_string(who.c.persons, ","), ""), literal_column("','")
    )
    return func.coalesce(func.string_to_array(text, ",").cast(ARRAY(Uuid)), NOBODY)


def _create() -> Effect:
    new_case = (
        insert(case)
        .values(
            id=ID,
            municipality_id=ME.municipality_id,
            reference=func.ia.next_case_reference(bindparam("year", type_=Integer())),
            lead_agency_id=ME.agency,
            concerns=bindparam("concerns", type_=JSONB()),
            status=CASE.initial[0].value,
            created_at=ME.now,
            updated_at=ME.now,
        )
        .returning(*case.c)
        .cte("new")
    )
    parts = journal.record(
        "case", new_case, "case.opened", changed=["concerns", "participants"], to=journal.mine
    )
    row = _participant_rows(new_case)
    added = added_rows(case_participant, "added", row, select(*row.values()))
    row = _number_rows(new_case)
    numbered = added_rows(case_external_id, "numbered", row, select(*row.values()))
    return Effect("createCase", _created(new_case, added, numbered), *parts)


def _participant_rows(c: FromClause) -> dict[str, Any]:
    people = given("participants", id=Uuid, person_id=Uuid, role=Text)
    return {
        "id": people.c.id,
        "municipality_id": c.c.municipality_id,
        "case_id": c.c.id,
        "lead_agency_id": c.c.lead_agency_id,
        "person_id": people.c.person_id,
        "role": people.c.role,
        "created_at": ME.now,
    }


def _number_rows(c: FromClause) -> dict[str, Any]:
    numbers = given("external_ids", system=Text, value=Text)
    return {
        "municipality_id": c.c.municipality_id,
        "agency_id": ME.agency,
        "system": numbers.c.system,
        "value": numbers.c.value,
        "case_id": c.c.id,
    }


def added_rows(table: Table, name: str, row: dict[str, Any], rows: Select[Any]) -> CTE:
    """What is inserted into `table` from `rows`, whose columns are those of `row`."""
    return insert(table).from_select(list(row), rows).returning(*table.c).cte(name)


def given(name: str, **columns: Any) -> FromClause:
    """A list of objects handed in as JSON, as rows."""
    rows = func.jsonb_to_recordset(bindparam(name, type_=JSONB()))
    return rows.table_valued(
        *(column(n, k()) for n, k in columns.items()), name=name
    ).render_derived(with_types=True)


def _created(c: FromClause, added: FromClause, numbered: FromClause) -> Any:
    """The answer of a create: rows of the same statement are seen through their CTEs only."""
    # one look-up for each: as a join, all visible persons are gathered while the tables are small
    p = (
        select(person.c.id)
        .where(person.c.id == added.c.person_id, visible_persons(ME))
        .limit(literal_column("1"))
        .correlate(added)
        .lateral("looked_up")
    )
    who = (
        select(
            collected(participant(added, p), added.c.created_at, added.c.id).label("documents"),
            func.array_remove(func.array_agg(p.c.id), None, type_=ARRAY(Uuid)).label("persons"),
            func.coalesce(func.bool_or(p.c.id.is_(None)), False).label("hidden"),
            *(
                and_(may(ME, n), or_(unbound(ME, n), ME.member.is_not(None))).label(n)
                for n in GUARDED
            ),
        )
        .select_from(added.outerjoin(p, literal_column("true")))
        .subquery("participants")
    )
    n = numbered
    own = select(collected(fields(system=n.c.system, value=n.c.value), n.c.system))
    assigned = func.array_remove(array([ME.member]), None, type_=ARRAY(Uuid))
    return select(
        document(c, who, own.scalar_subquery(), assigned).label("body"),
        c.c.version,
        func.coalesce(who.c.persons, NOBODY).label("subjects"),
        func.coalesce(who.c.persons, NOBODY).label("shown"),
        compartments_of(who).label("compartments"),
        who.c.hidden.label("hidden"),
    ).select_from(c.join(who, literal_column("true")))


CREATE = _create()


@variants
def move(arrow: str) -> Effect:
    """One arrow: the new phase, what it brings, audit entry, event, answer."""
    drawn: Transition[CasePhase] = CASE[arrow]
    closing = drawn.target is CasePhase.CLOSED
    values: dict[Any, Any] = {
        "status": bindparam("target", type_=Text()),
        "reason": bindparam("reason", type_=Text()),
        "outcome": bindparam("outcome", type_=Text()),
        "closed_at": ME.now if closing else None,
        "version": case.c.version + 1,
        "updated_at": ME.now,
    }
    moved = (
        update(case).where(case.c.id == ID, led(ME)).values(values).returning(*case.c).cte("moved")
    )
    parts = journal.record(
        "case",
        moved,
        drawn.event,
        changed=["status", "reason", "outcome"],
        to=told,
        reason=func.coalesce(moved.c.reason, moved.c.outcome),
    )
    return Effect(camel(arrow, "case"), answer(moved), *parts)


def _change() -> Effect:
    given = bindparam("concerns", type_=JSONB())
    # what the caller does not see, it cannot take away
    concerns = given.op("||")(hidden_concerns())
    moved = (
        update(case)
        .where(case.c.id == ID, led(ME), case.c.concerns.is_distinct_from(concerns))
        .values(concerns=concerns, version=case.c.version + 1, updated_at=ME.now)
        .returning(*case.c)
        .cte("moved")
    )
    parts = journal.record("case", moved, "case.changed", changed=["concerns"], to=told)
    return Effect("updateCase", answer(moved), *parts)


CHANGE = _change()
ECHO = Effect("updateCase", answer(case).where(case.c.id == ID, led(ME)))
