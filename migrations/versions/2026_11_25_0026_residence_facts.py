"""Residence facts: what the rules ask of a person beyond the periods, as a history.

Why: when the asylum application was registered, since when somebody is tolerated, of which state
they are: without these every answer of the rules is a case for review. Seen and recorded like the
periods of residence; nothing is overwritten, the newest record of a fact counts.
"""

from migrations_sql import run

revision = "0026_residence_facts"
down_revision = "0025_code_lists"
branch_labels = None
depends_on = None

LIVE = """d.recipient_agency_id = (select ia.ctx_agency()) and d.status = 'active'
        and d.opened_at <= now() and d.valid_from <= now()
        and d.valid_to > now() and d.closes_at > now()"""

UP = f"""
create table ia.residence_fact (
  id uuid not null,
  municipality_id uuid not null,
  person_id uuid not null,
  controller_agency_id uuid not null,
  fact text not null,
  value jsonb,
  source text not null,
  recorded_by_agency_id uuid not null,
  recorded_at timestamptz not null,
  version integer not null default 1,
  constraint pk_residence_fact primary key (id),
  constraint fk_residence_fact_controlled_person
    foreign key (municipality_id, person_id, controller_agency_id)
    references ia.person (municipality_id, id, controller_agency_id) on update cascade,
  constraint fk_residence_fact_municipality_id_recorded_by_agency_id
    foreign key (municipality_id, recorded_by_agency_id)
    references ia.agency (municipality_id, id))

create index ix_residence_fact_municipality_id_person_id_fact_recorded_at_id
  on ia.residence_fact (municipality_id, person_id, fact, recorded_at, id)

alter table ia.residence_fact enable row level security

alter table ia.residence_fact force row level security

create policy residence_fact_read on ia.residence_fact for select to ia_app using (
  municipality_id = (select ia.ctx_municipality())
  and (controller_agency_id = (select ia.ctx_agency())
    or exists (select 1 from ia.disclosure d where d.person_id = residence_fact.person_id
        and {LIVE} and 'residence' = any (d.compartments) offset 0)))

create policy residence_fact_add on ia.residence_fact for insert to ia_app with check (
  municipality_id = (select ia.ctx_municipality())
  and recorded_by_agency_id = (select ia.ctx_agency())
  and exists (select 1 from ia.person p where p.id = person_id)
  and (controller_agency_id = (select ia.ctx_agency())
    or exists (select 1 from ia.disclosure d where d.person_id = residence_fact.person_id
        and {LIVE} and 'residence' = any (d.compartments) and d.emergency_reason is null
        offset 0)))

create policy residence_fact_ceiling on ia.residence_fact as restrictive to ia_app
  using ('residence' = any ((select ia.ctx_compartments())::text[]))

grant select, insert on ia.residence_fact to ia_app
"""

DOWN = """
drop table ia.residence_fact
"""


def upgrade() -> None:
    """Create."""
    run(UP)


def downgrade() -> None:
    """Drop."""
    run(DOWN)
