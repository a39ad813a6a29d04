"""The live schema: no table, view, function or key through which a row could get past a policy."""

from collections.abc import AsyncIterator

import asyncpg
import pytest
import pytest_asyncio
from asyncpg import Connection

from integration_api.postgres.launcher import LocalPostgres

NOBODYS = {
    "alembic_version": "the number of the schema",
    "code_list": "lists of others, the same for everybody",
    "code_list_entry": "codes of those lists",
    "demo_clock": "what a demo takes for today; one row",
    "transfer_basis": "a list of laws, the same for everybody",
}
"""Tables without policies, with the reason."""
ROLES = ("ia_app", "ia_worker", "ia_auth", "ia_status")

TABLES = """
select c.relname as name, c.relrowsecurity and c.relforcerowsecurity as held,
  exists (select from pg_attribute where attrelid = c.oid and attname = 'municipality_id'
    and not attisdropped) as tenant
from pg_class c where c.relnamespace = 'ia'::regnamespace and c.relkind in ('r', 'p')
"""
BARE_GRANTS = """
select format('%s may %s %s without a policy', g.grantee, g.privilege_type, g.table_name)
from (select grantee, privilege_type, table_name from information_schema.role_table_grants
    where table_schema = 'ia'
  union select grantee, privilege_type, table_name from information_schema.column_privileges
    where table_schema = 'ia') g
join pg_class c on c.oid = format('ia.%I', g.table_name)::regclass
where c.relrowsecurity and g.grantee = any ($1)
  and g.privilege_type in ('SELECT', 'INSERT', 'UPDATE', 'DELETE')
  and not exists (select from pg_policies p where p.schemaname = 'ia'
    and p.tablename = g.table_name and g.grantee = any (p.roles) and p.permissive = 'PERMISSIVE'
    and p.cmd in (g.privilege_type, 'ALL'))
"""
NO_TENANT = """
select format('%s of %s for %s does not ask the municipality', policyname, tablename, roles)
from pg_policies where schemaname = 'ia' and permissive = 'PERMISSIVE' and 'ia_app' = any (roles)
  and exists (select from information_schema.columns where table_schema = 'ia'
    and table_name = tablename and column_name = 'municipality_id')
  -- the directory is public
  and not policyname in ('agency_read', 'municipality_ags_read', 'agency_competence_read',
    'waiting_time_read', 'site_read', 'site_unit_read', 'offer_site_read')
  and not coalesce(qual, with_check) ~ 'municipality_id = \\( SELECT ia\\.ctx_municipality\\(\\)'
"""
BARE_CONTEXT = """
select format('%s of %s calls %s for each row', policyname, tablename, found[1])
from pg_policies, regexp_matches(coalesce(qual, '') || coalesce(with_check, ''),
  '(?<!SELECT )(ia\\.ctx_\\w+)\\(\\)', 'g') found where schemaname = 'ia'
"""
VIEWS = """
select format('%s runs as its owner', oid::regclass) from pg_class
where relnamespace = 'ia'::regnamespace and (relkind = 'm'
  or relkind = 'v' and not coalesce('security_invoker=true' = any (reloptions), false))
"""
DEFINERS = """
select format('%s is open to PUBLIC or finds what others put in its way', oid::regprocedure)
from pg_proc where pronamespace = 'ia'::regnamespace and prosecdef
  and (not coalesce(proconfig, '{}') @> '{"search_path=pg_catalog, pg_temp"}'
    or prorettype <> 'trigger'::regtype and has_function_privilege('public', oid, 'execute'))
"""
CONTEXT = """
select format('%s takes the empty text for a value', oid::regprocedure) from pg_proc
where pronamespace = 'ia'::regnamespace and proname like 'ctx\\_%'
  and prosrc ~ 'current_setting' and prosrc !~* 'nullif\\(\\s*current_setting'
"""
FOREIGN_KEYS = """
select format('%s: %s', conrelid::regclass, pg_get_constraintdef(k.oid)) from pg_constraint k
where connamespace = 'ia'::regnamespace and contype = 'f'
  and exists (select from pg_attribute where attrelid = confrelid and attname = 'municipality_id')
  and exists (select from pg_attribute where attrelid = conrelid and attname = 'municipality_id')
  and not exists (select from unnest(conkey, confkey) pair (here, there)
    join pg_attribute a on a.attrelid = conrelid and a.attnum = here
    join pg_attribute b on b.attrelid = confrelid and b.attnum = there
    where a.attname = 'municipality_id' and b.attname = 'municipality_id')
"""
UNCHECKED_KEYS = """
select format('%s → %s', conrelid::regclass, confrelid::regclass) from pg_constraint k
where connamespace = 'ia'::regnamespace and contype = 'f'
  and confrelid::regclass::text in ('ia.person', 'ia."case"', 'ia.disclosure', 'ia.tandem_case')
  and has_any_column_privilege('ia_app', conrelid, 'insert')
  and not exists (select from pg_policy p
    where polrelid = conrelid and polcmd = 'a' and (
      pg_get_expr(polwithcheck, polrelid) ~ ('FROM ' || confrelid::regclass::text)
      or pg_get_expr(polwithcheck, polrelid) ~ 'FROM ia\\.(case_participant|disclosure|"case")'
      or pg_get_expr(polwithcheck, polrelid) ~ 'ia\\.controls_person'))
"""
SIDES = """
select format('%s logs in past the policies', rolname) from pg_roles
where rolname like 'ia\\_%' and (rolsuper or rolbypassrls and rolname <> 'ia_backup')
"""
UNIQUE = """
select format('%s: %s', indrelid::regclass, pg_get_indexdef(indexrelid)) from pg_index
where indrelid::regclass::text like 'ia.%' and indisunique
  and exists (select from pg_attribute where attrelid = indrelid and attname = 'municipality_id')
  and (select attname from pg_attribute where attrelid = indrelid and attnum = indkey[0])
    not in ('municipality_id', 'id', 'tandem_case_id')
"""
MADE_BY_US = {"ia.outbox", "ia.api_key"}
"""Their unique keys hold numbers that the service draws itself: nobody can try one."""
ACROSS = {"ia.api_client", "ia.member"}
"""A login at the issuer is one row in all municipalities, or none could be found by it."""
UNASKED = {
    # made in the statement that makes the tandem case, which no policy could see yet; of a second
    # one the unique key says no
    "ia.legal_track → ia.tandem_case",
    "ia.placement_track → ia.tandem_case",
    # the key holds the agency that controls or leads, and the policy asks that it is the caller
    'ia.case_participant → ia."case"',
    "ia.person_address → ia.person",
    # made in the statement that makes the case; only ever read together with `case_access`
    'ia.case_external_id → ia."case"',
}
"""References whose policy does not look at the row, and why nothing comes of it."""

