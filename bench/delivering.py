"""What is measured by the row and not by the request: exports and deliveries, beside bare loops."""

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import httpx
from knobs import TOLERANCE, uid
from questions import LARGE, Questions
from telling import tell
from wire import Client

from integration_api import worker
from integration_api.changes import sequencer
from integration_api.edge.vault import Vault
from integration_api.jobs.runner import Runner
from integration_api.jobs.work import Seals
from integration_api.kernel.db import Database, pool
from integration_api.kernel.paging import Cursors
from integration_api.kernel.settings import Settings
from integration_api.postgres.launcher import LocalPostgres

SECRET = bytes(32)
"""That of `served.py`."""
RUNS, ENDPOINTS, DELIVERED, SINGLE = 3, 10, 100, 200
PROMISED_MS = 1000
"""From the commit to the first attempt."""
SAME = f"""select to_json(c) from ia."case" c where id in (
  select case_id from ia.case_access where agency_id = '{uid("a", LARGE)}')"""  # noqa: S608

BEHIND = """select exists (select from ia.outbox where seq is null)
  or (select last from ia.webhook_head) < (select last from ia.feed_head)"""
"""Whether what other rows wrote is still to be numbered, or to be queued."""


@dataclass
class Rate:
    """One line: how fast, and beside what."""

    name: str
    ratio: float | None
    said: str
    target: float | None = None
    value: float | None = None
    """What is held against the target."""

    def within(self, tolerance: float) -> bool:
        """Whether the target times tolerance is reached, or there is none."""
        if self.target is None:
            return True
        promised = self.ratio is None  # in milliseconds, whatever the machine
        most = self.target if promised else self.target * tolerance
        return self.value is not None and self.value <= most

    def verdict(self) -> str:
        """What the table says."""
        if self.target is None:
            return "no target"
        if self.within(1.0):
            return "met"
        return "within noise" if self.within(TOLERANCE) else "MISSED"

    def as_json(self) -> dict[str, Any]:
        """A row of the results."""
        ratio = None if self.ratio is None else round(self.ratio, 3)
        value = None if self.value is None else round(self.value, 3)
        told = {"name": self.name, "ratio": ratio, "said": self.said, "target": self.target}
        judged = {"met": self.within(1.0), "within_tolerance": self.within(TOLERANCE)}
        return told | {"value": value} | (judged if self.target else {"met": None})


def _ask(client: Client, request: bytes, wanted: int) -> Any:
    client.fresh()
    _, status, body = client.ask(request)
    if status != wanted:
        raise SystemExit(f"{request[:60]!r} was answered {status} {body[:300]!r}")
    return json.loads(body)


async def export(server: LocalPostgres, ask: Questions, client: Client) -> Rate:
    """Cases a second of an export, beside a COPY of the same rows to a file; the best of three."""
    ours, bare, lines = list[float](), list[float](), 0
    admin = await asyncpg.connect(server.dsn("postgres", "bench"))
    async with (
        pool(server.dsn("ia_worker", "bench"), 2) as own,
        pool(server.dsn("ia_app", "bench"), 2) as of_clients,
    ):
        seals = Seals(Vault(SECRET), Cursors(SECRET))
        runner = Runner(Database(own), Database(of_clients), worker.KINDS, seals)
        for n in range(RUNS):
            asked = {"body": {"types": ["case"]}, "idempotency_key": f"bench-export-{n}"}
            job = _ask(client, ask.request("POST", "/v1/exports", **asked), 202)
            (taken,) = await runner.take(1)
            began = time.perf_counter()
            await runner.carry(taken)
            ours.append(time.perf_counter() - began)
            done = _ask(client, ask.request("GET", f"/v1/exports/{job['id']}"), 200)
            lines = done["lines"]
            with tempfile.NamedTemporaryFile() as file:
                began = time.perf_counter()
                await admin.copy_from_query(SAME, output=file.name)
                bare.append(time.perf_counter() - began)
                copied = file.read().count(b"\n")
            if copied != lines or not lines:
                raise SystemExit(f"the export has {lines} lines, the copy {copied}")
    await admin.close()
    rate = lines / min(ours)
    return Rate("export ÷ COPY", min(bare) / min(ours), f"{rate:,.0f} rows/s of {lines:,} cases")


