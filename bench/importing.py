"""An import of cases beside a raw COPY of the same rows and beside a row-wise ORM, on fresh cities.

The import does what the service does: parts are opened, lines read and validated, access judged,
audit entries and events written, progress kept behind the fence. COPY only writes, as superuser,
in slices, since the triggers behind both take a lock for each case.
"""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from io import BytesIO
from itertools import islice
from uuid import UUID, uuid4

import asyncpg
from delivering import SECRET, Rate
from knobs import ENVIRONMENT, ROWS, uid
from programmes import HERE
from questions import LARGE

from integration_api.edge.uploads import Uploaded
from integration_api.edge.vault import Vault
from integration_api.imports import service, service_work
from integration_api.imports.schemas import ImportIn
from integration_api.jobs.work import BRACKETS, Seals, Work
from integration_api.kernel.db import Call, Database, pool
from integration_api.kernel.ids import uuid7
from integration_api.kernel.paging import Cursors
from integration_api.kernel.principal import Principal, context_sql
from integration_api.kernel.scopes import Scope
from integration_api.postgres.launcher import LocalPostgres

CASES, PART, SLICE = 100_000, 40_000, 2_000
AT_LEAST = 0.35
"""Of the speed of COPY."""
ROW_WISE, TIMES = 600, 50
"""Lines for the ORM, which are enough to know its speed, and by how much an import is faster."""
SEEN = ("core", "residence", "benefit", "placement", "case_notes", "health")
CONCERN = {"life_area": "language", "topic": "language_course"}
LEASED = """update ia.job set status = 'running', lease_token = $2,
  lease_until = now() + interval '1 hour' where id = $1"""
SYSTEM = "bench_import"
NEW = f"select case_id from ia.case_external_id where system = '{SYSTEM}'"  # noqa: S608
WRITTEN = {
    "case": f"id in ({NEW})",
    "case_participant": f"case_id in ({NEW})",
    "case_external_id": f"system = '{SYSTEM}'",
    "audit_entry": "action = 'case.opened'",
    "outbox": "type = 'case.opened'",
}
"""What an import of new cases writes, in the order of the references between them."""
COLUMNS = """select column_name from information_schema.columns where table_schema = 'ia'
  and table_name = $1 and is_generated = 'NEVER' and is_identity = 'NO' order by ordinal_position"""


def caller() -> Principal:
    """The large agency's own system."""
    ids = (UUID(uid("b", 1)), UUID(uid("a", LARGE)), UUID(uid("c", LARGE)))
    scopes = frozenset(s.value for s in (Scope.IMPORTS_WRITE, Scope.CASES_WRITE))
    purposes = ("case_management",)
    context = context_sql(*ids, None, SEEN)
    return Principal(*ids, scopes=scopes, purposes=purposes, compartments=SEEN, context_sql=context)


def parts(persons: list[str]) -> Iterator[bytes]:
    """Lines of new cases with a participant each."""
    for first in range(0, CASES, PART):
        lines = (
            {
                "external_id": f"B-{n}",
                "participants": [{"person_id": persons[n % len(persons)], "role": "client"}],
                "concerns": [CONCERN],
            }
            for n in range(first, min(first + PART, CASES))
        )
        yield "".join(f"{json.dumps(one)}\n" for one in lines).encode()


async def fresh(server: LocalPostgres, name: str) -> asyncpg.Connection:
    """A copy of the seeded city, as superuser."""
    admin = await asyncpg.connect(server.dsn("postgres", "postgres"))
    seeded = f"seed\\_{ROWS}\\_%"
    template = await admin.fetchval("select datname from pg_database where datname like $1", seeded)
    await admin.execute(f"drop database if exists {name} with (force)")
    await admin.execute(f"create database {name} template {template} strategy file_copy")
    await admin.close()
    return await asyncpg.connect(server.dsn("postgres", name), command_timeout=600)


async def people(admin: asyncpg.Connection) -> list[str]:
    """Persons of the large agency."""
    own = "select id::text from ia.person where controller_agency_id = $1 limit 2000"
    return [row[0] for row in await admin.fetch(own, UUID(uid("a", LARGE)))]


