"""A dump says what is in it and becomes a service again; the commands are those of the page."""

import re
import shutil
from pathlib import Path

import asyncpg
import pytest

from integration_api.postgres.contents import Contents
from tests.cli.commands import Outcome, command
from tests.conftest import Committed, clone
from tests.operations.backups import RESTORE, Site


@pytest.fixture
def site(committed: Committed, tmp_path: Path) -> Site:
    """One such site."""
    return Site(committed, tmp_path)


@pytest.fixture(autouse=True)
def programs(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL's programs on the path of commands in this process."""
    found = shutil.which

    def which(name: str) -> str | None:
        return found(name, path=str(site.there.server.bin))

    monkeypatch.setattr("integration_api.cli.tools.shutil.which", which)


async def restored(site: Site, name: str) -> Outcome:
    """`db restore` into another database, which has the roles."""
    url = site.url("postgres", name)
    return await command("db", "restore", str(site.dump), "--url", url, DATABASE_URL=url)


async def test_the_page_restores_into_an_empty_database(site: Site) -> None:
    await site.filled()
    await site.dumped()
    name = f"{site.there.name}_new"
    there = f"--host={site.there.server.sock} --username=postgres"
    script = RESTORE.replace("--host=db.example.org --username=postgres", there)
    script = script.replace("postgresql://postgres@db.example.org/integration",
                            f"'{site.url('postgres', name)}'")  # fmt: skip
    script = script.replace(" integration\n", f" {name}\n").replace(
        "--dbname=integration", f"--dbname={name}"
    )
    assert script.count(name) == 3
    try:
        done = await site.pasted(script)
        assert done.returncode == 0, done.stderr
        assert re.search(r"\d+ rows as they were dumped", done.stdout)
        connection = await asyncpg.connect(site.url("ia_worker", name))
        try:
            rows = await connection.fetchval("select count(*) from ia.municipality")
        finally:
            await connection.close()
        assert rows == 2, "the roles may what they might"
    finally:
        await site.there.admin.execute(f"drop database if exists {name} with (force)")


async def test_a_dump_holds_what_its_snapshot_saw(site: Site) -> None:
    await site.there.make.person()
    await site.dumped()
    held = Contents.kept(site.folder / "backup.dump.contents.json")
    assert held.tables["ia.person"][0] == 1
    assert held.rows > 100
    async with clone(site.there.server) as name:
        done = await restored(site, name)
        assert done.code == 0, done.err
        assert f"{held.rows} rows as they were dumped" in done.out


async def test_what_differs_from_the_dump_is_named(site: Site) -> None:
    """The known-bad twin: a table that lost a row, one with another value, one too many."""
    await site.there.make.person()
    await site.dumped()
    held = Contents.kept(site.folder / "backup.dump.contents.json")
    tables = dict(held.tables)
    del tables["ia.feed_head"]
    tables["ia.person"] = (2, tables["ia.person"][1])
    tables["ia.outbox"] = (tables["ia.outbox"][0], "1")
    other = Contents(held.at, held.version, held.revision, tables, held.sha256)
    other.keep(site.folder / "backup.dump.contents.json")
    async with clone(site.there.server) as name:
        done = await restored(site, name)
    assert done.code == 1
    assert done.err == (
        "this is not what was dumped: ia.feed_head is new; ia.outbox has other values;"
        " ia.person has 1 rows instead of 2\n"
    )


async def test_a_dump_that_was_cut_is_not_even_tried(site: Site) -> None:
    await site.dumped()
    site.dump.write_bytes(site.dump.read_bytes()[:-1])
    for verb in ("restore", "drill"):
        refused = await command("db", verb, str(site.dump), DATABASE_URL=site.url("ia_app"))
        assert refused.code == 1
        assert "it was cut or changed" in refused.err


@pytest.mark.parametrize("login", ["ia_app", "ia_migrator", "ia_auditor"])
async def test_who_sees_half_dumps_nothing(site: Site, login: str) -> None:
    """The known-bad twin."""
    refused = await command(
        "db", "dump", str(site.dump), "--url", site.url(login), DATABASE_URL=site.url("ia_app")
    )
    assert refused.code == 1
    assert not (site.folder / "backup.dump.contents.json").exists()


async def test_the_backups_login_writes_nothing(site: Site) -> None:
    connection = await asyncpg.connect(site.url("ia_backup"))
    try:
        assert await connection.fetchval("select count(*) from ia.agency") > 0
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            await connection.execute("delete from ia.person")
        await connection.execute("set default_transaction_read_only = off")
        for statement in ("delete from ia.person", "create table ia.x ()", "set role ia_owner"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)
    finally:
        await connection.close()


async def test_an_epoch_begun_by_hand_sends_readers_back_to_the_start(site: Site) -> None:
    await site.there.number()
    clients = site.there.clients
    latest = (await clients.get("lead", "/v1/changes?after=latest")).json()["page"]["next_cursor"]
    assert (await clients.get("lead", f"/v1/changes?after={latest}")).status_code == 200
    done = await command(
        "db", "new-epoch",
        DATABASE_URL=site.url("ia_app"), WORKER_DATABASE_URL=site.url("ia_worker"),
    )  # fmt: skip
    assert done.code == 0, done.err
    gone = await clients.get("lead", f"/v1/changes?after={latest}")
    assert gone.status_code == 410
    assert gone.json()["type"].endswith("/problems/feed-epoch-changed")
