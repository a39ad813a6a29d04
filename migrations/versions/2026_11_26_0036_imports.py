"""Imports: cases of another system in bulk, by their numbers there.

Why: an office that begins has tens of thousands of cases in its own system. Parts are sealed for
the client that sent them and end with the import; what was wrong with a line is kept for a week,
without the line. The merge writes its progress with each batch, so that it can go on anywhere. It
counts tables that it fills before autovacuum comes: what is planned for an empty one reads all.
"""

from migrations_sql import run

revision = "0036_imports"
down_revision = "0035_webhooks"
branch_labels = None
depends_on = None

MINE = """municipality_id = (select ia.ctx_municipality())
  and agency_id = (select ia.ctx_agency()) and client_id = (select ia.ctx_client())"""

UP = f"""
create table ia.import (
  id uuid not null,
  municipality_id uuid not null,
  agency_id uuid not null,
  client_id uuid not null,
  type text not null,
  system text not null,
  csv jsonb,
  dry_run boolean not null,
  job_id uuid,
  at_part integer not null default 1,
  at_record integer not null default 0,
  created integer not null default 0,
  updated integer not null default 0,
  unchanged integer not null default 0,
  rejected integer not null default 0,
  version integer not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint pk_import primary key (id),
  constraint uq_import_municipality_id_id unique (municipality_id, id),
  constraint uq_import_municipality_id_job_id unique (municipality_id, job_id),
  constraint fk_import_municipality_id_agency_id foreign key (municipality_id, agency_id)
    references ia.agency (municipality_id, id),
  constraint fk_import_municipality_id_job_id foreign key (municipality_id, job_id)
    references ia.job (municipality_id, id) on delete cascade,
  constraint ck_import_type check (type ~ '^[a-z]+(_[a-z]+)*$'),
  constraint ck_import_progress check (at_part >= 1 and at_record >= 0 and created >= 0
    and updated >= 0 and unchanged >= 0 and rejected >= 0))

create index ix_import_municipality_id_agency_id_client_id
  on ia.import (municipality_id, agency_id, client_id)

create index ix_import_created_at on ia.import (created_at)

create table ia.import_part (
  municipality_id uuid not null,
  import_id uuid not null,
  n integer not null,
  agency_id uuid not null,
  client_id uuid not null,
  sealed bytea not null,
  bytes integer not null,
  lines integer not null,
  sha256 text not null,
  version integer not null default 1,
  constraint pk_import_part primary key (municipality_id, import_id, n),
  constraint fk_import_part_municipality_id_import_id foreign key (municipality_id, import_id)
    references ia.import (municipality_id, id) on delete cascade,
  constraint ck_import_part_n check (n between 1 and 50 and bytes >= 1 and lines >= 0))

create table ia.import_problem (
  id uuid not null,
  municipality_id uuid not null,
  import_id uuid not null,
  agency_id uuid not null,
  client_id uuid not null,
  n integer not null,
  part integer not null,
  line integer not null,
  external_id text,
  slug text not null,
  status integer not null,
  problem jsonb not null,
  constraint pk_import_problem primary key (id),
  constraint uq_import_problem_municipality_id_import_id_n unique (municipality_id, import_id, n),
  constraint fk_import_problem_municipality_id_import_id foreign key (municipality_id, import_id)
    references ia.import (municipality_id, id) on delete cascade,
  constraint ck_import_problem_n check (n >= 0 and part >= 1 and line >= 1))

alter table ia.import enable row level security

alter table ia.import force row level security

alter table ia.import_part enable row level security

alter table ia.import_part force row level security

alter table ia.import_problem enable row level security

alter table ia.import_problem force row level security

create policy import_read on ia.import for select to ia_app using ({MINE})

create policy import_add on ia.import for insert to ia_app with check ({MINE})

create policy import_move on ia.import for update to ia_app using ({MINE}) with check ({MINE})

create policy import_run on ia.import for select to ia_worker using (true)

create policy import_end on ia.import for delete to ia_worker using (true)

create policy import_part_read on ia.import_part for select to ia_app using ({MINE})

create policy import_part_add on ia.import_part for insert to ia_app with check ({MINE})

create policy import_part_replace on ia.import_part for update to ia_app
  using ({MINE}) with check ({MINE})

create policy import_part_over on ia.import_part for delete to ia_app using ({MINE})

create policy import_problem_read on ia.import_problem for select to ia_app using ({MINE})

create policy import_problem_add on ia.import_problem for insert to ia_app with check ({MINE})

grant select, insert, update (job_id, at_part, at_record, created, updated, unchanged, rejected,
  version, updated_at) on ia.import to ia_app

grant select (id, municipality_id, job_id, created_at), delete on ia.import to ia_worker

grant select, insert, update (sealed, bytes, lines, sha256, version), delete on ia.import_part
  to ia_app

grant select, insert on ia.import_problem to ia_app

create function ia.refresh_case_statistics() returns void
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  -- what somebody else is counting already is left to him: nobody waits for a lock
  analyze (skip_locked) ia."case", ia.case_external_id, ia.case_participant;
end
$$

revoke all on function ia.refresh_case_statistics() from public

grant execute on function ia.refresh_case_statistics() to ia_app
"""

DOWN = """
drop function ia.refresh_case_statistics()

drop table ia.import_problem, ia.import_part, ia.import
"""


def upgrade() -> None:
    """Create."""
    run(UP)


def downgrade() -> None:
    """Drop."""
    run(DOWN)
