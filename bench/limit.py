"""The yardstick: a bare ASGI program, asyncpg, JSON built in Postgres, one statement a request.

It runs our own statements, so it can only be as wrong as we are, and leaves the same rows behind:
the answer, audit entry and event of a change, and the idempotency key of a create. It has no
framework, no authentication, no row policies (it logs in as superuser), no predicate of visibility,
no explicit transaction, no lock, no check of version or state, no access record and no cursor.
It cannot be reached; it is the measure that does not depend on the machine.
"""

import hashlib
import json
from typing import Any
from uuid import UUID

import asyncpg
import sqlalchemy as sa
from knobs import DSN, uid
from sqlalchemy.dialects.postgresql import aggregate_order_by

from integration_api.agencies import statements as agencies
from integration_api.cases import documents
from integration_api.cases import statements as cases
from integration_api.changes import statements as changes
from integration_api.kernel import clock
from integration_api.kernel.db import no_reset, prepare
from integration_api.kernel.idempotency import KEPT, idempotency_key
from integration_api.kernel.ids import uuid7
from integration_api.kernel.journal import outbox
from integration_api.kernel.lists import Direction
from integration_api.kernel.shape import fields, instant
from integration_api.kernel.statements import ME, Change, Query
from integration_api.referrals import statements_moves as moves

CITY = UUID(uid("b", 1))
COMPARTMENTS = ["core", "residence", "benefit", "placement", "case_notes", "health"]
"""What case management sees, so that the answers are the same ones."""
SETTINGS = {  # those of the service's role, and the city that numbers its cases
    "timezone": "UTC",
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
    "plan_cache_mode": "force_generic_plan",
    "app.municipality_id": str(CITY),
}


def _query(_: str, statement: Any) -> Query:
    """In the place of `Personal`: no access record."""
    return Query(statement)


def _change(_: str, statement: Any, *parts: sa.CTE) -> Change:
    """In the place of `Effect`: no access record."""
    return Change(statement.add_cte(*parts))


def _create(_: str, statement: Any, *parts: sa.CTE) -> Change:
    """The same; the answer is kept under the key of the request."""
    seen = statement.cte("seen")
    return Change(sa.select(seen).add_cte(*parts, _kept(seen)))


def _kept(seen: sa.CTE) -> sa.CTE:
    names = ["municipality_id", "client_id", "key", "fingerprint", "expires_at", "status"]
    names += ["headers", "body", "shown"]
    row = sa.select(
        ME.municipality_id,
        ME.client,
        sa.bindparam("key", type_=sa.Text()),
        sa.bindparam("fingerprint", type_=sa.LargeBinary()),
        sa.bindparam("expires_at", type_=sa.DateTime(timezone=True)),
        sa.literal(201),
        sa.null(),
        sa.func.convert_to(seen.c.body.cast(sa.Text), "UTF8"),
        seen.c.shown,
    )
    return sa.insert(idempotency_key).from_select(names, row).cte("kept")


agencies.visible = cases.visible = moves.visible = lambda _: sa.true()  # type: ignore[assignment]
changes.visible = lambda *_: sa.true()  # type: ignore[assignment]
cases.visible_persons = documents.visible_persons = lambda _: sa.true()  # type: ignore[assignment]
documents.sees = lambda _, __, name: sa.true() if name in COMPARTMENTS else sa.false()
cases.Personal = _query  # type: ignore[assignment,misc]
cases.Effect, moves.Effect = _create, _change  # type: ignore[assignment,misc]

GET_AGENCY = Query(
    sa.select(agencies.body_of(agencies.agency).label("body")).where(
        agencies.agency.c.id == agencies.ID
    )
)
GET_CASE = Query(cases.answer(cases.case).where(cases.case.c.id == cases.ID))
LIST = cases.list_cases.__wrapped__(frozenset(), Direction())  # type: ignore[attr-defined]
CREATE = cases._create()
ACCEPT = moves.move.__wrapped__("accept")  # type: ignore[attr-defined]
FEED = changes.page_of.__wrapped__(frozenset())  # type: ignore[attr-defined]


def _columns() -> Query:
    """The same events, built anew from columns."""
    o = outbox.c
    changed: Any = sa.literal_column("'{concerns}'::text[]")
    data = fields(case_id=o.agg_id, version=o.agg_version, changed=changed)
    body = fields(id=o.event_id, type=o.type, occurred_at=instant(o.occurred_at), data=data)
    page = sa.select(body.label("body"), o.seq).where(o.seq > changes.AFTER)
    found = page.order_by(o.seq).limit(changes.LIMIT).subquery()
    parted: Any = aggregate_order_by(sa.literal_column("','"), found.c.seq)
    return Query(sa.select(sa.func.string_agg(found.c.body.cast(sa.Text), parted).label("items")))


COLUMNS = _columns()


def _asked(method: str, parts: list[str], headers: Any, body: bytes) -> tuple[Any, dict[str, Any]]:
    """The statement of a request and its parameters."""
    if method == "GET" and parts[2] == "agencies":
        return GET_AGENCY, {"id": UUID(parts[3]), "today": clock.today()}
    if parts[2] == "changes":
        after, limit = map(int, headers[b"x-page"].split())
        told = COLUMNS if b"x-columns" in headers else FEED
        return told, {"after": after, "limit": limit, "types": None, "upto": after + limit}
    if method == "GET":
        return (GET_CASE, {"id": UUID(parts[3])}) if len(parts) > 3 else (LIST, {"limit": 50})
    if parts[2] == "referrals":
        return ACCEPT, {"id": UUID(parts[3]), "target": "accepted"}
    given = json.loads(body)
    for one in given["participants"]:
        one["id"] = str(uuid7())
    return CREATE, {
        **given,
        "id": uuid7(),
        "year": clock.today().year,
        "key": headers[b"idempotency-key"].decode(),
        "fingerprint": hashlib.sha256(body).digest(),
        "expires_at": clock.now() + KEPT,
    }


class Limit:
    """The program."""

    pool: Any = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """One request."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        headers, message = dict(scope["headers"]), await receive()
        parts = scope["path"].split("/")
        statement, params = _asked(scope["method"], parts, headers, message["body"])
        me = UUID(headers[b"x-agency"].decode())
        params |= {
            "me_municipality_id": CITY, "me_agency": me, "me_client": me, "me_member": None,
            "me_purpose": "case_management", "me_request": me, "me_now": clock.now(),
            "me_event": uuid7(), "me_compartments": COMPARTMENTS, "me_assigned_only": [],
        }  # fmt: skip
        async with self.pool.acquire() as connection:
            row = await connection.fetchrow(statement.sql, *statement.args(params))
        if statement in (FEED, COLUMNS):
            body = b'{"items":[%b]}' % (row["items"] or "").encode()
        else:
            body = b'{"items":%b}' % row["body"] if statement is LIST else row["body"]
        kind, length = (b"content-type", b"application/json"), str(len(body)).encode()
        status = 201 if statement is CREATE else 200
        found = [kind, (b"content-length", length)]
        await send({"type": "http.response.start", "status": status, "headers": found})
        await send({"type": "http.response.body", "body": body})

    async def _lifespan(self, receive: Any, send: Any) -> None:
        await receive()
        self.pool = await asyncpg.create_pool(
            DSN, min_size=2, max_size=4, init=prepare, reset=no_reset, server_settings=SETTINGS,
            statement_cache_size=1000, max_cached_statement_lifetime=0,
        )  # fmt: skip
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.pool.close()
        await send({"type": "lifespan.shutdown.complete"})


app = Limit()
