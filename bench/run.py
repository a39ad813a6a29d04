"""`make bench`: ours beside the limit and beside AsyncSession, one run, interleaved, ratios only.

The short form asks N = 300 times a row on 100,000 cases. Exits 1 beyond 1.3 × a target (1.2 in the
full form), on a round trip too many, on any answer that is not 2xx, and where answers differ.
Nothing but ratios of one run may be compared; 20 % is noise, so a row that misses is measured
twice more and judged by all three.
"""

import asyncio
import random
import tempfile
from pathlib import Path

import asyncpg
from delivering import Rate, export, webhooks
from importing import importing
from knobs import N
from loading import loading
from programmes import KEPT, STYLES, Programme, cpu_of, serving
from questions import (
    Questions,
    Row,
    depths,
    essence,
    table,
)
from report import holds, lines, progress, report
from seeding import prepared
from wire import Client, Witness

from integration_api.postgres.launcher import PORT, LocalPostgres

BLOCK = 25
WARM = 8
COUNTED = ("limit", "ours", "session", "orm")
LOADED = ("limit", "ours", "later", "session")


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
            pids = [*programme.pids, *Programme(programme.client, postmaster).pids]
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
    if not holds(row, "other" if "other" in named else "limit"):
        for _ in range(2):
            measure(row, ask, named, postmaster)


def count(rows: list[Row], ask: Questions, server: LocalPostgres) -> None:
    """Round trips of one request, seen on the wire between programme and server."""
    with tempfile.TemporaryDirectory(prefix="ia-wire-") as folder:
        witness = Witness(Path(folder), server.sock / f".s.PGSQL.{PORT}")
        dsns = {
            name: f"postgresql://{style.login}@/bench?host={folder}&port={PORT}"
            for name, style in STYLES.items()
        }
        with serving(dsns, COUNTED) as found:
            for row in rows:
                for style in row.styles:
                    if style in found:
                        row.counted[style] = _trips(row, ask, style, found[style], witness)
        print("round trips:", *(f"{row.name} {row.counted}" for row in rows), sep="\n  ")


def _trips(row: Row, ask: Questions, style: str, programme: Programme, witness: Witness) -> int:
    programme.client.fresh()
    seen = []
    for _ in range(2 * WARM):
        before = witness.trips
        _, status, _ = programme.client.ask(row.ask(ask, style))
        seen.append(witness.trips - before)
        row.non_2xx += status >= 300
    return max(seen[WARM:])  # the first ones prepare statements


def main() -> None:
    """Boot, seed, measure, judge."""
    KEPT.mkdir(parents=True, exist_ok=True)
    with LocalPostgres(KEPT) as server:
        ask = asyncio.run(prepared(server))
        rows, deep = table(), depths()
        assert server.process
        postmaster = server.process.pid
        dsns = {name: server.dsn(style.login, "bench") for name, style in STYLES.items()}
        with serving(dsns) as found:
            ask.follow(found["ours"].client)
            for row in rows:
                beside = {s: p for s, p in found.items() if s in row.styles}
                same_answers(row, ask, beside)
                settle(row, ask, {s: (row, p) for s, p in beside.items()}, postmaster)
                print(progress(row), flush=True)
            ask.walk(found["ours"].client)
            for row in deep:
                pair = {"other": (rows[row.beside], found["ours"]), "ours": (row, found["ours"])}
                settle(row, ask, pair, postmaster)
            rates = loading(ask, {name: found[name] for name in LOADED})
        count([*rows, *deep], ask, server)
        with serving(dsns, ["ours"]) as found:
            rates += asyncio.run(delivered(server, ask, found["ours"].client))
        told = asyncio.run(version_of(server))
    if not report(lines(rows, deep), rates, told):
        raise SystemExit(1)


async def delivered(server: LocalPostgres, ask: Questions, client: Client) -> list[Rate]:
    """What is measured by the row."""
    found = [await export(server, ask, client), *await webhooks(server, ask, client)]
    return [*found, *await importing(server)]


async def version_of(server: LocalPostgres) -> str:
    """PostgreSQL's version and how durable its commits are."""
    c = await asyncpg.connect(server.dsn("postgres", "bench"))
    names = ("server_version", "fsync", "synchronous_commit", "shared_buffers")
    values = [f"{n} {await c.fetchval(f'show {n}')}" for n in names]
    await c.close()
    return ", ".join(values)


if __name__ == "__main__":
    main()
