"""Compartments: a ceiling on every table, assignments, notes, addresses.

Why: a disclosure opens no more than the kind of unit and the roles of who asks allow. The ceiling
is a restrictive policy of its own, so that it holds whatever the other policies of a table say. A
tandem shows placement as a whole; hence a unit that may never see placement sees no tandem. What
only assigned members see asks the assignment of the caller's own agency. A protected address is a
row that no disclosure opens: it is deleted and written anew, never changed, so that who may not see
it cannot touch it either.
"""

from migrations_sql import run

revision = "0015_compartments"
down_revision = "0013_members"
branch_labels = None
depends_on = None

CEILINGS = {
    "person": "core",
    "consent": "core",
    "disclosure": "core",
    "residence_period": "residence",
    "case": "core",
    "case_participant": "core",
    "case_external_id": "core",
    "case_access": "core",
    "referral": "core",
    "tandem_case": "placement",
    "legal_track": "placement",
    "placement_track": "placement",
    "employer_declaration": "placement",
    "tandem_procedure": "placement",
    "ba_approval_request": "placement",
    "tandem_step": "placement",
    "start_clearance": "placement",
}
SEEN = "any ((select ia.ctx_compartments())::text[])"
FREE = "all ((select ia.ctx_assigned_only())::text[])"
LIVE = """d.recipient_agency_id = (select ia.ctx_agency()) and d.status = 'active'
        and d.opened_at <= now() and d.valid_from <= now()
        and d.valid_to > now() and d.closes_at > now()"""

