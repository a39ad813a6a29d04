"""Jobs: done once, whoever is killed; ended by who asked, by lost rights, by their term."""

import asyncio
from contextlib import suppress
from datetime import timedelta
from typing import Any

import asyncpg
import pytest
from httpx import Response
from sqlalchemy import Column, MetaData, Table, Uuid, bindparam, insert, select

from integration_api.exports.service_work import end_expired
from integration_api.jobs import runner, work
from integration_api.jobs.access import visible
from integration_api.jobs.models import job as table
from integration_api.jobs.statements import ID
from integration_api.jobs.work import Work
from integration_api.kernel.db import Database, pool
from integration_api.kernel.statements import ME, Change
from tests.conftest import Committed
from tests.jobs.running import drain, end_lease, job, runner_of

mark = Table("mark", MetaData(schema="formerly"), Column("job", Uuid))
MARK = Change(insert(mark).values(job=bindparam("id", type_=Uuid())).returning(mark.c.job))


async def ask(committed: Committed, who: str = "lead", key: str = "nightly-1") -> Response:
    """Ask for an export."""
    body = {"types": ["agency"]}
    answer = await committed.clients.post(who, "/v1/exports", body, key=key)
    assert answer.status_code == 202, answer.text
    return answer


async def with_marks(committed: Committed) -> None:
    """A table in which each effect of a job leaves a row."""
    await committed.admin.execute(
        "create schema formerly; grant usage on schema formerly to ia_app;"
        "create table formerly.mark (job uuid);"
        "grant select, insert on formerly.mark to ia_app"
    )


async def leave_a_mark(this: Work) -> None:
    """A kind of job with one effect."""
    async with this.finishing("/v1/exports/x") as tx:
        await tx.row(MARK, id=this.id)


async def test_a_job_is_done_and_says_so(committed: Committed) -> None:
    asked = await ask(committed)
    path = asked.headers["Location"]
    assert path == f"/v1/jobs/{asked.json()['id']}"
    assert asked.headers["Retry-After"] == "2"
    waiting = await committed.clients.get("lead", path)
    assert (waiting.json()["status"], waiting.headers["Retry-After"]) == ("queued", "2")
    assert await drain(committed) == 1
    done = await committed.clients.get("lead", path)
    assert "Retry-After" not in done.headers
    shown = done.json()
    assert (shown["status"], shown["problem"]) == ("succeeded", None)
    assert shown["progress"]["done"] == shown["progress"]["total"] > 0
    assert shown["result_url"] == f"/v1/exports/{shown['id']}"
    assert shown["allowed_actions"] == []
    events = await committed.admin.fetch(
        "select type from ia.outbox where agg_type = 'job' order by agg_version"
    )
    assert [e["type"] for e in events] == ["job.queued", "job.started", "job.succeeded"]


async def test_a_repetition_with_its_key_asks_for_nothing_more(committed: Committed) -> None:
    first, again = await ask(committed), await ask(committed)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert first.content == again.content
    assert first.headers["Retry-After"] == again.headers["Retry-After"]
    assert await committed.admin.fetchval("select count(*) from ia.job") == 1
    without = await committed.clients.post("lead", "/v1/exports", {})
    assert without.status_code == 400
    assert without.json()["errors"][0]["parameter"] == "Idempotency-Key"


async def test_nobody_else_sees_a_job_of_the_same_agency_either(committed: Committed) -> None:
    id = (await ask(committed)).json()["id"]
    await drain(committed)
    for path in (f"/v1/jobs/{id}", f"/v1/exports/{id}", f"/v1/exports/{id}/content"):
        assert (await committed.clients.get("lead", path)).status_code == 200
        for stranger in ("lead/worker_1", "jobcenter", "koeln"):
            assert (await committed.clients.get(stranger, path)).status_code == 404, stranger


async def test_a_client_has_ten_unfinished_jobs_at_most(committed: Committed) -> None:
    for n in range(10):
        await ask(committed, key=f"nightly-{n}")
    more = await committed.clients.post("lead", "/v1/exports", {}, key="nightly-10")
    assert (more.status_code, more.json()["guard"]) == (409, "jobs_finished")
    await ask(committed, "jobcenter", "nightly-10")
    assert await drain(committed) == 11
    await ask(committed, key="nightly-10")


