"""What answers about cases show: built in SQL, so that what is left out never leaves it."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Text,
    Uuid,
    and_,
    func,
    literal_column,
    not_,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by
from sqlalchemy.sql.selectable import FromClause

from integration_api.code_lists.service import entries
from integration_api.kernel.shape import (
    CORE,
    NOBODY,
    allowed_actions,
    collected,
    fields,
    instant,
    names,
    one_of,
    whole,
)
from integration_api.kernel.statements import ME
from integration_api.persons.access import visible as visible_persons
from integration_api.persons.models import person

from .access import sees
from .lifecycle import CASE
from .models import case, case_assignment, case_external_id, case_participant

SHOWN_PARTICIPANTS = 20
NOTHING: ColumnElement[Any] = literal_column("'[]'::jsonb")


def participant(cp: FromClause, p: FromClause) -> ColumnElement[Any]:
    """A participant; `p` is the person where it is visible, else all null."""
    return fields(id=cp.c.id, person_id=p.c.id, role=cp.c.role, created_at=instant(cp.c.created_at))


GUARDED: dict[str, list[str]] = {}
"""Compartments of concerns, with the life areas in each."""
for _area in entries("life_areas"):
    if _compartment := _area.attributes.get("compartment"):
        GUARDED.setdefault(_compartment, []).append(_area.code)


def participants_of(c: FromClause) -> FromClause:
    """Participants of one case: their documents, the visible persons, whether some are hidden.

    And, for each compartment of concerns, whether the caller sees it.
    """
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
            *(sees(ME, c, n).label(n) for n in GUARDED),
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


def _concerns(
    c: FromClause, seen: Mapping[str, ColumnElement[bool]]
) -> tuple[FromClause, ColumnElement[Any], list[ColumnElement[bool]]]:
    """The concerns of a case as rows, their life areas, and when each is to be told."""
    concern = (
        func.jsonb_array_elements(c.c.concerns)
        .table_valued("value", with_ordinality="n", name="concern")
        .render_derived()
    )
    area = concern.c.value.op("->>", return_type=Text())(literal_column("'life_area'"))
    told = [or_(seen[n], not_(one_of(area, areas))) for n, areas in GUARDED.items()]
    return concern, area, told


def _told(c: FromClause, who: FromClause) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    """The concerns that the caller may know of, and their life areas."""
    concern, area, told = _concerns(c, {n: who.c[n] for n in GUARDED})
    whole = func.jsonb_agg(aggregate_order_by(concern.c.value, concern.c.n))
    concerns, areas = (
        select(func.coalesce(values, NOTHING))
        .select_from(concern)
        .where(*told)
        .correlate(c, who)
        .scalar_subquery()
        for values in (whole, func.jsonb_agg(area.distinct()))
    )
    return concerns, areas


def hidden_concerns() -> ColumnElement[Any]:
    """The concerns of a case that the caller may not know of."""
    concern, _, told = _concerns(case, {n: sees(ME, case, n) for n in GUARDED})
    found = select(func.coalesce(func.jsonb_agg(concern.c.value), NOTHING))
    hidden = found.select_from(concern).where(not_(and_(*told)))
    return hidden.correlate(case).scalar_subquery()


def _own_assignment(c: FromClause) -> ColumnElement[Any]:
    a = case_assignment
    found = select(a.c.member_ids).where(
        a.c.municipality_id == ME.municipality_id,
        a.c.case_id == c.c.id,
        a.c.agency_id == ME.agency,
    )
    return func.coalesce(found.correlate(c).scalar_subquery(), NOBODY)


def document(
    c: FromClause,
    who: FromClause,
    own: ColumnElement[Any] | None = None,
    assigned: ColumnElement[Any] | None = None,
) -> ColumnElement[Any]:
    """A case; `own` and `assigned` where the rows of the same statement are not there yet."""
    concerns, life_areas = _told(c, who)
    return whole(
        select(
            c.c.id,
            c.c.reference,
            c.c.lead_agency_id,
            c.c.status,
            c.c.outcome,
            c.c.reason,
            concerns.label("concerns"),
            life_areas.label("life_areas"),
            who.c.documents.label("participants"),
            (_own_numbers(c) if own is None else own).label("external_ids"),
            (_own_assignment(c) if assigned is None else assigned).label("assigned_member_ids"),
            names(("core", who.c.hidden), *((n, not_(who.c[n])) for n in GUARDED)).label(
                "redactions"
            ),
            allowed_actions(CASE, c.c.status, {"lead": c.c.lead_agency_id == ME.agency}).label(
                "allowed_actions"
            ),
            instant(c.c.created_at).label("opened_at"),
            instant(c.c.closed_at).label("closed_at"),
            instant(c.c.updated_at).label("updated_at"),
        ).correlate(c, who)
    )


def answer(c: FromClause) -> Any:
    """A select of one answer from `c`: document, version, whom it shows."""
    who = participants_of(c)
    return select(
        document(c, who).label("body"),
        c.c.version,
        func.coalesce(who.c.persons, NOBODY).label("subjects"),
        func.coalesce(who.c.persons, NOBODY).label("shown"),
        compartments_of(who).label("compartments"),
    ).select_from(c.join(who, literal_column("true")))


def compartments_of(who: FromClause, *, every: bool = False) -> ColumnElement[Any]:
    """What an answer shows, of one case or of `every` one on a page."""
    seen: dict[str, ColumnElement[Any]] = {n: who.c[n] for n in GUARDED}
    if every:
        seen = {n: func.coalesce(func.bool_or(one), False) for n, one in seen.items()}
    return func.array_cat(CORE, names(*seen.items()), type_=ARRAY(Text))
