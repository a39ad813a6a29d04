"""Who may see and change an offer: drafts are their agency's alone, all else is public."""

from sqlalchemy import ColumnElement, or_

from integration_api.kernel.statements import Me

from .lifecycle import OfferStatus
from .models import offer


def kept(me: Me) -> ColumnElement[bool]:
    """Offers of the own agency."""
    return (offer.c.municipality_id == me.municipality_id) & (offer.c.agency_id == me.agency)


def visible(me: Me) -> ColumnElement[bool]:
    """What was ever published, and the own drafts."""
    return or_(offer.c.status != OfferStatus.DRAFT.value, kept(me))
