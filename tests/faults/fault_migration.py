"""A deployment under load: the version before the newest migration, and this one, at once.

The old code is that of the history, as it was before the newest migration came; it is what runs in
a city while the schema moves. Not part of the suite, which needs no history: `make chaos` runs it.
"""

import asyncio
import os
import re
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from integration_api.postgres import schema
from integration_api.postgres.launcher import LocalPostgres
from tests.conftest import SECRET
from tests.operations.shipped import ROOT
from tests.running import environment

SECONDS = float(os.environ.get("CHAOS_SECONDS", "6"))  # noqa: TID251 - `make chaos` asks for more
CALLERS = 6
SCOPES = ("persons:read", "persons:write", "cases:read", "cases:write")
LONGEST = 3.0
"""Seconds of the slowest answer but one in a hundred."""


def git(*words: str) -> str:
    """What git says."""
    done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The code as it was before the newest migration came."""
    there = {str(p.relative_to(ROOT)) for p in (ROOT / "migrations/versions").glob("*.py")}
    for commit in git("rev-list", "--first-parent", "HEAD", "--", "migrations/versions").split():
        had = set(git("ls-tree", "--name-only", f"{commit}^", "migrations/versions/").split())
        if had < there:  # not one that was renamed on its way here
            return unpacked(f"{commit}^", tmp_path_factory.mktemp("before"))
    raise AssertionError("no version before the newest migration is in the history")


def unpacked(commit: str, folder: Path) -> Path:
    """The code of a commit, in a folder."""
    with subprocess.Popen(
        ["git", "archive", commit, "src", "migrations", "openapi"],
        cwd=ROOT, stdout=subprocess.PIPE,
    ) as packed:  # fmt: skip
        subprocess.run(["tar", "-x", "-C", folder], stdin=packed.stdout, check=True)
    return folder


class Site:
    """A database, and commands of the old and of the new code on it."""

    def __init__(self, server: LocalPostgres, name: str, old: Path, folder: Path) -> None:
        self.server, self.name, self.old, self.folder = server, name, old, folder

    def settings(self, code: Path) -> dict[str, str]:
        """The environment of a process."""
        dsn = self.server.dsn
        here = environment(
            DATABASE_URL=dsn("ia_app", self.name),
            SECRET_KEY=SECRET.decode(),
            ENVIRONMENT="test",
            LOG_LEVEL="error",
            CALLER_RATE="100000000/second",
            ADDRESS_RATE="100000000/second",
        )
        return here | {"PYTHONPATH": str(code / "src")}

    def command(
        self, code: Path, *words: str, login: str = "ia_migrator"
    ) -> subprocess.CompletedProcess[str]:
        """A command that may migrate if the login is that of migrations."""
        url = self.server.dsn(login, self.name)
        may = {"INTEGRATION_API_MIGRATION_DATABASE_URL": url} if login == "ia_migrator" else {}
        return subprocess.run(
            [sys.executable, "-m", "integration_api", *words],
            env=self.settings(code) | may,
            cwd=self.folder, capture_output=True, text=True, check=False, timeout=200,
        )  # fmt: skip

    def done(self, code: Path, *words: str) -> str:
        """A command that must go well; what it said."""
        told = self.command(code, *words)
        assert told.returncode == 0, told.stderr
        return told.stdout

    @contextmanager
    def serving(self, code: Path) -> Iterator[str]:
        """The address of `serve`, ended with the block."""
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        with (self.folder / f"{port}.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "integration_api", "serve", f"--port={port}"],
                env=self.settings(code), cwd=self.folder, stdout=log, stderr=log,
            )  # fmt: skip
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(30)


class Load:
    """Callers who read and write without a break; how they were answered, and how soon."""

    def __init__(self, url: str, key: str) -> None:
        self.url, self.key = url, key
        self.answers, self.took, self.ready = Counter[int](), list[float](), Counter[int]()

    async def caller(self, number: int, http: httpx.AsyncClient) -> None:
        """One person more, read again, and the list."""
        for turn in range(1_000_000):
            body = {"name": {"kind": "mononym", "mononym": f"Last-{number}-{turn}"}}
            key = {"Idempotency-Key": f"load-{number:03}-{turn:05}-{id(self)}"[:60]}
            made = await self.call(http, "POST", "/v1/persons", json=body, headers=key)
            if made.status_code == httpx.codes.CREATED:
                await self.call(http, "GET", f"/v1/persons/{made.json()['id']}")
            await self.call(http, "GET", "/v1/persons?limit=5")
            await asyncio.sleep(0.05)

    async def call(
        self, http: httpx.AsyncClient, method: str, path: str, **kw: Any
    ) -> httpx.Response:
        """One call, counted."""
        began = time.monotonic()
        answer = await http.request(method, path, **kw)
        self.took.append(time.monotonic() - began)
        self.answers[answer.status_code] += 1
        return answer

    async def balancer(self, http: httpx.AsyncClient) -> None:
        """Who asks for readiness."""
        while True:
            self.ready[(await http.get("/health/ready")).status_code] += 1
            await asyncio.sleep(0.3)

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Load"]:
        """As long as the block."""
        head = {"Authorization": f"Bearer {self.key}"}
        async with httpx.AsyncClient(base_url=self.url, headers=head, timeout=30) as http:
            await started(http)
            tasks = [asyncio.create_task(self.caller(n, http)) for n in range(CALLERS)]
            tasks.append(asyncio.create_task(self.balancer(http)))
            try:
                yield self
            finally:
                for task in tasks:
                    assert not task.done(), task.exception()
                    task.cancel()
                    with suppress(asyncio.CancelledError):
                        await task

    @property
    def p99(self) -> float:
        """Seconds."""
        return sorted(self.took)[int(len(self.took) * 0.99)]


async def started(http: httpx.AsyncClient) -> None:
    """Wait for a server."""
    for _ in range(300):
        with suppress(httpx.TransportError):
            if (await http.get("/health/ready")).status_code == httpx.codes.OK:
                return
        await asyncio.sleep(0.1)
    raise AssertionError("it did not start")


@asynccontextmanager
async def reading(dsn: str, seconds: float) -> AsyncIterator[None]:
    """Somebody reads every table for so long, as a report would; the block may end sooner."""

    async def read() -> None:
        connection = await asyncpg.connect(dsn)
        try:
            async with connection.transaction():
                rows = await connection.fetch(
                    "select format('ia.%I', tablename) as name from pg_tables"
                    " where schemaname = 'ia'"
                )
                names = ", ".join(row["name"] for row in rows)
                await connection.execute(f"lock table {names} in access share mode")
                holding.set()
                await asyncio.sleep(seconds)
        finally:
            await connection.close()

    holding = asyncio.Event()
    task = asyncio.create_task(read())
    await holding.wait()
    yield
    await task


@pytest.fixture
def site(server: LocalPostgres, before: Path, tmp_path: Path) -> Iterator[Site]:
    """An installation of the old version."""
    name = f"t_before_{os.getpid()}"
    made = Site(server, name, before, tmp_path)
    asyncio.run(_prepared(server, name, (before / "migrations" / "roles.sql").read_text("utf-8")))
    yield made
    asyncio.run(_execute(server.dsn("postgres", "postgres"), f"drop database {name} with (force)"))


async def _prepared(server: LocalPostgres, name: str, roles: str) -> None:
    await _execute(server.dsn("postgres", "postgres"), f"create database {name}")
    await _execute(server.dsn("postgres", name), roles)


async def _execute(dsn: str, sql: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(sql)
    finally:
        await connection.close()


def begun(site: Site) -> str:
    """The old version installed, as docs/operations.md tells; the key of a client."""
    site.done(site.old, "migrate")
    site.done(
        site.old, "init", "--municipality=Musterstadt", "--slug=musterstadt", "--prefix=M",
        "--ags=05999000", "--agency-name=Fallmanagement", "--agency-slug=cases",
        "--agency-type=case_management",
    )  # fmt: skip
    scopes = [f"--scope={scope}" for scope in SCOPES]
    told = site.done(
        site.old, "client", "create", "--agency=cases", "--name=Last", *scopes,
        "--purpose=case_management",
    )  # fmt: skip
    (key,) = re.findall(r"ia_test_\w+", told)
    return str(key)


async def revision(site: Site) -> str | None:
    """Where the schema is."""
    connection = await asyncpg.connect(site.server.dsn("postgres", site.name))
    try:
        return await schema.current(connection)
    finally:
        await connection.close()


async def test_the_schema_moves_under_the_old_code_and_the_new_code_follows(
    site: Site, record_property: Callable[[str, str], None]
) -> None:
    key = await asyncio.to_thread(begun, site)
    was = await revision(site)
    assert was != schema.head()
    early = await asyncio.to_thread(site.command, ROOT, "serve", "--port=0", login="ia_app")
    assert early.returncode == 1
    assert "run `integration-api migrate`" in early.stderr, "new code waits for its schema"
    with site.serving(site.old) as old:
        async with Load(old, key).running() as load:
            superuser = site.server.dsn("postgres", site.name)
            await asyncio.sleep(1)
            await _execute(superuser, schema.roles_sql())
            async with reading(superuser, SECONDS):
                began = time.monotonic()
                await asyncio.to_thread(site.done, ROOT, "migrate")
                migrated = time.monotonic() - began
            assert await revision(site) == schema.head()
            with site.serving(ROOT) as new:
                async with Load(new, key).running() as late:
                    await asyncio.sleep(SECONDS)
    for one in (load, late):
        assert set(one.answers) <= {200, 201, 503}, one.answers
        assert one.answers[503] <= sum(one.answers.values()) / 100
        assert one.p99 <= LONGEST
        assert set(one.ready) == {200}, "it stayed in the balancer"
        assert sum(one.answers.values()) > SECONDS * CALLERS
    record_property(
        "figures",
        f"{was} → {schema.head()} in {migrated:.1f} s behind a reader of {SECONDS:.0f} s: old code"
        f" {sum(load.answers.values())} calls, p99 {load.p99:.2f} s, longest {max(load.took):.2f}"
        f" s, {load.answers[503]} × 503, 0 × 500; new code beside it {sum(late.answers.values())},"
        f" p99 {late.p99:.2f} s",
    )


CHANGE = "alter table ia.person add column left_over text"


async def test_a_change_of_a_busy_table_holds_nobody_up(
    site: Site, record_property: Callable[[str, str], None]
) -> None:
    """The lock of a migration that may not be had, with the bound of ours and, twin, without."""
    key = await asyncio.to_thread(begun, site)
    superuser = site.server.dsn("postgres", site.name)
    bound = re.search(r"lock_timeout = '\d+ms'", (ROOT / "migrations/env.py").read_text("utf-8"))
    assert bound
    waited = {}
    with site.serving(site.old) as url:
        for name, before_it in (("bound", f"set {bound[0]};"), ("twin", "")):
            async with Load(url, key).running() as load, reading(superuser, SECONDS):
                await asyncio.sleep(0.5)
                change = f"{before_it}{CHANGE};alter table ia.person drop column left_over"
                with suppress(asyncpg.LockNotAvailableError):
                    await _execute(superuser, change)
                await asyncio.sleep(1)
            waited[name] = load
    bounded, twin = waited["bound"], waited["twin"]
    assert set(bounded.answers) <= {200, 201, 503}
    assert bounded.answers[503] <= sum(bounded.answers.values()) / 100
    assert max(bounded.took) <= LONGEST
    assert twin.answers[503] > bounded.answers[503], "without the bound they are given up"
    record_property(
        "figures",
        f"ALTER TABLE behind a reader: longest wait {max(bounded.took):.2f} s,"
        f" {bounded.answers[503]} × 503; without lock_timeout {twin.answers[503]} × 503",
    )
