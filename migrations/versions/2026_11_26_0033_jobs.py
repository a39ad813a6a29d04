"""Jobs: what outlives the request that asked for it.

Why: an export of a city takes longer than a request may. A job is a row; a worker takes it under a
lease, whose token fences what it writes: who lost the lease writes nothing more. The worker reads
and writes for the asking client in that client's own context, and asks `ia.find_asker` at each
start whether the client still is what it was. A job is seen by the client that asked, and by no
other of its agency.
"""

from migrations_sql import run

revision = "0033_jobs"
down_revision = "0032_audience"
branch_labels = None
depends_on = None

MINE = """municipality_id = (select ia.ctx_municipality())
  and agency_id = (select ia.ctx_agency()) and client_id = (select ia.ctx_client())"""
ACTIVE = """a.active_from <= current_date and (a.active_to is null or a.active_to > current_date)"""
MEMBER = """m.active_from <= current_date and (m.active_to is null or m.active_to > current_date)"""

UP = f"""
create table ia.job (
  id uuid not null,
  municipality_id uuid not null,
  agency_id uuid not null,
  client_id uuid not null,
  kind text not null,
  status text not null,
  purpose text not null,
  request_id uuid not null,
  done integer not null default 0,
  total integer,
  problem text,
  result_url text,
  lease_until timestamptz,
  lease_token uuid,
  attempts integer not null default 0,
  version integer not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  finished_at timestamptz,
  expires_at timestamptz,
  constraint pk_job primary key (id),
  constraint uq_job_municipality_id_id unique (municipality_id, id),
  constraint fk_job_municipality_id_agency_id foreign key (municipality_id, agency_id)
    references ia.agency (municipality_id, id),
  constraint ck_job_kind check (kind ~ '^[a-z]+(_[a-z]+)*$'),
  constraint ck_job_status
    check (status IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')),
  constraint ck_job_finished check ((finished_at is null) = (status in ('queued', 'running'))
    and (finished_at is null) = (expires_at is null)),
  constraint ck_job_lease check ((lease_until is null) = (lease_token is null)
    and (finished_at is null or lease_token is null)
    and (status <> 'running' or lease_token is not null)),
  constraint ck_job_outcome check ((problem is not null) = (status = 'failed')
    and (result_url is not null) = (status = 'succeeded')),
  constraint ck_job_progress check (done >= 0 and total >= 0 and attempts >= 0))

create index ix_job_municipality_id_agency_id_client_id
  on ia.job (municipality_id, agency_id, client_id) where finished_at is null

create index ix_job_open on ia.job (created_at, id) where finished_at is null

create index ix_job_expires_at on ia.job (expires_at)

create index ix_job_agency on ia.job (municipality_id, agency_id)

alter table ia.job enable row level security

alter table ia.job force row level security

create policy job_read on ia.job for select to ia_app using ({MINE})

create policy job_add on ia.job for insert to ia_app with check ({MINE})

create policy job_move on ia.job for update to ia_app using ({MINE}) with check ({MINE})

create policy job_run on ia.job for select to ia_worker using (true)

create policy job_lease on ia.job for update to ia_worker using (true) with check (true)

create policy job_end on ia.job for delete to ia_worker
  using (expires_at < now() - interval '30 days')

grant select, insert, update (status, done, total, result_url, lease_until, lease_token, version,
    updated_at, finished_at, expires_at)
  on ia.job to ia_app

grant select, delete, update (status, done, total, problem, lease_until, lease_token, attempts,
    version, updated_at, finished_at, expires_at)
  on ia.job to ia_worker

create function ia.find_asker(p_client uuid, p_agency uuid)
  returns table (municipality_id uuid, agency_id uuid, client_id uuid, member_id uuid,
    scopes text[], purposes text[], roles text[], agency_type text)
  language sql stable security definer set search_path = pg_catalog, pg_temp
  set timezone = 'Europe/Berlin'
begin atomic
  select c.municipality_id, c.agency_id, c.id, c.member_id, c.scopes, c.purposes,
      coalesce(m.roles, '{{}}'), a.type
    from ia.api_client c
    join ia.agency a on a.id = c.agency_id
    left join ia.member m on m.id = c.member_id
    where c.id = p_client and c.agency_id = p_agency and c.revoked_at is null
      and (c.subject is not null or exists (select from ia.api_key k
        where k.client_id = c.id and k.revoked_at is null and k.expires_at > now()))
      and {ACTIVE}
      and (m.id is null or ({MEMBER}))
  union all
  select m.municipality_id, m.agency_id, m.id, m.id, null::text[], null::text[], m.roles, a.type
    from ia.member m
    join ia.agency a on a.id = m.agency_id
    where m.id = p_client and m.agency_id = p_agency and m.subject is not null
      and {ACTIVE}
      and {MEMBER};
end;

alter function ia.find_asker(uuid, uuid) owner to ia_auth

revoke all on function ia.find_asker(uuid, uuid) from public

grant execute on function ia.find_asker(uuid, uuid) to ia_worker
"""

DOWN = """
drop function ia.find_asker(uuid, uuid)

drop table ia.job
"""


def upgrade() -> None:
    """Create."""
    run(UP)


def downgrade() -> None:
    """Drop."""
    run(DOWN)
