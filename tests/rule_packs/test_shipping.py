"""The packs of a version come into the database once, and a newer one supersedes the older."""

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import orjson
import pytest
import pytest_asyncio
import yaml
from asyncpg import Connection

from integration_api.kernel.db import prepare
from integration_api.postgres.launcher import LocalPostgres
from integration_api.rules.compiled import pack_of
from integration_api.rules.loading import shipped as parsed
from integration_api.rules.shipping import Shipped, packs, ship
from tests.rule_packs.packs import RULE


@pytest_asyncio.fixture
async def owner(server: LocalPostgres, database_name: str) -> AsyncIterator[Connection]:
    """The owner of the tables, in a transaction that is rolled back."""
    made = await asyncpg.connect(server.dsn("postgres", database_name))
    await prepare(made)
    outer = made.transaction()
    await outer.start()
    await made.execute("set role ia_owner")
    yield made
    await outer.rollback()
    await made.close()


def edition(version: str, state: str = "released", **changed: Any) -> Shipped:
    """A pack as its file would be."""
    head = {
        "code": "training_stay",
        "version": version,
        "title": {"de": "Ausbildung", "en": "Training"},
        "state": state,
        "released_by": "rule_editor",
        "released_at": "2026-11-22T09:00:00Z",
        "law_as_of": "2026-08-19",
        "source": "AufenthG",
    }
    document = {"rule_set": head | changed, "rules": [RULE]}
    return Shipped(yaml.safe_dump(document, allow_unicode=True).encode())


async def states(connection: Connection) -> dict[str, str]:
    """Version → state of the shipped packs of training."""
    rows = await connection.fetch(
        "select pack_version, status from ia.rule_pack where code = 'training_stay'"
        " and municipality_id is null and pack_version like 'test%'"
    )
    return {r["pack_version"]: r["status"] for r in rows}


async def test_what_is_there_is_not_added_again(owner: Connection) -> None:
    assert await ship(owner) == 0, "the template has them"
    count = await owner.fetchval("select count(*) from ia.rule_pack where municipality_id is null")
    assert count == len(packs()) == len(parsed())


async def test_a_newer_version_supersedes_and_an_older_process_changes_nothing(
    owner: Connection,
) -> None:
    old, new = edition("test.1"), edition("test.2")
    assert await ship(owner, (old,)) == 1
    assert await ship(owner, (new,)) == 1
    assert await states(owner) == {"test.1": "superseded", "test.2": "released"}
    assert await ship(owner, (old,)) == 0, "an older version that starts again beside it"
    assert await states(owner) == {"test.1": "superseded", "test.2": "released"}


async def test_a_bill_stands_beside_the_released_pack_until_a_version_comes_without_it(
    owner: Connection,
) -> None:
    now, bill = edition("test.1"), edition("test.1-bill", "pending_legislation", amends="test.1")
    assert await ship(owner, (now, bill)) == 2
    assert await states(owner) == {"test.1": "released", "test.1-bill": "pending_legislation"}
    assert await ship(owner, (edition("test.2"),)) == 1
    assert set((await states(owner)).values()) == {"superseded", "released"}


async def test_a_pack_changed_under_its_number_is_another_row(owner: Connection) -> None:
    await ship(owner, (edition("test.1"),))
    assert await ship(owner, (edition("test.1", source="AufenthG, berichtigt"),)) == 1
    rows = await owner.fetch("select status from ia.rule_pack where pack_version = 'test.1'")
    assert sorted(r["status"] for r in rows) == ["released", "superseded"]


async def test_only_the_owner_writes_what_comes_with_the_service(connection: Connection) -> None:
    for statement in ("update ia.rule_pack set source = 'x'", "delete from ia.rule_pack"):
        attempt = connection.transaction()
        await attempt.start()
        if statement.startswith("update"):
            assert await connection.execute(statement) == "UPDATE 0"
        else:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)
        await attempt.rollback()


@pytest.mark.parametrize("one", packs(), ids=lambda one: one.row()["pack_version"])
def test_a_pack_read_from_its_row_is_the_one_in_its_file(one: Shipped) -> None:
    row = one.row()
    stored = orjson.loads(orjson.dumps(row))
    (file,) = [p for p in parsed() if (p.code, p.version) == (row["code"], row["pack_version"])]
    read = pack_of(row["code"], stored, row["status"])
    assert read.rules == file.rules
    assert (read.amends, read.title, read.law_as_of) == (file.amends, file.title, file.law_as_of)
