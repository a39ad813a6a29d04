"""The compiled statements of a check: which packs answer in a municipality, and what is in them."""

from typing import Any

from sqlalchemy import ColumnElement, Date, Select, Text, Uuid, and_, any_, bindparam, or_, select
from sqlalchemy.dialects.postgresql import ARRAY

from integration_api.agencies.models import municipality, municipality_ags
from integration_api.kernel.statements import ME, Query

from .access import visible
from .lifecycle import RulePackStatus
from .models import rule_pack
from .statements import CONTENT

TODAY = bindparam("today", type_=Date())
RELEASED = RulePackStatus.RELEASED.value
HELD = RulePackStatus.PENDING_LEGISLATION.value
_AGS = select(municipality_ags.c.municipality_id).where(
    municipality_ags.c.ags == bindparam("ags", type_=Text()),
    municipality_ags.c.valid_from <= TODAY,
    or_(municipality_ags.c.valid_to.is_(None), municipality_ags.c.valid_to > TODAY),
)
PLACES: dict[str, ColumnElement[bool]] = {
    "municipality_id": municipality.c.id == bindparam("municipality_id", type_=Uuid()),
    "ags": municipality.c.id.in_(_AGS),
    "mine": municipality.c.id == ME.municipality_id,
}
"""How a question names its municipality; `mine` is that of the caller's key."""


def heads(places: frozenset[str]) -> Select[Any]:
    """The municipality and the packs that answer in it: a row each, the one that counts last.

    Own packs come after those of the service, newer ones after older ones.
    """
    p = rule_pack
    there = and_(
        # a bill that came with the service is shown beside the answer; what one person alone holds
        # in a municipality is told to nobody
        or_(p.c.status == RELEASED, and_(p.c.status == HELD, p.c.municipality_id.is_(None))),
        or_(p.c.municipality_id.is_(None), p.c.municipality_id == municipality.c.id),
        visible(ME),
    )
    names = (municipality.c[n] for n in ("id", "slug", "name"))
    found = select(
        *names,
        p.c.id.label("pack_id"),
        p.c.version.label("pack_row"),
        *(p.c[n] for n in ("code", "status")),
    ).select_from(municipality.outerjoin(p, there))
    order = (p.c.municipality_id.is_(None).desc(), p.c.created_at, p.c.id)
    return found.where(*(PLACES[n] for n in sorted(places))).order_by(*order)


CONTENTS = Query(
    select(
        *(rule_pack.c[n] for n in ("id", "version", "code", "status", *CONTENT)),
    ).where(rule_pack.c.id == any_(bindparam("ids", type_=ARRAY(Uuid))), visible(ME))
)
"""What is in packs that this process has not put together yet."""
