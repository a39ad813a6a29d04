"""The compiled statement of `/v1/me`."""

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Text,
    Uuid,
    and_,
    any_,
    bindparam,
    func,
    literal_column,
    not_,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY

from integration_api.agencies.models import agency, member, municipality
from integration_api.kernel.shape import collected, fields, one_of, whole
from integration_api.kernel.statements import ME, Query
from integration_api.referrals.access import sent_by, sent_to
from integration_api.referrals.lifecycle import OPEN, ReferralStatus
from integration_api.referrals.models import referral
from integration_api.referrals.statements import AWAITING

MOST = 99


def _count(*arms: ColumnElement[bool]) -> ColumnElement[Any]:
    """A count that looks at no more than 100 rows of each arm."""
    most: ColumnElement[int] = literal_column(str(MOST + 1))
    rows = [select(referral.c.id).where(arm).limit(most).subquery() for arm in arms]
    some = union_all(*(select(row.c.id) for row in rows)).subquery()
    found = func.count()
    bounded = fields(count=func.least(found, literal_column(str(MOST))), more=found > MOST)
    return select(bounded).select_from(some).scalar_subquery()


def _returned_unanswered() -> ColumnElement[bool]:
    """Own referrals that nobody answered in time and that no later one replaces."""
    later = referral.alias("later")
    replaced = select(later.c.id).where(later.c.replaces_id == referral.c.id).correlate(referral)
    expired = referral.c.status == ReferralStatus.EXPIRED.value
    return and_(sent_by(ME), expired, not_(replaced.exists()))


def _me() -> Query:
    a, m, c = agency, member, municipality
    awaiting = one_of(referral.c.status, AWAITING)
    open_ = one_of(referral.c.status, sorted(s.value for s in OPEN))
    desk = (
        select(fields(id=m.c.id, function_title=m.c.function_title, roles=func.to_jsonb(m.c.roles)))
        .where(m.c.id == ME.member)
        .scalar_subquery()
    )
    other = agency.alias("other")
    memberships = (
        select(
            collected(
                fields(id=other.c.id, slug=other.c.slug, name=other.c.name, type=other.c.type),
                other.c.slug,
                other.c.id,
            )
        )
        .where(other.c.id == any_(bindparam("memberships", type_=ARRAY(Uuid))))
        .scalar_subquery()
    )
    document = select(
        fields(id=c.c.id, slug=c.c.slug, name=c.c.name).label("municipality"),
        fields(id=a.c.id, slug=a.c.slug, name=a.c.name, type=a.c.type).label("agency"),
        desk.label("member"),
        ME.client.label("client_id"),
        memberships.label("memberships"),
        bindparam("scopes", type_=ARRAY(Text)).label("scopes"),
        bindparam("purposes", type_=ARRAY(Text)).label("purposes"),
        ME.compartments.label("compartments"),
        fields(
            incoming=_count(and_(sent_to(ME), awaiting)),
            overdue=_count(
                and_(sent_to(ME), awaiting, referral.c.due_at < ME.now), _returned_unanswered()
            ),
            mine=_count(and_(sent_to(ME), open_, referral.c.claimed_by == ME.member)),
        ).label("counts"),
    ).correlate(a, c)
    return Query(
        select(whole(document).label("body"), literal_column("1").label("version"))
        .select_from(a.join(c, c.c.id == a.c.municipality_id))
        .where(a.c.id == ME.agency)
    )


READ_ME = _me()
