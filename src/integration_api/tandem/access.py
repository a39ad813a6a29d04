"""Who may see a tandem case and its tracks, and which team the caller is."""

from asyncpg import Record
from sqlalchemy import ColumnElement, and_, literal_column, or_, select
from sqlalchemy.sql.selectable import FromClause

from integration_api.cases.access import within_term
from integration_api.cases.models import case_access
from integration_api.kernel.principal import Principal
from integration_api.kernel.statements import Me

from .lifecycle import TandemParty
from .models import tandem_case


def visible(me: Me) -> ColumnElement[bool]:
    """Of the lead and both teams; the teams only as long as they may see the case under it."""
    t = tandem_case.c
    granted = (
        select(case_access.c.case_id)
        .where(case_access.c.case_id == t.case_id, case_access.c.agency_id == me.agency)
        .where(within_term())
        .correlate(tandem_case)
        .offset(literal_column("0"))  # a probe, never a hash of all that the agency may see
        .exists()
    )
    return and_(
        t.municipality_id == me.municipality_id,
        or_(
            t.lead_agency_id == me.agency,
            t.legal_agency_id == me.agency,
            t.placement_agency_id == me.agency,
        ),
        or_(t.case_id.is_(None), t.lead_agency_id == me.agency, granted),
    )


def sides(t: FromClause, me: Me) -> dict[str, ColumnElement[bool]]:
    """When the caller is which team, for `allowed_actions`."""
    return {
        TandemParty.LEGAL.value: t.c.legal_agency_id == me.agency,
        TandemParty.PLACEMENT.value: t.c.placement_agency_id == me.agency,
    }


def parties(caller: Principal, row: Record) -> frozenset[str]:
    """The teams that the caller's agency is in a tandem case."""
    teams = {
        TandemParty.LEGAL.value: row["legal_agency_id"],
        TandemParty.PLACEMENT.value: row["placement_agency_id"],
    }
    return frozenset(p for p, agency in teams.items() if agency == caller.agency_id)