async def test_who_is_cancelled_while_running_writes_nothing(committed: Committed) -> None:
    await with_marks(committed)
    began, go_on = asyncio.Event(), asyncio.Event()

    async def slowly(this: Work) -> None:
        began.set()
        await go_on.wait()
        await leave_a_mark(this)

    path = (await ask(committed)).headers["Location"]
    async with runner_of(committed, {"export": slowly}) as running:
        (taken,) = await running.take(1)
        task = asyncio.create_task(running.carry(taken))
        await began.wait()
        seen = await committed.clients.get("lead", path)
        assert seen.json()["status"] == "running"
        stale = await committed.clients.post("lead", f"{path}/cancel", etag='"1"')
        assert stale.status_code == 412
        ended = await committed.clients.post("lead", f"{path}/cancel", etag=seen.headers["ETag"])
        assert (ended.status_code, ended.json()["status"]) == (200, "cancelled")
        go_on.set()
        await task
    assert await committed.admin.fetchval("select count(*) from formerly.mark") == 0
    over = await committed.clients.get("lead", path)
    assert over.json()["status"] == "cancelled"
    again = await committed.clients.post("lead", f"{path}/cancel", etag=over.headers["ETag"])
    assert (again.status_code, again.json()["current"]) == (409, "cancelled")
    content = over.json()["id"]
    refused = await committed.clients.get("lead", f"/v1/exports/{content}/content")
    assert (refused.status_code, refused.json()["guard"]) == (409, "export_finished")


async def overtaken(committed: Committed) -> int:
    """Two workers with one job, the first too late; how many effects there were."""
    await with_marks(committed)
    await ask(committed)
    late, go_on = asyncio.Event(), asyncio.Event()

    async def too_late(this: Work) -> None:
        late.set()
        await go_on.wait()
        await leave_a_mark(this)

    async with runner_of(committed, {"export": too_late}) as first:
        (taken,) = await first.take(1)
        task = asyncio.create_task(first.carry(taken))
        await late.wait()
        await end_lease(committed)
        assert await drain(committed, {"export": leave_a_mark}) == 1
        go_on.set()
        await task
    return int(await committed.admin.fetchval("select count(*) from formerly.mark"))


async def test_who_has_lost_the_lease_writes_nothing(committed: Committed) -> None:
    assert await overtaken(committed) == 1


