"""Rights: the context says who sits at the desk and what of a person may ever be seen.

Why: a disclosure opens no more than the kind of unit and the roles allow, and compartments that
only an assigned member sees ask who that member is. The look-up of a key tells the kind of unit;
it is dropped and made anew in one transaction, so that nobody meets a service without it.
"""

from migrations_sql import run

revision = "0011_rights"
down_revision = "0009_tandem_work"
branch_labels = None
depends_on = None

FIND = """create function ia.find_api_key(p_secret bytea)
  returns table (municipality_id uuid, agency_id uuid, client_id uuid, member_id uuid,
    scopes text[], purposes text[], roles text[]{column})
  language sql volatile security definer set search_path = pg_catalog, pg_temp
begin atomic
  update ia.api_key k set last_used_at = now()
    where k.secret_sha256 = p_secret
      and (k.last_used_at is null or k.last_used_at < now() - interval '1 minute');
  select c.municipality_id, c.agency_id, c.id, c.member_id, c.scopes, c.purposes,
      coalesce(m.roles, '{{}}'){value}
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

UP = f"""
create function ia.ctx_member() returns uuid language sql stable parallel safe
  return nullif(current_setting('app.member_id', true), '')::uuid

create function ia.ctx_compartments() returns text[] language sql stable parallel safe
  return coalesce(nullif(current_setting('app.compartments', true), '')::text[], '{{}}')

-- squawk-ignore ban-drop-function
drop function ia.find_api_key(bytea)

{FIND.format(column=", agency_type text", value=", a.type")}"""

DOWN = f"""
drop function ia.find_api_key(bytea)

{FIND.format(column="", value="")}
drop function ia.ctx_compartments(), ia.ctx_member()
"""


def upgrade() -> None:
    """Create."""
    run(UP)


def downgrade() -> None:
    """Drop."""
    run(DOWN)
