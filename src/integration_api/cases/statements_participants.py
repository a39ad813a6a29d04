"""The compiled statements of a case's participants."""

from typing import Any

from sqlalchemy import JSON, Text, Uuid, and_, bindparam, cast, func, insert, select, update
from sqlalchemy.dialects.postgresql import ARRAY, array

from integration_api.kernel import journal
from integration_api.kernel.lists import Direction, envelope, page, variants
from integration_api.kernel.shape import CORE, NOBODY
from integration_api.kernel.statements import ME, Effect, Personal
from integration_api.persons.access import visible as visible_persons
from integration_api.persons.models import person

from .access import led, told, visible
from .documents import participant
from .models import case, case_participant
from .statements import ID


@variants
def list_participants(direction: Direction) -> Personal:
    """One page of a case's participants; `there` tells whether the case is visible."""
    cp = case_participant
    there = select(case.c.id).where(case.c.id == ID, visible(ME)).exists()
    rows = select(cp.c.id, cp.c.created_at.label("at")).where(cp.c.case_id == ID, there)
    found = page(rows, cp.c.created_at, cp.c.id, direction)
    source = found.join(cp, cp.c.id == found.c.id).outerjoin(
        person, and_(person.c.id == cp.c.person_id, visible_persons(ME))
    )
    persons = func.array_remove(func.array_agg(person.c.id), None, type_=ARRAY(Uuid))
    extra = (
        there.label("there"),
        func.coalesce(persons, NOBODY).label("subjects"),
        CORE.label("compartments"),
    )
    return Personal("listParticipants", envelope(found, participant(cp, person), source, *extra))


def _add() -> Effect:
    moved = (
        update(case)
        .where(case.c.id == ID, led(ME))
        .values(version=case.c.version + 1, updated_at=ME.now)
        .returning(*case.c)
        .cte("moved")
    )
    row: dict[str, Any] = {
        "id": bindparam("participant_id", type_=Uuid()),
        "municipality_id": moved.c.municipality_id,
        "case_id": moved.c.id,
        "lead_agency_id": moved.c.lead_agency_id,
        "person_id": bindparam("person_id", type_=Uuid()),
        "role": bindparam("role", type_=Text()),
        "created_at": ME.now,
    }
    added = (
        insert(case_participant)
        .from_select(list(row), select(*row.values()))
        .returning(*case_participant.c)
        .cte("added")
    )
    parts = journal.record(
        "case", moved, "case.participant_added", changed=["participants"], to=told
    )
    seen = added.join(person, and_(person.c.id == added.c.person_id, visible_persons(ME)))
    answer = select(
        cast(participant(added, person), JSON).label("body"),
        added.c.version,
        array([person.c.id]).label("subjects"),
        array([person.c.id]).label("shown"),
        CORE.label("compartments"),
    ).select_from(seen)
    return Effect("addParticipant", answer, *parts)


ADD = _add()
