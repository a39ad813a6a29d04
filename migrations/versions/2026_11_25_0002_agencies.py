"""Agencies: municipalities, the tree of agencies, members, API clients and their keys.

Why: everything else belongs to an agency of a municipality. The directory is public; keys are seen
by one function only. Foreign keys carry the municipality, so that nothing can cross it.
"""

from migrations_sql import run

revision = "0002_agencies"
down_revision = "0001_baseline"
branch_labels = None
depends_on = None

UP = """
create table ia.municipality (
  id uuid not null,
  slug text not null,
  name text not null,
  reference_prefix text not null,
  created_at timestamptz not null,
  constraint pk_municipality primary key (id),
  constraint uq_municipality_slug unique (slug),
  constraint ck_municipality_reference_prefix check (reference_prefix ~ '^[A-Z]{1,3}$'))

create table ia.municipality_ags (
  municipality_id uuid not null,
  ags text not null,
  valid_from date not null,
  valid_to date,
  constraint pk_municipality_ags primary key (municipality_id, valid_from),
  constraint fk_municipality_ags_municipality_id foreign key (municipality_id)
    references ia.municipality (id),
  constraint ck_municipality_ags_ags check (ags ~ '^(0[1-9]|1[0-6])[0-9]{6}$'))

create table ia.agency (
  id uuid not null,
  municipality_id uuid not null,
  parent_id uuid,
  slug text not null,
  type text not null,
  name text not null,
  jurisdictions text[] not null,
  contact_points jsonb not null,
  active_from date not null,
  active_to date,
  version integer not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint pk_agency primary key (id),
  constraint uq_agency_municipality_id_id unique (municipality_id, id),
  constraint uq_agency_municipality_id_slug unique (municipality_id, slug),
  constraint fk_agency_municipality_id foreign key (municipality_id)
    references ia.municipality (id),
  constraint fk_agency_municipality_id_parent_id foreign key (municipality_id, parent_id)
    references ia.agency (municipality_id, id),
  constraint ck_agency_active check (active_to > active_from),
  constraint ck_agency_parent check (parent_id <> id))

create index ix_agency_created_at_id on ia.agency (created_at, id)

create index ix_agency_municipality_id_parent_id on ia.agency (municipality_id, parent_id)

create table ia.member (
  id uuid not null,
  municipality_id uuid not null,
  agency_id uuid not null,
  function_title text not null,
  roles text[] not null,
  active_from date not null,
  active_to date,
  created_at timestamptz not null,
  constraint pk_member primary key (id),
  constraint uq_member_municipality_id_id unique (municipality_id, id),
  constraint fk_member_municipality_id_agency_id foreign key (municipality_id, agency_id)
    references ia.agency (municipality_id, id))

create index ix_member_municipality_id_agency_id on ia.member (municipality_id, agency_id)

create table ia.api_client (
  id uuid not null,
  municipality_id uuid not null,
  agency_id uuid not null,
  member_id uuid,
  name text not null,
  scopes text[] not null,
  purposes text[] not null,
  created_at timestamptz not null,
  revoked_at timestamptz,
  constraint pk_api_client primary key (id),
  constraint uq_api_client_municipality_id_id unique (municipality_id, id),
  constraint fk_api_client_municipality_id_agency_id foreign key (municipality_id, agency_id)
    references ia.agency (municipality_id, id),
  constraint fk_api_client_municipality_id_member_id foreign key (municipality_id, member_id)
    references ia.member (municipality_id, id))

create index ix_api_client_municipality_id_agency_id on ia.api_client (municipality_id, agency_id)

create table ia.api_key (
  id uuid not null,
  municipality_id uuid not null,
  client_id uuid not null,
  secret_sha256 bytea not null,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  revoked_at timestamptz,
  last_used_at timestamptz,
  constraint pk_api_key primary key (id),
  constraint uq_api_key_secret_sha256 unique (secret_sha256),
  constraint fk_api_key_municipality_id_client_id foreign key (municipality_id, client_id)
    references ia.api_client (municipality_id, id))

create index ix_api_key_municipality_id_client_id on ia.api_key (municipality_id, client_id)

alter table ia.municipality enable row level security

alter table ia.municipality force row level security

alter table ia.municipality_ags enable row level security

alter table ia.municipality_ags force row level security

alter table ia.agency enable row level security

alter table ia.agency force row level security

alter table ia.member enable row level security

alter table ia.member force row level security

alter table ia.api_client enable row level security

alter table ia.api_client force row level security

alter table ia.api_key enable row level security

alter table ia.api_key force row level security

create policy municipality_read on ia.municipality for select
  to ia_app, ia_worker, ia_auth using (true)

create policy municipality_keep on ia.municipality to ia_owner using (true) with check (true)

create policy municipality_ags_read on ia.municipality_ags for select
  to ia_app, ia_worker using (true)

create policy municipality_ags_keep on ia.municipality_ags to ia_owner
  using (true) with check (true)

create policy agency_read on ia.agency for select to ia_app, ia_worker, ia_auth using (true)

create policy agency_add on ia.agency for insert to ia_app
  with check (municipality_id = (select ia.ctx_municipality()))

create policy agency_change on ia.agency for update to ia_app
  using (municipality_id = (select ia.ctx_municipality())
    and (id = (select ia.ctx_agency()) or parent_id = (select ia.ctx_agency())))
  with check (municipality_id = (select ia.ctx_municipality())
    and (id = (select ia.ctx_agency()) or parent_id = (select ia.ctx_agency())))

create policy agency_keep on ia.agency to ia_owner using (true) with check (true)

create policy member_read on ia.member for select to ia_app
  using (municipality_id = (select ia.ctx_municipality()) and agency_id = (select ia.ctx_agency()))

create policy member_lookup on ia.member for select to ia_auth using (true)

create policy member_keep on ia.member to ia_owner using (true) with check (true)

create policy api_client_lookup on ia.api_client for select to ia_auth using (true)

create policy api_client_keep on ia.api_client to ia_owner using (true) with check (true)

create policy api_key_lookup on ia.api_key for select to ia_auth using (true)

create policy api_key_used on ia.api_key for update to ia_auth using (true) with check (true)

create policy api_key_keep on ia.api_key to ia_owner using (true) with check (true)

grant select on ia.municipality, ia.municipality_ags, ia.agency to ia_app, ia_worker

grant insert, update (name, jurisdictions, contact_points, active_to, version, updated_at)
  on ia.agency to ia_app

grant select on ia.member to ia_app

grant select on ia.municipality, ia.agency, ia.member, ia.api_client, ia.api_key to ia_auth

grant update (last_used_at) on ia.api_key to ia_auth

create function ia.find_api_key(p_secret bytea)
  returns table (municipality_id uuid, agency_id uuid, client_id uuid, member_id uuid,
    scopes text[], purposes text[], roles text[])
  language sql volatile security definer set search_path = pg_catalog, pg_temp
begin atomic
  update ia.api_key k set last_used_at = now()
    where k.secret_sha256 = p_secret
      and (k.last_used_at is null or k.last_used_at < now() - interval '1 minute');
  select c.municipality_id, c.agency_id, c.id, c.member_id, c.scopes, c.purposes,
      coalesce(m.roles, '{}')
    from ia.api_key k
    join ia.api_client c on c.id = k.client_id
    join ia.agency a on a.id = c.agency_id
    left join ia.member m on m.id = c.member_id
    where k.secret_sha256 = p_secret and k.revoked_at is null and k.expires_at > now()
      and c.revoked_at is null
      and a.active_from <= current_date and (a.active_to is null or a.active_to > current_date)
      and (m.id is null or (m.active_from <= current_date
        and (m.active_to is null or m.active_to > current_date)));
end

alter function ia.find_api_key(bytea) owner to ia_auth

revoke all on function ia.find_api_key(bytea) from public

grant execute on function ia.find_api_key(bytea) to ia_app
"""

DOWN = """
drop function ia.find_api_key(bytea)

drop table ia.api_key, ia.api_client, ia.member, ia.agency, ia.municipality_ags, ia.municipality
"""


def upgrade() -> None:
    """Create."""
    run(UP)


def downgrade() -> None:
    """Drop."""
    run(DOWN)
