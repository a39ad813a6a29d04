"""Cases: the case, participants, foreign numbers, and the projection of who sees which case.

Why: lists of everything visible are driven from `case_access`. Triggers keep it: it follows the
case (status) and the disclosures that name the case, through functions of the owner, because under
the caller's policies an update would reach the caller's own row only. Where the terms of several
disclosures leave a gap, the row holds the first block: access is rather too short than too long.
The policy on disclosures asks a function who controls the person: the policy of persons reads
disclosures, and two policies that look at each other's tables recurse.
"""

from migrations_sql import run

revision = "0004_cases"
down_revision = "0003_persons"
branch_labels = None
depends_on = None

UP = """
create table ia."case" (
  id uuid not null,
  municipality_id uuid not null,
  reference text not null,
  lead_agency_id uuid not null,
  concerns jsonb not null,
  status text not null,
  outcome text,
  reason text,
  closed_at timestamptz,
  version integer not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint pk_case primary key (id),
  constraint uq_case_municipality_id_id unique (municipality_id, id),
  constraint uq_case_municipality_id_id_lead_agency_id
    unique (municipality_id, id, lead_agency_id),
  constraint uq_case_municipality_id_reference unique (municipality_id, reference),
  constraint fk_case_municipality_id_lead_agency_id
    foreign key (municipality_id, lead_agency_id) references ia.agency (municipality_id, id),
  constraint ck_case_closed check ((status = 'closed') = (closed_at is not null)
    and (status = 'closed') = (outcome is not null)),
  constraint ck_case_status check (status IN ('clarification', 'assessment', 'goal_planning',
    'service_planning', 'linking', 'monitoring', 'reassessment', 'evaluation', 'closed')))

create index ix_case_municipality_id_lead_agency_id_created_at_id
  on ia."case" (municipality_id, lead_agency_id, created_at desc, id desc)

create table ia.case_participant (
  id uuid not null,
  municipality_id uuid not null,
  case_id uuid not null,
  lead_agency_id uuid not null,
  person_id uuid not null,
  role text not null,
  version integer not null default 1,
  created_at timestamptz not null,
  constraint pk_case_participant primary key (id),
  constraint uq_case_participant_municipality_id_case_id_person_id
    unique (municipality_id, case_id, person_id),
  constraint fk_case_participant_municipality_id_case_id_lead_agency_id
    foreign key (municipality_id, case_id, lead_agency_id)
    references ia."case" (municipality_id, id, lead_agency_id) on update cascade,
  constraint fk_case_participant_municipality_id_person_id
    foreign key (municipality_id, person_id) references ia.person (municipality_id, id))

create index ix_case_participant_case_id_created_at_id
  on ia.case_participant (case_id, created_at, id)

create table ia.case_external_id (
  municipality_id uuid not null,
  agency_id uuid not null,
  system text not null,
  value text not null,
  case_id uuid not null,
  constraint pk_case_external_id primary key (municipality_id, agency_id, system, value),
  constraint uq_case_external_id_municipality_id_agency_id_case_id_system
    unique (municipality_id, agency_id, case_id, system),
  constraint fk_case_external_id_municipality_id_case_id
    foreign key (municipality_id, case_id) references ia."case" (municipality_id, id),
  constraint fk_case_external_id_municipality_id_agency_id
    foreign key (municipality_id, agency_id) references ia.agency (municipality_id, id),
  constraint ck_case_external_id_value check (value ~ '^[A-Za-z0-9._~-]{1,64}$'))

create table ia.case_access (
  municipality_id uuid not null,
  agency_id uuid not null,
  case_id uuid not null,
  sort_at timestamptz not null,
  status text not null,
  valid_from timestamptz not null,
  valid_to timestamptz not null,
  constraint pk_case_access primary key (municipality_id, agency_id, case_id),
  constraint fk_case_access_municipality_id_case_id
    foreign key (municipality_id, case_id) references ia."case" (municipality_id, id)
    on delete cascade)

create index ix_case_access_case_id_agency_id on ia.case_access (case_id, agency_id)

create index ix_case_access_municipality_id_agency_id_sort_at_case_id
  on ia.case_access (municipality_id, agency_id, sort_at desc, case_id desc)

create index ix_case_access_municipality_id_agency_id_status_sort_at_case_id
  on ia.case_access (municipality_id, agency_id, status, sort_at desc, case_id desc)

create index ix_case_access_valid_to on ia.case_access (valid_to) where valid_to < 'infinity'

alter table ia.disclosure add constraint fk_disclosure_participant
  foreign key (municipality_id, case_id, person_id)
  references ia.case_participant (municipality_id, case_id, person_id) not valid

alter table ia."case" enable row level security

alter table ia."case" force row level security

alter table ia.case_participant enable row level security

alter table ia.case_participant force row level security

alter table ia.case_external_id enable row level security

alter table ia.case_external_id force row level security

alter table ia.case_access enable row level security

alter table ia.case_access force row level security

create policy case_access_read on ia.case_access for select to ia_app using (
  municipality_id = (select ia.ctx_municipality()) and agency_id = (select ia.ctx_agency()))

create policy case_access_keep on ia.case_access to ia_owner using (true) with check (true)

create policy case_read on ia."case" for select to ia_app using (
  municipality_id = (select ia.ctx_municipality())
  and (lead_agency_id = (select ia.ctx_agency())
    or exists (select 1 from ia.case_access a where a.case_id = "case".id
      and a.agency_id = (select ia.ctx_agency())
      and a.valid_from <= now() and a.valid_to > now())))

create policy case_add on ia."case" for insert to ia_app with check (
  municipality_id = (select ia.ctx_municipality())
  and lead_agency_id = (select ia.ctx_agency()))

create policy case_change on ia."case" for update to ia_app
  using (municipality_id = (select ia.ctx_municipality())
    and lead_agency_id = (select ia.ctx_agency()))
  with check (municipality_id = (select ia.ctx_municipality())
    and lead_agency_id = (select ia.ctx_agency()))

create policy case_keep on ia."case" for select to ia_owner using (true)

create policy case_participant_read on ia.case_participant for select to ia_app using (
  municipality_id = (select ia.ctx_municipality())
  and (lead_agency_id = (select ia.ctx_agency())
    or exists (select 1 from ia.case_access a where a.case_id = case_participant.case_id
      and a.agency_id = (select ia.ctx_agency())
      and a.valid_from <= now() and a.valid_to > now())))

create policy case_participant_add on ia.case_participant for insert to ia_app with check (
  municipality_id = (select ia.ctx_municipality())
  and lead_agency_id = (select ia.ctx_agency())
  and exists (select 1 from ia.person p where p.id = person_id))

create policy case_external_id_read on ia.case_external_id for select to ia_app using (
  municipality_id = (select ia.ctx_municipality()) and agency_id = (select ia.ctx_agency()))

create policy case_external_id_add on ia.case_external_id for insert to ia_app with check (
  municipality_id = (select ia.ctx_municipality()) and agency_id = (select ia.ctx_agency()))

create policy disclosure_add on ia.disclosure for insert to ia_app with check (
  municipality_id = (select ia.ctx_municipality())
  and grantor_agency_id = (select ia.ctx_agency())
  and ia.controls_person(person_id)
  and (case_id is null or exists (select 1 from ia."case" c where c.id = case_id
    and c.lead_agency_id = (select ia.ctx_agency()))))

grant select, insert, update (concerns, status, outcome, reason, closed_at, version, updated_at)
  on ia."case" to ia_app

grant select, insert on ia.case_participant, ia.case_external_id to ia_app

grant select on ia.case_access to ia_app

create function ia.damm(p_digits text) returns text
  language plpgsql immutable strict parallel safe as $$
declare
  quasigroup constant text := '03175986427092154863420687135917509834266123045978'
    '36742095815869720134894536201794386172052581436790';
  interim int := 0;
begin
  for i in 1 .. length(p_digits) loop
    interim := substr(quasigroup, interim * 10 + substr(p_digits, i, 1)::int + 1, 1)::int;
  end loop;
  return interim::text;
end
$$

create function ia.next_case_reference(p_year int) returns text
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  prefix text := (select m.reference_prefix from ia.municipality m
    where m.id = ia.ctx_municipality());
  numbers text := format('ia.case_number_%s_%s',
    replace(ia.ctx_municipality()::text, '-', ''), p_year);
  number text;
begin
  if p_year not between 2000 and 2200 then
    raise check_violation using message = 'no year of a case';
  end if;
  if to_regclass(numbers) is null then
    perform pg_advisory_xact_lock(hashtextextended(numbers, 0));
    execute 'create sequence if not exists ' || numbers;
  end if;
  number := nextval(numbers::regclass)::text;
  number := lpad(number, greatest(6, length(number)), '0');
  return format('%s-%s-%s-%s', prefix, p_year, number, ia.damm(p_year::text || number));
end
$$

revoke all on function ia.next_case_reference(int) from public

grant execute on function ia.next_case_reference(int) to ia_app

create function ia.refresh_case_access(p_case uuid, p_agency uuid) returns boolean
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  subject record;
  term record;
  opens timestamptz;
  ends timestamptz;
begin
  -- whoever changes what the row follows takes turns, or two of them miss each other's change
  perform pg_advisory_xact_lock(hashtextextended(p_case::text, 1));
  select c.municipality_id, c.lead_agency_id, c.created_at, c.status into subject
    from ia."case" c where c.id = p_case;
  if subject.lead_agency_id = p_agency then
    opens := '-infinity';
    ends := 'infinity';
  else
    for term in
      select greatest(d.opened_at, d.valid_from) as s, least(d.valid_to, d.closes_at) as e
      from ia.disclosure d
      where d.case_id = p_case and d.recipient_agency_id = p_agency and d.status = 'active'
        and d.opened_at is not null and least(d.valid_to, d.closes_at) > now()
      order by 1
    loop
      if opens is null then
        opens := term.s;
        ends := term.e;
      elsif term.s <= ends then
        ends := greatest(ends, term.e);
      else
        exit;
      end if;
    end loop;
  end if;
  if opens is null then
    delete from ia.case_access a
      where a.municipality_id = subject.municipality_id and a.agency_id = p_agency
        and a.case_id = p_case;
    return false;
  end if;
  insert into ia.case_access as a
      (municipality_id, agency_id, case_id, sort_at, status, valid_from, valid_to)
    values (subject.municipality_id, p_agency, p_case, subject.created_at, subject.status,
      opens, ends)
    on conflict on constraint pk_case_access do update
      set valid_from = excluded.valid_from, valid_to = excluded.valid_to;
  return true;
end
$$

revoke all on function ia.refresh_case_access(uuid, uuid) from public

create function ia.case_access_follows_case() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform pg_advisory_xact_lock(hashtextextended(new.id::text, 1));
  if tg_op = 'INSERT' then
    insert into ia.case_access
        (municipality_id, agency_id, case_id, sort_at, status, valid_from, valid_to)
      values (new.municipality_id, new.lead_agency_id, new.id, new.created_at, new.status,
        '-infinity', 'infinity');
  else
    update ia.case_access a set status = new.status where a.case_id = new.id;
  end if;
  return null;
end
$$

create function ia.case_access_follows_disclosure() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if new.case_id is not null then
    perform ia.refresh_case_access(new.case_id, new.recipient_agency_id);
  end if;
  return null;
end
$$

create trigger case_access_follows_case after insert or update of status on ia."case"
  for each row execute function ia.case_access_follows_case()

create trigger case_access_follows_disclosure after insert or update on ia.disclosure
  for each row execute function ia.case_access_follows_disclosure()

create function ia.refresh_lapsed_access() returns bigint
  language sql volatile security definer set search_path = pg_catalog, pg_temp
begin atomic
  select count(ia.refresh_case_access(a.case_id, a.agency_id))
    from ia.case_access a
    where a.valid_to <= now() and a.valid_to > now() - interval '7 days'
      and exists (select 1 from ia.disclosure d
        where d.case_id = a.case_id and d.recipient_agency_id = a.agency_id
          and d.status = 'active' and d.opened_at is not null
          and d.valid_to > now() and d.closes_at > now());
end

revoke all on function ia.refresh_lapsed_access() from public

grant execute on function ia.refresh_lapsed_access() to ia_worker
"""

DOWN = """
drop function ia.refresh_lapsed_access()

drop trigger case_access_follows_disclosure on ia.disclosure

drop trigger case_access_follows_case on ia."case"

drop policy disclosure_add on ia.disclosure

alter table ia.disclosure drop constraint fk_disclosure_participant

drop function ia.case_access_follows_disclosure(), ia.case_access_follows_case(),
  ia.refresh_case_access(uuid, uuid), ia.next_case_reference(int), ia.damm(text)

drop table ia.case_access, ia.case_external_id, ia.case_participant, ia."case"
"""


def upgrade() -> None:
    """Create."""
    run(UP)


def downgrade() -> None:
    """Drop."""
    run(DOWN)
