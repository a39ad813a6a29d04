"""Who may see a tandem case and its tracks, and which team the caller is."""

from typing import Any

from asyncpg import Record
from sqlalchemy import ColumnElement, Uuid, all_, and_, func, literal_column, or_, select
from sqlalchemy.dialects.postgresql import ARRAY
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


def audience(tandem_id: ColumnElement[Any]) -> ColumnElement[Any]:
    """Of lead and teams those that may see it now; only its parties and the clock may ask."""
    return func.ia.tandem_audience(tandem_id, type_=ARRAY(Uuid))


def gone(t: FromClause, team: str) -> ColumnElement[bool]:
    """Whether a team of `t` has no access any more: nothing disclosed to it, or closed."""
    return t.c[f"{team}_agency_id"] != all_(audience(t.c.id))


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
