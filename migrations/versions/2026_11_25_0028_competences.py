"""Competences of agencies, and how long one waits there.

Why: who is responsible is a question to data, not to the memory of an office. A competence ends and
is followed by another, an observation stays as it was made: neither is rewritten, so that an answer
of the past can be understood. Both are public and kept by the agency itself.
"""

from migrations_sql import run

revision = "0028_competences"
down_revision = "0027_rule_packs"
branch_labels = None
depends_on = None

OWN = """municipality_id = (select ia.ctx_municipality())
  and exists (select 1 from ia.agency a where a.id = agency_id
    and a.municipality_id = (select ia.ctx_municipality())
    and (a.id = (select ia.ctx_agency()) or a.parent_id = (select ia.ctx_agency())) offset 0)"""

# One range per agency and service, days within it: core ranges alone can exclude, without the
# extension btree_gist, which an operator would have to allow. The hash has 64 bits.
PERIOD = """numrange(
      hashtextextended(agency_id::text || service, 0)::numeric * 4000000
        + (valid_from - date '0001-01-01'),
      hashtextextended(agency_id::text || service, 0)::numeric * 4000000
        + (coalesce(valid_to, date '9999-12-31') - date '0001-01-01'))"""

UP = f"""
create table ia.agency_competence (
  id uuid not null,
  municipality_id uuid not null,
  agency_id uuid not null,
  service text not null,
  jurisdiction text not null,
  area text[] not null,
  applies_when jsonb,
  legal_basis text[] not null,
  valid_from date not null,
  valid_to date,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  version integer not null default 1,
  constraint pk_agency_competence primary key (id),
  constraint uq_agency_competence_municipality_id_id unique (municipality_id, id),
  constraint fk_agency_competence_municipality_id_agency_id foreign key (municipality_id, agency_id)
    references ia.agency (municipality_id, id),
  constraint ck_agency_competence_valid check (valid_to > valid_from),
  constraint ck_agency_competence_area check (
    array_to_string(area, ' ', '') ~ '^((0[1-9]|1[0-6])[0-9]{{6}}( |$))*$'),
  constraint ck_agency_competence_legal_basis check (cardinality(legal_basis) > 0),
  constraint ck_agency_competence_applies_when check (jsonb_typeof(applies_when) = 'object'),
  constraint ex_agency_competence_once exclude using gist ({PERIOD} with &&))

create index ix_agency_competence_municipality_id_service
  on ia.agency_competence (municipality_id, service)

create index ix_agency_competence_agency_id_created_at_id
  on ia.agency_competence (agency_id, created_at desc, id desc)

create table ia.waiting_time (
  id uuid not null,
  municipality_id uuid not null,
  agency_id uuid not null,
  service text not null,
  kind text not null,
  days integer not null,
  method text not null,
  sample_size integer,
  observed_at timestamptz not null,
  recorded_at timestamptz not null,
  version integer not null default 1,
  constraint pk_waiting_time primary key (id),
  constraint uq_waiting_time_municipality_id_id unique (municipality_id, id),
  constraint fk_waiting_time_municipality_id_agency_id foreign key (municipality_id, agency_id)
    references ia.agency (municipality_id, id),
  constraint ck_waiting_time_days check (days between 0 and 3650),
  constraint ck_waiting_time_sample_size check (sample_size between 1 and 1000000))

create index ix_waiting_time_agency_id_observed_at_id
  on ia.waiting_time (agency_id, observed_at desc, id desc)

create index ix_waiting_time_agency_id_service_kind_observed_at
  on ia.waiting_time (agency_id, service, kind, observed_at desc, id desc)

alter table ia.agency_competence enable row level security

alter table ia.agency_competence force row level security

alter table ia.waiting_time enable row level security

alter table ia.waiting_time force row level security

create policy agency_competence_read on ia.agency_competence for select to ia_app using (true)

create policy agency_competence_add on ia.agency_competence for insert to ia_app with check (
  {OWN})

create policy agency_competence_end on ia.agency_competence for update to ia_app using (
  {OWN}) with check (
  {OWN})

create policy agency_competence_keep on ia.agency_competence to ia_owner
  using (true) with check (true)

create policy waiting_time_read on ia.waiting_time for select to ia_app using (true)

create policy waiting_time_add on ia.waiting_time for insert to ia_app with check (
  {OWN})

create policy waiting_time_keep on ia.waiting_time to ia_owner using (true) with check (true)

grant select, insert, update (valid_to, version, updated_at) on ia.agency_competence to ia_app

grant select, insert on ia.waiting_time to ia_app
"""

DOWN = """
drop table ia.waiting_time

drop table ia.agency_competence
"""


def upgrade() -> None:
    """Create."""
    run(UP)


def downgrade() -> None:
    """Drop."""
    run(DOWN)
