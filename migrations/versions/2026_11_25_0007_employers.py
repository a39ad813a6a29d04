"""Employers: data of companies, seen by every agency of the municipality.

Why: two offices that talk to one company should know of each other; who recorded it keeps it.
"""

from migrations_sql import run

revision = "0007_employers"
down_revision = "0006_validate"
branch_labels = None
depends_on = None

UP = """
create table ia.employer (
  id uuid not null,
  municipality_id uuid not null,
  recorded_by_agency_id uuid not null,
  name text not null,
  establishment_number text,
  sector text,
  place text,
  contact_email text,
  contact_phone text,
  ba_excluded_until date,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  version integer not null default 1,
  constraint pk_employer primary key (id),
  constraint uq_employer_municipality_id_id unique (municipality_id, id),
  constraint uq_employer_municipality_id_establishment_number
    unique (municipality_id, establishment_number),
  constraint fk_employer_municipality_id_recorded_by_agency_id
    foreign key (municipality_id, recorded_by_agency_id)
    references ia.agency (municipality_id, id),
  constraint ck_employer_establishment_number check (establishment_number ~ '^[0-9]{8}$'))

create index ix_employer_municipality_id_created_at_id
  on ia.employer (municipality_id, created_at desc, id desc)

alter table ia.employer enable row level security

alter table ia.employer force row level security

create policy employer_read on ia.employer for select to ia_app using (
  municipality_id = (select ia.ctx_municipality()))

create policy employer_add on ia.employer for insert to ia_app with check (
  municipality_id = (select ia.ctx_municipality())
  and recorded_by_agency_id = (select ia.ctx_agency()))

create policy employer_change on ia.employer for update to ia_app
  using (municipality_id = (select ia.ctx_municipality())
    and recorded_by_agency_id = (select ia.ctx_agency()))
  with check (municipality_id = (select ia.ctx_municipality())
    and recorded_by_agency_id = (select ia.ctx_agency()))

grant select, insert, update (name, establishment_number, sector, place, contact_email,
  contact_phone, ba_excluded_until, updated_at, version) on ia.employer to ia_app
"""

DOWN = """
drop table ia.employer
"""


def upgrade() -> None:
    """Create."""
    run(UP)


def downgrade() -> None:
    """Drop."""
    run(DOWN)
