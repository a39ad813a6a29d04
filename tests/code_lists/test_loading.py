"""Lists that an operator loads: whole or not at all, and served without a restart."""

import asyncio
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from integration_api.code_lists import service, service_loaded
from integration_api.code_lists.service import known, label, lists
from integration_api.code_lists.service_loaded import Loaded
from integration_api.kernel.db import Database
from tests.cli.commands import SECRET, Outcome, command
from tests.code_lists.files import gv100ad, xrepository
from tests.conftest import Committed

DAY = date(2026, 11, 25)


@pytest.fixture(autouse=True)
def only_shipped() -> Iterator[None]:
    """What a test loads is this process's until it ends."""
    yield
    service.extend([])


class Operator:
    """`integration-api code-lists` on the database of a test."""

    def __init__(self, there: Committed, folder: Path) -> None:
        dsn = there.server.dsn
        self.there, self.folder = there, folder
        self.variables = {
            "DATABASE_URL": dsn("ia_app", there.name),
            "MIGRATION_DATABASE_URL": dsn("postgres", there.name),
            "SECRET_KEY": SECRET,
        }
        self.loaded = Loaded()

    async def load(self, name: str, data: bytes, *more: str) -> Outcome:
        """Load a file with these bytes."""
        path = self.folder / "list"
        path.write_bytes(data)
        return await command("code-lists", "load", name, str(path), *more, **self.variables)

    async def read(self) -> list[str]:
        """What a process reads that looks for new lists."""
        return await self.loaded.refresh(Database(self.there.app.state.db.pool))


@pytest.fixture
def operator(committed: Committed, tmp_path: Path) -> Operator:
    return Operator(committed, tmp_path)


async def test_a_loaded_list_extends_the_shipped_one_without_a_restart(
    operator: Operator, committed: Committed
) -> None:
    assert await operator.read() == []
    done = await operator.load("ags", gv100ad(), "--format", "gv100ad")
    assert done.code == 0, done.err
    assert "ags 2026-09-30" in done.out
    assert not known("ags", "01051001", DAY)
    assert await operator.read() == ["ags"]
    assert await operator.read() == []
    assert known("ags", "01051001", DAY)
    assert label("ags", "05124000", "de") == "Wuppertal, Stadt"
    shown = await committed.clients.get(None, "/v1/code-lists/ags?q=albers")
    assert [e["code"] for e in shown.json()["entries"]] == ["01051001"]
    assert (shown.json()["version"], shown.json()["title"]["en"]) == (
        "2026-09-30",
        "Municipalities (AGS)",
    )
    assert lists()["urgencies"] is service.shipped()["urgencies"]


async def test_a_code_that_a_version_no_longer_has_ends_and_stays(operator: Operator) -> None:
    assert (await operator.load("ags", gv100ad(), "--format", "gv100ad")).code == 0
    new = gv100ad("20261231", without="Albersdorf")
    done = await operator.load("ags", new, "--format", "gv100ad")
    assert "1 ended" in done.out, done.err
    await operator.read()
    assert known("ags", "01051001", date(2026, 12, 30))
    assert not known("ags", "01051001", date(2026, 12, 31))
    assert label("ags", "01051001", "de") == "Albersdorf"
    # of the package, and in neither file: it ended with the first
    assert known("ags", "05315000", date(2026, 9, 29))
    assert not known("ags", "05315000", DAY)
    assert label("ags", "05315000", "de") == "Köln"
    again = gv100ad("20270331")
    assert (await operator.load("ags", again, "--format", "gv100ad")).code == 0
    await operator.read()
    assert known("ags", "01051001", date(2027, 4, 1))


async def test_the_same_version_twice_changes_nothing(operator: Operator) -> None:
    await operator.load("ags", gv100ad(), "--format", "gv100ad")
    await operator.read()
    done = await operator.load("ags", gv100ad(), "--format", "gv100ad")
    assert (done.code, "nothing was to do" in done.out) == (0, True)
    assert await operator.read() == []


