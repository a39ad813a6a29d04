"""The compiled statement of an emergency access."""

from typing import Any

from sqlalchemy import (
    Column,
    Date,
    DateTime,
    Integer,
    Text,
    Uuid,
    bindparam,
    func,
    literal_column,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY

from integration_api.kernel import journal
from integration_api.kernel.statements import ME, Effect, Query
from integration_api.persons.access import live, visible_disclosures
from integration_api.persons.models import disclosure

from .statements import answer_of

CHANGED = ["person_id", "case_id", "emergency_reason", "justification", "compartments"]
GIVEN: dict[str, Any] = {
    "id": Uuid(),
    "task_id": Uuid(),
    "person_id": Uuid(),
    "case_id": Uuid(),
    "reason": Text(),
    "justification": Text(),
    "compartments": ARRAY(Text),
    "hours": Integer(),
    "due_on": Date(),
}


def _take() -> Effect:
    """The function writes disclosure and task, which the caller may not; no row where it may not.

    Both sides get the event, the controller the task's too.
    """
    given = (bindparam(n, type_=k) for n, k in GIVEN.items())
    call = func.ia.take_disclosure(*given, ME.purpose, ME.now)
    taken = call.table_valued(*(Column(c.name, c.type) for c in disclosure.c), name="taken")
    new = select(taken).cte("new")
    made = journal.record(
        "disclosure",
        new,
        "disclosure.taken",
        changed=CHANGED,
        to=journal.agencies("grantor_agency_id", "recipient_agency_id"),
        reason=new.c.emergency_reason,
    )
    opened = select(
        bindparam("task_id", type_=Uuid()).label("id"),
        new.c.municipality_id,
        literal_column("1").label("version"),
        new.c.grantor_agency_id,
    ).cte("opened")
    owed = journal.record(
        "task",
        opened,
        "task.opened",
        changed=["disclosure_id", "due_on"],
        to=journal.agencies("grantor_agency_id"),
        many=True,
    )
    return Effect("breakGlass", select(*answer_of(new)), *made, *owed)


TAKE = _take()
TAKEN = Query(
    select(disclosure.c.id)
    .where(
        visible_disclosures(ME),
        disclosure.c.recipient_agency_id == ME.agency,
        disclosure.c.person_id == bindparam("person_id", type_=Uuid()),
        disclosure.c.emergency_reason.is_not(None),
        or_(
            disclosure.c.revoked_at > bindparam("barred", type_=DateTime(timezone=True)),
            live(ME.agency),
        ),
    )
    .limit(1)
)
"""An emergency access of the own agency that stands, or was refused since."""
