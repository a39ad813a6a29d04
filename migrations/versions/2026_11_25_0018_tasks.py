"""Tasks, and the emergency access that opens the first kind of them.

Why: who takes what was not disclosed writes a row that names another agency as its grantor, and a
task that another agency owes. No policy lets it; a function does, which checks the person at the
desk, the municipality, the ceiling and the term, whatever the service passed.
"""

from migrations_sql import run

revision = "0018_tasks"
down_revision = "0017_validate_grounds"
branch_labels = None
depends_on = None

UP = """
create table ia.task (
  id uuid not null,
  municipality_id uuid not null,
  agency_id uuid not null,
  kind text not null,
  person_id uuid not null,
  disclosure_id uuid not null,
  due_on date not null,
  status text not null,
  outcome text,
  completed_at timestamptz,
  completed_by_member_id uuid,
  version integer not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint pk_task primary key (id),
  constraint fk_task_municipality_id_agency_id
    foreign key (municipality_id, agency_id) references ia.agency (municipality_id, id),
  constraint fk_task_municipality_id_person_id
    foreign key (municipality_id, person_id) references ia.person (municipality_id, id),
  constraint fk_task_municipality_id_disclosure_id
    foreign key (municipality_id, disclosure_id) references ia.disclosure (municipality_id, id),
  constraint fk_task_municipality_id_completed_by_member_id
    foreign key (municipality_id, completed_by_member_id)
    references ia.member (municipality_id, id),
  constraint ck_task_kind check (kind in ('emergency_review')),
  constraint ck_task_status check (status IN ('open', 'done')),
  constraint ck_task_completed check ((status = 'done') = (completed_at is not null)),
  constraint ck_task_outcome check ((status = 'done') = (outcome is not null)))

create index ix_task_municipality_id_agency_id_created_at_id
  on ia.task (municipality_id, agency_id, created_at desc, id desc)

create index ix_task_disclosure_id on ia.task (disclosure_id)

alter table ia.task enable row level security

alter table ia.task force row level security

create policy task_read on ia.task for select to ia_app using (
  municipality_id = (select ia.ctx_municipality()) and agency_id = (select ia.ctx_agency()))

create policy task_change on ia.task for update to ia_app
  using (municipality_id = (select ia.ctx_municipality()) and agency_id = (select ia.ctx_agency()))
  with check (municipality_id = (select ia.ctx_municipality())
    and agency_id = (select ia.ctx_agency()))

create policy task_ceiling on ia.task as restrictive to ia_app
  using ('core' = any ((select ia.ctx_compartments())::text[]))

create policy task_keep on ia.task to ia_owner using (true) with check (true)

create policy case_participant_look on ia.case_participant for select to ia_owner using (true)

grant select, update (status, outcome, completed_at, completed_by_member_id, version, updated_at)
  on ia.task to ia_app

create function ia.take_disclosure(p_id uuid, p_task uuid, p_person uuid, p_case uuid,
    p_reason text, p_justification text, p_compartments text[], p_hours integer, p_due date,
    p_purpose text, p_now timestamptz)
  returns setof ia.disclosure
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
  declare v_controller uuid;
  begin
    if ia.ctx_member() is null or not p_compartments <@ ia.ctx_compartments()
        or p_hours not between 1 and 72 then
      raise insufficient_privilege;
    end if;
    select p.controller_agency_id into v_controller from ia.person p
      where p.id = p_person and p.municipality_id = ia.ctx_municipality()
        and p.controller_agency_id <> ia.ctx_agency();
    if not found or (p_case is not null and not exists (
        select 1 from ia."case" c join ia.case_participant cp on cp.case_id = c.id
        where c.id = p_case and c.municipality_id = ia.ctx_municipality()
          and c.lead_agency_id = v_controller and cp.person_id = p_person)) then
      return;
    end if;
    return query insert into ia.disclosure as d (id, municipality_id, person_id, case_id,
        grantor_agency_id, recipient_agency_id, emergency_reason, justification, purpose,
        compartments, opening, valid_from, valid_to, opened_at, kept_days, status, created_at,
        updated_at)
      values (p_id, ia.ctx_municipality(), p_person, p_case, v_controller, ia.ctx_agency(),
        p_reason, p_justification, p_purpose, p_compartments, 'immediately', now(),
        now() + make_interval(hours => p_hours), now(), 0, 'active', p_now, p_now)
      returning d.*;
    insert into ia.task (id, municipality_id, agency_id, kind, person_id, disclosure_id, due_on,
        status, created_at, updated_at)
      values (p_task, ia.ctx_municipality(), v_controller, 'emergency_review', p_person, p_id,
        p_due, 'open', p_now, p_now);
  end $$

revoke all on function ia.take_disclosure(uuid, uuid, uuid, uuid, text, text, text[], integer,
  date, text, timestamptz) from public

grant execute on function ia.take_disclosure(uuid, uuid, uuid, uuid, text, text, text[], integer,
  date, text, timestamptz) to ia_app
"""

DOWN = """
drop function ia.take_disclosure(uuid, uuid, uuid, uuid, text, text, text[], integer, date, text,
  timestamptz)

drop policy case_participant_look on ia.case_participant

drop table ia.task
"""


def upgrade() -> None:
    """Create."""
    run(UP)


def downgrade() -> None:
    """Drop."""
    run(DOWN)
