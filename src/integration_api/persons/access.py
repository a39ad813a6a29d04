"""Who may see a person, its address, residence periods, consents and disclosures.

A disclosure opens what its compartments name, and never more than `may`: what the kind of unit and
the roles of the caller allow at all.
"""

from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Table,
    Text,
    Uuid,
    all_,
    and_,
    any_,
    func,
    literal,
    literal_column,
    not_,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql.selectable import FromClause

from integration_api.kernel.statements import Me

from .models import consent, disclosure, person, person_address, residence_fact, residence_period


def may(me: Me, compartment: str | ColumnElement[str]) -> ColumnElement[bool]:
    """Whether unit and roles of the caller allow the compartment at all."""
    return _code(compartment) == any_(me.compartments)


def unbound(me: Me, compartment: str | ColumnElement[str]) -> ColumnElement[bool]:
    """Whether the caller sees the compartment without being assigned."""
    return _code(compartment) != all_(me.assigned_only)


def _code(compartment: str | ColumnElement[str]) -> ColumnElement[str]:
    return literal_column(f"'{compartment}'", Text) if isinstance(compartment, str) else compartment


def live(agency: ColumnElement[Any]) -> ColumnElement[bool]:
    """A disclosure that opens something to that agency now (by the database's clock)."""
    d = disclosure.c
    return and_(
        d.recipient_agency_id == agency,
        d.status == literal_column("'active'"),  # a parameter would hide the partial index
        d.opened_at <= func.now(),
        d.valid_from <= func.now(),
        d.valid_to > func.now(),
        d.closes_at > func.now(),
    )


def disclosed(
    me: Me,
    person_id: ColumnElement[Any],
    compartment: str | None = None,
    *,
    lasting: bool = False,
) -> ColumnElement[bool]:
    """Whether the person with that id is disclosed to the caller: one probe of an index.

    `lasting`: not in an emergency only, in which nothing is written that stays.
    """
    granted = select(disclosure.c.id).where(disclosure.c.person_id == person_id, live(me.agency))
    if compartment:
        granted = granted.where(literal(compartment) == any_(disclosure.c.compartments))
    if lasting:
        granted = granted.where(disclosure.c.emergency_reason.is_(None))
    # with OFFSET the planner cannot turn the probe into a hash of all that is disclosed
    return granted.correlate_except(disclosure).offset(literal_column("0")).exists()


def audience(person_id: ColumnElement[Any]) -> ColumnElement[Any]:
    """All agencies that see the person with that id now."""
    return func.ia.person_audience(person_id, type_=ARRAY(Uuid))


def lasting(me: Me, compartment: str) -> ColumnElement[bool]:
    """Whether what is recorded of a person may stay: its own agency, or no mere emergency."""
    p = person.c
    granted = disclosed(me, p.id, compartment, lasting=True)
    return or_(p.controller_agency_id == me.agency, granted)


def visible(me: Me) -> ColumnElement[bool]:
    """Persons of the own agency (first: no probe for them) and persons disclosed to it."""
    p = person.c
    own = p.controller_agency_id == me.agency
    return and_(
        p.municipality_id == me.municipality_id, may(me, "core"), or_(own, disclosed(me, p.id))
    )


def own(me: Me) -> ColumnElement[bool]:
    """Persons of the own agency."""
    return and_(
        person.c.municipality_id == me.municipality_id,
        may(me, "core"),
        person.c.controller_agency_id == me.agency,
    )


def sees(me: Me, p: FromClause, compartment: str) -> ColumnElement[bool]:
    """Whether the caller sees a compartment of a person that is visible to it."""
    own = p.c.controller_agency_id == me.agency
    return and_(may(me, compartment), or_(own, disclosed(me, p.c.id, compartment)))


def sees_protected(me: Me, p: FromClause) -> ColumnElement[bool]:
    """A protected address: of the controller's assigned members alone, disclosed to nobody."""
    assigned = func.ia.assigned_to_person(p.c.id, type_=Boolean)
    own = p.c.controller_agency_id == me.agency
    return and_(own, may(me, "safety"), or_(unbound(me, "safety"), assigned))


def visible_address(me: Me, p: FromClause) -> ColumnElement[bool]:
    """The address of a visible person."""
    a = person_address.c
    return and_(
        a.municipality_id == me.municipality_id,
        a.person_id == p.c.id,
        or_(not_(a.protected), sees_protected(me, p)),
    )


def visible_periods(me: Me) -> ColumnElement[bool]:
    """Residence periods of own persons and of those disclosed with `residence`."""
    return _visible_residence(me, residence_period)


def visible_facts(me: Me) -> ColumnElement[bool]:
    """Residence facts of own persons and of those disclosed with `residence`."""
    return _visible_residence(me, residence_fact)


def _visible_residence(me: Me, table: Table) -> ColumnElement[bool]:
    r = table.c
    own = r.controller_agency_id == me.agency
    seen = disclosed(me, r.person_id, "residence")
    return and_(r.municipality_id == me.municipality_id, may(me, "residence"), or_(own, seen))


def visible_consents(me: Me) -> ColumnElement[bool]:
    """Consents given to the own agency."""
    return and_(
        consent.c.municipality_id == me.municipality_id,
        may(me, "core"),
        consent.c.controller_agency_id == me.agency,
    )


def visible_disclosures(me: Me) -> ColumnElement[bool]:
    """Disclosures granted by or to the own agency."""
    return and_(
        disclosure.c.municipality_id == me.municipality_id,
        may(me, "core"),
        or_(
            disclosure.c.grantor_agency_id == me.agency,
            disclosure.c.recipient_agency_id == me.agency,
        ),
    )
