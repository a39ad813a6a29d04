"""Audit chain: numbers, hashes and a signed head; who may read the logs; what old records end.

Why: whoever can write the tables could change the record of what was done. Entries are chained one
second after they were written and never change again (ADR 0020). The logs are read by two functions
for the data protection officer of an agency, and by `ia_auditor`, who proves the chain. Access
records end after six months (§ 79(4) SGB X), and nobody can end them earlier.

The two tables are rewritten and indexed at once: no version was released, they are small.
"""

from migrations_sql import run

revision = "0021_audit_chain"
down_revision = "0020_yes_no"
branch_labels = None
depends_on = None

OWN = """municipality_id = (select ia.ctx_municipality())
  and agency_id = any ((select ia.ctx_tree())::uuid[]) and (select ia.ctx_officer())"""
MINE = "municipality_id = (select ia.ctx_municipality())"
PAGE = "p_at timestamptz, p_id uuid, p_backwards boolean, p_limit integer"
SORTED = "lpad(to_hex({row}.id), 32, '0')::uuid"  # a number as an id, in the same order

RECORDS = (
    "p_person uuid, p_resource uuid, p_agency uuid, p_principal uuid, p_from timestamptz,"
    f" p_to timestamptz, {PAGE}"
)
RECORD = f"""select {SORTED.format(row="r")}, r.at, r.agency_id, r.client_id, r.member_id,
      r.purpose, r.operation, r.resource_id, r.subjects, r.compartments, r.request_id
    from ia.access_record r
    where (p_person is null or p_person = any (r.subjects))
      and (p_resource is null or r.resource_id = p_resource)
      and (p_agency is null or r.agency_id = p_agency)
      and (p_principal is null or r.client_id = p_principal or r.member_id = p_principal)
      and r.at >= coalesce(p_from, '-infinity') and r.at < coalesce(p_to, 'infinity')"""
ENTRIES = (
    "p_object text, p_actor text, p_action text, p_agency uuid, p_from timestamptz,"
    f" p_to timestamptz, {PAGE}"
)
ENTRY = f"""select {SORTED.format(row="r")}, r.recorded_at, r.canonical::jsonb, r.n, r.hash
    from ia.audit_entry r
    where (p_object is null or r.object_id = p_object)
      and (p_actor is null or r.actor_id = p_actor)
      and (p_action is null or r.action = p_action)
      and (p_agency is null or r.agency_id = p_agency)
      and r.recorded_at >= coalesce(p_from, '-infinity')
      and r.recorded_at < coalesce(p_to, 'infinity')"""


def reading(name: str, given: str, answer: str, rows: str, at: str) -> str:
    """A function that reads one page of a log for the officer whose context it is called in."""
    last = SORTED.format(row="r")
    signature = f"{name}({', '.join(part.split()[1] for part in given.split(', '))})"
    return f"""
create function {name}({given})
  returns table ({answer})
  language plpgsql stable security definer set search_path = pg_catalog, pg_temp
  as $$
#variable_conflict use_column
begin
  if p_backwards then
    return query {rows}
      and {at} >= p_at and ({at} > p_at or {last} > p_id)
      order by {at}, r.id limit p_limit;
  else
    return query {rows}
      and {at} <= coalesce(p_at, 'infinity')
      and (p_at is null or {at} < p_at or {last} < p_id)
      order by {at} desc, r.id desc limit p_limit;
  end if;
end
$$

revoke all on function {signature} from public

grant execute on function {signature} to ia_app

alter function {signature} owner to ia_officer
"""


