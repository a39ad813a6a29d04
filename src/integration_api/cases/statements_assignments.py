"""The compiled statements of assignments: who of the own agency works on a case."""

from typing import Any

from sqlalchemy import ColumnElement, Uuid, any_, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY, array, insert

from integration_api.agencies.models import member
from integration_api.kernel import journal
from integration_api.kernel.lists import variants
from integration_api.kernel.statements import ME, Change, Effect, Query

from .access import visible
from .documents import answer
from .models import case, case_assignment
from .statements import ID

IDS = bindparam("ids", type_=ARRAY(Uuid))
MEMBER_IDS = bindparam("member_ids", type_=ARRAY(Uuid))
MEMBERS = Query(
    select(func.count().label("known")).where(
        member.c.municipality_id == ME.municipality_id,
        member.c.agency_id == ME.agency,
        member.c.id == any_(MEMBER_IDS),
    )
)


def _assign(
    which: ColumnElement[bool], given: ColumnElement[Any], then: ColumnElement[Any]
) -> Change:
    """The given members, or `then` where some are assigned already; of visible cases only."""
    names = ["municipality_id", "case_id", "agency_id", "member_ids", "updated_at"]
    row = select(case.c.municipality_id, case.c.id, ME.agency, given, ME.now)
    new = insert(case_assignment).from_select(names, row.where(which, visible(ME)))
    a = case_assignment.c
    made = (
        new.on_conflict_do_update(
            constraint="pk_case_assignment",
            set_={"member_ids": then, "version": a.version + 1, "updated_at": ME.now},
            where=a.member_ids.is_distinct_from(then),
        )
        .returning(a.case_id.label("id"), a.municipality_id, a.version)
        .cte("made")
    )
    seen = select(case.c.id, case.c.municipality_id, case.c.version)
    rows = seen.join(made, made.c.id == case.c.id).cte("assigned")
    changed = ["assigned_member_ids"]
    parts = journal.record(
        "case", rows, "case.assigned", changed=changed, to=journal.mine, many=True, beside=True
    )
    return Change(select(made.c.id).add_cte(*parts))


def _with_those_before() -> Change:
    one = bindparam("member_id", type_=Uuid())
    before = func.array_remove(case_assignment.c.member_ids, one, type_=ARRAY(Uuid))
    return _assign(
        case.c.id == any_(IDS), array([one]), func.array_append(before, one, type_=ARRAY(Uuid))
    )


ASSIGN = _assign(case.c.id == ID, MEMBER_IDS, MEMBER_IDS)
TAKE_ON = _with_those_before()
"""One more member beside those before, in each of some cases."""


@variants
def assigned() -> Effect:
    """The case after an assignment, whose row only the next statement sees."""
    return Effect("assignCase", answer(case).where(case.c.id == ID, visible(ME)))
