"""Who may see a person, its residence periods, consents and disclosures."""

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Uuid,
    and_,
    any_,
    func,
    literal,
    or_,
    select,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import ARRAY

from integration_api.kernel.statements import Me

from .models import consent, disclosure, person, residence_period


def live(me: Me) -> ColumnElement[bool]:
    """A disclosure that opens something to the caller now (by the database's clock)."""
    d = disclosure.c
    return and_(
        d.recipient_agency_id == me.agency,
        d.status == "active",
        d.opened_at <= func.now(),
        d.valid_from <= func.now(),
        d.valid_to > func.now(),
        d.closes_at > func.now(),
    )


def disclosed(me: Me, compartment: str | None = None) -> ColumnElement[Any]:
    """The ids of persons disclosed to the caller, as an array (one index scan, no sub-plan)."""
    persons = select(disclosure.c.person_id).where(live(me))
    if compartment:
        persons = persons.where(literal(compartment) == any_(disclosure.c.compartments))
    return type_coerce(func.array(persons.scalar_subquery()), ARRAY(Uuid))


def visible(me: Me) -> ColumnElement[bool]:
    """Persons of the own agency and persons disclosed to it."""
    return and_(
        person.c.municipality_id == me.municipality_id,
        or_(person.c.controller_agency_id == me.agency, person.c.id == any_(disclosed(me))),
    )


def visible_periods(me: Me) -> ColumnElement[bool]:
    """Residence periods of own persons and of those disclosed with `residence`."""
    r = residence_period.c
    return and_(
        r.municipality_id == me.municipality_id,
        or_(
            r.controller_agency_id == me.agency,
            r.person_id == any_(disclosed(me, "residence")),
        ),
    )


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
