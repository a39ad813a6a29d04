"""`serve` and `worker` on the database of a test, and whatever else a test may kill."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from integration_api.postgres.launcher import LocalPostgres
from tests.conftest import SECRET
from tests.running import PROGRAM, environment


class Stored(Protocol):
    """A database of a server."""

    @property
    def server(self) -> LocalPostgres:
        """Where it is."""

    @property
    def name(self) -> str:
        """What it is called."""


def settings_of(town: Stored, folder: Path) -> dict[str, str]:
    """The environment of service processes on the database of `town`; files go to `folder`."""
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    dsn = town.server.dsn
    return environment(
        DATABASE_URL=dsn("ia_app", town.name),
        WORKER_DATABASE_URL=dsn("ia_worker", town.name),
        SECRET_KEY=SECRET.decode(),
        AUDIT_KEY=pem,
        AUDIT_ANCHOR=str(folder / "anchor.jsonl"),
        ENVIRONMENT="test",
        LOG_LEVEL="error",
        CALLER_RATE="100000000/second",
        ADDRESS_RATE="100000000/second",
    )


class Process:
    """A process that can be killed and started again."""

    def __init__(self, command: Sequence[str], settings: dict[str, str], log: Path) -> None:
        self._command, self._settings, self._log = list(command), settings, log
        self.killed = 0
        self.start()

    def start(self) -> None:
        """Start it; what it writes is appended to its log."""
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                self._command, env=self._settings, stdout=log, stderr=log
            )

    def end(self) -> None:
        """SIGKILL."""
        self.process.kill()
        self.process.wait(10)

    def again(self) -> None:
        """SIGKILL, and a new one."""
        self.end()
        self.killed += 1
        self.start()


def worker(settings: dict[str, str], folder: Path) -> Process:
    """`integration-api worker`."""
    return Process([str(PROGRAM), "worker"], settings, folder / "worker.log")


def server(settings: dict[str, str], folder: Path, port: int) -> Process:
    """`integration-api serve`."""
    command = [str(PROGRAM), "serve", f"--port={port}"]
    return Process(command, settings, folder / "server.log")


def sync_client(key: str, secret: str, folder: Path, name: str, *options: str) -> Process:
    """`python -m sync_client`, the example as it stands."""
    path = str(Path(__file__).parents[1] / "examples" / "sync-client")
    settings = environment() | {"SYNC_KEY": key, "SYNC_SECRET": secret, "PYTHONPATH": path}
    store = f"--store={folder / name}"
    command = [sys.executable, "-m", "sync_client", store, *options]
    return Process(command, settings, folder / f"{name}.out")
