"""The compiled statements of API clients and keys; no secret is ever selected."""

from typing import Any

from sqlalchemy import (
    ColumnElement,
    DateTime,
    LargeBinary,
    Text,
    Uuid,
    bindparam,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql.selectable import FromClause

from integration_api.kernel import journal
from integration_api.kernel.lists import Direction, envelope, page, variants
from integration_api.kernel.shape import collected, fields, instant, whole
from integration_api.kernel.statements import ME, Change, Query

from .access import visible_clients
from .models import api_client, api_key, member

ID = bindparam("id", type_=Uuid())
KEY_ID = bindparam("key_id", type_=Uuid())
FILTERS: dict[str, ColumnElement[bool]] = {
    "agency_id": api_client.c.agency_id == bindparam("agency_id", type_=Uuid()),
}


def _body(c: FromClause) -> ColumnElement[Any]:
    times = ("created_at", "expires_at", "revoked_at", "last_used_at")
    key = fields(id=api_key.c.id, **{n: instant(api_key.c[n]) for n in times})
    newest = (api_key.c.created_at.desc(), api_key.c.id.desc())
    keys = (
        select(collected(key, *newest))
        .where(api_key.c.municipality_id == c.c.municipality_id, api_key.c.client_id == c.c.id)
        .correlate(c)
        .scalar_subquery()
    )
    shown = ("id", "agency_id", "member_id", "name", "scopes", "purposes", "subject")
    moments = ("revoked_at", "created_at", "updated_at")
    document = select(
        *(c.c[n] for n in shown),
        keys.label("keys"),
        *(instant(c.c[n]).label(n) for n in moments),
    )
    return whole(document.correlate(c))


def _answer(c: FromClause) -> Any:
    return select(_body(c).label("body"), c.c.version)


GET = Query(_answer(api_client).where(api_client.c.id == ID, visible_clients(ME)))
SEE = Query(select(api_client.c.version).where(api_client.c.id == ID, visible_clients(ME)))
LOCK = Change(
    select(
        api_client.c.version,
        api_client.c.scopes,
        api_client.c.member_id,
        api_client.c.revoked_at,
        select(member.c.roles)
        .where(member.c.id == api_client.c.member_id)
        .correlate(api_client)
        .scalar_subquery()
        .label("roles"),
    )
    .where(api_client.c.id == ID, visible_clients(ME))
    .with_for_update(key_share=True, of=api_client)
)
COUNT_LIVE = Query(
    select(func.count().label("live"))
    .select_from(api_key)
    .where(
        api_key.c.municipality_id == ME.municipality_id,
        api_key.c.client_id == ID,
        api_key.c.revoked_at.is_(None),
        api_key.c.expires_at > ME.now,
    )
)
ADD_KEY = Change(
    insert(api_key)
    .values(
        id=KEY_ID,
        municipality_id=ME.municipality_id,
        client_id=ID,
        secret_sha256=bindparam("hashed", type_=LargeBinary()),
        created_at=ME.now,
        expires_at=bindparam("expires_at", type_=DateTime(timezone=True)),
    )
    .returning(api_key.c.id)
)
REVOKE_KEY = Change(
    update(api_key)
    .where(
        api_key.c.id == KEY_ID,
        api_key.c.municipality_id == ME.municipality_id,
        api_key.c.client_id == ID,
        api_key.c.revoked_at.is_(None),
    )
    .values(revoked_at=ME.now)
    .returning(api_key.c.id)
)


@variants
def list_clients(names: frozenset[str], direction: Direction) -> Query:
    """One page of clients, narrowed by the filters in `names`."""
    rows = select(*api_client.c, api_client.c.created_at.label("at")).where(
        visible_clients(ME), *(FILTERS[n] for n in sorted(names))
    )
    found = page(rows, api_client.c.created_at, api_client.c.id, direction)
    return Query(envelope(found, _body(found), found))


def _create() -> Change:
    kinds: dict[str, Any] = {
        "agency_id": Uuid(),
        "name": Text(),
        "scopes": ARRAY(Text),
        "purposes": ARRAY(Text),
    }
    values: dict[str, Any] = {n: bindparam(n, type_=k) for n, k in kinds.items()}
    values |= {"id": ID, "municipality_id": ME.municipality_id, "created_at": ME.now}
    new = insert(api_client).values(values).returning(*api_client.c).cte("new")
    told = journal.agencies("agency_id")
    changed = ["keys", "name", "purposes", "scopes"]
    parts = journal.record("api_client", new, "api_client.created", changed=changed, to=told)
    return Change(select(new.c.id).add_cte(*parts))


def _moved(action: str, changed: str, **values: Any) -> Change:
    """The client one version on, with its journal; what happened to its keys stands before it."""
    moved = (
        update(api_client)
        .where(api_client.c.id == ID, visible_clients(ME))
        .values(version=api_client.c.version + 1, updated_at=ME.now, **values)
        .returning(*api_client.c)
        .cte("moved")
    )
    told = journal.agencies("agency_id")
    parts = journal.record("api_client", moved, action, changed=[changed], to=told)
    return Change(_answer(moved).add_cte(*parts))


CREATE = _create()
ROTATED = _moved("api_client.key_added", "keys")
KEY_REVOKED = _moved("api_client.key_revoked", "keys")
REVOKED = _moved("api_client.revoked", "revoked_at", revoked_at=ME.now)
