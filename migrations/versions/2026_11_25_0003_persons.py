"""Persons: the person, residence periods, consents, the table of transfer bases, disclosures.

Why: nothing of a person is visible to another agency without a disclosure, and a disclosure rests
on a consent or on a seeded legal basis (default deny). The term of a disclosure is judged by the
database's clock in every policy; `opened_at` is empty until a referral under it is accepted.
The recipient may lock a disclosure (its referral's moves do), but not change it.
"""

from migrations_sql import run

revision = "0003_persons"
down_revision = "0002_agencies"
branch_labels = None
depends_on = None

LIVE = """d.recipient_agency_id = (select ia.ctx_agency()) and d.status = 'active'
        and d.opened_at <= now() and d.valid_from <= now()
        and d.valid_to > now() and d.closes_at > now()"""

UP = f"""
create table ia.person (
  id uuid not null,
  municipality_id uuid not null,
  controller_agency_id uuid not null,
  family_name text,
  given_name text,
  birth_name text,
  mononym text,
  birth_date text,
  birth_date_estimated boolean not null,
  languages jsonb not null,
  version integer not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint pk_person primary key (id),
  constraint uq_person_municipality_id_id unique (municipality_id, id),
  constraint uq_person_municipality_id_id_controller_agency_id
    unique (municipality_id, id, controller_agency_id),
  constraint fk_person_municipality_id_controller_agency_id
    foreign key (municipality_id, controller_agency_id)
    references ia.agency (municipality_id, id),
  constraint ck_person_name check ((mononym is null) <> (family_name is null)),
  constraint ck_person_mononym
    check (mononym is null or (given_name is null and birth_name is null)))

create index ix_person_municipality_id_controller_agency_id_created_at_id
  on ia.person (municipality_id, controller_agency_id, created_at, id)

create table ia.residence_period (
  id uuid not null,
  municipality_id uuid not null,
  person_id uuid not null,
  controller_agency_id uuid not null,
  status_code text not null,
  code_list_version text not null,
  legal_norm text,
  valid_from date not null,
  valid_to date,
  document_valid_to date,
  issuing_agency_id uuid,
  work_annotation text not null,
  work_annotation_text text,
  source text not null,
  corrects_id uuid,
  recorded_by_agency_id uuid not null,
  recorded_at timestamptz not null,
  version integer not null default 1,
  constraint pk_residence_period primary key (id),
  constraint uq_residence_period_municipality_id_person_id_id
    unique (municipality_id, person_id, id),
  constraint fk_residence_period_controlled_person
    foreign key (municipality_id, person_id, controller_agency_id)
    references ia.person (municipality_id, id, controller_agency_id) on update cascade,
  constraint fk_residence_period_municipality_id_issuing_agency_id
    foreign key (municipality_id, issuing_agency_id) references ia.agency (municipality_id, id),
  constraint fk_residence_period_municipality_id_recorded_by_agency_id
    foreign key (municipality_id, recorded_by_agency_id)
    references ia.agency (municipality_id, id),
  constraint fk_residence_period_municipality_id_person_id_corrects_id
    foreign key (municipality_id, person_id, corrects_id)
    references ia.residence_period (municipality_id, person_id, id),
  constraint ck_residence_period_valid check (valid_to > valid_from))

create index ix_residence_period_municipality_id_person_id_recorded_at_id
  on ia.residence_period (municipality_id, person_id, recorded_at, id)

create table ia.consent (
  id uuid not null,
  municipality_id uuid not null,
  person_id uuid not null,
  controller_agency_id uuid not null,
  recipient_agency_ids uuid[] not null,
  compartments text[] not null,
  purposes text[] not null,
  instrument text not null,
  form text not null,
  language_version text not null,
  informed_at timestamptz not null,
  granted_at timestamptz not null,
  valid_from timestamptz not null,
  valid_to timestamptz not null,
  status text not null,
  revoked_at timestamptz,
  version integer not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint pk_consent primary key (id),
  constraint uq_consent_municipality_id_person_id_id unique (municipality_id, person_id, id),
  constraint fk_consent_municipality_id_person_id_controller_agency_id
    foreign key (municipality_id, person_id, controller_agency_id)
    references ia.person (municipality_id, id, controller_agency_id) on update cascade,
  constraint ck_consent_valid check (valid_to > valid_from),
  constraint ck_consent_revoked check ((status = 'revoked') = (revoked_at is not null)),
  constraint ck_consent_status check (status IN ('granted', 'revoked')))

create index ix_consent_municipality_id_controller_agency_id_created_at_id
  on ia.consent (municipality_id, controller_agency_id, created_at, id)

create index ix_consent_municipality_id_person_id on ia.consent (municipality_id, person_id)

create table ia.transfer_basis (
  code text not null,
  label_de text not null,
  label_en text not null,
  from_types text[] not null,
  to_types text[] not null,
  compartments text[] not null,
  legal_basis text[] not null,
  valid_from date not null,
  valid_to date,
  constraint pk_transfer_basis primary key (code))

create table ia.disclosure (
  id uuid not null,
  municipality_id uuid not null,
  person_id uuid not null,
  case_id uuid,
  grantor_agency_id uuid not null,
  recipient_agency_id uuid not null,
  consent_id uuid,
  transfer_basis text,
  purpose text not null,
  compartments text[] not null,
  opening text not null,
  valid_from timestamptz not null default now(),
  valid_to timestamptz not null,
  opened_at timestamptz,
  closes_at timestamptz not null default 'infinity',
  kept_days integer not null,
  status text not null,
  revoked_at timestamptz,
  version integer not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint pk_disclosure primary key (id),
  constraint uq_disclosure_municipality_id_id unique (municipality_id, id),
  constraint uq_disclosure_ground
    unique (municipality_id, id, person_id, case_id, recipient_agency_id),
  constraint fk_disclosure_municipality_id_person_id
    foreign key (municipality_id, person_id) references ia.person (municipality_id, id),
  constraint fk_disclosure_municipality_id_person_id_consent_id
    foreign key (municipality_id, person_id, consent_id)
    references ia.consent (municipality_id, person_id, id),
  constraint fk_disclosure_municipality_id_grantor_agency_id
    foreign key (municipality_id, grantor_agency_id) references ia.agency (municipality_id, id),
  constraint fk_disclosure_municipality_id_recipient_agency_id
    foreign key (municipality_id, recipient_agency_id) references ia.agency (municipality_id, id),
  constraint fk_disclosure_transfer_basis
    foreign key (transfer_basis) references ia.transfer_basis (code),
  constraint ck_disclosure_basis check ((consent_id is null) <> (transfer_basis is null)),
  constraint ck_disclosure_recipient check (recipient_agency_id <> grantor_agency_id),
  constraint ck_disclosure_core check ('core' = any (compartments)),
  constraint ck_disclosure_valid check (valid_to > valid_from),
  constraint ck_disclosure_kept_days check (kept_days between 0 and 365),
  constraint ck_disclosure_opening check (opening in ('immediately', 'on_acceptance')),
  constraint ck_disclosure_revoked check ((status = 'revoked') = (revoked_at is not null)),
  constraint ck_disclosure_status check (status IN ('active', 'revoked')))

create index ix_disclosure_recipient_agency_id_person_id
  on ia.disclosure (recipient_agency_id, person_id) where status = 'active'

create index ix_disclosure_municipality_id_grantor_agency_id_created_at_id
  on ia.disclosure (municipality_id, grantor_agency_id, created_at, id)

create index ix_disclosure_municipality_id_recipient_agency_id_created_at_id
  on ia.disclosure (municipality_id, recipient_agency_id, created_at, id)

create index ix_disclosure_consent_id on ia.disclosure (consent_id) where status = 'active'

create index ix_disclosure_case_id_recipient_agency_id
  on ia.disclosure (case_id, recipient_agency_id) where status = 'active'

alter table ia.person enable row level security

alter table ia.person force row level security

alter table ia.residence_period enable row level security

alter table ia.residence_period force row level security

alter table ia.consent enable row level security

alter table ia.consent force row level security

alter table ia.disclosure enable row level security

alter table ia.disclosure force row level security

create policy disclosure_read on ia.disclosure for select to ia_app using (
  municipality_id = (select ia.ctx_municipality())
  and (grantor_agency_id = (select ia.ctx_agency())
    or recipient_agency_id = (select ia.ctx_agency())))

create policy disclosure_change on ia.disclosure for update to ia_app
  using (municipality_id = (select ia.ctx_municipality())
    and (grantor_agency_id = (select ia.ctx_agency())
      or recipient_agency_id = (select ia.ctx_agency())))
  with check (municipality_id = (select ia.ctx_municipality())
    and grantor_agency_id = (select ia.ctx_agency()))

create policy disclosure_keep on ia.disclosure to ia_owner using (true) with check (true)

create policy person_read on ia.person for select to ia_app using (
  municipality_id = (select ia.ctx_municipality())
  and (controller_agency_id = (select ia.ctx_agency())
    or exists (select 1 from ia.disclosure d where d.person_id = person.id and {LIVE}
      offset 0)))

create policy person_add on ia.person for insert to ia_app with check (
  municipality_id = (select ia.ctx_municipality())
  and controller_agency_id = (select ia.ctx_agency()))

create policy person_change on ia.person for update to ia_app
  using (municipality_id = (select ia.ctx_municipality())
    and controller_agency_id = (select ia.ctx_agency()))
  with check (municipality_id = (select ia.ctx_municipality())
    and controller_agency_id = (select ia.ctx_agency()))

create policy residence_period_read on ia.residence_period for select to ia_app using (
  municipality_id = (select ia.ctx_municipality())
  and (controller_agency_id = (select ia.ctx_agency())
    or exists (select 1 from ia.disclosure d where d.person_id = residence_period.person_id
        and {LIVE} and 'residence' = any (d.compartments) offset 0)))

create policy residence_period_add on ia.residence_period for insert to ia_app with check (
  municipality_id = (select ia.ctx_municipality())
  and recorded_by_agency_id = (select ia.ctx_agency())
  and exists (select 1 from ia.person p where p.id = person_id)
  and (controller_agency_id = (select ia.ctx_agency())
    or exists (select 1 from ia.disclosure d where d.person_id = residence_period.person_id
        and {LIVE} and 'residence' = any (d.compartments) offset 0)))

create policy consent_read on ia.consent for select to ia_app using (
  municipality_id = (select ia.ctx_municipality())
  and controller_agency_id = (select ia.ctx_agency()))

create policy consent_add on ia.consent for insert to ia_app with check (
  municipality_id = (select ia.ctx_municipality())
  and controller_agency_id = (select ia.ctx_agency())
  and exists (select 1 from ia.person p where p.id = person_id))

create policy consent_change on ia.consent for update to ia_app
  using (municipality_id = (select ia.ctx_municipality())
    and controller_agency_id = (select ia.ctx_agency()))
  with check (municipality_id = (select ia.ctx_municipality())
    and controller_agency_id = (select ia.ctx_agency()))

grant select, insert, update (family_name, given_name, birth_name, mononym, birth_date,
  birth_date_estimated, languages, version, updated_at) on ia.person to ia_app

grant select, insert, update (status, revoked_at, version, updated_at) on ia.consent to ia_app

grant select, insert, update (status, revoked_at, version, updated_at) on ia.disclosure to ia_app

grant select, insert on ia.residence_period to ia_app

grant select on ia.transfer_basis to ia_app, ia_worker

create function ia.still_visible(p_subjects uuid[], p_since timestamptz) returns boolean
  language sql stable
  return not exists (select 1 from unnest(p_subjects) s
      where not exists (select 1 from ia.person p where p.id = s))
    and not exists (select 1 from ia.disclosure d
      where d.recipient_agency_id = (select ia.ctx_agency()) and d.person_id = any (p_subjects)
        and (d.revoked_at >= p_since or (d.closes_at >= p_since and d.closes_at <= now())))

grant execute on function ia.still_visible(uuid[], timestamptz) to ia_app

create policy person_keep on ia.person for select to ia_owner using (true)

create function ia.controls_person(p_person uuid) returns boolean
  language sql stable security definer set search_path = pg_catalog, pg_temp
  return exists (select 1 from ia.person p where p.id = p_person
    and p.municipality_id = ia.ctx_municipality() and p.controller_agency_id = ia.ctx_agency())

revoke all on function ia.controls_person(uuid) from public

grant execute on function ia.controls_person(uuid) to ia_app

insert into ia.transfer_basis
  (code, label_de, label_en, from_types, to_types, compartments, legal_basis, valid_from)
values
  ('jobcenter_employment_agency', 'Jobcenter und Agentur für Arbeit, aufgabenbezogen',
   'Jobcenter and employment agency, for their tasks',
   '{{jobcenter,jobcenter_refugee_branch,employment_agency,employment_agency_integration_point}}',
   '{{jobcenter,jobcenter_refugee_branch,employment_agency,employment_agency_integration_point}}',
   '{{core,benefit,placement}}', '{{"§ 50(1) SGB II","§ 69(1) Nr. 1 SGB X"}}', '2026-07-01'),
  ('social_bodies_youth_office', 'Jobcenter, Sozialamt und Jugendamt, aufgabenbezogen',
   'Jobcenter, social welfare office and youth office, for their tasks',
   '{{jobcenter,social_welfare_office,social_welfare_office_assistance,youth_office}}',
   '{{jobcenter,social_welfare_office,social_welfare_office_assistance,youth_office}}',
   '{{core,benefit}}', '{{"§ 69(1) Nr. 1 SGB X","§ 64(2) SGB VIII"}}', '2026-07-01'),
  ('social_body_to_immigration_office', 'Sozialleistungsträger an Ausländerbehörde auf Ersuchen',
   'Social body to immigration office on request',
   '{{jobcenter,employment_agency,social_welfare_office,social_welfare_office_assistance}}',
   '{{immigration_office,immigration_office_employment}}',
   '{{core,benefit}}', '{{"§ 71(2) S. 1 Nr. 1 SGB X","§ 87(1) AufenthG"}}', '2026-07-01'),
  ('asylum_benefits_immigration_office', 'Asylbewerberleistungsbehörde und Ausländerbehörde',
   'Asylum-seeker benefits authority and immigration office',
   '{{social_welfare_office,social_welfare_office_asylum,immigration_office,'
   'immigration_office_employment}}',
   '{{social_welfare_office,social_welfare_office_asylum,immigration_office,'
   'immigration_office_employment}}',
   '{{core,residence,benefit}}',
   '{{"§ 11(3) AsylbLG","§ 90(3) AufenthG","§ 71(2a) SGB X"}}', '2026-07-01'),
  ('immigration_office_to_labour_bodies', 'Ausländerbehörde an Jobcenter, Agentur für Arbeit, BA',
   'Immigration office to jobcenter, employment agency, BA',
   '{{immigration_office,immigration_office_employment}}',
   '{{jobcenter,employment_agency,ba_labour_market_admission}}',
   '{{core,residence}}', '{{"§ 39 AufenthG","§ 72(7) AufenthG"}}', '2026-07-01'),
  ('course_data', 'Kursdaten mit dem BAMF', 'Course data with the federal migration office',
   '{{jobcenter,employment_agency,immigration_office,social_welfare_office_asylum,'
   'course_provider,federal_migration_office}}',
   '{{jobcenter,employment_agency,immigration_office,social_welfare_office_asylum,'
   'course_provider,federal_migration_office}}',
   '{{core}}', '{{"§ 88a(1) und (3) AufenthG","§ 8 IntV"}}', '2026-07-01')
"""

DOWN = """
drop function ia.controls_person(uuid), ia.still_visible(uuid[], timestamptz)

drop table ia.residence_period, ia.disclosure, ia.consent, ia.person, ia.transfer_basis
"""


def upgrade() -> None:
    """Create."""
    run(UP)


def downgrade() -> None:
    """Drop."""
    run(DOWN)