@contextmanager
def receiving() -> Iterator[str]:
    """The receiver, a process of its own; where it is."""
    command = [sys.executable, str(Path(__file__).with_name("receiver.py"))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}/"
        finally:
            process.terminate()


async def _arrived(http: httpx.AsyncClient, url: str, ids: list[str]) -> list[tuple[str, float]]:
    """Wait until these events have come to every endpoint."""
    found: list[tuple[str, float]] = []
    async with asyncio.timeout(120):
        while len(found) < len(ids) * ENDPOINTS:
            await asyncio.sleep(0.05)
            found += [(id, at) for id, at in (await http.get(url)).json() if id in ids]
    return found


async def _many(admin: asyncpg.Connection, http: httpx.AsyncClient, url: str) -> Rate:
    """A burst to several endpoints, beside the same number of posts one after the other."""
    began = time.monotonic()
    found = await _arrived(http, url, await tell(admin, 1001, DELIVERED))
    count = len(found)
    ours = max(at for _, at in found) - began
    (body,) = await admin.fetchrow("select body from ia.outbox where agg_version = 1001 limit 1")
    began = time.monotonic()
    for _ in range(count):
        await http.post(url, content=body, headers={"webhook-id": "bare"})
    bare = time.monotonic() - began
    await http.get(url)
    said = f"{count / ours:,.0f}/s from the commit on"
    return Rate("deliveries ÷ loop of httpx posts", bare / ours, said)


async def _single(admin: asyncpg.Connection, http: httpx.AsyncClient, url: str) -> Rate:
    """One event after the other: from its commit to its first attempt."""
    committed: dict[str, float] = {}
    for n in range(SINGLE):
        (id,) = await tell(admin, 1002, 1, n)
        committed[id] = time.monotonic()
        await asyncio.sleep(0.05)
    first: dict[str, float] = {}
    for id, at in await _arrived(http, url, list(committed)):
        first[id] = min(at, first.get(id, at))
    waited = sorted((first[id] - at) * 1000 for id, at in committed.items())
    p50, p99 = (waited[int(len(waited) * q)] for q in (0.5, 0.99))
    said = f"p50 {p50:.0f} ms, p99 {p99:.0f} ms, promised {PROMISED_MS} ms"
    return Rate("commit to first attempt", None, said, PROMISED_MS, round(p99, 1))


async def webhooks(server: LocalPostgres, ask: Questions, client: Client) -> list[Rate]:
    """The worker's own sequencer and sender, to a receiver in another process."""
    stop, dsn = asyncio.Event(), server.dsn
    with receiving() as url:
        admin = await asyncpg.connect(dsn("postgres", "bench"))
        async with (
            pool(dsn("ia_worker", "bench"), 1) as numbering,
            pool(dsn("ia_worker", "bench"), worker.SENDERS) as senders,
            pool(dsn("ia_app", "bench"), worker.JUDGES) as judges,
            httpx.AsyncClient(timeout=30) as http,
            asyncio.TaskGroup() as group,
        ):
            sender = worker.sender(senders, judges, Settings(environment="test"), SECRET)
            group.create_task(sequencer.run(Database(numbering), stop))
            group.create_task(sender.run(stop))
            while await admin.fetchval(BEHIND):  # noqa: ASYNC110 - the jobs above end this wait
                await asyncio.sleep(0.1)
            for _ in range(ENDPOINTS):
                told = {"url": url, "types": ["case.changed"]}
                _ask(client, ask.request("POST", "/v1/webhook-endpoints", body=told), 201)
            try:
                return [await one(admin, http, url) for one in (_many, _single)]
            finally:
                stop.set()
                await admin.close()