async def test_an_older_version_is_refused(operator: Operator) -> None:
    await operator.load("ags", gv100ad(), "--format", "gv100ad")
    done = await operator.load("ags", gv100ad("20260630"), "--format", "gv100ad")
    assert (done.code, "newer version 2026-09-30" in done.err) == (1, True)


async def test_what_a_file_lacks_stays_as_shipped(operator: Operator) -> None:
    rows: list[list[str | None]] = [["475", "syrisch", None], ["120", "jugoslawisch", None]]
    given = ["--column", "Staatsangehoerigkeit=de", "--column", "ISO2=-", "--add"]
    done = await operator.load(
        "nationalities", xrepository(rows), "--format", "xrepository", *given
    )
    assert done.code == 0, done.err
    await operator.read()
    syrian = lists()["nationalities"].entries["475"]
    assert (syrian.de, syrian.en, syrian.attributes["iso2"]) == ("syrisch", "Syria", "SY")
    assert known("nationalities", "120", DAY)
    assert known("nationalities", "423", DAY)


async def test_a_new_list_is_named_and_says_where_it_comes_from(
    operator: Operator, committed: Committed
) -> None:
    text = b"code,de,en\n43102,Informatik,Computer science\n"
    day = ["--version", "2020-01-01"]
    source = ["--source", "Bundesagentur, KldB 2010"]
    title = ["--title-de", "Berufe", "--title-en", "Occupations"]
    for lacking in ([*day, *title], [*day, *source], [*source, *title]):
        assert (await operator.load("occupations", text, *lacking)).code == 1
    assert (await operator.load("occupations", text, *day, *source, *title)).code == 0
    await operator.read()
    answer = await committed.clients.get(None, "/v1/code-lists/occupations")
    assert answer.json()["title"] == {"de": "Berufe", "en": "Occupations"}
    assert [e["labels"]["en"] for e in answer.json()["entries"]] == ["Computer science"]
    listed = await command("code-lists", "list", **operator.variables)
    assert "occupations  2020-01-01  1 codes" in listed.out


@pytest.mark.parametrize("name", ["roles", "residence_status_codes", "Not-A-Name"])
async def test_the_lists_that_the_service_lives_by_are_not_loaded(
    operator: Operator, name: str
) -> None:
    done = await operator.load(name, b"code,de\nx,y\n", "--version", "2026-01-01")
    assert done.code == 1
    assert await operator.there.admin.fetchval("select count(*) from ia.code_list") == 0


async def test_a_file_that_is_half_wrong_is_not_loaded_at_all(operator: Operator) -> None:
    text = b"code,de\nku,Kurdisch\n?,x\n"
    done = await operator.load("languages", text, "--version", "2026-01-01", "--source", "x")
    assert (done.code, "line 3" in done.err) == (1, True)
    assert await operator.there.admin.fetchval("select count(*) from ia.code_list_entry") == 0


async def test_services_look_for_new_lists_again_and_again(
    operator: Operator, committed: Committed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service_loaded, "SECONDS", 0.02)
    follower = asyncio.create_task(operator.loaded.follow(committed.app.state.db))
    try:
        await operator.load("ags", gv100ad(), "--format", "gv100ad")
        for _ in range(200):
            if known("ags", "01051001", DAY):
                break
            await asyncio.sleep(0.02)
        assert known("ags", "01051001", DAY)
    finally:
        follower.cancel()


async def test_a_database_that_is_away_changes_nothing(operator: Operator) -> None:
    class Away:
        def acquire(self, *, timeout: float | None = None) -> AbstractAsyncContextManager[Any]:
            raise TimeoutError

    await operator.load("ags", gv100ad(), "--format", "gv100ad")
    await operator.read()
    await operator.loaded.look(Database(Away()))
    assert known("ags", "01051001", DAY)
    await operator.there.admin.execute("delete from ia.code_list_entry; delete from ia.code_list")
    await operator.read()
    assert lists()["ags"].version == service.shipped()["ags"].version
