"""Baseline: the context that policies read, access records, idempotency keys, outbox, audit.

Why: every later table leans on these. `nullif` in the context functions, because a setting that
ended with its transaction reads '' on a pooled connection, not null.
"""

from migrations_sql import run

revision = "0001_baseline"
down_revision = None
branch_labels = None
depends_on = None

UP = """
create function ia.ctx_municipality() returns uuid language sql stable parallel safe
  return nullif(current_setting('app.municipality_id', true), '')::uuid

create function ia.ctx_agency() returns uuid language sql stable parallel safe
  return nullif(current_setting('app.agency_id', true), '')::uuid

create function ia.ctx_client() returns uuid language sql stable parallel safe
  return nullif(current_setting('app.client_id', true), '')::uuid

create table ia.demo_clock (
  one boolean not null default true,
  offset_seconds bigint not null,
  constraint pk_demo_clock primary key (one),
  constraint ck_demo_clock_one check (one))

grant select on ia.demo_clock to ia_app, ia_worker

create table ia.access_record (
  id bigint generated always as identity,
  at timestamptz not null,
  municipality_id uuid not null,
  agency_id uuid not null,
  client_id uuid not null,
  member_id uuid,
  purpose text not null,
  request_id uuid not null,
  operation text not null,
  subjects uuid[] not null,
  compartments text[] not null,
  constraint pk_access_record primary key (id))

create index ix_access_record_municipality_id_at on ia.access_record (municipality_id, at)

alter table ia.access_record enable row level security

alter table ia.access_record force row level security

create policy access_record_add on ia.access_record for insert to ia_app with check (
  municipality_id = (select ia.ctx_municipality()) and agency_id = (select ia.ctx_agency())
  and client_id = (select ia.ctx_client()))

grant insert on ia.access_record to ia_app

create table ia.idempotency_key (
  municipality_id uuid not null,
  client_id uuid not null,
  key text not null,
  fingerprint bytea not null,
  status integer,
  headers text,
  body bytea,
  shown uuid[] not null default '{}',
  expires_at timestamptz not null,
  constraint pk_idempotency_key primary key (municipality_id, client_id, key),
  constraint ck_idempotency_key_key check (length(key) between 8 and 64))

create index ix_idempotency_key_expires_at on ia.idempotency_key (expires_at)

alter table ia.idempotency_key enable row level security

alter table ia.idempotency_key force row level security

create policy idempotency_key_read on ia.idempotency_key for select to ia_app using (
  municipality_id = (select ia.ctx_municipality()) and client_id = (select ia.ctx_client()))

create policy idempotency_key_add on ia.idempotency_key for insert to ia_app with check (
  municipality_id = (select ia.ctx_municipality()) and client_id = (select ia.ctx_client()))

create policy idempotency_key_change on ia.idempotency_key for update to ia_app
  using (municipality_id = (select ia.ctx_municipality()) and client_id = (select ia.ctx_client()))
  with check (municipality_id = (select ia.ctx_municipality())
    and client_id = (select ia.ctx_client()))

create policy idempotency_key_expire on ia.idempotency_key for delete to ia_worker
  using (expires_at < now())

create policy idempotency_key_old on ia.idempotency_key for select to ia_worker
  using (expires_at < now())

grant select, insert, update (status, headers, body, shown) on ia.idempotency_key to ia_app

grant select (municipality_id, client_id, key, expires_at), delete
  on ia.idempotency_key to ia_worker

create table ia.outbox (
  id bigint generated always as identity (cache 1),
  event_id uuid not null,
  municipality_id uuid not null,
  agg_type text not null,
  agg_id uuid not null,
  agg_version integer not null,
  type text not null,
  agency_ids uuid[] not null,
  body text not null,
  occurred_at timestamptz not null,
  constraint pk_outbox primary key (id),
  constraint uq_outbox_event_id unique (event_id),
  constraint uq_outbox_agg_id_agg_version unique (agg_id, agg_version))

alter table ia.outbox enable row level security

alter table ia.outbox force row level security

create policy outbox_add on ia.outbox for insert to ia_app, ia_worker
  with check (municipality_id = (select ia.ctx_municipality()))

grant insert on ia.outbox to ia_app, ia_worker

create table ia.audit_entry (
  id bigint generated always as identity,
  municipality_id uuid not null,
  canonical text not null,
  actor_id text generated always as ((canonical::jsonb) ->> 'actor_id') stored,
  action text generated always as ((canonical::jsonb) ->> 'action') stored,
  object_id text generated always as ((canonical::jsonb) ->> 'object_id') stored,
  constraint pk_audit_entry primary key (id),
  constraint ck_audit_entry_canonical check (canonical is json object))

create index ix_audit_entry_municipality_id_object_id
  on ia.audit_entry (municipality_id, object_id)

alter table ia.audit_entry enable row level security

alter table ia.audit_entry force row level security

create policy audit_entry_add on ia.audit_entry for insert to ia_app, ia_worker
  with check (municipality_id = (select ia.ctx_municipality()))

grant insert on ia.audit_entry to ia_app, ia_worker
"""

DOWN = """
drop table ia.audit_entry, ia.outbox, ia.idempotency_key, ia.access_record, ia.demo_clock

drop function ia.ctx_client(), ia.ctx_agency(), ia.ctx_municipality()
"""


def upgrade() -> None:
    """Create."""
    run(UP)


def downgrade() -> None:
    """Drop."""
    run(DOWN)