UP = f"""
alter table ia.audit_entry
  -- squawk-ignore adding-field-with-default
  add column agency_id uuid generated always as (((canonical::jsonb) ->> 'agency_id')::uuid) stored,
  add column recorded_at timestamptz not null default now(),
  add column n bigint,
  add column hash bytea

-- squawk-ignore constraint-missing-not-valid
alter table ia.audit_entry add constraint ck_audit_entry_sealed
  check ((n is null) = (hash is null))

-- squawk-ignore require-concurrent-index-creation
create unique index ix_audit_entry_municipality_id_n on ia.audit_entry (municipality_id, n)
  where n is not null

-- squawk-ignore require-concurrent-index-creation
create index ix_audit_entry_municipality_id_recorded_at
  on ia.audit_entry (municipality_id, recorded_at)

-- squawk-ignore require-concurrent-index-creation
create index ix_audit_entry_open on ia.audit_entry (municipality_id, id) where hash is null

alter table ia.access_record add column resource_id uuid

create table ia.audit_head (
  municipality_id uuid not null,
  n bigint not null,
  hash bytea not null,
  sealed_at timestamptz not null,
  key_id text not null,
  signature bytea not null,
  constraint pk_audit_head primary key (municipality_id),
  constraint fk_audit_head_municipality_id foreign key (municipality_id)
    references ia.municipality (id))

alter table ia.audit_head enable row level security

alter table ia.audit_head force row level security

create policy audit_head_hold on ia.audit_head to ia_worker using ({MINE}) with check ({MINE})

grant select, insert, update (n, hash, sealed_at, key_id, signature) on ia.audit_head to ia_worker

create policy audit_entry_seal_read on ia.audit_entry for select to ia_worker using ({MINE})

create policy audit_entry_seal on ia.audit_entry for update to ia_worker
  using ({MINE} and hash is null) with check ({MINE} and hash is not null)

grant select (id, municipality_id, canonical, recorded_at, n, hash), update (n, hash)
  on ia.audit_entry to ia_worker

create function ia.freeze_audit() returns trigger language plpgsql
  set search_path = pg_catalog, pg_temp
  as $$
begin
  if tg_op = 'UPDATE' and old.hash is null and new.hash is not null
    and (new.id, new.municipality_id, new.canonical, new.recorded_at)
      = (old.id, old.municipality_id, old.canonical, old.recorded_at)
  then
    return new;
  end if;
  if tg_op = 'TRUNCATE' and exists (select from ia.demo_clock) then
    return null;  -- the demo begins anew
  end if;
  raise insufficient_privilege using message = 'audit entries are sealed once and never changed';
end
$$

create trigger audit_entry_frozen before update or delete on ia.audit_entry
  for each row execute function ia.freeze_audit()

create trigger audit_entry_kept before truncate on ia.audit_entry
  for each statement execute function ia.freeze_audit()

create policy audit_entry_prove on ia.audit_entry for select to ia_auditor using (true)

create policy audit_head_prove on ia.audit_head for select to ia_auditor using (true)

grant select on ia.audit_entry, ia.audit_head to ia_auditor

create function ia.ctx_officer() returns boolean language sql stable
  return exists (select from ia.member m
    where m.municipality_id = ia.ctx_municipality() and m.id = ia.ctx_member()
      and m.agency_id = ia.ctx_agency() and 'data_protection_officer' = any (m.roles)
      and m.active_from <= current_date and (m.active_to is null or m.active_to > current_date))

create policy member_officer on ia.member for select to ia_officer using (
  {MINE} and id = (select ia.ctx_member()))

create policy agency_officer on ia.agency for select to ia_officer using ({MINE})

create policy access_record_read on ia.access_record for select to ia_officer using ({OWN})

create policy audit_entry_read on ia.audit_entry for select to ia_officer using ({OWN})

grant select (id, municipality_id, agency_id, roles, active_from, active_to) on ia.member
  to ia_officer

grant select (id, municipality_id, parent_id) on ia.agency to ia_officer

grant select on ia.access_record, ia.audit_entry to ia_officer
{
    reading(
        "ia.read_access_records",
        RECORDS,
        "id uuid, at timestamptz, agency_id uuid, client_id uuid, member_id uuid, purpose text,"
        " operation text, resource_id uuid, subjects uuid[], compartments text[], request_id uuid",
        RECORD,
        "r.at",
    )
}{
    reading(
        "ia.read_audit_entries",
        ENTRIES,
        "id uuid, at timestamptz, entry jsonb, sequence bigint, hash bytea",
        ENTRY,
        "r.recorded_at",
    )
}
create policy access_record_ended on ia.access_record for select to ia_retention
  using (at < now() - interval '6 months')

create policy access_record_end on ia.access_record for delete to ia_retention
  using (at < now() - interval '6 months')

grant select (id, municipality_id, at), delete on ia.access_record to ia_retention

create function ia.end_access_records(p_months integer, p_limit integer) returns integer
  language plpgsql security definer set search_path = pg_catalog, pg_temp
  as $$
declare
  ended integer;
begin
  delete from ia.access_record r where r.id = any (array(
    select o.id from ia.access_record o
    where o.municipality_id = ia.ctx_municipality()
      and o.at < now() - make_interval(months => greatest(p_months, 6))
    order by o.at limit p_limit));
  get diagnostics ended = row_count;
  return ended;
end
$$

revoke all on function ia.end_access_records(integer, integer) from public

grant execute on function ia.end_access_records(integer, integer) to ia_worker

alter function ia.end_access_records(integer, integer) owner to ia_retention
"""

DOWN = """
drop function ia.end_access_records(integer, integer)

drop policy access_record_end on ia.access_record

drop policy access_record_ended on ia.access_record

revoke all on ia.access_record from ia_retention

drop function ia.read_access_records, ia.read_audit_entries

drop policy access_record_read on ia.access_record

drop policy audit_entry_read on ia.audit_entry

drop policy agency_officer on ia.agency

drop policy member_officer on ia.member

revoke all on ia.access_record, ia.audit_entry from ia_officer

revoke all (id, municipality_id, agency_id, roles, active_from, active_to) on ia.member
  from ia_officer

revoke all (id, municipality_id, parent_id) on ia.agency from ia_officer

drop function ia.ctx_officer()

drop policy audit_entry_prove on ia.audit_entry

drop trigger audit_entry_kept on ia.audit_entry

drop trigger audit_entry_frozen on ia.audit_entry

drop function ia.freeze_audit()

drop policy audit_entry_seal on ia.audit_entry

drop policy audit_entry_seal_read on ia.audit_entry

revoke all on ia.audit_entry from ia_auditor

revoke select (id, municipality_id, canonical, recorded_at, n, hash), update (n, hash)
  on ia.audit_entry from ia_worker

drop table ia.audit_head

alter table ia.access_record drop column resource_id

alter table ia.audit_entry
  drop column agency_id, drop column recorded_at, drop column n, drop column hash
"""


def upgrade() -> None:
    """Create."""
    run(UP)


def downgrade() -> None:
    """Drop; the chain goes with its columns, and an anchor file kept outside remains."""
    run(DOWN)
