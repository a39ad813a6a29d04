"""Members: who logs in with a token, and what an administration may do with members and clients.

Why: a token of the issuer only says who somebody is (issuer, subject); agency, roles and rights
stand here. Until now the command line alone wrote members and clients; now a member who
administers its agency does, for it and its teams. The secrets of keys stay unreadable.

The two tables hold a few hundred rows, so that checks and indexes are made at once: read in a
millisecond, and whole with the migration or not at all.
"""

from migrations_sql import run

revision = "0013_members"
down_revision = "0011_rights"
branch_labels = None
depends_on = None

OWN = """municipality_id = (select ia.ctx_municipality())
  and agency_id = any ((select ia.ctx_tree())::uuid[])"""
KEYS = """municipality_id = (select ia.ctx_municipality())
  and client_id = any (array(select c.id from ia.api_client c
    where c.municipality_id = (select ia.ctx_municipality())
      and c.agency_id = any ((select ia.ctx_tree())::uuid[])))"""

UP = f"""
create function ia.ctx_tree() returns uuid[] language sql stable parallel safe
  return array(select a.id from ia.agency a
    where a.municipality_id = ia.ctx_municipality()
      and (a.id = ia.ctx_agency() or a.parent_id = ia.ctx_agency()))

alter table ia.member
  add column issuer text,
  add column subject text,
  add column version integer not null default 1,
  add column updated_at timestamptz not null default now()

-- squawk-ignore constraint-missing-not-valid
alter table ia.member add constraint ck_member_login
  check ((issuer is null) = (subject is null))

-- squawk-ignore require-concurrent-index-creation
create unique index ix_member_issuer_subject_agency_id on ia.member (issuer, subject, agency_id)

-- squawk-ignore require-concurrent-index-creation
create index ix_member_agency_id_created_at_id on ia.member (agency_id, created_at, id)

alter table ia.api_client
  add column issuer text,
  add column subject text,
  add column version integer not null default 1,
  add column updated_at timestamptz not null default now()

-- squawk-ignore constraint-missing-not-valid
alter table ia.api_client add constraint ck_api_client_login
  check ((issuer is null) = (subject is null)
    and (subject is null or member_id is null))

-- squawk-ignore require-concurrent-index-creation
create unique index ix_api_client_issuer_subject on ia.api_client (issuer, subject)
  where revoked_at is null

-- squawk-ignore require-concurrent-index-creation
create index ix_api_client_agency_id_created_at_id on ia.api_client (agency_id, created_at, id)

drop policy member_read on ia.member

create policy member_read on ia.member for select to ia_app using ({OWN})

create policy member_add on ia.member for insert to ia_app with check ({OWN})

create policy member_change on ia.member for update to ia_app using ({OWN}) with check ({OWN})

create policy api_client_read on ia.api_client for select to ia_app using ({OWN})

create policy api_client_add on ia.api_client for insert to ia_app with check ({OWN})

create policy api_client_change on ia.api_client for update to ia_app
  using ({OWN}) with check ({OWN})

create policy api_key_read on ia.api_key for select to ia_app using ({KEYS})

create policy api_key_add on ia.api_key for insert to ia_app with check ({KEYS})

create policy api_key_change on ia.api_key for update to ia_app
  using ({KEYS}) with check ({KEYS})

grant insert, update (function_title, roles, active_to, issuer, subject, version, updated_at)
  on ia.member to ia_app

grant select, insert (id, municipality_id, agency_id, name, scopes, purposes, created_at),
    update (revoked_at, version, updated_at)
  on ia.api_client to ia_app

grant select (id, municipality_id, client_id, created_at, expires_at, revoked_at, last_used_at),
    insert (id, municipality_id, client_id, secret_sha256, created_at, expires_at),
    update (revoked_at)
  on ia.api_key to ia_app

create function ia.find_subject(p_issuer text, p_subject text)
  returns table (municipality_id uuid, agency_id uuid, client_id uuid, member_id uuid,
    scopes text[], purposes text[], roles text[], agency_type text)
  language sql stable security definer set search_path = pg_catalog, pg_temp
begin atomic
  select m.municipality_id, m.agency_id, m.id, m.id, null::text[], null::text[], m.roles, a.type
    from ia.member m
    join ia.agency a on a.id = m.agency_id
    where m.issuer = p_issuer and m.subject = p_subject
      and m.active_from <= current_date
      and (m.active_to is null or m.active_to > current_date)
      and a.active_from <= current_date and (a.active_to is null or a.active_to > current_date)
  union all
  select c.municipality_id, c.agency_id, c.id, null::uuid, c.scopes, c.purposes, '{{}}', a.type
    from ia.api_client c
    join ia.agency a on a.id = c.agency_id
    where c.issuer = p_issuer and c.subject = p_subject and c.revoked_at is null
      and a.active_from <= current_date and (a.active_to is null or a.active_to > current_date)
  order by 2 limit 100;
end;

alter function ia.find_subject(text, text) owner to ia_auth

revoke all on function ia.find_subject(text, text) from public

grant execute on function ia.find_subject(text, text) to ia_app
"""

DOWN = """
drop function ia.find_subject(text, text)

revoke select, insert, update on ia.api_key, ia.api_client from ia_app

revoke select (id, municipality_id, client_id, created_at, expires_at, revoked_at, last_used_at),
    insert (id, municipality_id, client_id, secret_sha256, created_at, expires_at),
    update (revoked_at)
  on ia.api_key from ia_app

revoke insert (id, municipality_id, agency_id, name, scopes, purposes, created_at),
    update (revoked_at, version, updated_at)
  on ia.api_client from ia_app

revoke insert, update (function_title, roles, active_to, issuer, subject, version, updated_at)
  on ia.member from ia_app

drop policy api_key_change on ia.api_key

drop policy api_key_add on ia.api_key

drop policy api_key_read on ia.api_key

drop policy api_client_change on ia.api_client

drop policy api_client_add on ia.api_client

drop policy api_client_read on ia.api_client

drop policy member_change on ia.member

drop policy member_add on ia.member

drop policy member_read on ia.member

create policy member_read on ia.member for select to ia_app
  using (municipality_id = (select ia.ctx_municipality()) and agency_id = (select ia.ctx_agency()))

drop index ia.ix_api_client_agency_id_created_at_id, ia.ix_api_client_issuer_subject,
  ia.ix_member_agency_id_created_at_id, ia.ix_member_issuer_subject_agency_id

alter table ia.api_client
  drop column issuer, drop column subject, drop column version, drop column updated_at

alter table ia.member
  drop column issuer, drop column subject, drop column version, drop column updated_at

drop function ia.ctx_tree()
"""


def upgrade() -> None:
    """Create."""
    run(UP)


def downgrade() -> None:
    """Drop."""
    run(DOWN)
