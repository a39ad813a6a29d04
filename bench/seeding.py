"""A city of cases as a template database, and what may be asked for in a copy of it."""

import hashlib
import time
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
from knobs import ROWS, uid
from programmes import HERE
from questions import LARGE, MOVING, RECEIVING, SMALL, Questions
from telling import prepare_feed

from integration_api.identity.keys import new_key
from integration_api.kernel.db import prepare
from integration_api.postgres import schema
from integration_api.postgres.launcher import LocalPostgres
from integration_api.rules.shipping import ship


async def prepared(server: LocalPostgres, rows: int = ROWS, name: str = "bench") -> Questions:
    """A fresh copy of the seeded template; keys, and what may be asked for in it."""
    template = await _template(server, rows)
    admin = await asyncpg.connect(server.dsn("postgres", "postgres"))
    await admin.execute(f"drop database if exists {name} with (force)")
    await admin.execute(f"create database {name} template {template} strategy file_copy")
    await admin.close()
    c = await asyncpg.connect(server.dsn("postgres", name))
    keys = {}
    for n in (LARGE, SMALL, RECEIVING, *MOVING):
        keys[n], hashed = new_key("test")
        await c.execute(
            "insert into ia.api_key (id, municipality_id, client_id, secret_sha256, created_at,"
            " expires_at) values ($1, $2, $3, $4, now(), $5)",
            UUID(uid("1", n)), UUID(uid("b", 1)), UUID(uid("c", n)), hashed,
            datetime.now(UTC) + timedelta(days=1),  # noqa: TID251 - not a rule's clock
        )  # fmt: skip
    visible = "select case_id from ia.case_access where agency_id = $1 order by random() limit 2000"
    own = "select id from ia.person where controller_agency_id = $1 order by random() limit 2000"
    sent = "select id from ia.referral where recipient_agency_id = $1 and status = 'sent'"
    tandems = "select id from ia.tandem_case where $1 in (lead_agency_id, legal_agency_id)"
    unbegun = "select id from ia.tandem_case where placement_agency_id = $1"
    still = [(str(r[0]), n) for n in MOVING for r in await c.fetch(unbegun, UUID(uid("a", n)))]
    found = []
    asked = ((visible, LARGE), (own, LARGE), (sent, RECEIVING), (tandems, LARGE))
    for sql, agency in asked:
        found.append([str(row[0]) for row in await c.fetch(sql, UUID(uid("a", agency)))])
    cases, persons, waiting, seen = found
    last = await prepare_feed(server, c, name)
    await c.execute("checkpoint")
    await c.close()
    return Questions(keys, cases, persons, iter(waiting), seen, iter(still), last)


async def _template(server: LocalPostgres, rows: int) -> str:
    """The name of the seeded database; made where schema or seed have changed since."""
    parts = [HERE / "seed.sql", *sorted(schema.folder().rglob("*.py"))]
    text = schema.roles_sql().encode() + b"".join(path.read_bytes() for path in parts)
    kind = f"seed_{rows}_"
    name = kind + hashlib.sha256(text).hexdigest()[:12]
    admin = await asyncpg.connect(server.dsn("postgres", "postgres"))
    known = {row[0] for row in await admin.fetch("select datname from pg_database")}
    if name not in known:
        began = time.monotonic()
        for old in [*(n for n in known if n.startswith(kind)), "seeding"]:
            await admin.execute(f"drop database if exists {old}")
        await admin.execute("create database seeding")
        c = await asyncpg.connect(server.dsn("postgres", "seeding"))
        await c.execute(schema.roles_sql())
        await schema.migrate(server.dsn("postgres", "seeding"))
        await c.execute((HERE / "seed.sql").read_text("utf-8").replace(":rows", str(rows)))
        await prepare(c)
        async with c.transaction():
            await ship(c)
        await c.execute("vacuum analyze")
        await c.close()
        await admin.execute(f"alter database seeding rename to {name}")
        print(f"seeded {rows:,} cases in {time.monotonic() - began:.0f} s")
    await admin.close()
    return name
