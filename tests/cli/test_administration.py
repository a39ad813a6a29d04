"""migrate, init and client, on an external server with the logins of production."""

import os
import re
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
import pytest_asyncio

from integration_api.app import create_app
from integration_api.identity.credentials import Credentials
from integration_api.identity.keys import Keys
from integration_api.kernel.db import Database, pool
from integration_api.kernel.settings import Settings
from integration_api.postgres import schema
from integration_api.postgres.launcher import LocalPostgres
from integration_api.rules.shipping import packs
from tests.cli.commands import SECRET, Outcome, command

KEY = re.compile(r"ia_[a-z]{4}_[0-9a-z]{8}_[0-9a-f]{72}")
UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
INIT = {
    "--municipality": "Musterstadt",
    "--slug": "musterstadt",
    "--prefix": "MS",
    "--ags": "05124000",
    "--agency-name": "Jobcenter Musterstadt",
    "--agency-slug": "musterstadt-jobcenter",
    "--agency-type": "jobcenter",
}


def flat(options: dict[str, str]) -> list[str]:
    """Options as a command line has them."""
    return [word for pair in options.items() for word in pair]


@dataclass
class Site:
    """A database that a DBA has made for us, and the API on it."""

    dsn: Callable[[str], str]
    variables: dict[str, str] = field(default_factory=dict)

    def run(self, *arguments: str, **changed: str) -> Awaitable[Outcome]:
        """A command with the variables of this site."""
        return command(*arguments, **(self.variables | changed))

    async def ask(self, key: str, method: str = "GET", path: str = "/v1/me", **kw: Any) -> int:
        """The status of the answer to a key; nothing is cached in between."""
        app = create_app(Settings(), dsn=self.dsn("ia_app"), secret=SECRET.encode())
        async with pool(self.dsn("ia_app"), 2) as connections:
            app.state.db = Database(connections)
            app.state.credentials = Credentials(Keys(connections, seconds=0))
            transport = httpx.ASGITransport(app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="https://ms.example") as c:
                headers = {"Authorization": f"Bearer {key}"}
                return (await c.request(method, path, headers=headers, **kw)).status_code


@pytest_asyncio.fixture(scope="module")
async def site(server: LocalPostgres) -> AsyncIterator[Site]:
    """What the first line of the README leaves behind: an empty database with roles."""
    name = f"site_{uuid.uuid4().hex[:8]}"

    async def by_dba(database: str, sql: str) -> None:
        connection = await asyncpg.connect(server.dsn("postgres", database))
        try:
            await connection.execute(sql)
        finally:
            await connection.close()

    await by_dba("postgres", f"create database {name}")
    printed = await command("migrate", "--print-roles")
    await by_dba(name, printed.out)
    logins = {"DATABASE": "ia_app", "WORKER_DATABASE": "ia_worker"}
    logins |= {"MIGRATION_DATABASE": "ia_migrator"}
    variables = {f"{what}_URL": server.dsn(who, name) for what, who in logins.items()}
    yield Site(lambda who: server.dsn(who, name), variables | {"SECRET_KEY": SECRET})
    await by_dba("postgres", f"drop database {name} with (force)")


@pytest_asyncio.fixture(scope="module")
async def first_key(site: Site) -> str:
    """The key that `init` shows, on a migrated database."""
    await site.run("migrate")
    return found(KEY, await site.run("init", *flat(INIT)))


def found(form: re.Pattern[str], outcome: Outcome) -> str:
    """The one thing of this form that a command which went well has said."""
    assert outcome.code == 0, outcome.err
    (one,) = form.findall(outcome.out)
    return str(one)


@pytest.mark.parametrize(
    ("arguments", "changed"),
    [
        (["init", *flat(INIT)], {}),
        (["client", "list"], {}),
        (["serve"], {"MIGRATION_DATABASE_URL": ""}),
    ],
)
async def test_what_needs_the_schema_names_the_command_that_makes_it(
    site: Site, arguments: list[str], changed: dict[str, str]
) -> None:
    outcome = await site.run(*arguments, **changed)
    assert outcome.code == 1
    assert "run `integration-api migrate`" in outcome.err
    assert len(outcome.err.splitlines()) == 1


async def test_migrate_goes_to_the_head_and_then_has_nothing_to_do(site: Site) -> None:
    first, second = await site.run("migrate"), await site.run("migrate")
    head, came = f"the database is at revision {schema.head()}", len(packs())
    assert first.out == f"{head}; {came} rule packs were added\n"
    assert second.out == f"the database is at revision {schema.head()}; nothing was to do\n"


async def test_init_shows_a_key_that_administers_the_directory(site: Site, first_key: str) -> None:
    team = {
        "slug": "musterstadt-team",
        "name": "Team",
        "type": "jobcenter",
        "active_from": "2026-01-01",
    }
    assert first_key.startswith("ia_live_")
    assert await site.ask(first_key) == 200
    assert await site.ask(first_key, "POST", "/v1/agencies", json=team) == 201
    assert await site.ask(first_key, "GET", "/v1/cases") == 403


