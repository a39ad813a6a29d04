"""The programmes that are measured beside each other, one process each."""

import contextlib
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode
from venv import create

from knobs import ENVIRONMENT, uid
from wire import Client

from integration_api.cases.lifecycle import CASE

HERE = Path(__file__).parent
KEPT = HERE.parent / "var" / "bench"
"""The server whose template databases later runs use again; logs, and the peers' environment."""
LOCK = HERE / "peers" / "requirements.lock"
ACTIONS = {s.value: CASE.actions(s, frozenset({"lead"})) for s in CASE.states}
ROLE = {  # what the service's role is given by a migration, for who logs in as superuser
    "timezone": "UTC",
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
    "plan_cache_mode": "force_generic_plan",
}


@dataclass(frozen=True)
class Style:
    """How one of them is started, and as whom it logs in."""

    target: str
    login: str = "ia_app"
    parameters: dict[str, str] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)

    def command(self, port: int) -> Sequence[str]:
        """What is run."""
        if self.target.startswith("peers."):
            return (
                str(peers() / "bin" / "gunicorn"), self.target.removeprefix("peers."),
                *("--chdir", str(HERE / "peers"), "--bind", f"127.0.0.1:{port}"),
                *("--workers", "1", "--threads", "8", "--keep-alive", "75"),
                "--no-control-socket",
            )  # fmt: skip
        plain = ("--no-access-log", "--no-server-header", "--no-proxy-headers")
        return (sys.executable, "-m", "uvicorn", self.target, "--port", str(port), *plain)

    def started(self, name: str, port: int, dsn: str) -> subprocess.Popen[bytes]:
        """The process; what it writes to standard error is kept."""
        if self.parameters:
            dsn += "&" + urlencode(self.parameters)
        told = {**ENVIRONMENT, **self.environment, "BENCH_DSN": dsn}
        with (KEPT / f"{name}.log").open("wb") as log:
            return subprocess.Popen(self.command(port), cwd=HERE, env=told, stderr=log)


STYLES = {
    "limit": Style("limit:app", "postgres"),
    "ours": Style("served:app"),
    "later": Style(
        "served:app", environment={"INTEGRATION_API_DURABLE_ACCESS_RECORDS": "false"}
    ),
    "open": Style("served:app", "postgres", ROLE),
    "session": Style("naive_core:app"),
    "orm": Style("naive_orm:app"),
    "ninja": Style(
        "peers.django_ninja:app",
        "postgres",
        environment={"BENCH_CITY": uid("b", 1), "BENCH_ACTIONS": json.dumps(ACTIONS)},
    ),
}  # fmt: skip


@dataclass
class Programme:
    """One measured programme: its client and its processes."""

    client: Client
    pid: int

    @property
    def pids(self) -> list[int]:
        """The process and its workers."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text()
        return [self.pid, *map(int, children.split())]


def peers() -> Path:
    """An environment with the peers' own lock, made once."""
    place = KEPT / "peers"
    mark = place / "lock"
    if not mark.exists() or mark.read_bytes() != LOCK.read_bytes():
        create(place, with_pip=True, clear=True)
        install = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check")
        subprocess.run(
            [place / "bin" / "python", *install, "--require-hashes", "-r", LOCK], check=True
        )
        mark.write_bytes(LOCK.read_bytes())
    return place


@contextlib.contextmanager
def serving(
    dsns: dict[str, str], names: Iterable[str] = STYLES, all_are: str | None = None
) -> Iterator[dict[str, Programme]]:
    """These programmes, one process each, each on the database that is named for it.

    With `all_are` they are the same programme under different names.
    """
    started: dict[str, tuple[int, subprocess.Popen[bytes]]] = {}
    try:
        for name in names:
            with socket.create_server(("127.0.0.1", 0)) as door:
                port = int(door.getsockname()[1])
            started[name] = (port, STYLES[all_are or name].started(name, port, dsns[name]))
        for name, (port, process) in started.items():
            _wait(name, port, process)
        yield {name: Programme(Client(port), p.pid) for name, (port, p) in started.items()}
    finally:
        for _, process in started.values():
            process.terminate()
        for _, process in started.values():
            process.wait(10)


def _wait(name: str, port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(1200):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        if process.poll() is not None:
            break
        time.sleep(0.1)
    raise SystemExit(f"{name} did not start: {KEPT / name}.log")


def cpu_of(pids: Sequence[int]) -> int:
    """CPU nanoseconds of processes; the ticks of `stat` are too coarse for a block."""
    total = 0
    for pid in pids:
        for path in Path(f"/proc/{pid}/task").glob("*/schedstat"):
            with contextlib.suppress(OSError):
                total += int(path.read_text().split()[0])
    return total
