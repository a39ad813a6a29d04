"""`make bench`: ours beside the limit and beside AsyncSession, one run, interleaved, ratios only.

Short form: N=300 requests a row, ROWS=100000 cases. Exits 1 above 1.3 × a target, on a round trip too
many, on any answer that is not 2xx, or where the programmes' answers differ.
"""

import asyncio
import contextlib
import http.client
import json
import os
import platform
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg

from integration_api.kernel.principal import digest, new_key
from integration_api.postgres import schema
from integration_api.postgres.launcher import LocalPostgres

HERE = Path(__file__).parent
N = int(os.environ.get("N", "300"))  # noqa: TID251 - knobs of the bench
ROWS = int(os.environ.get("ROWS", "100000"))  # noqa: TID251
TOLERANCE = 1.3 if ROWS <= 100_000 else 1.2
BLOCK = 25
STYLES = {"limit": "postgres", "ours": "ia_app", "session": "ia_app"}
PROGRAMMES = {"limit": "limit:app", "ours": "served:app", "session": "naive_core:app"}


def uid(head: str, n: int) -> str:
    """An id of the seed."""
    return f"{head}0000000-0000-7000-8000-{n:012d}"


@dataclass
class Row:
    """One line of the table: what is asked for, and what may be reached."""

    name: str
    target_p10: float
    target_cpu: float
    trips: int
    beside_session: float | None = None
    times: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    cpu: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    non_2xx: int = 0
    counted: int = 0


ROWS_OF_TABLE = [
    Row("GET case, logged, durable", 3.3, 3.0, 3, 1.7),
    Row("GET agency", 2.2, 2.4, 3),
    Row("list 50 cases", 2.5, 2.4, 3, 1.5),
    Row("POST case", 1.9, 2.1, 3, 1.5),
    Row("POST accept", 1.9, 2.3, 4, 1.5),
]


class Client:
    """One kept-alive connection; it reconnects where the server gave up an idle one."""

    def __init__(self, port: int, headers: dict[str, str]) -> None:
        self.port, self.headers = port, headers
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

    def ask(
        self, method: str, path: str, body: bytes | None = None, extra: dict[str, str] | None = None
    ) -> tuple[float, int, bytes, Any]:
        """Seconds, status, body, headers."""
        headers = self.headers | (extra or {})
        began = time.perf_counter()
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        read = answer.read()
        return time.perf_counter() - began, answer.status, read, answer.headers

    def fresh(self) -> None:
        """A new connection, before the clock starts."""
        self.connection.close()
        self.connection.connect()


def cpu_of(pids: list[int]) -> int:
    """CPU nanoseconds of processes; `stat` ticks of 10 ms are too coarse for a block."""
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            total += int(Path(f"/proc/{pid}/schedstat").read_text().split()[0])
    return total


def postgres_pids(postmaster: int) -> list[int]:
    """The postmaster and all its children, since the WAL writer works for us too."""
    path = Path(f"/proc/{postmaster}/task/{postmaster}/children")
    return [postmaster, *map(int, path.read_text().split())]


