"""`make bench`: ours beside the limit and beside AsyncSession, one run, interleaved, ratios only.

The short form asks N = 300 times a row on 100,000 cases. Exits 1 beyond 1.3 × a target (1.2 in the
full form), on a round trip too many, on any answer that is not 2xx, and where answers differ.
Nothing but ratios of one run may be compared; 20 % is noise, so a row that misses is measured
twice more and judged by all three.
"""

import asyncio
import contextlib
import hashlib
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import asyncpg
from delivering import Rate, export, webhooks
from importing import importing
from knobs import ROWS, N, uid, with_dsn
from questions import (
    LARGE,
    MOVING,
    RECEIVING,
    SMALL,
    STYLES,
    Questions,
    Row,
    depths,
    essence,
    table,
)
from report import holds, lines, report
from telling import prepare_feed
from wire import Client, Witness

from integration_api.identity.keys import new_key
from integration_api.kernel.db import prepare
from integration_api.postgres import schema
from integration_api.postgres.launcher import PORT, LocalPostgres
from integration_api.rules.shipping import ship

HERE = Path(__file__).parent
KEPT = HERE.parent / "var" / "bench"
"""The server whose template databases later runs use again."""

BLOCK = 25
WARM = 8
LOGINS = {"limit": "postgres", "ours": "ia_app", "session": "ia_app"}
PROGRAMMES = {"limit": "limit:app", "ours": "served:app", "session": "naive_core:app"}


@dataclass
class Programme:
    """One measured programme: its client and its process."""

    client: Client
    pid: int


async def prepared(server: LocalPostgres) -> Questions:
    """A fresh copy of the seeded template; keys, and what may be asked for in it."""
    template = await _template(server)
    admin = await asyncpg.connect(server.dsn("postgres", "postgres"))
    await admin.execute("drop database if exists bench with (force)")
    await admin.execute(f"create database bench template {template} strategy file_copy")
    await admin.close()
    c = await asyncpg.connect(server.dsn("postgres", "bench"))
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
    last = await prepare_feed(server, c)
    await c.execute("checkpoint")
    await c.close()
    return Questions(keys, cases, persons, iter(waiting), seen, iter(still), last)


async def _template(server: LocalPostgres) -> str:
    """The name of the seeded database; made where schema or seed have changed since."""
    parts = [HERE / "seed.sql", *sorted(schema.folder().rglob("*.py"))]
    text = schema.roles_sql().encode() + b"".join(path.read_bytes() for path in parts)
    kind = f"seed_{ROWS}_"
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
        await c.execute((HERE / "seed.sql").read_text("utf-8").replace(":rows", str(ROWS)))
        await prepare(c)
        async with c.transaction():
            await ship(c)
        await c.execute("vacuum analyze")
        await c.close()
        await admin.execute(f"alter database seeding rename to {name}")
        print(f"seeded {ROWS:,} cases in {time.monotonic() - began:.0f} s")
    await admin.close()
    return name


@contextlib.contextmanager
def serving(targets: dict[str, str], dsns: dict[str, str]) -> Iterator[dict[str, Programme]]:
    """The programmes, one process each; what they write to standard error is kept."""
    started: dict[str, tuple[int, subprocess.Popen[bytes]]] = {}
    try:
        for name, target in targets.items():
            with socket.create_server(("127.0.0.1", 0)) as door:
                port = int(door.getsockname()[1])
            with (KEPT / f"{name}.log").open("wb") as log:
                process = subprocess.Popen(
                    [sys.executable, "-m", "uvicorn", target, "--port", str(port),
                     "--no-access-log", "--no-server-header", "--no-proxy-headers"],
                    cwd=HERE, env=with_dsn(dsns[name]), stderr=log,
                )  # fmt: skip
            started[name] = (port, process)
        for name, (port, process) in started.items():
            _wait(name, port, process)
        yield {name: Programme(Client(port), p.pid) for name, (port, p) in started.items()}
    finally:
        for _, process in started.values():
            process.terminate()
        for _, process in started.values():
            process.wait(10)