LINTS = {
    "grant without policy": BARE_GRANTS,
    "policy without municipality": NO_TENANT,
    "context per row": BARE_CONTEXT,
    "view without invoker": VIEWS,
    "open definer": DEFINERS,
    "context without nullif": CONTEXT,
    "foreign key without municipality": FOREIGN_KEYS,
    "role past the policies": SIDES,
}


@pytest_asyncio.fixture
async def above(server: LocalPostgres, database_name: str) -> AsyncIterator[Connection]:
    """A superuser in a transaction that is rolled back, for the twins."""
    made = await asyncpg.connect(server.dsn("postgres", database_name))
    outer = made.transaction()
    await outer.start()
    yield made
    await outer.rollback()
    await made.close()


async def found(connection: Connection, lint: str) -> list[str]:
    """What a lint finds."""
    sql = LINTS[lint]
    return [r[0] for r in await connection.fetch(sql, *([list(ROLES)] if "$1" in sql else []))]


@pytest.mark.parametrize("lint", LINTS)
async def test_the_schema_has_no_such_hole(connection: Connection, lint: str) -> None:
    assert await found(connection, lint) == []


async def test_every_table_is_held_by_policies_or_is_nobodys(connection: Connection) -> None:
    tables = await connection.fetch(TABLES)
    assert len(tables) > 25
    assert {t["name"] for t in tables if not t["held"]} == NOBODYS.keys()
    assert not [t["name"] for t in tables if t["tenant"] and not t["held"]]


async def test_unique_keys_tell_nothing_across_municipalities(connection: Connection) -> None:
    told = {r[0].partition(":")[0] for r in await connection.fetch(UNIQUE)}
    assert told == MADE_BY_US | ACROSS


async def test_whatever_points_at_a_row_asks_whether_it_is_seen(connection: Connection) -> None:
    """A foreign key looks past the policies, so that the INSERT policy has to look."""
    told = {r[0] for r in await connection.fetch(UNCHECKED_KEYS)}
    assert told == UNASKED


LEAKS = {
    "grant without policy": 'drop policy case_read on ia."case"',
    "policy without municipality": "create policy bad on ia.person for select to ia_app"
    " using (true)",
    "context per row": "create policy bad on ia.person for select to ia_app using"
    " (municipality_id = (select ia.ctx_municipality()) and controller_agency_id ="
    " ia.ctx_agency())",
    "view without invoker": "create view ia.everyone as select * from ia.person",
    "open definer": "create function ia.all() returns setof ia.person language sql security definer"
    " as 'select * from ia.person'",
    "context without nullif": "create or replace function ia.ctx_agency() returns uuid language sql"
    " stable as $$ select current_setting('app.agency_id', true)::uuid $$",
    "foreign key without municipality": "alter table ia.case_note add foreign key (case_id)"
    ' references ia."case" (id)',
    "role past the policies": "alter role ia_worker bypassrls",
}
"""The known-bad twin of each lint."""


@pytest.mark.parametrize("lint", LINTS)
async def test_such_a_hole_would_be_found(above: Connection, lint: str) -> None:
    await above.execute(LEAKS[lint])
    assert await found(above, lint)


async def test_a_table_without_force_would_be_found(above: Connection) -> None:
    await above.execute("alter table ia.person no force row level security")
    assert [t["name"] for t in await above.fetch(TABLES) if t["tenant"] and not t["held"]] == [
        "person"
    ]


async def test_a_key_before_the_municipality_would_be_found(above: Connection) -> None:
    await above.execute("create unique index on ia.case_external_id (system, value)")
    assert "ia.case_external_id" in {r[0].partition(":")[0] for r in await above.fetch(UNIQUE)}


async def test_an_unchecked_reference_would_be_found(above: Connection) -> None:
    await above.execute(
        "drop policy case_note_add on ia.case_note; create policy case_note_add on ia.case_note"
        " for insert to ia_app with check (municipality_id = (select ia.ctx_municipality()))"
    )
    assert 'ia.case_note → ia."case"' in {r[0] for r in await above.fetch(UNCHECKED_KEYS)}
