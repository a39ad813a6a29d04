"""A fresh server and a fresh database with rows, for one part of the fuzzer's run."""

import asyncio
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import requests

from integration_api.edge.logs import configure_logging
from integration_api.postgres.launcher import LocalPostgres
from tests.conftest import make_template
from tests.contract.fuzz_server import Seeds, Served


async def _prepare(server: LocalPostgres) -> None:
    """A template with the cast, and more time for a statement: a slow machine is no finding."""
    await make_template(server)
    admin = await asyncpg.connect(server.dsn("postgres", "postgres"))
    try:
        await admin.execute("alter role ia_app set statement_timeout = '10s'")
    finally:
        await admin.close()


@contextmanager
def fresh() -> Iterator[Seeds]:
    """The rows of a PostgreSQL, a database and a server that nobody has used before."""
    configure_logging("error")
    root = Path(tempfile.mkdtemp(prefix="ia-fuzz-"))
    root.chmod(0o755)  # as root, PostgreSQL runs as another account
    server = LocalPostgres(root, fast=True)
    server.start()
    try:
        asyncio.run(_prepare(server))
        with Served(server) as served, requests.Session() as session:
            session.trust_env = False
            yield Seeds(served, session)
    finally:
        server.stop()
        shutil.rmtree(root, ignore_errors=True)
        shutil.rmtree(server.root, ignore_errors=True)