def _wait(name: str, port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        if process.poll() is not None:
            break
        time.sleep(0.1)
    raise SystemExit(f"{name} did not start: {KEPT / name}.log")


def same_answers(row: Row, ask: Questions, found: dict[str, Programme]) -> None:
    """Stop where the programmes answer differently; a programme that differs is not timed."""
    for _ in range(3):
        request = row.ask(ask, "")
        changes = request.startswith(b"POST")
        answers = {}
        for style, programme in found.items():
            programme.client.fresh()
            _, status, body = programme.client.ask(row.ask(ask, style) if changes else request)
            if status >= 300:
                raise SystemExit(f"{row.name}: {style} answered {status} {body[:500]!r}")
            answers[style] = essence(body, changes=changes)
        if any(answer != answers["ours"] for answer in answers.values()):
            raise SystemExit(f"{row.name}: the programmes answer differently: {answers}")


def cpu_of(pids: Sequence[int]) -> int:
    """CPU nanoseconds of processes; the ticks of `stat` are too coarse for a block."""
    total = 0
    for pid in pids:
        for path in Path(f"/proc/{pid}/task").glob("*/schedstat"):
            with contextlib.suppress(OSError):
                total += int(path.read_text().split()[0])
    return total


def measure(
    row: Row, ask: Questions, named: dict[str, tuple[Row, Programme]], postmaster: int
) -> None:
    """Interleaved blocks in shuffled order; `named` says what each is and who answers."""
    for name, (asked, programme) in named.items():
        row.times.setdefault(name, [])
        row.cpu.setdefault(name, 0)
        programme.client.fresh()
        for _ in range(WARM):
            programme.client.ask(asked.ask(ask, name))
    for _ in range(-(-N // BLOCK)):
        for name in random.sample(list(named), len(named)):
            asked, programme = named[name]
            requests = [asked.ask(ask, name) for _ in range(BLOCK)]
            children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text()
            pids = [programme.pid, postmaster, *map(int, children.split())]
            programme.client.fresh()
            before = cpu_of(pids)
            for request in requests:
                seconds, status, _ = programme.client.ask(request)
                row.times[name].append(seconds)
                row.non_2xx += status >= 300
            row.cpu[name] += cpu_of(pids) - before


def settle(
    row: Row, ask: Questions, named: dict[str, tuple[Row, Programme]], postmaster: int
) -> None:
    """Measure; a claim needs three runs, so a row that misses is measured twice more."""
    measure(row, ask, named, postmaster)
    if not holds(row, next(iter(named))):
        for _ in range(2):
            measure(row, ask, named, postmaster)


def count(rows: list[Row], ask: Questions, server: LocalPostgres) -> None:
    """Round trips of one request, seen on the wire between programme and server."""
    with tempfile.TemporaryDirectory(prefix="ia-wire-") as folder:
        witness = Witness(Path(folder), server.sock / f".s.PGSQL.{PORT}")
        dsns = {s: f"postgresql://{LOGINS[s]}@/bench?host={folder}&port={PORT}" for s in STYLES}
        with serving(PROGRAMMES, dsns) as found:
            for row in rows:
                for style in row.styles:
                    programme = found[style]
                    programme.client.fresh()
                    seen = []
                    for _ in range(2 * WARM):
                        before = witness.trips
                        _, status, _ = programme.client.ask(row.ask(ask, style))
                        seen.append(witness.trips - before)
                        row.non_2xx += status >= 300
                    row.counted[style] = max(seen[WARM:])  # the first ones prepare statements
        print("round trips:", *(f"{row.name} {row.counted}" for row in rows), sep="\n  ")


def main() -> None:
    """Boot, seed, measure, judge."""
    KEPT.mkdir(parents=True, exist_ok=True)
    with LocalPostgres(KEPT) as server:
        ask = asyncio.run(prepared(server))
        rows, deep = table(), depths()
        assert server.process
        postmaster = server.process.pid
        dsns = {style: server.dsn(login, "bench") for style, login in LOGINS.items()}
        with serving(PROGRAMMES, dsns) as found:
            ask.follow(found["ours"].client)
            for row in rows:
                beside = {s: p for s, p in found.items() if s in row.styles}
                same_answers(row, ask, beside)
                settle(row, ask, {s: (row, p) for s, p in beside.items()}, postmaster)
            ask.walk(found["ours"].client)
            for row in deep:
                pair = {"other": (rows[row.beside], found["ours"]), "ours": (row, found["ours"])}
                settle(row, ask, pair, postmaster)
        count([*rows, *deep], ask, server)
        with serving({"ours": PROGRAMMES["ours"]}, dsns) as found:
            rates = asyncio.run(delivered(server, ask, found["ours"].client))
        told = asyncio.run(version_of(server))
    if not report(lines(rows, deep), rates, told):
        raise SystemExit(1)


async def delivered(server: LocalPostgres, ask: Questions, client: Client) -> list[Rate]:
    """What is measured by the row."""
    found = [await export(server, ask, client), *await webhooks(server, ask, client)]
    return [*found, await importing(server)]


async def version_of(server: LocalPostgres) -> str:
    """PostgreSQL's version and how durable its commits are."""
    c = await asyncpg.connect(server.dsn("postgres", "bench"))
    names = ("server_version", "fsync", "synchronous_commit", "shared_buffers")
    values = [f"{n} {await c.fetchval(f'show {n}')}" for n in names]
    await c.close()
    return ", ".join(values)


if __name__ == "__main__":
    main()
