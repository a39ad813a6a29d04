"""The compiled statements of notes."""

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Text,
    Uuid,
    and_,
    bindparam,
    func,
    insert,
    null,
    select,
)
from sqlalchemy import case as either
from sqlalchemy.dialects.postgresql import ARRAY, array
from sqlalchemy.sql.selectable import FromClause

from integration_api.kernel import journal
from integration_api.kernel.lists import Direction, envelope, page, variants
from integration_api.kernel.shape import CORE, NOBODY, instant, whole
from integration_api.kernel.statements import ME, Effect, Personal, Query
from integration_api.persons.access import visible as visible_persons
from integration_api.persons.models import person

from .access import audience, visible, visible_notes
from .models import case, case_note, case_participant
from .statements import ID

CASE_ID = bindparam("case_id", type_=Uuid())


def _document(n: FromClause) -> ColumnElement[Any]:
    own = n.c.agency_id == ME.agency
    return whole(
        select(
            n.c.id,
            n.c.case_id,
            n.c.agency_id,
            either((own, n.c.member_id), else_=null()).label("member_id"),
            *(n.c[name] for name in ("compartment", "visibility", "text")),
            instant(n.c.created_at).label("created_at"),
        ).correlate(n)
    )


def _persons(case_id: ColumnElement[Any]) -> ColumnElement[Any]:
    """Whom notes on a case are about: its participants, where the caller may see them."""
    cp = case_participant
    found = (
        select(person.c.id)
        .join(cp, and_(cp.c.person_id == person.c.id, cp.c.case_id == case_id))
        .where(visible_persons(ME))
        .correlate_except(cp, person)
    )
    return func.coalesce(func.array(found.scalar_subquery(), type_=ARRAY(Uuid)), NOBODY)


@variants
def list_notes(direction: Direction) -> Personal:
    """One page of a case's notes; `there` tells whether the case is visible."""
    n = case_note
    there = select(case.c.id).where(case.c.id == CASE_ID, visible(ME)).exists()
    rows = select(n.c.id, n.c.created_at.label("at")).where(
        n.c.case_id == CASE_ID, there, visible_notes(ME)
    )
    found = page(rows, n.c.created_at, n.c.id, direction)
    kinds = func.array_agg(n.c.compartment.distinct(), type_=ARRAY(Text))
    about = either((func.count() > 0, _persons(CASE_ID)), else_=NOBODY)
    extra = (
        there.label("there"),
        about.label("subjects"),
        func.coalesce(kinds, CORE).label("compartments"),
    )
    source = found.join(n, n.c.id == found.c.id)
    return Personal("listNotes", envelope(found, _document(n), source, *extra))


SEE = Query(
    select(case.c.version, case.c.status, case.c.lead_agency_id).where(
        case.c.id == CASE_ID, visible(ME)
    )
)


def _add() -> Effect:
    given = {n: bindparam(n, type_=Text()) for n in ("compartment", "visibility", "text")}
    new = (
        insert(case_note)
        .values(
            id=ID,
            municipality_id=ME.municipality_id,
            case_id=CASE_ID,
            lead_agency_id=bindparam("lead_agency_id", type_=Uuid()),
            agency_id=ME.agency,
            member_id=ME.member,
            created_at=ME.now,
            **given,
        )
        .returning(*case_note.c)
        .cte("new")
    )
    parts = journal.record(
        "case_note",
        new,
        "case_note.added",
        changed=["compartment", "text"],
        to=_told,
        under="case_id",
    )
    shown = _persons(CASE_ID)
    columns = (
        _document(new).label("body"),
        new.c.version,
        shown.label("subjects"),
        shown.label("shown"),
        array([new.c.compartment]).label("compartments"),
    )
    return Effect("addNote", select(*columns), *parts)


def _told(note: FromClause) -> ColumnElement[Any]:
    """The own agency; where the note is shared, all who see the case."""
    return either((note.c.visibility == "case", audience(note.c.case_id)), else_=array([ME.agency]))


ADD = _add()
