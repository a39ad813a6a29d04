"""The compiled statements of members."""

from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Date,
    Text,
    Uuid,
    any_,
    bindparam,
    case,
    exists,
    insert,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql.selectable import FromClause

from integration_api.kernel import journal
from integration_api.kernel.lists import Direction, envelope, page, variants
from integration_api.kernel.shape import fields, instant, whole
from integration_api.kernel.statements import ME, Change, Query

from .access import administered, visible_members
from .models import agency, member

ID = bindparam("id", type_=Uuid())
ADMIN = bindparam("admin", type_=Boolean())
FILTERS: dict[str, ColumnElement[bool]] = {
    "agency_id": member.c.agency_id == bindparam("agency_id", type_=Uuid()),
    "role": bindparam("role", type_=Text()) == any_(member.c.roles),
}
CHANGEABLE: dict[str, Any] = {
    "function_title": Text(),
    "roles": ARRAY(Text),
    "active_to": Date(),
    "issuer": Text(),
    "subject": Text(),
}


def _body(m: FromClause) -> ColumnElement[Any]:
    bound = m.c.subject.is_not(None)
    login = case((bound & ADMIN, fields(issuer=m.c.issuer, subject=m.c.subject)), else_=null())
    shown = (m.c[n] for n in ("id", "agency_id", "function_title", "roles"))
    times = (instant(m.c[n]).label(n) for n in ("created_at", "updated_at"))
    days = (m.c.active_from, m.c.active_to)
    document = select(*shown, *days, bound.label("can_log_in"), login.label("login"), *times)
    return whole(document.correlate(m))


def _answer(m: FromClause) -> Any:
    return select(_body(m).label("body"), m.c.version)


GET = Query(_answer(member).where(member.c.id == ID, visible_members(ME)))
SEE = Query(select(member.c.version).where(member.c.id == ID, visible_members(ME)))
LOCK = Change(
    select(member.c.version, member.c.active_from, member.c.roles)
    .where(member.c.id == ID, visible_members(ME))
    .with_for_update(key_share=True, of=member)
)
SEE_AGENCY = Query(select(agency.c.id).where(agency.c.id == ID, administered(ME)))
IS_ME = Query(
    select(
        exists(
            select(member.c.id).where(
                member.c.id == ME.member,
                member.c.issuer == bindparam("issuer", type_=Text()),
                member.c.subject == bindparam("subject", type_=Text()),
            )
        ).label("mine")
    )
)


@variants
def list_members(names: frozenset[str], direction: Direction) -> Query:
    """One page of members, narrowed by the filters in `names`."""
    rows = select(*member.c, member.c.created_at.label("at")).where(
        visible_members(ME), *(FILTERS[n] for n in sorted(names))
    )
    found = page(rows, member.c.created_at, member.c.id, direction)
    return Query(envelope(found, _body(found), found))


def _create() -> Change:
    values: dict[str, Any] = {n: bindparam(n, type_=k) for n, k in CHANGEABLE.items()}
    values |= {
        "id": ID,
        "municipality_id": ME.municipality_id,
        "agency_id": bindparam("agency_id", type_=Uuid()),
        "active_from": bindparam("active_from", type_=Date()),
        "created_at": ME.now,
        "updated_at": ME.now,
    }
    new = insert(member).values(values).returning(*member.c).cte("new")
    changed = ["active_from", "active_to", "function_title", "login", "roles"]
    told = journal.agencies("agency_id")
    parts = journal.record("member", new, "member.created", changed=changed, to=told)
    return Change(_answer(new).add_cte(*parts))


CREATE = _create()


@variants
def change(names: frozenset[str]) -> Change:
    """Set the columns in `names` of a member; no row where nothing differs."""
    values: dict[Any, Any] = {n: bindparam(n, type_=CHANGEABLE[n]) for n in sorted(names)}
    differs = or_(*(member.c[n].is_distinct_from(v) for n, v in sorted(values.items())))
    values |= {"version": member.c.version + 1, "updated_at": ME.now}
    moved = (
        update(member)
        .where(member.c.id == ID, visible_members(ME), differs)
        .values(values)
        .returning(*member.c)
        .cte("moved")
    )
    changed = sorted({"login" if n in ("issuer", "subject") else n for n in names})
    told = journal.agencies("agency_id")
    parts = journal.record("member", moved, "member.changed", changed=changed, to=told)
    return Change(_answer(moved).add_cte(*parts))
