"""Grounds: guardians, evidence and releases of consents; both sides of a legal basis; emergencies.

Why: a release from confidentiality names functions bound to secrecy, never an institution, and what
those hold needs it beside the consent. A legal basis has two sides: a list of all agencies on both
let the offices of one side pass data among themselves. What the law opens on request names the
request. An emergency is a ground of its own, which the recipient takes (table of the next one).
"""

from migrations_sql import run

revision = "0016_grounds"
down_revision = "0015_compartments"
branch_labels = None
depends_on = None

SOCIAL = (
    "jobcenter,jobcenter_refugee_branch,employment_agency,employment_agency_integration_point,"
    "social_welfare_office,social_welfare_office_asylum,social_welfare_office_assistance"
)

UP = f"""
alter table ia.consent
  add column released_functions text[] not null default '{{}}',
  add column guardian_relation text,
  add column guardian_person_id uuid,
  add column evidence_kind text,
  add column evidence_reference text,
  add constraint fk_consent_municipality_id_guardian_person_id
    foreign key (municipality_id, guardian_person_id) references ia.person (municipality_id, id)
    not valid,
  add constraint ck_consent_released check
    ((instrument = 'confidentiality_release') = (cardinality(released_functions) > 0)) not valid,
  add constraint ck_consent_guardian check
    (guardian_person_id is null or guardian_relation is not null) not valid,
  add constraint ck_consent_evidence check
    ((evidence_kind is null) = (evidence_reference is null)) not valid

drop policy consent_add on ia.consent

create policy consent_add on ia.consent for insert to ia_app with check (
  municipality_id = (select ia.ctx_municipality())
  and controller_agency_id = (select ia.ctx_agency())
  and exists (select 1 from ia.person p where p.id = person_id)
  and (guardian_person_id is null
    or exists (select 1 from ia.person p where p.id = guardian_person_id)))

alter table ia.disclosure
  add column release_id uuid,
  add column request_reference text,
  add column emergency_reason text,
  add column justification text,
  add constraint fk_disclosure_municipality_id_person_id_release_id
    foreign key (municipality_id, person_id, release_id)
    references ia.consent (municipality_id, person_id, id) not valid,
  add constraint ck_disclosure_release check (release_id is null or consent_id is not null)
    not valid,
  add constraint ck_disclosure_justified check
    ((emergency_reason is null) = (justification is null)) not valid,
  -- squawk-ignore ban-drop-constraint -- a wider one takes its place in the same statement
  drop constraint ck_disclosure_basis,
  add constraint ck_disclosure_basis check
    (num_nonnulls(consent_id, transfer_basis, emergency_reason) = 1) not valid

-- squawk-ignore require-concurrent-index-creation -- a release names few of the rows
create index ix_disclosure_release_id on ia.disclosure (release_id) where status = 'active'

alter table ia.transfer_basis
  add column mutual boolean not null default false,
  add column on_request boolean not null default false

update ia.transfer_basis set mutual = true,
  from_types = '{{jobcenter,jobcenter_refugee_branch}}',
  to_types = '{{jobcenter,jobcenter_refugee_branch,employment_agency,'
    'employment_agency_integration_point}}'
  where code = 'jobcenter_employment_agency'

update ia.transfer_basis set mutual = true,
  from_types = '{{jobcenter,social_welfare_office,social_welfare_office_assistance}}',
  to_types = '{{youth_office}}'
  where code = 'social_bodies_youth_office'

update ia.transfer_basis set on_request = true, from_types = '{{{SOCIAL}}}',
  to_types = '{{immigration_office,immigration_office_employment,immigration_office_enforcement}}'
  where code = 'social_body_to_immigration_office'

update ia.transfer_basis set mutual = true,
  from_types = '{{social_welfare_office,social_welfare_office_asylum}}',
  to_types = '{{immigration_office,immigration_office_employment}}'
  where code = 'asylum_benefits_immigration_office'

update ia.transfer_basis set mutual = true,
  from_types = '{{jobcenter,employment_agency,immigration_office,social_welfare_office_asylum,'
    'course_provider}}',
  to_types = '{{federal_migration_office}}'
  where code = 'course_data'

insert into ia.transfer_basis (code, label_de, label_en, from_types, to_types, compartments,
    legal_basis, valid_from)
  values ('social_body_duty_to_immigration_office',
    'Sozialleistungsträger an Ausländerbehörde, Unterrichtung aus eigener Pflicht',
    'Social body to immigration office, duty to notify',
    '{{{SOCIAL}}}',
    '{{immigration_office,immigration_office_enforcement}}',
    '{{core,residence}}', '{{"§ 71(2) Nr. 2 SGB X","§ 87(2) AufenthG"}}', '2026-07-01')
"""

DOWN = """
delete from ia.transfer_basis where code = 'social_body_duty_to_immigration_office'

alter table ia.transfer_basis drop column mutual, drop column on_request

drop index ia.ix_disclosure_release_id

alter table ia.disclosure
  drop constraint ck_disclosure_basis,
  drop column release_id, drop column request_reference, drop column emergency_reason,
  drop column justification,
  add constraint ck_disclosure_basis check ((consent_id is null) <> (transfer_basis is null))
    not valid

drop policy consent_add on ia.consent

create policy consent_add on ia.consent for insert to ia_app with check (
  municipality_id = (select ia.ctx_municipality())
  and controller_agency_id = (select ia.ctx_agency())
  and exists (select 1 from ia.person p where p.id = person_id))

alter table ia.consent
  drop column released_functions, drop column guardian_relation, drop column guardian_person_id,
  drop column evidence_kind, drop column evidence_reference
"""


def upgrade() -> None:
    """Change."""
    run(UP)


def downgrade() -> None:
    """Change back; the sides of the legal bases stay apart."""
    run(DOWN)
