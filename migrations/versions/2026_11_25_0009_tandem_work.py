"""What a tandem case is worked with: declarations, procedures, BA requests, start clearances.

Why: a declaration is evidence, so it cannot be changed once it is submitted; a change is a new one.
Silence of the employment agency becomes an approval by the clock alone, so that only the worker's
role may write `deemed_approved`. A clearance is never changed but to end it.
"""

from migrations_sql import run

revision = "0009_tandem_work"
down_revision = "0008_tandem"
branch_labels = None
depends_on = None

OF_TANDEM = "exists (select 1 from ia.tandem_case t where t.id = tandem_case_id offset 0)"

UP = f"""
create table ia.employer_declaration (
  id uuid not null,
  municipality_id uuid not null,
  tandem_case_id uuid not null,
  employer_id uuid not null,
  recorded_by_agency_id uuid not null,
  number integer not null,
  replaces_id uuid,
  purpose text not null,
  status text not null,
  occupation text,
  job_title text,
  place_of_work text,
  weekly_minutes integer,
  gross_pay_cents integer,
  pay_period text,
  starts_on date,
  ends_on date,
  temp_agency boolean,
  regulated_occupation boolean,
  collective_agreement boolean,
  social_insurance boolean,
  annual_leave_days integer,
  signed_on date,
  on_behalf boolean not null,
  submitted_at timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  version integer not null default 1,
  constraint pk_employer_declaration primary key (id),
  constraint uq_employer_declaration_municipality_id_tandem_case_id_id
    unique (municipality_id, tandem_case_id, id),
  constraint uq_employer_declaration_tandem_case_id_number unique (tandem_case_id, number),
  constraint fk_employer_declaration_municipality_id_tandem_case_id
    foreign key (municipality_id, tandem_case_id) references ia.tandem_case (municipality_id, id),
  constraint fk_employer_declaration_municipality_id_employer_id
    foreign key (municipality_id, employer_id) references ia.employer (municipality_id, id),
  constraint fk_employer_declaration_municipality_id_recorded_by_agency_id
    foreign key (municipality_id, recorded_by_agency_id)
    references ia.agency (municipality_id, id),
  constraint fk_employer_declaration_replaces
    foreign key (municipality_id, tandem_case_id, replaces_id)
    references ia.employer_declaration (municipality_id, tandem_case_id, id),
  constraint ck_employer_declaration_term check (ends_on >= starts_on),
  constraint ck_employer_declaration_submitted
    check ((status = 'submitted') = (submitted_at is not null)),
  constraint ck_employer_declaration_status check (status IN ('draft', 'submitted')))

create index ix_employer_declaration_tandem_case_id_created_at_id
  on ia.employer_declaration (tandem_case_id, created_at desc, id desc)

create table ia.tandem_procedure (
  id uuid not null,
  municipality_id uuid not null,
  tandem_case_id uuid not null,
  recorded_by_agency_id uuid not null,
  kind text not null,
  competent_authority text not null,
  result text,
  result_on date,
  created_at timestamptz not null,
  constraint pk_tandem_procedure primary key (id),
  constraint fk_tandem_procedure_municipality_id_tandem_case_id
    foreign key (municipality_id, tandem_case_id) references ia.tandem_case (municipality_id, id),
  constraint fk_tandem_procedure_municipality_id_recorded_by_agency_id
    foreign key (municipality_id, recorded_by_agency_id)
    references ia.agency (municipality_id, id),
  constraint ck_tandem_procedure_result check ((result is null) = (result_on is null)))

create index ix_tandem_procedure_tandem_case_id_created_at_id
  on ia.tandem_procedure (tandem_case_id, created_at desc, id desc)

create table ia.ba_approval_request (
  id uuid not null,
  municipality_id uuid not null,
  tandem_case_id uuid not null,
  declaration_id uuid not null,
  agency_id uuid not null,
  deadline_policy text not null,
  deadline_policy_version text,
  status text not null,
  transmitted_on date,
  due_on date,
  deemed_from date,
  information_received_on date,
  decided_on date,
  deemed_at timestamptz,
  restrictions jsonb,
  reason text,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  version integer not null default 1,
  constraint pk_ba_approval_request primary key (id),
  constraint uq_ba_approval_request_municipality_id_id unique (municipality_id, id),
  constraint fk_ba_approval_request_municipality_id_tandem_case_id
    foreign key (municipality_id, tandem_case_id) references ia.tandem_case (municipality_id, id),
  constraint fk_ba_approval_request_declaration
    foreign key (municipality_id, tandem_case_id, declaration_id)
    references ia.employer_declaration (municipality_id, tandem_case_id, id),
  constraint fk_ba_approval_request_municipality_id_agency_id
    foreign key (municipality_id, agency_id) references ia.agency (municipality_id, id),
  constraint ck_ba_approval_request_transmitted check (status in ('draft', 'withdrawn')
    or (transmitted_on is not null and due_on is not null and deemed_from is not null
      and deadline_policy_version is not null)),
  constraint ck_ba_approval_request_term check (deemed_from > due_on and due_on > transmitted_on),
  constraint ck_ba_approval_request_deemed
    check ((status = 'deemed_approved') = (deemed_at is not null)),
  constraint ck_ba_approval_request_status check (status IN ('draft', 'transmitted',
    'info_required', 'approved', 'approved_restricted', 'refused', 'deemed_approved',
    'withdrawn')))

create unique index uq_ba_approval_request_open on ia.ba_approval_request (tandem_case_id)
  where status in ('draft', 'transmitted', 'info_required')

create index ix_ba_approval_request_tandem_case_id_created_at_id
  on ia.ba_approval_request (tandem_case_id, created_at desc, id desc)

create index ix_ba_approval_request_due on ia.ba_approval_request (municipality_id, deemed_from)
  where status = 'transmitted'

create table ia.tandem_step (
  id bigint generated always as identity,
  municipality_id uuid not null,
  tandem_case_id uuid not null,
  lane text not null,
  status text not null,
  at timestamptz not null,
  constraint pk_tandem_step primary key (id),
  constraint fk_tandem_step_municipality_id_tandem_case_id
    foreign key (municipality_id, tandem_case_id) references ia.tandem_case (municipality_id, id))

create index ix_tandem_step_tandem_case_id_id on ia.tandem_step (tandem_case_id, id desc)

create table ia.start_clearance (
  id uuid not null,
  municipality_id uuid not null,
  tandem_case_id uuid not null,
  declaration_id uuid not null,
  agency_id uuid not null,
  valid_from date not null,
  valid_to date,
  facts_sha256 text not null,
  invalidated_at timestamptz,
  invalidated_reason text,
  created_at timestamptz not null,
  version integer not null default 1,
  constraint pk_start_clearance primary key (id),
  constraint fk_start_clearance_municipality_id_tandem_case_id
    foreign key (municipality_id, tandem_case_id) references ia.tandem_case (municipality_id, id),
  constraint fk_start_clearance_declaration
    foreign key (municipality_id, tandem_case_id, declaration_id)
    references ia.employer_declaration (municipality_id, tandem_case_id, id),
  constraint fk_start_clearance_municipality_id_agency_id
    foreign key (municipality_id, agency_id) references ia.agency (municipality_id, id),
  constraint ck_start_clearance_term check (valid_to >= valid_from),
  constraint ck_start_clearance_invalidated
    check ((invalidated_at is null) = (invalidated_reason is null)))

create unique index uq_start_clearance_valid on ia.start_clearance (tandem_case_id)
  where invalidated_at is null

create index ix_start_clearance_tandem_case_id_created_at_id
  on ia.start_clearance (tandem_case_id, created_at desc, id desc)

alter table ia.employer_declaration enable row level security

alter table ia.employer_declaration force row level security

alter table ia.tandem_procedure enable row level security

alter table ia.tandem_procedure force row level security

alter table ia.ba_approval_request enable row level security

alter table ia.ba_approval_request force row level security

alter table ia.tandem_step enable row level security

alter table ia.tandem_step force row level security

alter table ia.start_clearance enable row level security

alter table ia.start_clearance force row level security

create policy employer_declaration_read on ia.employer_declaration for select to ia_app using (
  municipality_id = (select ia.ctx_municipality()) and {OF_TANDEM})

create policy employer_declaration_add on ia.employer_declaration for insert to ia_app
  with check (municipality_id = (select ia.ctx_municipality())
    and recorded_by_agency_id = (select ia.ctx_agency()) and {OF_TANDEM})

create policy employer_declaration_change on ia.employer_declaration for update to ia_app
  using (municipality_id = (select ia.ctx_municipality())
    and recorded_by_agency_id = (select ia.ctx_agency())
    and status = 'draft' and {OF_TANDEM})
  with check (municipality_id = (select ia.ctx_municipality())
    and recorded_by_agency_id = (select ia.ctx_agency()))

create policy tandem_procedure_read on ia.tandem_procedure for select to ia_app using (
  municipality_id = (select ia.ctx_municipality()) and {OF_TANDEM})

create policy tandem_procedure_add on ia.tandem_procedure for insert to ia_app
  with check (municipality_id = (select ia.ctx_municipality())
    and recorded_by_agency_id = (select ia.ctx_agency()) and {OF_TANDEM})

create policy ba_approval_request_read on ia.ba_approval_request for select to ia_app using (
  municipality_id = (select ia.ctx_municipality()) and {OF_TANDEM})

create policy ba_approval_request_add on ia.ba_approval_request for insert to ia_app
  with check (municipality_id = (select ia.ctx_municipality())
    and agency_id = (select ia.ctx_agency()) and status = 'draft' and {OF_TANDEM})

create policy ba_approval_request_change on ia.ba_approval_request for update to ia_app
  using (municipality_id = (select ia.ctx_municipality())
    and agency_id = (select ia.ctx_agency()) and {OF_TANDEM})
  with check (municipality_id = (select ia.ctx_municipality())
    and agency_id = (select ia.ctx_agency()) and status <> 'deemed_approved')

create policy ba_approval_request_due on ia.ba_approval_request for select to ia_worker
  using (municipality_id = (select ia.ctx_municipality()))

create policy ba_approval_request_deem on ia.ba_approval_request for update to ia_worker
  using (municipality_id = (select ia.ctx_municipality()))
  with check (municipality_id = (select ia.ctx_municipality()) and status = 'deemed_approved')

create policy tandem_step_read on ia.tandem_step for select to ia_app using (
  municipality_id = (select ia.ctx_municipality()) and {OF_TANDEM})

create policy tandem_step_add on ia.tandem_step for insert to ia_app
  with check (municipality_id = (select ia.ctx_municipality()) and {OF_TANDEM})

create policy tandem_step_due on ia.tandem_step for insert to ia_worker
  with check (municipality_id = (select ia.ctx_municipality()))

create policy start_clearance_read on ia.start_clearance for select to ia_app using (
  municipality_id = (select ia.ctx_municipality()) and {OF_TANDEM})

create policy start_clearance_add on ia.start_clearance for insert to ia_app
  with check (municipality_id = (select ia.ctx_municipality())
    and agency_id = (select ia.ctx_agency()) and invalidated_at is null and {OF_TANDEM})

create policy start_clearance_end on ia.start_clearance for update to ia_app
  using (municipality_id = (select ia.ctx_municipality())
    and invalidated_at is null and {OF_TANDEM})
  with check (municipality_id = (select ia.ctx_municipality()) and invalidated_at is not null)

create policy start_clearance_due on ia.start_clearance for select to ia_worker
  using (municipality_id = (select ia.ctx_municipality()))

create policy start_clearance_lapse on ia.start_clearance for update to ia_worker
  using (municipality_id = (select ia.ctx_municipality()) and invalidated_at is null)
  with check (municipality_id = (select ia.ctx_municipality()) and invalidated_at is not null)

grant select, insert, update (purpose, employer_id, status, occupation, job_title, place_of_work,
  weekly_minutes, gross_pay_cents, pay_period, starts_on, ends_on, temp_agency,
  regulated_occupation, collective_agreement, social_insurance, annual_leave_days, signed_on,
  on_behalf, submitted_at, updated_at, version) on ia.employer_declaration to ia_app

grant select, insert on ia.tandem_procedure, ia.tandem_step to ia_app

grant insert on ia.tandem_step to ia_worker

grant select, insert, update (deadline_policy_version, status, transmitted_on, due_on, deemed_from,
  information_received_on, decided_on, restrictions, reason, updated_at, version)
  on ia.ba_approval_request to ia_app

grant select (id, municipality_id, tandem_case_id, status, deemed_from, version),
  update (status, deemed_at, updated_at, version) on ia.ba_approval_request to ia_worker

grant select, insert, update (invalidated_at, invalidated_reason, version) on ia.start_clearance
  to ia_app

grant select (id, municipality_id, tandem_case_id, invalidated_at, version),
  update (invalidated_at, invalidated_reason, version) on ia.start_clearance to ia_worker
"""

DOWN = """
drop table ia.tandem_step, ia.start_clearance, ia.ba_approval_request, ia.tandem_procedure,
  ia.employer_declaration
"""


def upgrade() -> None:
    """Create."""
    run(UP)


def downgrade() -> None:
    """Drop."""
    run(DOWN)
