"""Exports: what a client may see, as of one moment, kept for a day.

Why: who begins to follow the feed needs what was there before. An export has the id of its job; its
parts are sealed for the rights of the asking client, and each names the persons that it shows and
the disclosures that it rests on, so that it stays shut as soon as one of them is lost. The
application reads the head of the feed: an export says where to go on.
"""

from migrations_sql import run

revision = "0034_exports"
down_revision = "0033_jobs"
branch_labels = None
depends_on = None

MINE = """municipality_id = (select ia.ctx_municipality())
  and agency_id = (select ia.ctx_agency()) and client_id = (select ia.ctx_client())"""

UP = f"""
create table ia.export (
  id uuid not null,
  municipality_id uuid not null,
  agency_id uuid not null,
  client_id uuid not null,
  types text[] not null,
  cursor text,
  as_of timestamptz,
  lines integer,
  bytes bigint,
  sha256 text,
  constraint pk_export primary key (id),
  constraint uq_export_municipality_id_id unique (municipality_id, id),
  constraint fk_export_municipality_id_id foreign key (municipality_id, id)
    references ia.job (municipality_id, id) on delete cascade,
  constraint ck_export_types check (cardinality(types) between 1 and 20),
  constraint ck_export_whole
    check (num_nulls(cursor, as_of, lines, bytes, sha256) in (0, 5)))

create table ia.export_part (
  municipality_id uuid not null,
  export_id uuid not null,
  n integer not null,
  agency_id uuid not null,
  client_id uuid not null,
  sealed bytea not null,
  subjects uuid[] not null,
  compartments text[] not null,
  shown uuid[] not null,
  held uuid[] not null,
  constraint pk_export_part primary key (municipality_id, export_id, n),
  constraint fk_export_part_municipality_id_export_id foreign key (municipality_id, export_id)
    references ia.export (municipality_id, id) on delete cascade,
  constraint ck_export_part_n check (n >= 1))

alter table ia.export enable row level security

alter table ia.export force row level security

alter table ia.export_part enable row level security

alter table ia.export_part force row level security

create policy export_read on ia.export for select to ia_app using ({MINE})

create policy export_add on ia.export for insert to ia_app with check ({MINE})

create policy export_fill on ia.export for update to ia_app using ({MINE}) with check ({MINE})

create policy export_part_read on ia.export_part for select to ia_app using ({MINE})

create policy export_part_add on ia.export_part for insert to ia_app with check ({MINE})

create policy export_part_run on ia.export_part for select to ia_worker using (true)

create policy export_part_end on ia.export_part for delete to ia_worker using (true)

grant select, insert, update (cursor, as_of, lines, bytes, sha256) on ia.export to ia_app

grant select, insert on ia.export_part to ia_app

grant select (municipality_id, export_id, n), delete on ia.export_part to ia_worker
"""

DOWN = """
drop table ia.export_part, ia.export
"""


def upgrade() -> None:
    """Create."""
    run(UP)


def downgrade() -> None:
    """Drop."""
    run(DOWN)