UP = f"""
create function ia.ctx_assigned_only() returns text[] language sql stable parallel safe
  return coalesce(nullif(current_setting('app.assigned_only', true), '')::text[], '{{}}')

create table ia.case_assignment (
  municipality_id uuid not null,
  case_id uuid not null,
  agency_id uuid not null,
  member_ids uuid[] not null,
  version integer not null default 1,
  updated_at timestamptz not null,
  constraint pk_case_assignment primary key (municipality_id, case_id, agency_id),
  constraint fk_case_assignment_municipality_id_case_id
    foreign key (municipality_id, case_id) references ia."case" (municipality_id, id),
  constraint fk_case_assignment_municipality_id_agency_id
    foreign key (municipality_id, agency_id) references ia.agency (municipality_id, id),
  constraint ck_case_assignment_member_ids check (cardinality(member_ids) <= 20))

create table ia.case_note (
  id uuid not null,
  municipality_id uuid not null,
  case_id uuid not null,
  lead_agency_id uuid not null,
  agency_id uuid not null,
  member_id uuid,
  compartment text not null,
  visibility text not null,
  text text not null,
  version integer not null default 1,
  created_at timestamptz not null,
  constraint pk_case_note primary key (id),
  constraint fk_case_note_municipality_id_case_id_lead_agency_id
    foreign key (municipality_id, case_id, lead_agency_id)
    references ia."case" (municipality_id, id, lead_agency_id) on update cascade,
  constraint fk_case_note_municipality_id_agency_id
    foreign key (municipality_id, agency_id) references ia.agency (municipality_id, id),
  constraint fk_case_note_municipality_id_member_id
    foreign key (municipality_id, member_id) references ia.member (municipality_id, id),
  constraint ck_case_note_visibility check (visibility in ('agency', 'case')))

create index ix_case_note_case_id_created_at_id on ia.case_note (case_id, created_at, id)

create table ia.person_address (
  municipality_id uuid not null,
  person_id uuid not null,
  controller_agency_id uuid not null,
  street text,
  postal_code text not null,
  town text not null,
  protected boolean not null,
  constraint pk_person_address primary key (municipality_id, person_id),
  constraint fk_person_address_controlled_person
    foreign key (municipality_id, person_id, controller_agency_id)
    references ia.person (municipality_id, id, controller_agency_id) on update cascade)

-- squawk-ignore require-concurrent-index-creation -- two short rows a case, read in a second
create index ix_case_participant_municipality_id_person_id
  on ia.case_participant (municipality_id, person_id)

alter table ia.case_assignment enable row level security

alter table ia.case_assignment force row level security

alter table ia.case_note enable row level security

alter table ia.case_note force row level security

alter table ia.person_address enable row level security

alter table ia.person_address force row level security

create policy case_assignment_read on ia.case_assignment for select to ia_app using (
  municipality_id = (select ia.ctx_municipality()) and agency_id = (select ia.ctx_agency()))

create policy case_assignment_add on ia.case_assignment for insert to ia_app with check (
  municipality_id = (select ia.ctx_municipality()) and agency_id = (select ia.ctx_agency())
  and exists (select 1 from ia."case" c where c.id = case_id))

create policy case_assignment_change on ia.case_assignment for update to ia_app
  using (municipality_id = (select ia.ctx_municipality()) and agency_id = (select ia.ctx_agency()))
  with check (municipality_id = (select ia.ctx_municipality())
    and agency_id = (select ia.ctx_agency()))

create function ia.assigned_to_person(p_person uuid) returns boolean
  language sql stable
  return exists (select 1 from ia.case_participant p
    join ia.case_assignment a
      on a.municipality_id = p.municipality_id and a.case_id = p.case_id
    where p.municipality_id = (select ia.ctx_municipality()) and p.person_id = p_person
      and a.agency_id = (select ia.ctx_agency())
      and (select ia.ctx_member()) = any (a.member_ids))

grant execute on function ia.assigned_to_person(uuid) to ia_app

create policy case_note_read on ia.case_note for select to ia_app using (
  municipality_id = (select ia.ctx_municipality())
  and compartment = {SEEN}
  and (compartment <> {FREE}
    or exists (select 1 from ia.case_assignment a
      where a.municipality_id = case_note.municipality_id and a.case_id = case_note.case_id
        and a.agency_id = (select ia.ctx_agency())
        and (select ia.ctx_member()) = any (a.member_ids)))
  and (agency_id = (select ia.ctx_agency())
    or (visibility = 'case' and (lead_agency_id = (select ia.ctx_agency())
      or exists (select 1 from ia.disclosure d where d.case_id = case_note.case_id
        and {LIVE} and case_note.compartment = any (d.compartments))))))

create policy case_note_add on ia.case_note for insert to ia_app with check (
  municipality_id = (select ia.ctx_municipality()) and agency_id = (select ia.ctx_agency())
  and compartment = {SEEN}
  and exists (select 1 from ia."case" c
    where c.id = case_id and c.lead_agency_id = case_note.lead_agency_id))

create policy person_address_read on ia.person_address for select to ia_app using (
  municipality_id = (select ia.ctx_municipality())
  and ((not protected and (controller_agency_id = (select ia.ctx_agency())
      or exists (select 1 from ia.disclosure d
        where d.person_id = person_address.person_id and {LIVE})))
    or (protected and controller_agency_id = (select ia.ctx_agency())
      and 'safety' = {SEEN}
      and ('safety' <> {FREE} or ia.assigned_to_person(person_id)))))

create policy person_address_add on ia.person_address for insert to ia_app with check (
  municipality_id = (select ia.ctx_municipality())
  and controller_agency_id = (select ia.ctx_agency()))

create policy person_address_replace on ia.person_address for delete to ia_app using (
  municipality_id = (select ia.ctx_municipality())
  and controller_agency_id = (select ia.ctx_agency()))

create policy person_address_ceiling on ia.person_address as restrictive to ia_app using (
  'core' = {SEEN})

create policy case_assignment_ceiling on ia.case_assignment as restrictive to ia_app using (
  'core' = {SEEN})

create policy case_note_ceiling on ia.case_note as restrictive to ia_app using (
  'core' = {SEEN})

grant select, insert, update (member_ids, version, updated_at) on ia.case_assignment to ia_app

grant select, insert on ia.case_note to ia_app

grant select, insert, delete on ia.person_address to ia_app

""" + "\n\n".join(
    f'create policy {table}_ceiling on ia."{table}" as restrictive to ia_app'
    f" using ('{compartment}' = {SEEN})"
    for table, compartment in CEILINGS.items()
)

DOWN = (
    "\n\n".join(f'drop policy {table}_ceiling on ia."{table}"' for table in CEILINGS)
    + """

drop table ia.person_address, ia.case_note cascade

drop function ia.assigned_to_person(uuid)

drop table ia.case_assignment

drop index ia.ix_case_participant_municipality_id_person_id

drop function ia.ctx_assigned_only()
"""
)


def upgrade() -> None:
    """Create."""
    run(UP)


def downgrade() -> None:
    """Drop."""
    run(DOWN)
