"""The compiled statements of endpoints; no secret is ever selected."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    DateTime,
    LargeBinary,
    Text,
    Uuid,
    and_,
    bindparam,
    cast,
    func,
    insert,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql.selectable import FromClause

from integration_api.kernel import journal
from integration_api.kernel.lists import Direction, envelope, page, variants
from integration_api.kernel.shape import allowed_actions, fields, instant, whole
from integration_api.kernel.statements import ME, Change, Query

from .access import visible
from .lifecycle import WEBHOOK_ENDPOINT, WebhookEndpointStatus
from .models import webhook_endpoint, webhook_replay, webhook_secret

ID = bindparam("id", type_=Uuid())
CHANGEABLE: dict[str, Any] = {"url": Text(), "types": ARRAY(Text), "description": Text()}
SHOWN = ("id", "agency_id", *CHANGEABLE)
MOMENTS = ("disabled_at", "failing_since", "created_at", "updated_at")
BESIDE = "24 hours"
"""How long the secret before a rotation signs beside the new one."""
ENABLED, DISABLED = WebhookEndpointStatus.ENABLED, WebhookEndpointStatus.DISABLED


def _signing(e: FromClause) -> ColumnElement[bool]:
    s = webhook_secret.c
    return and_(
        s.municipality_id == e.c.municipality_id,
        s.endpoint_id == e.c.id,
        s.valid_to > func.now(),
    )


def _body(e: FromClause) -> ColumnElement[Any]:
    live = select(func.count()).select_from(webhook_secret).where(_signing(e)).correlate(e)
    r = webhook_replay.c
    replay = (
        select(fields(from_at=instant(r.from_at), to_at=instant(r.to_at)))
        .where(r.municipality_id == e.c.municipality_id, r.endpoint_id == e.c.id)
        .correlate(e)
    )
    document = select(
        *(e.c[n] for n in SHOWN),
        cast(e.c.networks, ARRAY(Text)).label("networks"),
        e.c.status,
        e.c.disabled_reason,
        live.scalar_subquery().label("secrets_valid"),
        replay.scalar_subquery().label("replay"),
        allowed_actions(WEBHOOK_ENDPOINT, e.c.status, {"owner": literal_column("true")}).label(
            "allowed_actions"
        ),
        *(instant(e.c[n]).label(n) for n in MOMENTS),
    )
    return whole(document.correlate(e))


ONE = and_(webhook_endpoint.c.id == ID, visible(ME))
GET = Query(select(_body(webhook_endpoint).label("body"), webhook_endpoint.c.version).where(ONE))
SEE = Query(select(webhook_endpoint.c.version).where(ONE))
LOCK = Change(
    select(webhook_endpoint.c.version, webhook_endpoint.c.status)
    .where(ONE)
    .with_for_update(key_share=True, of=webhook_endpoint)
)
COUNT = Query(select(func.count().label("found")).select_from(webhook_endpoint).where(visible(ME)))
COUNT_SECRETS = Query(
    select(func.count().label("found"))
    .select_from(webhook_secret)
    .where(
        webhook_secret.c.municipality_id == ME.municipality_id,
        webhook_secret.c.endpoint_id == ID,
        webhook_secret.c.valid_to > func.now(),
    )
)
ADD_SECRET = Change(
    insert(webhook_secret).values(
        id=bindparam("secret_id", type_=Uuid()),
        municipality_id=ME.municipality_id,
        agency_id=ME.agency,
        endpoint_id=ID,
        sealed=bindparam("sealed", type_=LargeBinary()),
        key_id=bindparam("key_id", type_=Text()),
        created_at=ME.now,
    )
)
END_SECRETS = Change(
    update(webhook_secret)
    .where(
        webhook_secret.c.municipality_id == ME.municipality_id,
        webhook_secret.c.endpoint_id == ID,
        webhook_secret.c.valid_to > func.now() + literal_column(f"interval '{BESIDE}'"),
    )
    .values(valid_to=func.now() + literal_column(f"interval '{BESIDE}'"))
)
"""By the database's clock, which the worker asks, too."""
REPLAY = Change(
    insert(webhook_replay).values(
        municipality_id=ME.municipality_id,
        endpoint_id=ID,
        agency_id=ME.agency,
        from_at=bindparam("from_at", type_=DateTime(timezone=True)),
        to_at=bindparam("to_at", type_=DateTime(timezone=True)),
        at_seq=bindparam("at_seq", type_=BigInteger()),
        created_at=ME.now,
    )
)


@variants
def list_endpoints(names: frozenset[str], direction: Direction) -> Query:
    """One page of the endpoints of the caller's agency."""
    rows = select(*webhook_endpoint.c, webhook_endpoint.c.created_at.label("at")).where(visible(ME))
    if "status" in names:
        rows = rows.where(webhook_endpoint.c.status == bindparam("status", type_=Text()))
    found = page(rows, webhook_endpoint.c.created_at, webhook_endpoint.c.id, direction)
    return Query(envelope(found, _body(found), found))


def _create() -> Change:
    values: dict[str, Any] = {n: bindparam(n, type_=k) for n, k in CHANGEABLE.items()}
    values |= {"id": ID, "municipality_id": ME.municipality_id, "agency_id": ME.agency}
    values |= {"created_at": ME.now, "updated_at": ME.now, "status": ENABLED.value}
    new = insert(webhook_endpoint).values(values).returning(*webhook_endpoint.c).cte("new")
    event = "webhook_endpoint.created"
    changed = sorted(CHANGEABLE)
    parts = journal.record("webhook_endpoint", new, event, changed=changed, to=journal.mine)
    return Change(select(new.c.id).add_cte(*parts))


def _moved(action: str, changed: list[str], *where: Any, **values: Any) -> Change:
    values |= {"version": webhook_endpoint.c.version + 1, "updated_at": ME.now}
    moved = (
        update(webhook_endpoint)
        .where(ONE, *where)
        .values(values)
        .returning(*webhook_endpoint.c)
        .cte("moved")
    )
    parts = journal.record("webhook_endpoint", moved, action, changed=changed, to=journal.mine)
    return Change(select(moved.c.id).add_cte(*parts))


@variants
def change(names: frozenset[str]) -> Change:
    """Set the columns in `names`; no row where nothing differs."""
    values: dict[str, Any] = {n: bindparam(n, type_=CHANGEABLE[n]) for n in sorted(names)}
    differs = or_(*(webhook_endpoint.c[n].is_distinct_from(v) for n, v in values.items()))
    return _moved("webhook_endpoint.changed", sorted(names), differs, **values)


CREATE = _create()
ROTATED = _moved("webhook_endpoint.secret_rotated", ["secrets_valid"])
STATUS = ["status"]
MOVE = {
    "disable": _moved(
        WEBHOOK_ENDPOINT["disable"].event,
        STATUS,
        status=DISABLED.value,
        disabled_at=ME.now,
        disabled_reason="owner",
    ),
    "enable": _moved(
        WEBHOOK_ENDPOINT["enable"].event,
        STATUS,
        status=ENABLED.value,
        disabled_at=None,
        disabled_reason=None,
        failing_since=None,
    ),
}
