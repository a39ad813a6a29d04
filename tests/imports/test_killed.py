"""An import whose worker is killed ends as one that was left alone."""

import asyncio
import os
import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from integration_api.cases import service_upsert
from integration_api.imports import service_work
from integration_api.postgres.launcher import LocalPostgres
from tests.conftest import SECRET, Committed, town
from tests.imports.sent import HOUSING, LANGUAGE, line, ndjson, problems, read, waiting
from tests.jobs.running import drain, end_lease
from tests.make import Made

ROOT = Path(__file__).parents[2]
LINES = int(os.environ.get("CHAOS_LINES", "1200"))  # noqa: TID251 - `make chaos` asks for more
PART = 20_000
"""Lines of one part."""
WORKER = """
import asyncio, sys
from integration_api.kernel.db import Database, WriteTx, pool
from integration_api.edge.vault import Vault
from integration_api.imports.statements import GO_ON
from integration_api.jobs.runner import Runner
from integration_api.jobs.work import BRACKETS, Seals
from integration_api.kernel.paging import Cursors
from integration_api.worker import KINDS

row = WriteTx.row

async def told(self, statement, **given):
    found = await row(self, statement, **given)
    if statement is GO_ON:
        print(given["at_record"], flush=True)  # not committed yet
    return found

WriteTx.row = told

async def main(own, app, secret):
    seals = Seals(Vault(secret.encode()), Cursors(secret.encode()))
    async with pool(own, 2) as one, pool(app, 2) as other:
        runner = Runner(Database(one), Database(other, BRACKETS), KINDS, seals)
        for taken in await runner.take(1):
            await runner.carry(taken)

asyncio.run(main(*sys.argv[1:]))
"""
STATE = """
select e.value, c.concerns, c.version, c.status, (select count(*) from ia.case_participant p
    where p.case_id = c.id) as people,
  (select array_agg(o.type order by o.agg_version) from ia.outbox o where o.agg_id = c.id) as told,
  (select count(*) from ia.audit_entry a where a.municipality_id = c.municipality_id
    and a.object_id = c.id::text) as entries
from ia."case" c join ia.case_external_id e on e.case_id = c.id order by e.value"""


def content(persons: list[Made]) -> list[bytes]:
    """Lines of which one in a hundred is wrong, one in fifty comes twice with other concerns."""
    draw = random.Random(4711)  # noqa: S311 - the same lines each time
    lines: list[Any] = []
    for n in range(LINES):
        one = line(f"A-{n}", persons[n % len(persons)], concerns=[LANGUAGE])
        lines.append("{" if n % 100 == 99 else one)
        if n % 50 == 7:
            lines.append(line(f"A-{draw.randrange(n + 1)}", concerns=[HOUSING]))
    return [ndjson(lines[at : at + PART]) for at in range(0, len(lines), PART)]


async def killed(one: Committed, after: int) -> None:
    """A worker of its own, killed when it is about to commit its `after`-th batch."""
    dsn = one.server.dsn
    arguments = [dsn("ia_worker", one.name), dsn("ia_app", one.name), SECRET.decode()]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", WORKER, *arguments, stdout=subprocess.PIPE, cwd=ROOT
    )
    assert process.stdout is not None
    for _ in range(after):
        assert await asyncio.wait_for(process.stdout.readline(), 60)
    os.kill(process.pid, signal.SIGKILL)
    assert await process.wait() == -signal.SIGKILL
    assert await drain(one) == 0, "its lease still holds"
    await end_lease(one)


async def merged(one: Committed, parts: list[bytes], kills: tuple[int, ...]) -> Made:
    """An import of these parts whose worker is killed so often."""
    asked = await waiting(one.clients, *parts)
    for after in kills:
        await killed(one, after)
    assert await drain(one) == 1
    return await read(one.clients, asked.id)


async def state(one: Committed) -> list[Any]:
    """All cases, as far as two databases can have them alike."""
    return [tuple(row) for row in await one.admin.fetch(STATE)]


async def test_killed_and_gone_on_it_ends_the_same(
    server: LocalPostgres,
) -> None:
    found = []
    for kills in ((1, 3), ()):
        async with town(server) as one:
            parts = content([await one.make.person() for _ in range(20)])
            done = await merged(one, parts, kills)
            wrong = await problems(one.clients, done.id)
            told = [(p["index"], p["line"], p["status"]) for p in wrong]
            assert done.body["status"] == "succeeded"
            assert done.body["counts"]["rejected"] == LINES // 100
            found.append((done.body["counts"], told, await state(one)))
    assert found[0] == found[1]
    assert sum(len(told) for *_, told, _ in found[0][2]) == sum(e for *_, e in found[0][2])


async def test_two_workers_that_hold_one_job_write_each_line_once(
    committed: Committed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one that was too slow writes nothing more: the fence is in each batch."""
    monkeypatch.setattr(service_work, "BATCH", 10)
    parts = [ndjson(line(f"A-{n}") for n in range(100))]
    one = await waiting(committed.clients, *parts)
    written, seen = service_work._written, 0

    async def overtaken(merge: Any, batch: Any) -> int:
        nonlocal seen
        seen += 1
        if seen == 3:
            await end_lease(committed)
            assert await drain(committed) == 1
        return await written(merge, batch)

    monkeypatch.setattr(service_work, "_written", overtaken)
    await drain(committed)
    done = await read(committed.clients, one.id)
    assert done.body["counts"] == {"created": 100, "updated": 0, "unchanged": 0, "rejected": 0}
    assert [v for *_, v, _, _, _, _ in await state(committed)] != []
    assert await committed.admin.fetchval('select count(*) from ia."case"') == 100


async def test_a_clash_costs_the_line_that_clashes_and_no_other(
    committed: Committed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody takes a number between the look and the writing."""
    judge = service_upsert.judge
    taken = False

    async def late(tx: Any, system: str, wanted: Any) -> Any:
        nonlocal taken
        verdicts = await judge(tx, system, wanted)
        if not taken:
            taken = True
            await committed.make.case(external_ids=[{"system": "own_file", "value": "A-7"}])
        return verdicts

    monkeypatch.setattr(service_work, "judge", late)
    one = await waiting(committed.clients, ndjson(line(f"A-{n}") for n in range(20)))
    await drain(committed)
    done = await read(committed.clients, one.id)
    assert done.body["counts"] == {"created": 19, "updated": 0, "unchanged": 1, "rejected": 0}
