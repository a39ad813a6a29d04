"""The compiled statement of `/v1/me`."""

from typing import Any

from sqlalchemy import ColumnElement, Text, bindparam, func, literal_column, select
from sqlalchemy.dialects.postgresql import ARRAY

from integration_api.agencies.models import agency, member, municipality
from integration_api.kernel.shape import fields, one_of, whole
from integration_api.kernel.statements import ME, Query
from integration_api.referrals.access import sent_to
from integration_api.referrals.lifecycle import OPEN
from integration_api.referrals.models import referral
from integration_api.referrals.statements import AWAITING

MOST = 99


def _count(*conditions: ColumnElement[bool]) -> ColumnElement[Any]:
    """A count that looks at no more than 100 rows."""
    some = (
        select(literal_column("1"))
        .select_from(referral)
        .where(sent_to(ME), *conditions)
        .limit(literal_column(str(MOST + 1)))
        .subquery()
    )
    found = func.count()
    bounded = fields(count=func.least(found, literal_column(str(MOST))), more=found > MOST)
    return select(bounded).select_from(some).scalar_subquery()


def _me() -> Query:
    a, m, c = agency, member, municipality
    awaiting = one_of(referral.c.status, AWAITING)
    open_ = one_of(referral.c.status, sorted(s.value for s in OPEN))
    desk = (
        select(fields(id=m.c.id, function_title=m.c.function_title, roles=func.to_jsonb(m.c.roles)))
        .where(m.c.id == ME.member)
        .scalar_subquery()
    )
    document = select(
        fields(id=c.c.id, slug=c.c.slug, name=c.c.name).label("municipality"),
        fields(id=a.c.id, slug=a.c.slug, name=a.c.name, type=a.c.type).label("agency"),
        desk.label("member"),
        ME.client.label("client_id"),
        bindparam("scopes", type_=ARRAY(Text)).label("scopes"),
        bindparam("purposes", type_=ARRAY(Text)).label("purposes"),
        fields(
            incoming=_count(awaiting),
            overdue=_count(awaiting, referral.c.due_at < ME.now),
            mine=_count(open_, referral.c.claimed_by == ME.member),
        ).label("counts"),
    ).correlate(a, c)
    return Query(
        select(whole(document).label("body"), literal_column("1").label("version"))
        .select_from(a.join(c, c.c.id == a.c.municipality_id))
        .where(a.c.id == ME.agency)
    )


READ_ME = _me()