def free_port() -> int:
    """A port of loopback."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


async def prepared(server: LocalPostgres) -> tuple[dict[int, str], list[str]]:
    """Migrate and seed; the keys of three agencies, and the referrals that wait."""
    admin = await asyncpg.connect(server.dsn("postgres", "postgres"))
    await admin.execute("create database bench")
    await admin.close()
    c = await asyncpg.connect(server.dsn("postgres", "bench"))
    await c.execute(schema.roles_sql())
    await schema.migrate(server.dsn("postgres", "bench"))
    await c.execute((HERE / "seed.sql").read_text("utf-8").replace(":rows", str(ROWS)))
    keys = {}
    for n in (1, 39):
        keys[n], hashed = new_key("test")
        later = datetime.now(UTC) + timedelta(days=1)  # noqa: TID251 - no rule asks
        await c.execute(
            "insert into ia.api_key values ($1, $2, $3, $4, now(), $5)",
            UUID(uid("1", n)), UUID(uid("b", 1)), UUID(uid("c", n)), digest(hashed and keys[n]), later,
        )  # fmt: skip
    await c.execute("vacuum analyze")
    waiting = await c.fetch(
        "select id from ia.referral where recipient_agency_id = $1 order by topic, id", UUID(uid("a", 1))
    )
    await c.close()
    return keys, [str(r["id"]) for r in waiting]


@contextlib.contextmanager
def serving(server: LocalPostgres) -> Iterator[dict[str, tuple[int, int]]]:
    """Port and pid of each programme; `counted` is ours with counted round trips."""
    started, found = [], {}
    for name, target in {**PROGRAMMES, "counted": "served:counted"}.items():
        port = free_port()
        dsn = server.dsn(STYLES.get(name, "ia_app"), "bench")
        process = subprocess.Popen(
            [sys.executable, "-m", "uvicorn", target, "--port", str(port), "--log-level", "error",
             "--no-access-log"],
            cwd=HERE, env=os.environ | {"BENCH_DSN": dsn},  # noqa: TID251
        )  # fmt: skip
        started.append(process)
        found[name] = (port, process.pid)
    try:
        for port, _ in found.values():
            _wait(port)
        yield found
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait(10)


def _wait(port: int) -> None:
    for _ in range(300):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.1)
    raise SystemExit("a programme did not start")


class Requests:
    """What is asked in each row; nothing invisible, a fresh referral for each acceptance."""

    def __init__(self, waiting: list[str]) -> None:
        quarter = len(waiting) // 4
        self.waiting = {
            s: iter(waiting[i * quarter : (i + 1) * quarter])
            for i, s in enumerate([*PROGRAMMES, "counted"])
        }
        self.mine = [n for n in range(401, ROWS) if n % 20 == 0]
        self.serial = 0

    def of(self, row: Row, style: str) -> tuple[str, str, bytes | None, dict[str, str]]:
        """Method, path, body, headers."""
        n = random.choice(self.mine)  # noqa: S311 - no secret
        if row.name.startswith("GET case"):
            return "GET", f"/v1/cases/{uid('8', n)}", None, {}
        if row.name.startswith("GET agency"):
            return "GET", f"/v1/agencies/{uid('a', 1 + n % 40)}", None, {}
        if row.name.startswith("list"):
            return "GET", "/v1/cases?limit=50", None, {}
        if row.name == "POST case":
            self.serial += 1
            body = {
                "participants": [{"person_id": uid("9", n), "role": "client"}],
                "concerns": [{"life_area": "language", "topic": "language_course"}],
                "external_ids": [],
            }
            return "POST", "/v1/cases", json.dumps(body).encode(), {"Idempotency-Key": f"b-{self.serial:08d}"}
        self.serial += 1
        key = {"Idempotency-Key": f"b-{self.serial:08d}", "If-Match": '"2"'}
        return "POST", f"/v1/referrals/{next(self.waiting[style])}/accept", None, key


def essence(row: Row, body: bytes) -> Any:
    """What must be equal: ids and instants of creates masked, cursors and rights left out."""
    read = json.loads(body)
    if row.name.startswith("list"):
        items = read["items"] if isinstance(read, dict) else read
        return [i["id"] for i in items]
    if row.name == "POST case":
        return read["status"], read["concerns"]
    if row.name == "POST accept":
        return read["status"]
    kept = ("id", "slug", "reference", "status", "participants", "concerns", "municipality")
    return {k: read[k] for k in kept if k in read}


def measure(server: LocalPostgres, keys: dict[int, str], waiting: list[str]) -> None:
    """Equal answers first, then the blocks, then the exact round trips."""
    ask = Requests(waiting)
    with serving(server) as found:
        headers = {"Authorization": f"Bearer {keys[1]}", "Content-Type": "application/json"}
        clients = {s: Client(p, headers | {"x-agency": uid("a", 1)}) for s, (p, _) in found.items()}
        assert server.process
        postmaster = server.process.pid
        for row in ROWS_OF_TABLE:
            _equal(row, ask, clients)
            for _ in range(N // BLOCK):
                for style in random.sample(list(PROGRAMMES), len(PROGRAMMES)):
                    _block(row, style, ask, clients[style], found[style][1], postmaster)
            _, status, _, told = _one(row, "counted", ask, clients["counted"])
            _, status, _, told = _one(row, "counted", ask, clients["counted"])
            row.counted, row.non_2xx = int(told["x-trips"]), row.non_2xx + (status >= 300)
        _depth(keys, found["ours"][0])


def _one(row: Row, style: str, ask: Requests, client: Client) -> tuple[float, int, bytes, Any]:
    method, path, body, extra = ask.of(row, style)
    return client.ask(method, path, body, extra)


def _equal(row: Row, ask: Requests, clients: dict[str, Client]) -> None:
    random.seed(row.name)
    method, path, body, _ = ask.of(row, "ours")
    answers = {}
    for style in PROGRAMMES:
        if method == "POST":
            clients[style].fresh()
            answers[style] = _one(row, style, ask, clients[style])
        else:
            answers[style] = clients[style].ask(method, path, body)
    if bad := {s: (a[1], a[2][:200]) for s, a in answers.items() if a[1] >= 300}:
        raise SystemExit(f"{row.name}: {bad}")
    first, *others = (essence(row, a[2]) for a in answers.values())
    if any(o != first for o in others):
        raise SystemExit(f"{row.name}: the programmes answer differently: {first} {others}")


def _block(
    row: Row, style: str, ask: Requests, client: Client, pid: int, postmaster: int
) -> None:
    requests = [ask.of(row, style) for _ in range(BLOCK)]
    client.fresh()
    before = cpu_of([pid, *postgres_pids(postmaster)])
    for method, path, body, extra in requests:
        seconds, status, _, _ = client.ask(method, path, body, extra)
        row.times[style].append(seconds)
        row.non_2xx += status >= 300
    row.cpu[style] += cpu_of([pid, *postgres_pids(postmaster)]) - before


DEPTH: dict[str, float] = {}


def _depth(keys: dict[int, str], port: int) -> None:
    """Our list at row 2,000, and for an agency that sees 400 cases, beside our own first page."""
    large = Client(port, {"Authorization": f"Bearer {keys[1]}"})
    small = Client(port, {"Authorization": f"Bearer {keys[39]}"})
    path, first = "/v1/cases?limit=50", "/v1/cases?limit=50"
    for _ in range(40):
        cursor = json.loads(large.ask("GET", path)[2])["page"]["next_cursor"]
        path = f"/v1/cases?limit=50&cursor={cursor}"
    times: dict[str, list[float]] = defaultdict(list)
    for _ in range(max(4, N // BLOCK)):
        for name, client, asked in (("first", large, first), ("deep", large, path), ("few", small, first)):
            client.fresh()
            for _ in range(BLOCK):
                seconds, status, _, _ = client.ask("GET", asked)
                times[name].append(seconds)
                if status != 200:
                    raise SystemExit(f"{name}: {status}")
    DEPTH["list 50 at row 2,000"] = _p10(times["deep"]) / _p10(times["first"])
    DEPTH["list 50, agency that sees 400"] = _p10(times["few"]) / _p10(times["first"])


def _p10(values: list[float]) -> float:
    return sorted(values)[len(values) // 10]


def report() -> bool:
    """Print the table, write results/latest.json; whether everything was met."""
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()},"
          f" {ROWS:,} cases, N = {N}, tolerance {TOLERANCE}")  # fmt: skip
    print(f"{'row':32}{'p10':>7}{'target':>8}{'CPU':>7}{'target':>8}{'trips':>7}{'÷ session':>11}  met")
    rows = []
    for row in ROWS_OF_TABLE:
        p10 = _p10(row.times["ours"]) / _p10(row.times["limit"])
        cpu = row.cpu["ours"] / row.cpu["limit"]
        faster = _p10(row.times["session"]) / _p10(row.times["ours"])
        met = (
            p10 <= row.target_p10 * TOLERANCE
            and cpu <= row.target_cpu * TOLERANCE
            and row.counted <= row.trips
            and row.non_2xx == 0
        )
        print(f"{row.name:32}{p10:7.2f}{row.target_p10:8.1f}{cpu:7.2f}{row.target_cpu:8.1f}"
              f"{row.counted:>4}/{row.trips}{faster:11.2f}  {'yes' if met else 'NO'}")  # fmt: skip
        rows.append({
            "name": row.name, "ratio_p10": round(p10, 2), "ratio_cpu": round(cpu, 2),
            "statements": row.counted, "non_2xx": row.non_2xx, "target": row.target_p10,
            "times_faster_than_session": round(faster, 2), "met": met,
        })  # fmt: skip
    for name, target in (("list 50 at row 2,000", 1.15), ("list 50, agency that sees 400", 1.2)):
        met = DEPTH[name] <= target * TOLERANCE
        print(f"{name:32}{DEPTH[name]:7.2f}{target:8.2f}{'':32}{'yes' if met else 'NO'}")
        rows.append({
            "name": name, "ratio_p10": round(DEPTH[name], 2), "ratio_cpu": None, "statements": 3,
            "non_2xx": 0, "target": target, "met": met,
        })  # fmt: skip
    results = HERE / "results"
    results.mkdir(exist_ok=True)
    text = json.dumps({"rows": rows, "rows_seeded": ROWS, "n": N}, indent=1)
    (results / "latest.json").write_text(text + "\n")
    return all(r["met"] for r in rows)


def main() -> None:
    """Boot, seed, measure, judge."""
    root = Path(tempfile.mkdtemp(prefix="ia-bench-"))
    root.chmod(0o755)
    server = LocalPostgres(root)
    server.start()
    try:
        keys, waiting = asyncio.run(prepared(server))
        measure(server, keys, waiting)
    finally:
        server.stop()
        shutil.rmtree(root, ignore_errors=True)
        shutil.rmtree(server.root, ignore_errors=True)
    if not report():
        raise SystemExit(1)


if __name__ == "__main__":
    main()
