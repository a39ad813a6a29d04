"""Who may see a referral, and which party the caller is."""

from asyncpg import Record
from sqlalchemy import ColumnElement, and_, or_

from integration_api.kernel.principal import Principal
from integration_api.kernel.statements import Me
from integration_api.persons.access import may

from .lifecycle import ReferralParty
from .models import referral


def sent_by(me: Me) -> ColumnElement[bool]:
    """Referrals of the own agency."""
    return and_(
        referral.c.municipality_id == me.municipality_id,
        may(me, "core"),
        referral.c.sender_agency_id == me.agency,
    )


def sent_to(me: Me) -> ColumnElement[bool]:
    """Referrals to the own agency that were sent; a draft is the sender's alone."""
    return and_(
        referral.c.municipality_id == me.municipality_id,
        may(me, "core"),
        referral.c.recipient_agency_id == me.agency,
        referral.c.sent_at.is_not(None),
    )


def visible(me: Me) -> ColumnElement[bool]:
    """Both directions."""
    return or_(sent_by(me), sent_to(me))


def parties(caller: Principal, row: Record) -> frozenset[str]:
    """The parties that the caller's agency is in a referral."""
    sides = {
        ReferralParty.SENDER.value: row["sender_agency_id"],
        ReferralParty.RECIPIENT.value: row["recipient_agency_id"],
    }
    return frozenset(p for p, agency in sides.items() if agency == caller.agency_id)