@pytest.mark.usefixtures("first_key")
async def test_init_refuses_a_database_that_is_not_empty(site: Site) -> None:
    outcome = await site.run("init", *flat(INIT | {"--slug": "other", "--prefix": "OT"}))
    assert outcome.code == 1
    assert "not empty" in outcome.err
    assert not KEY.search(outcome.out)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--ags", "4711"),
        ("--prefix", "toolong"),
        ("--slug", "Muster Stadt"),
        ("--agency-slug", "ümlaut"),
        ("--agency-type", "moon_base"),
    ],
)
async def test_init_refuses_what_the_tables_would_refuse_and_says_which(
    site: Site, option: str, value: str
) -> None:
    outcome = await site.run("init", *flat(INIT | {option: value}))
    assert outcome.code == 1
    assert value in outcome.err


async def made(site: Site, *more: str) -> tuple[str, str, str]:
    """A client of the first agency: its id, its key's id, its key."""
    outcome = await site.run(
        "client", "create", "--agency", "musterstadt-jobcenter", "--name", "Fachverfahren",
        "--scope", "cases:read", "--purpose", "case_management", *more,
    )  # fmt: skip
    client, key = UUID.findall(outcome.out)
    return client, key, found(KEY, outcome)


@pytest.mark.usefixtures("first_key")
async def test_a_new_client_is_answered_as_its_scopes_say(site: Site) -> None:
    _, _, key = await made(site)
    assert await site.ask(key, path="/v1/cases") == 200
    assert await site.ask(key, path="/v1/referrals") == 403


@pytest.mark.usefixtures("first_key")
async def test_a_client_for_a_person_has_to_state_its_purpose(site: Site) -> None:
    _, _, key = await made(site, "--member", "Sachbearbeitung", "--role", "case_worker")
    assert await site.ask(key, path="/v1/cases") == 400
    assert await site.ask(key, path="/v1/me") == 200


@pytest.mark.usefixtures("first_key")
async def test_rotation_keeps_two_keys_alive_and_refuses_a_third(site: Site) -> None:
    client, old_id, old = await made(site)
    new = found(KEY, await site.run("client", "rotate", client))
    assert [await site.ask(key) for key in (old, new)] == [200, 200]
    third = await site.run("client", "rotate", client)
    assert third.code == 1
    assert "2 live keys" in third.err
    assert (await site.run("client", "revoke", old_id)).code == 0
    assert [await site.ask(key) for key in (old, new)] == [401, 200]
    assert (await site.run("client", "rotate", client)).code == 0


@pytest.mark.usefixtures("first_key")
async def test_revoking_a_client_ends_all_of_its_keys(site: Site) -> None:
    client, _, old = await made(site)
    new = found(KEY, await site.run("client", "rotate", client))
    outcome = await site.run("client", "revoke", client)
    assert "the client is revoked" in outcome.out
    assert [await site.ask(key) for key in (old, new)] == [401, 401]
    again = await site.run("client", "revoke", client)
    assert again.code == 1
    rotated = await site.run("client", "rotate", client)
    assert rotated.code == 1
    assert "was revoked" in rotated.err


@pytest.mark.usefixtures("first_key")
@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--agency", "nowhere", "--name", "x", "--scope", "cases:read", "--purpose", "advice"],
         "no agency nowhere"),
        (["--agency", "musterstadt-jobcenter", "--name", "x", "--scope", "cases:eat",
             "--purpose", "advice"], "cases:eat"),
        (
            ["--agency", "musterstadt-jobcenter", "--name", "x", "--scope", "cases:read",
             "--purpose", "curiosity"], "curiosity",
        ),
        (
            ["--agency", "musterstadt-jobcenter", "--name", "x", "--scope", "cases:read",
             "--purpose", "advice", "--role", "case_worker"], "--member",
        ),
    ],
)  # fmt: skip
async def test_a_client_that_makes_no_sense_is_refused(
    site: Site, options: list[str], named: str
) -> None:
    outcome = await site.run("client", "create", *options)
    assert outcome.code == 1
    assert named in outcome.err


@pytest.mark.usefixtures("first_key")
async def test_the_list_of_clients_names_ids_and_no_secret(site: Site) -> None:
    client, key_id, key = await made(site)
    outcome = await site.run("client", "list")
    assert client in outcome.out
    assert key_id in outcome.out
    assert key[-40:] not in outcome.out


async def test_only_a_demo_has_a_clock_that_moves_and_data_that_can_be_reset(
    site: Site, first_key: str, tmp_path: Path
) -> None:
    moved = await site.run("demo", "advance", "--days", "3")
    assert moved.code == 1
    assert "holds no demo" in moved.err
    for arguments in (["seed", "demo", "--reset"], ["seed", "demo"]):
        outcome = await site.run(*arguments, DATA_DIR=str(tmp_path))
        assert outcome.code == 1
        assert "demo" in outcome.err
    assert await site.ask(first_key) == 200
    assert not os.listdir(tmp_path), "no keys were written"
