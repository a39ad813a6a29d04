"""Who may see a case: its lead, and agencies in the projection of access within the term.

What of it is more than core data asks a disclosure of the case with that compartment; what is kept
apart inside an agency asks that the member at the desk is assigned to the case.
"""

from typing import Any

from sqlalchemy import ColumnElement, Text, Uuid, and_, any_, func, literal_column, or_, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql.selectable import FromClause

from integration_api.kernel.statements import Me
from integration_api.persons.access import live, may, unbound
from integration_api.persons.models import disclosure

from .models import case, case_access, case_assignment, case_note


def within_term() -> ColumnElement[bool]:
    """The access holds now, by the database's clock (as in the policy)."""
    return and_(case_access.c.valid_from <= func.now(), case_access.c.valid_to > func.now())


def visible(me: Me) -> ColumnElement[bool]:
    """The own arm first: its sub-plan is never executed on own rows."""
    granted = (
        select(case_access.c.case_id)
        .where(case_access.c.case_id == case.c.id, case_access.c.agency_id == me.agency)
        .where(within_term())
        .correlate(case)
        .exists()
    )
    return and_(
        case.c.municipality_id == me.municipality_id,
        may(me, "core"),
        or_(case.c.lead_agency_id == me.agency, granted),
    )


def led(me: Me) -> ColumnElement[bool]:
    """Cases that the caller's agency leads."""
    return and_(
        case.c.municipality_id == me.municipality_id,
        may(me, "core"),
        case.c.lead_agency_id == me.agency,
    )


def audience(case_id: ColumnElement[Any]) -> ColumnElement[Any]:
    """All agencies that see the case with that id now; a new one is its lead's alone."""
    return func.ia.case_audience(case_id, type_=ARRAY(Uuid))


def told(row: FromClause) -> ColumnElement[Any]:
    """All agencies that see the case in `row` now."""
    return audience(row.c.id)


def _opened(
    me: Me, case_id: ColumnElement[Any], compartment: ColumnElement[Any]
) -> ColumnElement[bool]:
    """A disclosure of the case opens the compartment to the caller now."""
    found = select(disclosure.c.id).where(
        disclosure.c.case_id == case_id,
        compartment == any_(disclosure.c.compartments),
        live(me.agency),
    )
    return found.correlate_except(disclosure).exists()


def _assigned(me: Me, case_id: ColumnElement[Any]) -> ColumnElement[bool]:
    """The member at the desk is assigned to the case."""
    a = case_assignment.c
    found = select(a.case_id).where(
        a.municipality_id == me.municipality_id,
        a.case_id == case_id,
        a.agency_id == me.agency,
        me.member == any_(a.member_ids),
    )
    return found.correlate_except(case_assignment).exists()


def sees(me: Me, c: FromClause, compartment: str) -> ColumnElement[bool]:
    """Whether the caller sees a compartment of a case that is visible to it."""
    code = literal_column(f"'{compartment}'", Text)
    return and_(
        may(me, compartment),
        or_(unbound(me, compartment), _assigned(me, c.c.id)),
        or_(c.c.lead_agency_id == me.agency, _opened(me, c.c.id, code)),
    )


def visible_notes(me: Me) -> ColumnElement[bool]:
    """Notes of the own agency, and those that are shared with all who see their compartment."""
    n = case_note.c
    shared = or_(n.lead_agency_id == me.agency, _opened(me, n.case_id, n.compartment))
    return and_(
        n.municipality_id == me.municipality_id,
        may(me, n.compartment),
        or_(unbound(me, n.compartment), _assigned(me, n.case_id)),
        or_(n.agency_id == me.agency, and_(n.visibility == "case", shared)),
    )