async def test_without_the_fence_a_job_would_be_done_twice(
    committed: Committed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The known-bad twin: a status that is looked at by nobody stops nobody."""
    anybody = Change(select(table.c.id).where(table.c.id == ID, visible(ME)))
    monkeypatch.setattr(work, "HOLD", anybody)
    assert await overtaken(committed) == 2


async def test_a_job_that_never_ends_is_given_up(committed: Committed) -> None:
    async def broken(_: Work) -> None:
        raise ZeroDivisionError

    path = (await ask(committed)).headers["Location"]
    attempts = 0
    async with runner_of(committed, {"export": broken}) as running:
        while taken := await running.take(1):
            await running.carry(taken[0])
            assert await running.take(1) == []  # it rests after what went wrong
            await end_lease(committed)
            attempts += 1
    assert attempts == runner.MOST_ATTEMPTS + 1
    shown = (await committed.clients.get("lead", path)).json()
    assert shown["status"] == "failed"
    assert shown["problem"]["type"] == "https://api.example.org/problems/job-gave-up"
    assert shown["problem"]["title"] == "Job given up"
    german = await committed.clients.get("lead", path, headers={"Accept-Language": "de"})
    assert german.json()["problem"]["title"] == "Auftrag aufgegeben"


CHANGES = {
    "revoked": "update ia.api_client set revoked_at = now()",
    "keys revoked": "update ia.api_key set revoked_at = now()",
    "keys expired": "update ia.api_key set expires_at = now()",
    "agency ended": "update ia.agency set active_to = current_date - 1",
    "scope taken": "update ia.api_client set scopes = array_remove(scopes, 'exports:write')",
    "type taken": "update ia.api_client set scopes = array_remove(scopes, 'cases:read')",
    "purpose taken": "update ia.api_client set purposes = '{advice}'",
}


@pytest.mark.parametrize("how", CHANGES)
async def test_a_client_without_its_rights_gets_nothing(committed: Committed, how: str) -> None:
    body = {"types": ["case"]}
    asked = await committed.clients.post("lead", "/v1/exports", body, key="nightly-1")
    await committed.admin.execute(CHANGES[how])
    await drain(committed)
    row = await job(committed, asked.json()["id"])
    assert (row["status"], row["problem"]) == ("failed", "job-rights-ended")
    assert await committed.admin.fetchval("select count(*) from ia.export_part") == 0


async def test_rights_that_end_while_it_runs_end_it(
    committed: Committed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "LEASE_SECONDS", 0.3)

    async def for_ever(_: Work) -> None:
        await asyncio.sleep(60)

    id = (await ask(committed)).json()["id"]
    async with runner_of(committed, {"export": for_ever}) as running:
        (taken,) = await running.take(1)
        task = asyncio.create_task(running.carry(taken))
        await asyncio.sleep(0.35)
        assert not task.done()
        await committed.admin.execute(CHANGES["revoked"])
        await asyncio.wait_for(task, 5)
    assert (await job(committed, id))["problem"] == "job-rights-ended"


async def test_a_lease_is_renewed_and_progress_is_told(
    committed: Committed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "LEASE_SECONDS", 0.3)

    async def steadily(this: Work) -> None:
        this.done, this.total = 3, 7
        await asyncio.sleep(60)

    path = (await ask(committed)).headers["Location"]
    async with runner_of(committed, {"export": steadily}) as running:
        (taken,) = await running.take(1)
        before = (await job(committed, str(taken["id"])))["lease_until"]
        task = asyncio.create_task(running.carry(taken))
        await asyncio.sleep(0.5)
        assert (await job(committed, str(taken["id"])))["lease_until"] > before
        shown = (await committed.clients.get("lead", path)).json()
        assert shown["progress"] == {"done": 3, "total": 7}
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_a_worker_that_stops_gives_back_what_it_has(committed: Committed) -> None:
    began = asyncio.Event()

    async def for_ever(_: Work) -> None:
        began.set()
        await asyncio.sleep(60)

    id = (await ask(committed)).json()["id"]
    stop = asyncio.Event()
    async with runner_of(committed, {"export": for_ever}) as running:
        task = asyncio.create_task(running.run(stop))
        await asyncio.wait_for(began.wait(), 5)
        stop.set()
        await asyncio.wait_for(task, 5)
    assert (await job(committed, id))["attempts"] == 0
    assert await drain(committed) == 1
    assert (await job(committed, id))["status"] == "succeeded"


async def test_a_job_is_no_longer_there_after_its_term(committed: Committed) -> None:
    id = (await ask(committed)).json()["id"]
    await drain(committed)
    paths = (f"/v1/jobs/{id}", f"/v1/exports/{id}", f"/v1/exports/{id}/content")
    tag = (await committed.clients.get("lead", paths[0])).headers["ETag"]
    await committed.admin.execute("update ia.job set expires_at = now() - interval '1 second'")
    for path in paths:
        gone = await committed.clients.get("lead", path)
        assert (gone.status_code, gone.json()["title"]) == (410, "Job expired")
        assert (await committed.clients.get("jobcenter", path)).status_code == 404
    cancel = await committed.clients.post("lead", f"{paths[0]}/cancel", etag=tag)
    assert (cancel.status_code, cancel.json()["current"]) == (409, "succeeded")
    async with pool(committed.server.dsn("ia_worker", committed.name), 1) as connections:
        own = Database(connections)
        assert await end_expired(own) == 1
        assert await runner.end_old(own) == 0
        await committed.admin.execute("update ia.job set expires_at = now() - interval '31 days'")
        assert await runner.end_old(own) == 1
    assert (await committed.clients.get("lead", paths[0])).status_code == 404
    assert await committed.admin.fetchval("select count(*) from ia.export") == 0


REFUSED = {
    "ia_app": (
        "select * from ia.find_asker(gen_random_uuid(), gen_random_uuid())",
        "update ia.job set attempts = 0",
        "update ia.job set problem = 'x'",
        "update ia.job set client_id = id",
        "delete from ia.job",
        "delete from ia.export_part",
        "update ia.export_part set held = '{}'",
    ),
    "ia_worker": (
        "select sealed from ia.export_part",
        "select subjects from ia.export_part",
        "select * from ia.export",
        "update ia.job set result_url = 'x'",
        "update ia.job set client_id = id",
        "insert into ia.job select * from ia.job",
    ),
}


@pytest.mark.parametrize("role", REFUSED)
async def test_each_role_may_what_its_part_is(committed: Committed, role: str) -> None:
    connection = await asyncpg.connect(committed.server.dsn(role, committed.name))
    for sql in REFUSED[role]:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(sql)
    await connection.close()


async def test_a_database_that_goes_away_costs_an_attempt(
    committed: Committed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "AGAIN", timedelta(0))
    await with_marks(committed)
    cut = [True]

    async def cut_off(this: Work) -> None:
        async with this.finishing("/v1/exports/x") as tx:
            await tx.row(MARK, id=this.id)
            if cut:
                cut.clear()
                await committed.admin.execute(
                    "select pg_terminate_backend(pid) from pg_stat_activity"
                    " where usename = 'ia_app' and datname = current_database()"
                    " and state = 'idle in transaction'"
                )

    id = (await ask(committed)).json()["id"]
    assert await drain(committed, {"export": cut_off}) == 2
    assert (await job(committed, id))["status"] == "succeeded"
    assert await committed.admin.fetchval("select count(*) from formerly.mark") == 1


async def test_two_workers_never_take_the_same(committed: Committed) -> None:
    for n in range(10):
        await ask(committed, key=f"nightly-{n}")
    async with runner_of(committed) as one, runner_of(committed) as other:
        taken: list[Any] = []
        for _ in range(5):
            found = await asyncio.gather(one.take(1), other.take(1))
            taken += [row["id"] for rows in found for row in rows]
    assert len(taken) == len(set(taken)) == 10
