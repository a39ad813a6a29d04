"""The schema that migrations make: reversible, without drift, closed by policies."""

import asyncpg
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection as SyncConnection
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

import integration_api.worker  # noqa: F401 - imports every table
from integration_api.app import LIFECYCLES
from integration_api.kernel.tables import metadata
from integration_api.postgres import schema
from integration_api.postgres.launcher import LocalPostgres
from tests.cases.references import damm
from tests.conftest import clone

WITHOUT_POLICIES = {
    "code_list": "public lists, the same for every tenant",
    "code_list_entry": "public lists, the same for every tenant",
    "alembic_version": "holds the schema's version only",
    "demo_clock": "holds the demo's offset only",
    "transfer_basis": "law, the same for every tenant",
}
"""Tables without tenant data; everything else is closed by policies, forced on the owner too."""


async def _all(server: LocalPostgres, name: str, sql: str, *args: object) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(server.dsn("postgres", name))
    try:
        return list(await connection.fetch(sql, *args))
    finally:
        await connection.close()


async def test_every_migration_can_be_undone_and_done_again(server: LocalPostgres) -> None:
    async with clone(server) as name:
        await _all(server, name, "drop schema looking cascade")
        dsn = server.dsn("postgres", name)
        await schema.run(dsn, command.downgrade, "base")
        left = await _all(
            server, name, "select relname from pg_class where relnamespace = 'ia'::regnamespace"
            " and relkind = 'r' and relname <> 'alembic_version'",
        )  # fmt: skip
        assert left == []
        functions = "select proname from pg_proc where pronamespace = 'ia'::regnamespace"
        assert await _all(server, name, functions) == []
        await schema.run(dsn, command.upgrade, "head")
        assert await _all(server, name, "select 1 from ia.referral") == []


async def _compare(server: LocalPostgres, name: str) -> list[object]:
    def compared(connection: SyncConnection) -> list[object]:
        context = MigrationContext.configure(
            connection,
            opts={
                "include_schemas": True,
                "compare_type": True,
                "include_name": lambda n, kind, _: kind != "schema" or n == "ia",
                "version_table_schema": "ia",
            },
        )
        return list(compare_metadata(context, metadata))

    url = server.dsn("postgres", name).replace("postgresql://", "postgresql+asyncpg://")
    engine = create_async_engine(url)
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(compared)
    finally:
        await engine.dispose()


async def test_models_and_migrations_agree(server: LocalPostgres) -> None:
    async with clone(server) as name:
        assert await _compare(server, name) == []


async def test_a_column_that_only_the_database_has_is_noticed(server: LocalPostgres) -> None:
    async with clone(server) as name:
        await _all(server, name, "alter table ia.referral add column left_over text")
        assert await _compare(server, name) != []


async def _checks(server: LocalPostgres, name: str) -> dict[str, str]:
    rows = await _all(
        server,
        name,
        "select conname, pg_get_constraintdef(oid) as text from pg_constraint"
        " where connamespace = 'ia'::regnamespace and contype = 'c'",
    )
    return {r["conname"]: r["text"] for r in rows}


async def test_checks_of_the_database_are_those_of_the_models(
    server: LocalPostgres, database_name: str
) -> None:
    there = await _checks(server, database_name)
    async with clone(server) as name:
        dsn = server.dsn("postgres", name)
        connection = await asyncpg.connect(dsn)
        try:
            await connection.execute("drop schema ia cascade; create schema ia")
        finally:
            await connection.close()
        engine = create_async_engine(dsn.replace("postgresql://", "postgresql+asyncpg://"))
        async with engine.begin() as made:
            await made.execute(text("set check_function_bodies = off"))
            await made.run_sync(metadata.create_all)
        await engine.dispose()
        assert await _checks(server, name) == there


async def test_status_checks_are_printed_from_the_drawings(
    server: LocalPostgres, database_name: str
) -> None:
    there = await _checks(server, database_name)
    for lifecycle in LIFECYCLES:
        text_ = there[f"ck_{lifecycle.name}_status"]
        for state in lifecycle.states:
            assert f"'{state.value}'" in text_
        assert text_.count("'") == 2 * len(lifecycle.labels)


async def test_every_table_is_closed_by_forced_policies(
    server: LocalPostgres, database_name: str
) -> None:
    rows = await _all(
        server,
        database_name,
        "select relname, relrowsecurity and relforcerowsecurity as closed from pg_class"
        " where relnamespace = 'ia'::regnamespace and relkind in ('r', 'p')",
    )
    open_ = {r["relname"] for r in rows if not r["closed"]}
    assert open_ == set(WITHOUT_POLICIES)


async def test_the_application_is_neither_owner_nor_above_policies(
    server: LocalPostgres, database_name: str
) -> None:
    owners = await _all(
        server,
        database_name,
        "select distinct pg_get_userbyid(relowner) as name from pg_class"
        " where relnamespace = 'ia'::regnamespace",
    )
    assert {r["name"] for r in owners} == {"ia_owner"}
    roles = await _all(
        server,
        database_name,
        "select rolname, rolsuper or rolbypassrls as above, rolcanlogin from pg_roles"
        " where rolname like 'ia\\_%'",
    )
    assert {r["rolname"]: (r["above"], r["rolcanlogin"]) for r in roles} == {
        "ia_owner": (False, False),
        "ia_auth": (False, False),
        "ia_officer": (False, False),
        "ia_retention": (False, False),
        "ia_auditor": (False, True),
        "ia_app": (False, True),
        "ia_worker": (False, True),
        "ia_migrator": (False, True),
    }


async def test_functions_that_act_for_their_owner_fix_their_search_path(
    server: LocalPostgres, database_name: str
) -> None:
    rows = await _all(
        server,
        database_name,
        "select proname, proconfig::text as config from pg_proc"
        " where pronamespace = 'ia'::regnamespace and prosecdef",
    )
    assert rows
    for row in rows:
        assert "search_path=pg_catalog, pg_temp" in (row["config"] or ""), row["proname"]


async def test_policies_call_context_functions_once_per_statement(
    server: LocalPostgres, database_name: str
) -> None:
    rows = await _all(
        server, database_name, "select policyname, coalesce(qual, '') as text from pg_policies"
    )
    for row in rows:
        calls = row["text"].count("ia.ctx_")
        wrapped = row["text"].count("( SELECT ia.ctx_")
        assert calls == wrapped, row["policyname"]


async def test_foreign_keys_between_tenants_carry_the_tenant(
    server: LocalPostgres, database_name: str
) -> None:
    rows = await _all(
        server,
        database_name,
        "select conname, pg_get_constraintdef(oid) as text, confrelid::regclass::text as target"
        " from pg_constraint where connamespace = 'ia'::regnamespace and contype = 'f'",
    )
    free = {"ia.municipality", "ia.transfer_basis", "ia.code_list"}
    for row in rows:
        if row["target"] not in free:
            assert "(municipality_id, " in row["text"], row["conname"]


@pytest.mark.parametrize("digits", ["2026000001", "2026004711", "0", "9999999999"])
async def test_database_and_python_agree_on_check_digits(
    server: LocalPostgres, database_name: str, digits: str
) -> None:
    (row,) = await _all(server, database_name, "select ia.damm($1) as digit", digits)
    assert row["digit"] == damm(digits)
