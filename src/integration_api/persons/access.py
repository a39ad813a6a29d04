"""Who may see a person, its residence periods, consents and disclosures."""

from typing import Any

from sqlalchemy import (
    ColumnElement,
    and_,
    any_,
    func,
    literal,
    literal_column,
    or_,
    select,
)

from integration_api.kernel.statements import Me

from .models import consent, disclosure, person, residence_period


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
    me: Me, person_id: ColumnElement[Any], compartment: str | None = None
) -> ColumnElement[bool]:
    """Whether the person with that id is disclosed to the caller: one probe of an index."""
    granted = select(disclosure.c.id).where(disclosure.c.person_id == person_id, live(me.agency))
    if compartment:
        granted = granted.where(literal(compartment) == any_(disclosure.c.compartments))
    # with OFFSET the planner cannot turn the probe into a hash of all that is disclosed
    return granted.correlate_except(disclosure).offset(literal_column("0")).exists()


def visible(me: Me) -> ColumnElement[bool]:
    """Persons of the own agency (first: no probe for them) and persons disclosed to it."""
    p = person.c
    own = p.controller_agency_id == me.agency
    return and_(p.municipality_id == me.municipality_id, or_(own, disclosed(me, p.id)))


def visible_periods(me: Me) -> ColumnElement[bool]:
    """Residence periods of own persons and of those disclosed with `residence`."""
    r = residence_period.c
    own = r.controller_agency_id == me.agency
    seen = disclosed(me, r.person_id, "residence")
    return and_(r.municipality_id == me.municipality_id, or_(own, seen))


def visible_consents(me: Me) -> ColumnElement[bool]:
    """Consents given to the own agency."""
    return and_(
        consent.c.municipality_id == me.municipality_id,
        consent.c.controller_agency_id == me.agency,
    )


def visible_disclosures(me: Me) -> ColumnElement[bool]:
    """Disclosures granted by or to the own agency."""
    return and_(
        disclosure.c.municipality_id == me.municipality_id,
        or_(
            disclosure.c.grantor_agency_id == me.agency,
            disclosure.c.recipient_agency_id == me.agency,
        ),
    )
