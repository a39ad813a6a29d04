"""Five holes of the second wall.

Why: anybody could make a team under another agency. A stored answer outlived a disclosure whose own
term, not its referral's, had ended. A residence period recorded in an emergency stays after it.
The application could write the numbers and hashes of the audit chain, which are the sealer's.
"""

from migrations_sql import run

revision = "0023_hardening"
down_revision = "0022_berlin_days"
branch_labels = None
depends_on = None

LIVE = """d.recipient_agency_id = (select ia.ctx_agency()) and d.status = 'active'
        and d.opened_at <= now() and d.valid_from <= now()
        and d.valid_to > now() and d.closes_at > now()"""


def still_visible(end: str) -> str:
    """The judgement of a stored answer; `end`: when a disclosure ran out."""
    return f"""
create or replace function ia.still_visible(p_subjects uuid[], p_since timestamptz) returns boolean
  language sql stable
  return not exists (select 1 from unnest(p_subjects) s
      where not exists (select 1 from ia.person p where p.id = s))
    and not exists (select 1 from ia.disclosure d
      where d.recipient_agency_id = (select ia.ctx_agency()) and d.person_id = any (p_subjects)
        and (d.revoked_at >= p_since or ({end} >= p_since and {end} <= now())))
"""


def residence_period_add(more: str) -> str:
    """Who adds a residence period to a person of another agency."""
    return f"""
drop policy residence_period_add on ia.residence_period

create policy residence_period_add on ia.residence_period for insert to ia_app with check (
  municipality_id = (select ia.ctx_municipality())
  and recorded_by_agency_id = (select ia.ctx_agency())
  and exists (select 1 from ia.person p where p.id = person_id)
  and (controller_agency_id = (select ia.ctx_agency())
    or exists (select 1 from ia.disclosure d where d.person_id = residence_period.person_id
        and {LIVE} and 'residence' = any (d.compartments){more} offset 0)))
"""


UP = f"""
drop policy agency_add on ia.agency

create policy agency_add on ia.agency for insert to ia_app with check (
  municipality_id = (select ia.ctx_municipality())
  and (parent_id is null or parent_id = (select ia.ctx_agency())))

{still_visible("least(d.closes_at, d.valid_to)").strip()}

{residence_period_add(" and d.emergency_reason is null").strip()}

revoke insert on ia.audit_entry from ia_app

grant insert (municipality_id, canonical) on ia.audit_entry to ia_app
"""

DOWN = f"""
grant insert on ia.audit_entry to ia_app

{residence_period_add("").strip()}

{still_visible("d.closes_at").strip()}

drop policy agency_add on ia.agency

create policy agency_add on ia.agency for insert to ia_app
  with check (municipality_id = (select ia.ctx_municipality()))
"""


def upgrade() -> None:
    """Change."""
    run(UP)


def downgrade() -> None:
    """Change back."""
    run(DOWN)
