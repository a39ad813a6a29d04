-- Roles and schema of one database; run by a DBA (superuser) before the first migration.
-- `integration-api migrate --print-roles` prints this file. It can be run again at any time.
-- Passwords or certificates for the login roles are the DBA's to set.
do $$
begin
  if not exists (select from pg_roles where rolname = 'ia_owner') then
    create role ia_owner nologin nobypassrls;             -- owns every object, never logs in
  end if;
  if not exists (select from pg_roles where rolname = 'ia_migrator') then
    create role ia_migrator login noinherit nobypassrls;  -- migrations: SET ROLE ia_owner first
  end if;
  if not exists (select from pg_roles where rolname = 'ia_app') then
    create role ia_app login noinherit nobypassrls;       -- the API
  end if;
  if not exists (select from pg_roles where rolname = 'ia_worker') then
    create role ia_worker login noinherit nobypassrls;    -- clock-driven arrows, deletion by rule
  end if;
  if not exists (select from pg_roles where rolname = 'ia_auth') then
    create role ia_auth nologin nobypassrls;              -- owns the key lookup, nothing else
  end if;
  if not exists (select from pg_roles where rolname = 'ia_officer') then
    create role ia_officer nologin nobypassrls;           -- owns the two functions that read the logs
  end if;
  if not exists (select from pg_roles where rolname = 'ia_retention') then
    create role ia_retention nologin nobypassrls;         -- owns the deletion of old access records
  end if;
  if not exists (select from pg_roles where rolname = 'ia_auditor') then
    create role ia_auditor login noinherit nobypassrls;   -- `audit verify`: reads the chain, no more
  end if;
  if not exists (select from pg_roles where rolname = 'ia_status') then
    create role ia_status nologin nobypassrls;            -- owns the function that counts what waits
  end if;
  if not exists (select from pg_roles where rolname = 'ia_backup') then
    create role ia_backup login inherit bypassrls;        -- `db dump`: reads every row, writes none
  end if;
end
$$;
grant ia_owner to ia_migrator;
grant ia_auth, ia_officer, ia_retention, ia_status to ia_owner;
grant pg_read_all_data to ia_backup;

alter role ia_app set timezone = 'UTC';
alter role ia_app set jit = off;
alter role ia_app set max_parallel_workers_per_gather = 0;
alter role ia_app set plan_cache_mode = force_generic_plan;
alter role ia_app set statement_timeout = '3s';
alter role ia_app set lock_timeout = '1500ms';
alter role ia_app set idle_in_transaction_session_timeout = '10s';
alter role ia_app set transaction_timeout = '15s';
alter role ia_worker set timezone = 'UTC';
alter role ia_worker set jit = off;
alter role ia_worker set statement_timeout = '30s';
alter role ia_worker set lock_timeout = '2s';
alter role ia_worker set idle_in_transaction_session_timeout = '30s';
alter role ia_auditor set timezone = 'UTC';
alter role ia_auditor set default_transaction_read_only = on;
alter role ia_backup set timezone = 'UTC';
alter role ia_backup set default_transaction_read_only = on;

create schema if not exists ia authorization ia_owner;
revoke all on schema public from public;
grant usage on schema ia to ia_app, ia_worker, ia_auth, ia_officer, ia_retention, ia_auditor, ia_status;
grant create on schema ia to ia_auth, ia_officer, ia_retention, ia_status;
