"""Tandem cases and their two tracks.

Why: each team moves its own track, a row of its own with its own version, so that neither
overwrites the other; every move locks the tandem case first. Who sees a tandem case of a person has
access to the case under it as well, so a revoked consent ends both with the same commit. The worker
may lock a tandem case, so that all take it and the track in one order, but not change it.
"""

from migrations_sql import run

revision = "0008_tandem"
down_revision = "0007_employers"
branch_labels = None
depends_on = None

SEEN = """municipality_id = (select ia.ctx_municipality())
  and (select ia.ctx_agency()) in (lead_agency_id, legal_agency_id, placement_agency_id)
  and (case_id is null or lead_agency_id = (select ia.ctx_agency())
    or exists (select 1 from ia.case_access a where a.case_id = tandem_case.case_id
      and a.agency_id = (select ia.ctx_agency())
      and a.valid_from <= now() and a.valid_to > now() offset 0))"""

UP = f"""
create table ia.tandem_case (
  id uuid not null,
  municipality_id uuid not null,
  case_id uuid,
  person_id uuid,
  employer_id uuid,
  goal text not null,
  language text,
  lead_agency_id uuid not null,
  legal_agency_id uuid not null,
  placement_agency_id uuid not null,
  legal_acknowledged_at timestamptz,
  placement_acknowledged_at timestamptz,
  blocker text,
  blocker_agency_id uuid,
  legal_closed_at timestamptz,
  placement_closed_at timestamptz,
  closed_at timestamptz,
  outcome text,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  version integer not null default 1,
  constraint pk_tandem_case primary key (id),
  constraint uq_tandem_case_municipality_id_id unique (municipality_id, id),
  constraint fk_tandem_case_municipality_id_case_id
    foreign key (municipality_id, case_id) references ia."case" (municipality_id, id),
  constraint fk_tandem_case_municipality_id_case_id_person_id
    foreign key (municipality_id, case_id, person_id)
    references ia.case_participant (municipality_id, case_id, person_id),
  constraint fk_tandem_case_municipality_id_employer_id
    foreign key (municipality_id, employer_id) references ia.employer (municipality_id, id),
  constraint fk_tandem_case_municipality_id_lead_agency_id
    foreign key (municipality_id, lead_agency_id) references ia.agency (municipality_id, id),
  constraint fk_tandem_case_municipality_id_legal_agency_id
    foreign key (municipality_id, legal_agency_id) references ia.agency (municipality_id, id),
  constraint fk_tandem_case_municipality_id_placement_agency_id
    foreign key (municipality_id, placement_agency_id) references ia.agency (municipality_id, id),
  constraint fk_tandem_case_municipality_id_blocker_agency_id
    foreign key (municipality_id, blocker_agency_id) references ia.agency (municipality_id, id),
  constraint ck_tandem_case_subject check ((case_id is null) = (person_id is null)
    and (case_id is not null or employer_id is not null)),
  constraint ck_tandem_case_teams check (legal_agency_id <> placement_agency_id),
  constraint ck_tandem_case_blocker check ((blocker is null) = (blocker_agency_id is null)),
  constraint ck_tandem_case_closed check ((closed_at is not null)
    = (legal_closed_at is not null and placement_closed_at is not null)),
  constraint ck_tandem_case_outcome check ((outcome is not null)
    = (legal_closed_at is not null or placement_closed_at is not null)))

create unique index uq_tandem_case_open on ia.tandem_case (municipality_id, case_id, person_id)
  where closed_at is null

create index ix_tandem_case_case on ia.tandem_case (case_id)

create index ix_tandem_case_lead on ia.tandem_case
  (municipality_id, lead_agency_id, created_at desc, id desc)

create index ix_tandem_case_legal on ia.tandem_case
  (municipality_id, legal_agency_id, created_at desc, id desc)

create index ix_tandem_case_placement on ia.tandem_case
  (municipality_id, placement_agency_id, created_at desc, id desc)

create table ia.legal_track (
  id uuid not null,
  municipality_id uuid not null,
  tandem_case_id uuid not null,
  agency_id uuid not null,
  status text not null,
  legal_basis text,
  identity_status text,
  missing_facts text[] not null default '{{}}',
  facts_due_on date,
  unblock_conditions text,
  eligible_from date,
  application_received_on date,
  ba_exemption text,
  permit_valid_from date,
  permit_valid_to date,
  permit_restrictions jsonb,
  remedy_filed_on date,
  reason text,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  version integer not null default 1,
  constraint pk_legal_track primary key (id),
  constraint uq_legal_track_tandem_case_id unique (tandem_case_id),
  constraint fk_legal_track_municipality_id_tandem_case_id
    foreign key (municipality_id, tandem_case_id) references ia.tandem_case (municipality_id, id),
  constraint fk_legal_track_municipality_id_agency_id
    foreign key (municipality_id, agency_id) references ia.agency (municipality_id, id),
  constraint ck_legal_track_permit check (permit_valid_from is not null or permit_valid_to is null),
  constraint ck_legal_track_term check (permit_valid_to >= permit_valid_from),
  constraint ck_legal_track_granted check (permit_valid_from is not null
    or status not in ('granted', 'granted_restricted', 'active', 'renewal_due')),
  constraint ck_legal_track_status check (status IN ('not_started', 'status_check', 'needs_facts',
    'access_cleared', 'blocked', 'permit_needed', 'application_filed', 'ba_pending',
    'ba_info_required', 'decision_pending', 'granted', 'granted_restricted', 'refused', 'appeal',
    'active', 'renewal_due', 'withdrawn', 'revoked', 'expired', 'ended', 'closed')))

create index ix_legal_track_permit on ia.legal_track (municipality_id, permit_valid_to)
  where status in ('granted', 'granted_restricted', 'active', 'renewal_due')

create table ia.placement_track (
  id uuid not null,
  municipality_id uuid not null,
  tandem_case_id uuid not null,
  agency_id uuid not null,
  status text not null,
  contract_signed_on date,
  started_on date,
  reason text,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  version integer not null default 1,
  constraint pk_placement_track primary key (id),
  constraint uq_placement_track_tandem_case_id unique (tandem_case_id),
  constraint fk_placement_track_municipality_id_tandem_case_id
    foreign key (municipality_id, tandem_case_id) references ia.tandem_case (municipality_id, id),
  constraint fk_placement_track_municipality_id_agency_id
    foreign key (municipality_id, agency_id) references ia.agency (municipality_id, id),
  constraint ck_placement_track_contract check (contract_signed_on is not null
    or status not in ('contract_confirmed', 'started', 'aftercare', 'completed')),
  constraint ck_placement_track_started check (started_on is not null
    or status not in ('started', 'aftercare', 'completed')),
  constraint ck_placement_track_status check (status IN ('not_started', 'profiling',
    'competence_assessed', 'matching', 'offer_pending', 'offer_confirmed', 'contract_confirmed',
    'started', 'aftercare', 'completed', 'paused', 'no_match', 'disengaged', 'cancelled')))

alter table ia.tandem_case enable row level security

alter table ia.tandem_case force row level security

alter table ia.legal_track enable row level security

alter table ia.legal_track force row level security

alter table ia.placement_track enable row level security

alter table ia.placement_track force row level security

create policy tandem_case_read on ia.tandem_case for select to ia_app using (
  {SEEN})

create policy tandem_case_add on ia.tandem_case for insert to ia_app with check (
  municipality_id = (select ia.ctx_municipality())
  and lead_agency_id = (select ia.ctx_agency())
  and case when case_id is null
    then (select ia.ctx_agency()) in (legal_agency_id, placement_agency_id)
    else exists (select 1 from ia."case" c where c.id = case_id
      and c.lead_agency_id = (select ia.ctx_agency())) end)

create policy tandem_case_change on ia.tandem_case for update to ia_app using (
  {SEEN})

create policy legal_track_read on ia.legal_track for select to ia_app using (
  municipality_id = (select ia.ctx_municipality())
  and exists (select 1 from ia.tandem_case t where t.id = tandem_case_id offset 0))

create policy legal_track_add on ia.legal_track for insert to ia_app with check (
  municipality_id = (select ia.ctx_municipality()) and status = 'not_started')

create policy legal_track_change on ia.legal_track for update to ia_app
  using (municipality_id = (select ia.ctx_municipality())
    and agency_id = (select ia.ctx_agency())
    and exists (select 1 from ia.tandem_case t where t.id = tandem_case_id offset 0))

create policy placement_track_read on ia.placement_track for select to ia_app using (
  municipality_id = (select ia.ctx_municipality())
  and exists (select 1 from ia.tandem_case t where t.id = tandem_case_id offset 0))

create policy placement_track_add on ia.placement_track for insert to ia_app with check (
  municipality_id = (select ia.ctx_municipality()) and status = 'not_started')

create policy placement_track_change on ia.placement_track for update to ia_app
  using (municipality_id = (select ia.ctx_municipality())
    and agency_id = (select ia.ctx_agency())
    and exists (select 1 from ia.tandem_case t where t.id = tandem_case_id offset 0))

create policy tandem_case_due on ia.tandem_case for select to ia_worker
  using (municipality_id = (select ia.ctx_municipality()))

create policy tandem_case_hold on ia.tandem_case for update to ia_worker
  using (municipality_id = (select ia.ctx_municipality())) with check (false)

create policy legal_track_due on ia.legal_track for select to ia_worker
  using (municipality_id = (select ia.ctx_municipality()))

create policy legal_track_end on ia.legal_track for update to ia_worker
  using (municipality_id = (select ia.ctx_municipality()))
  with check (municipality_id = (select ia.ctx_municipality())
    and status in ('renewal_due', 'expired'))

grant select, insert, update (legal_acknowledged_at, placement_acknowledged_at, blocker,
  blocker_agency_id, legal_closed_at, placement_closed_at, closed_at, outcome, updated_at, version)
  on ia.tandem_case to ia_app

grant select, insert, update (status, legal_basis, identity_status, missing_facts, facts_due_on,
  unblock_conditions, eligible_from, application_received_on, ba_exemption, permit_valid_from,
  permit_valid_to, permit_restrictions, remedy_filed_on, reason, updated_at, version)
  on ia.legal_track to ia_app

grant select, insert, update (status, contract_signed_on, started_on, reason, updated_at, version)
  on ia.placement_track to ia_app

grant select (id, municipality_id, lead_agency_id, legal_agency_id, placement_agency_id),
  update (version) on ia.tandem_case to ia_worker

grant select (id, municipality_id, tandem_case_id, status, permit_valid_to, version),
  update (status, updated_at, version) on ia.legal_track to ia_worker
"""

DOWN = """
drop table ia.placement_track, ia.legal_track, ia.tandem_case
"""


def upgrade() -> None:
    """Create."""
    run(UP)


def downgrade() -> None:
    """Drop."""
    run(DOWN)
