"""The compiled statements of cases."""

from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Integer,
    Table,
    Text,
    Uuid,
    and_,
    bindparam,
    column,
    func,
    insert,
    literal_column,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.sql.selectable import FromClause

from integration_api.kernel import journal
from integration_api.kernel.lifecycle import Transition
from integration_api.kernel.lists import Direction, envelope, page, variants
from integration_api.kernel.operations import camel
from integration_api.kernel.shape import (
    CORE,
    NOBODY,
    allowed_actions,
    collected,
    fields,
    instant,
    names,
    whole,
)
from integration_api.kernel.statements import ME, Change, Effect, Personal, Query
from integration_api.persons.access import visible as visible_persons
from integration_api.persons.models import person

from .access import led, visible, within_term
from .lifecycle import CASE, CasePhase
from .models import case, case_access, case_external_id, case_participant

ID = bindparam("id", type_=Uuid())
SHOWN_PARTICIPANTS = 20


def participant(cp: FromClause, p: FromClause) -> ColumnElement[Any]:
    """A participant; `p` is the person where it is visible, else all null."""
    return fields(id=cp.c.id, person_id=p.c.id, role=cp.c.role, created_at=instant(cp.c.created_at))


def _participants(c: FromClause) -> FromClause:
    """Participants of one case: their documents, the visible persons, whether some are hidden."""
    cp = case_participant
    first = (
        select(cp.c.id, cp.c.person_id, cp.c.role, cp.c.created_at)
        .where(cp.c.case_id == c.c.id)
        .order_by(cp.c.created_at, cp.c.id)
        .limit(SHOWN_PARTICIPANTS)
        .correlate(c)
        .subquery("first_participants")
    )
    seen = first.outerjoin(person, and_(person.c.id == first.c.person_id, visible_persons(ME)))
    return (
        select(
            collected(participant(first, person), first.c.created_at, first.c.id).label(
                "documents"
            ),
            func.array_remove(func.array_agg(person.c.id), None, type_=ARRAY(Uuid)).label(
                "persons"
            ),
            func.coalesce(func.bool_or(person.c.id.is_(None)), False).label("hidden"),
        )
        .select_from(seen)
        .correlate(c)
        .lateral("participants")
    )


def _own_numbers(c: FromClause) -> ColumnElement[Any]:
    e = case_external_id
    return (
        select(collected(fields(system=e.c.system, value=e.c.value), e.c.system))
        .where(
            e.c.municipality_id == ME.municipality_id,
            e.c.agency_id == ME.agency,
            e.c.case_id == c.c.id,
        )
        .correlate(c)
        .scalar_subquery()
    )


def _life_areas(c: FromClause) -> ColumnElement[Any]:
    area = func.jsonb_array_elements(c.c.concerns).table_valued("value", name="concern")
    value = area.c.value.op("->>", return_type=Text())(literal_column("'life_area'"))
    return (
        select(func.coalesce(func.jsonb_agg(value.distinct()), literal_column("'[]'::jsonb")))
        .select_from(area)
        .correlate(c)
        .scalar_subquery()
    )


def _document(
    c: FromClause, who: FromClause, own: ColumnElement[Any] | None = None
) -> ColumnElement[Any]:
    return whole(
        select(
            c.c.id,
            c.c.reference,
            c.c.lead_agency_id,
            c.c.status,
            c.c.outcome,
            c.c.reason,
            c.c.concerns,
            _life_areas(c).label("life_areas"),
            who.c.documents.label("participants"),
            (_own_numbers(c) if own is None else own).label("external_ids"),
            names(("core", who.c.hidden)).label("redactions"),
            allowed_actions(CASE, c.c.status, {"lead": c.c.lead_agency_id == ME.agency}).label(
                "allowed_actions"
            ),
            instant(c.c.created_at).label("opened_at"),
            instant(c.c.closed_at).label("closed_at"),
            instant(c.c.updated_at).label("updated_at"),
        ).correlate(c, who)
    )


def _answer(c: FromClause) -> Any:
    """A select of one answer from `c`: document, version, whom it shows."""
    who = _participants(c)
    return select(
        _document(c, who).label("body"),
        c.c.version,
        func.coalesce(who.c.persons, NOBODY).label("subjects"),
        func.coalesce(who.c.persons, NOBODY).label("shown"),
        CORE.label("compartments"),
    ).select_from(c.join(who, literal_column("true")))


GET = Personal("getCase", _answer(case).where(case.c.id == ID, visible(ME)))
SEE = Query(select(case.c.version).where(case.c.id == ID, visible(ME)))
LOCK = Change(
    select(case.c.version, case.c.status)
    .where(case.c.id == ID, led(ME))
    .with_for_update(key_share=True, of=case)
)


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
    who = _participants(case)
    source = found.join(case, and_(case.c.id == found.c.id, visible(ME))).join(
        who, literal_column("true")
    )
    extra = (_all_persons(who).label("subjects"), CORE.label("compartments"))
    return Personal("listCases", envelope(found, _document(case, who), source, *extra))


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
    added = _added(case_participant, "added", _participant_rows(new_case))
    numbered = _added(case_external_id, "numbered", _number_rows(new_case))
    return Effect("createCase", _created(new_case, added, numbered), *parts)


def _participant_rows(c: FromClause) -> dict[str, Any]:
    people = _given("participants", id=Uuid, person_id=Uuid, role=Text)
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
    numbers = _given("external_ids", system=Text, value=Text)
    return {
        "municipality_id": c.c.municipality_id,
        "agency_id": ME.agency,
        "system": numbers.c.system,
        "value": numbers.c.value,
        "case_id": c.c.id,
    }


def _added(table: Table, name: str, row: dict[str, Any]) -> CTE:
    rows = select(*row.values())
    return insert(table).from_select(list(row), rows).returning(*table.c).cte(name)


def _given(name: str, **columns: Any) -> FromClause:
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
        )
        .select_from(added.outerjoin(p, literal_column("true")))
        .subquery("participants")
    )
    n = numbered
    own = select(collected(fields(system=n.c.system, value=n.c.value), n.c.system))
    return select(
        _document(c, who, own.scalar_subquery()).label("body"),
        c.c.version,
        func.coalesce(who.c.persons, NOBODY).label("subjects"),
        func.coalesce(who.c.persons, NOBODY).label("shown"),
        CORE.label("compartments"),
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
        to=journal.mine,
        reason=func.coalesce(moved.c.reason, moved.c.outcome),
    )
    return Effect(camel(arrow, "case"), _answer(moved), *parts)


def _change() -> Effect:
    concerns = bindparam("concerns", type_=JSONB())
    moved = (
        update(case)
        .where(case.c.id == ID, led(ME), case.c.concerns.is_distinct_from(concerns))
        .values(concerns=concerns, version=case.c.version + 1, updated_at=ME.now)
        .returning(*case.c)
        .cte("moved")
    )
    parts = journal.record("case", moved, "case.changed", changed=["concerns"], to=journal.mine)
    return Effect("updateCase", _answer(moved), *parts)


CHANGE = _change()
ECHO = Effect("updateCase", _answer(case).where(case.c.id == ID, led(ME)))
