"""Who may see a case: its lead, and agencies in the projection of access within the term."""

from sqlalchemy import ColumnElement, and_, func, or_, select

from integration_api.kernel.statements import Me

from .models import case, case_access


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
        or_(case.c.lead_agency_id == me.agency, granted),
    )


def led(me: Me) -> ColumnElement[bool]:
    """Cases that the caller's agency leads."""
    return and_(case.c.municipality_id == me.municipality_id, case.c.lead_agency_id == me.agency)
