"""Who may see a tandem case and its tracks, and which team the caller is.

Its parties share it and what was found; what a team writes for itself asks for a disclosure.
"""

from typing import Any

from asyncpg import Record
from sqlalchemy import (
    ColumnElement,
    Text,
    Uuid,
    all_,
    and_,
    any_,
    func,
    literal_column,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql.selectable import FromClause

from integration_api.cases.access import within_term
from integration_api.cases.models import case_access
from integration_api.kernel.principal import Principal
from integration_api.kernel.statements import Me
from integration_api.persons.access import live, may
from integration_api.persons.models import disclosure

from .lifecycle import TandemParty
from .models import tandem_case

COMPARTMENT = "placement"
"""What a tandem case shows as a whole; who may never see that sees none."""


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
        may(me, COMPARTMENT),
        or_(
            t.lead_agency_id == me.agency,
            t.legal_agency_id == me.agency,
            t.placement_agency_id == me.agency,
        ),
        or_(t.case_id.is_(None), t.lead_agency_id == me.agency, granted),
    )


def sees(me: Me, t: FromClause, track: FromClause, compartment: str) -> ColumnElement[bool]:
    """Whether the caller sees what a team wrote for itself: as that team, or by a disclosure."""
    code = literal_column(f"'{compartment}'", Text)
    d = disclosure.c
    opened = (
        select(d.id)
        .where(d.case_id == t.c.case_id, d.person_id == t.c.person_id, live(me.agency))
        .where(code == any_(d.compartments))
        .correlate_except(disclosure)
        .offset(literal_column("0"))  # a probe, as above
        .exists()
    )
    return and_(may(me, compartment), or_(track.c.agency_id == me.agency, opened))


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
