"""The yardstick: a bare ASGI program, asyncpg, JSON built in Postgres, and no guarantee at all.

It runs our own documents without predicates, policies, access records, idempotency, audit or events,
one statement per request on a pooled connection. It cannot be reached; it does not depend on the
machine.
"""

import json
import os
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import JSON, Text, Uuid, bindparam, func, insert, literal_column, select, update
from sqlalchemy.dialects.postgresql import JSONB

from integration_api.agencies.models import agency
from integration_api.agencies.statements import _body as agency_body
from integration_api.cases import statements as cases
from integration_api.cases.models import case, case_access, case_participant
from integration_api.kernel import clock
from integration_api.kernel.db import prepare
from integration_api.kernel.ids import uuid7
from integration_api.kernel.shape import collected
from integration_api.kernel.statements import Change, Query
from integration_api.referrals import statements as referrals
from integration_api.referrals.models import referral

AGENCY = bindparam("agency", type_=Uuid())
GET_CASE = Query(cases._answer(case).where(case.c.id == cases.ID))
GET_AGENCY = Query(
    select(agency_body(agency).label("body")).where(agency.c.id == bindparam("id", type_=Uuid()))
)


def _page() -> Query:
    a, who = case_access, cases._participants(case)
    page = (
        select(a.c.case_id, a.c.sort_at)
        .where(a.c.agency_id == AGENCY)
        .order_by(a.c.sort_at.desc(), a.c.case_id.desc())
        .limit(literal_column("50"))
        .cte("page")
    )
    document = cases._document(case, who)
    source = page.join(case, case.c.id == page.c.case_id).join(who, literal_column("true"))
    items = collected(document, page.c.sort_at.desc(), page.c.case_id.desc())
    return Query(select(items.label("body")).select_from(source))


def _create() -> Change:
    new = (
        insert(case)
        .values(
            id=cases.ID,
            municipality_id=bindparam("municipality", type_=Uuid()),
            reference=bindparam("reference", type_=Text()),
            lead_agency_id=AGENCY,
            concerns=bindparam("concerns", type_=JSONB()),
            status="clarification",
            created_at=func.now(),
            updated_at=func.now(),
        )
        .returning(*case.c)
        .cte("new")
    )
    row = [
        func.gen_random_uuid(), new.c.municipality_id, new.c.id, AGENCY,
        bindparam("person", type_=Uuid()), literal_column("'client'"), func.now(),
    ]  # fmt: skip
    names = ["id", "municipality_id", "case_id", "lead_agency_id", "person_id", "role", "created_at"]
    added = insert(case_participant).from_select(names, select(*row).select_from(new)).cte("added")
    body = func.row_to_json(new.table_valued()).cast(JSON)
    return Change(select(body.label("body")).select_from(new).add_cte(added))


def _accept() -> Change:
    moved = (
        update(referral)
        .where(referral.c.id == referrals.ID, referral.c.status == "sent")
        .values(status="accepted", version=referral.c.version + 1, decided_at=func.now())
        .returning(*referral.c)
        .cte("moved")
    )
    return Change(referrals.answer(moved))


LIST, CREATE, ACCEPT = _page(), _create(), _accept()
ME: dict[str, Any] = {"me_purpose": None, "me_member": None}


class Limit:
    """The program; `me` fills the binds that our documents have."""

    pool: Any = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """One request."""
        if scope["type"] == "lifespan":
            return await self._lifespan(receive, send)
        message = await receive()
        statement, params = _routed(scope, message.get("body") or b"")
        me = UUID(dict(scope["headers"])[b"x-agency"].decode())
        city = UUID("b0000000-0000-7000-8000-000000000001")
        params |= ME | {
            "me_agency": me, "agency": me, "me_client": me, "me_request": me,
            "me_municipality_id": city, "municipality": city, "me_now": clock.now(),
            "me_event": me, "today": clock.today(),
        }  # fmt: skip
        async with self.pool.acquire() as connection:
            row = await connection.fetchrow(statement.sql, *statement.args(params))
        body = row["body"]
        length = str(len(body)).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", length)]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _lifespan(self, receive: Any, send: Any) -> None:
        await receive()
        dsn = os.environ["BENCH_DSN"]  # noqa: TID251 - a programme of its own
        self.pool = await asyncpg.create_pool(dsn, min_size=2, max_size=4, init=prepare)
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.pool.close()
        await send({"type": "lifespan.shutdown.complete"})


def _routed(scope: Any, body: bytes) -> tuple[Any, dict[str, Any]]:
    parts = scope["path"].split("/")
    if scope["method"] == "POST" and parts[-1] == "accept":
        return ACCEPT, {"id": UUID(parts[3])}
    if scope["method"] == "POST":
        given, id = json.loads(body), uuid7()
        person = UUID(given["participants"][0]["person_id"])
        made = {"id": id, "reference": str(id), "concerns": given["concerns"], "person": person}
        return CREATE, made
    if parts[2] == "agencies":
        return GET_AGENCY, {"id": UUID(parts[3])}
    return (GET_CASE, {"id": UUID(parts[3])}) if len(parts) > 3 else (LIST, {})


app = Limit()
