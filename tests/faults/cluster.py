"""A PostgreSQL of one's own: with every guarantee, on loopback, as a child that may be killed."""

import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import asyncpg

from integration_api.postgres.launcher import ENVIRONMENT, LocalPostgres
from tests.conftest import clone, make_template, town

TRUSTED = "local all all trust\nhost all,replication all 127.0.0.1/32 trust\n"


def free_port() -> int:
    """A port of loopback that nobody has."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


class Cluster(LocalPostgres):
    """Durable, unlike the suite's server; listens on loopback, for these tests only.

    `more` are further settings of the server; `wal` is where its log goes, if not beside the data.
    """

    def __init__(self, root: Path, programs: Path, wal: Path | None = None, /, **more: str) -> None:
        super().__init__(root, bin_dir=programs)
        self.port, self.more, self.wal = free_port(), more, wal

    def dsn(self, user: str, database: str) -> str:
        """Its address over TCP."""
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}"

    def kill(self) -> None:
        """SIGKILL the postmaster and wait for it; its children follow by themselves."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def again(self) -> Self:
        """Start it anew on the same data."""
        self._run(60)
        return self

    def program(self, name: str, *arguments: str | Path) -> None:
        """Run one of PostgreSQL's programs as the server's account.

        Raises:
            AssertionError: it failed; with what it said.
        """
        command = [str(self.tool(name)), *map(str, arguments)]
        done = subprocess.run(
            command, cwd="/", env=ENVIRONMENT, capture_output=True, text=True, **self._as_owner()
        )
        assert done.returncode == 0, done.stderr

    def _settings(self) -> dict[str, str]:
        ours = {"listen_addresses": "127.0.0.1", "port": str(self.port)}
        return super()._settings() | ours | {"shared_buffers": "32MB"} | self.more

    def _initialise(self) -> None:
        super()._initialise()
        (self.data / "pg_hba.conf").write_text(TRUSTED, encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Place:
    """A database that processes are told of."""

    server: LocalPostgres
    name: str

    async def ask(self, sql: str, *given: object) -> list[asyncpg.Record]:
        """Rows, as the superuser, on a connection of its own."""
        connection = await asyncpg.connect(self.server.dsn("postgres", self.name), timeout=10)
        try:
            found: list[asyncpg.Record] = await connection.fetch(sql, *given)
        finally:
            await connection.close()
        return found


@asynccontextmanager
async def running(
    born: LocalPostgres, wal: Path | None = None, /, **more: str
) -> AsyncIterator[Cluster]:
    """A copy of the cluster `born` that runs; it and its folder are gone afterwards."""
    root = Path(tempfile.mkdtemp(prefix="ia-fault-"))
    root.chmod(0o755)
    try:
        with copied(born, root, wal, **more) as cluster:
            yield cluster
    finally:
        shutil.rmtree(root, ignore_errors=True)


def copied(born: LocalPostgres, root: Path, wal: Path | None = None, /, **more: str) -> Cluster:
    """A copy of the cluster `born`, not started."""
    cluster = Cluster(root, born.bin, wal, **more)
    subprocess.run(["cp", "-a", str(born.data), str(cluster.data)], check=True)
    if wal is not None:
        subprocess.run(["cp", "-a", str(cluster.data / "pg_wal"), str(wal)], check=True)
        shutil.rmtree(cluster.data / "pg_wal")
        (cluster.data / "pg_wal").symlink_to(wal)
    return cluster


async def gave_birth(programs: Path, root: Path) -> Cluster:
    """A cluster with the template of the suite, stopped: what the others are copies of."""
    with Cluster(root, programs) as cluster:
        await make_template(cluster)
    return cluster


__all__ = ["Cluster", "Place", "clone", "copied", "free_port", "gave_birth", "running", "town"]