async def imported(server: LocalPostgres, admin: asyncpg.Connection) -> float:
    """Seconds from the start of the job to its end."""
    persons = await people(admin)
    me, vault = caller(), Vault(SECRET)
    call = Call(me, "case_management", uuid7())
    async with pool(server.dsn("ia_app", "bench_import"), 2) as connections:
        database = Database(connections, BRACKETS, wait=10)
        async with database.writing(call) as tx:
            asked = await service.ask(tx, ImportIn(system=SYSTEM))
        id = UUID(json.loads(bytes(asked.body))["id"])
        for n, content in enumerate(parts(persons), 1):
            async with database.writing(call) as tx:
                await service.keep(tx, id, n, Uploaded(content, service.NDJSON), vault)
        async with database.writing(call) as tx:
            job = json.loads(bytes((await service.start(tx, id, {})).body))
        token = uuid4()
        await admin.execute(LEASED, UUID(job["id"]), token)
        seals = Seals(vault, Cursors(SECRET))
        began = time.perf_counter()
        work = Work(UUID(job["id"]), token, me, "case_management", uuid7(), database, seals)
        await service_work.make(work)
        took = time.perf_counter() - began
    created = await admin.fetchval("select created from ia.import")
    if created != CASES:
        raise SystemExit(f"the import made {created} cases")
    return took


async def copied(source: asyncpg.Connection, target: asyncpg.Connection) -> float:
    """Seconds that COPY takes for the rows that the import has written."""
    took = 0.0
    for table, which in WRITTEN.items():
        columns = [row[0] for row in await source.fetch(COLUMNS, table)]
        names = ", ".join(f'"{name}"' for name in columns)
        rows = BytesIO()
        await source.copy_from_query(
            f'select {names} from ia."{table}" where {which}',  # noqa: S608
            output=rows,
        )
        lines = rows.getvalue().splitlines(keepends=True)
        for first in range(0, len(lines), SLICE):
            content = BytesIO(b"".join(lines[first : first + SLICE]))
            began = time.perf_counter()
            await target.copy_to_table(table, schema_name="ia", columns=columns, source=content)
            took += time.perf_counter() - began
    found = await target.fetchval(f"select count(*) from ({NEW}) new")  # noqa: S608
    if found != CASES:
        raise SystemExit(f"COPY wrote {found} cases")
    return took


async def row_wise(server: LocalPostgres, admin: asyncpg.Connection) -> float:
    """Seconds that a row-wise ORM takes for a case, in a process of its own."""
    lines = next(parts(await people(admin))).splitlines(keepends=True)
    told = {**ENVIRONMENT, "BENCH_DSN": server.dsn("ia_app", "bench_rows")}
    command = [sys.executable, str(HERE / "naive_import.py")]
    text = b"".join(islice(lines, ROW_WISE))
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    process = await asyncio.create_subprocess_exec(*command, env=told, cwd=HERE, **pipes)
    printed, _ = await process.communicate(text)
    found = await admin.fetchval(f"select count(*) from ({NEW}) new")  # noqa: S608
    if process.returncode or found != ROW_WISE:
        raise SystemExit(f"the ORM wrote {found} cases")
    return float(printed)


async def importing(server: LocalPostgres) -> list[Rate]:
    """Cases a second of an import, beside COPY and beside a row-wise ORM."""
    names = ("bench_import", "bench_copy", "bench_rows")
    source, target, rows = [await fresh(server, name) for name in names]
    try:
        ours = await imported(server, source)
        bare = await copied(source, target)
        slow = await row_wise(server, rows) * CASES
    finally:
        for connection in (source, target, rows):
            await connection.close()
    said = f"{CASES / ours:,.0f} cases/s, COPY {CASES / bare:,.0f}/s; at least {AT_LEAST} of it"
    beside = f"the ORM {CASES / slow:,.0f} cases/s; at least {TIMES} times as fast"
    return [
        Rate("COPY ÷ import, by time", bare / ours, said, round(1 / AT_LEAST, 2), ours / bare),
        Rate("import ÷ row-wise ORM", slow / ours, beside, round(1 / TIMES, 3), ours / slow),
    ]
