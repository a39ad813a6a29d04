"""Tell events to all who may see their thing, and tell it when access begins or ends.

Why: an agency that keeps a copy has to learn of every change of what it may see, and above all that
it may no longer see it. Access follows from disclosures, which begin and end by a move, by another
thing that moves (a consent, a referral), or by time: one flag a disclosure says whether its
recipient was last told that it is open, so that each turn is told once, by whatever it came.
"""

from migrations_sql import run

revision = "0032_audience"
down_revision = "0031_changes"
branch_labels = None
depends_on = None

OPEN = """status = 'active' and coalesce({0}.opened_at <= now(), false)
      and {0}.valid_from <= now() and {0}.valid_to > now() and {0}.closes_at > now()"""

MAY_ASK = """bool_or({0}.agency_id = ia.ctx_agency())
      or ia.ctx_agency() = '00000000-0000-0000-0000-000000000000'"""
"""Who is among them, and the worker."""

UP = f"""
-- squawk-ignore ban-drop-not-null -- nothing reads it as a number that is always there
alter table ia.outbox alter column agg_version drop not null

create policy outbox_tell on ia.outbox for insert to ia_owner with check (true)

alter table ia.disclosure add column told boolean not null default false

update ia.disclosure d set told = d.{OPEN.format("d")}

-- squawk-ignore require-concurrent-index-creation
create index ix_disclosure_told on ia.disclosure (told, least(valid_to, closes_at))
  where status = 'active' and opened_at is not null

create function ia.case_audience(p_case uuid) returns uuid[]
  language sql stable security definer set search_path = pg_catalog, pg_temp
  return (select array_agg(a.agency_id) from ia.case_access a
    where a.case_id = p_case and a.municipality_id = ia.ctx_municipality()
      and a.valid_from <= now() and a.valid_to > now()
    having {MAY_ASK.format("a")})

create function ia.person_audience(p_person uuid) returns uuid[]
  language sql stable security definer set search_path = pg_catalog, pg_temp
  return (select array_agg(x.agency_id) from (
      select p.controller_agency_id as agency_id from ia.person p
        where p.id = p_person and p.municipality_id = ia.ctx_municipality()
      union
      select d.recipient_agency_id from ia.disclosure d
        where d.person_id = p_person and d.municipality_id = ia.ctx_municipality()
          and d.{OPEN.format("d")}) x
    having {MAY_ASK.format("x")})

revoke all on function ia.case_audience(uuid), ia.person_audience(uuid) from public

grant execute on function ia.case_audience(uuid), ia.person_audience(uuid) to ia_app, ia_worker

create function ia.tell_access(p_municipality uuid, p_noun text, p_id uuid, p_version integer,
    p_agencies uuid[], p_sees boolean) returns void
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  event uuid := gen_random_uuid();
  kind text := p_noun || case when p_sees then '.access_changed' else '.access_revoked' end;
begin
  insert into ia.outbox (event_id, municipality_id, agg_type, agg_id, type, agency_ids, body,
      occurred_at)
    values (event, p_municipality, p_noun, p_id, kind, p_agencies, jsonb_build_object(
      'id', event, 'type', kind,
      'occurred_at', to_char(timezone('UTC', now()), 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
      'data', jsonb_build_object(p_noun || '_id', p_id, 'version', p_version,
        'changed', '[]'::jsonb))::text, now());
end
$$

create function ia.tell_access_of(p_person uuid, p_case uuid, p_agency uuid) returns void
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  thing record;
begin
  for thing in
    select p.municipality_id, p.id, p.version, exists (select 1 from ia.disclosure d
        where d.person_id = p.id and d.recipient_agency_id = p_agency
          and d.{OPEN.format("d")}) as sees
      from ia.person p where p.id = p_person
  loop
    perform ia.tell_access(thing.municipality_id, 'person', thing.id, thing.version,
      array[p_agency], thing.sees);
  end loop;
  -- the case that was disclosed, and every other that the person takes part in: it names her
  for thing in
    select c.municipality_id, c.id, c.version, exists (select 1 from ia.case_access a
        where a.case_id = c.id and a.agency_id = p_agency
          and a.valid_from <= now() and a.valid_to > now()) as sees
      from ia."case" c
      -- one list of ids, which leads to the rows; an `or` would go through every case
      where c.lead_agency_id <> p_agency and c.id in (
        select p_case union select cp.case_id from ia.case_participant cp
          join ia.case_access a on a.case_id = cp.case_id and a.agency_id = p_agency
          where cp.person_id = p_person)
      order by c.id
  loop
    perform ia.tell_access(thing.municipality_id, 'case', thing.id, thing.version,
      array[p_agency], thing.sees);
  end loop;
  for thing in
    select t.municipality_id, t.id, t.version, t.lead_agency_id,
        t.lead_agency_id = p_agency or t.case_id is null or exists (
          select 1 from ia.case_access a where a.case_id = t.case_id and a.agency_id = p_agency
            and a.valid_from <= now() and a.valid_to > now()) as sees
      from ia.tandem_case t
      where (t.case_id = p_case or t.person_id = p_person)
        and p_agency in (t.lead_agency_id, t.legal_agency_id, t.placement_agency_id)
      order by t.id
  loop
    perform ia.tell_access(thing.municipality_id, 'tandem_case', thing.id, thing.version,
      array[p_agency], thing.sees);
    if thing.lead_agency_id <> p_agency then  -- may close in place of a team without access
      perform ia.tell_access(thing.municipality_id, 'tandem_case', thing.id, thing.version,
        array[thing.lead_agency_id], true);
    end if;
  end loop;
end
$$

revoke all on function ia.tell_access(uuid, text, uuid, integer, uuid[], boolean),
  ia.tell_access_of(uuid, uuid, uuid) from public

create function ia.disclosure_is_told() returns trigger
  language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  new.told := new.{OPEN.format("new")};
  return new;
end
$$

create trigger disclosure_is_told before insert or update on ia.disclosure
  for each row execute function ia.disclosure_is_told()

create or replace function ia.case_access_follows_disclosure() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if new.case_id is not null then
    perform ia.refresh_case_access(new.case_id, new.recipient_agency_id);
  end if;
  if new.told or (tg_op = 'UPDATE' and old.told) then
    if tg_op = 'INSERT' or new.told <> old.told or new.compartments <> old.compartments then
      perform ia.tell_access_of(new.person_id, new.case_id, new.recipient_agency_id);
    end if;
  end if;
  return null;
end
$$

create or replace function ia.refresh_lapsed_access() returns bigint
  language sql volatile security definer set search_path = pg_catalog, pg_temp
begin atomic
  with turned as (
    update ia.disclosure d set told = d.told where d.id in (
      select o.id from ia.disclosure o
      where o.status = 'active' and o.opened_at is not null and ((o.told
          and least(o.valid_to, o.closes_at) <= now())
        or (not o.told and least(o.valid_to, o.closes_at) > now()
          and o.opened_at <= now() and o.valid_from <= now()))
      order by o.id limit 500 for update skip locked)
    returning 1)
  select count(*) from turned;
end
"""

DOWN = """
create or replace function ia.refresh_lapsed_access() returns bigint
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

create or replace function ia.case_access_follows_disclosure() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  if new.case_id is not null then
    perform ia.refresh_case_access(new.case_id, new.recipient_agency_id);
  end if;
  return null;
end
$$

drop trigger disclosure_is_told on ia.disclosure

drop function ia.disclosure_is_told(), ia.tell_access_of(uuid, uuid, uuid),
  ia.tell_access(uuid, text, uuid, integer, uuid[], boolean), ia.person_audience(uuid),
  ia.case_audience(uuid)

drop index ia.ix_disclosure_told

alter table ia.disclosure drop column told

drop policy outbox_tell on ia.outbox

delete from ia.outbox where agg_version is null

alter table ia.outbox alter column agg_version set not null
"""


def upgrade() -> None:
    """Change."""
    run(UP)


def downgrade() -> None:
    """Change back."""
    run(DOWN)
