"""Who may see and change endpoints and deliveries: the agency that they belong to, and no other."""

from sqlalchemy import ColumnElement, and_

from integration_api.kernel.statements import Me

from .models import webhook_delivery, webhook_endpoint


def visible(me: Me) -> ColumnElement[bool]:
    """Endpoints of the own agency."""
    e = webhook_endpoint.c
    return and_(e.municipality_id == me.municipality_id, e.agency_id == me.agency)


def visible_deliveries(me: Me) -> ColumnElement[bool]:
    """Deliveries to endpoints of the own agency."""
    d = webhook_delivery.c
    return and_(d.municipality_id == me.municipality_id, d.agency_id == me.agency)
