"""How a tandem case ends when a team is gone, and who still hears of it.

Why: a team that has lost its access (consent revoked, disclosure over, agency closed) could never
close, and nobody could for it, so that the tandem case and the case under it stayed open for ever.
The lead closes in its place, and the row says so. Whether a team still has access stands in rows
that no other agency may read; a function of the owner answers for one tandem case, to its parties
and to the clock (which acts for the agency of zeros) alone. Events go to whom it names.
"""

from migrations_sql import run

revision = "0019_tandem_ends"
down_revision = "0018_tasks"
branch_labels = None
depends_on = None

UP = """
alter table ia.tandem_case
  add column legal_closed_in_place boolean not null default false,
  add column placement_closed_in_place boolean not null default false,
  -- squawk-ignore constraint-missing-not-valid -- a short row a case, read in a second
  add constraint ck_tandem_case_in_place check (
    (legal_closed_at is not null or not legal_closed_in_place)
    and (placement_closed_at is not null or not placement_closed_in_place))

grant update (legal_closed_in_place, placement_closed_in_place) on ia.tandem_case to ia_app

create policy tandem_case_keep on ia.tandem_case for select to ia_owner using (true)

create function ia.tandem_audience(p_tandem uuid) returns uuid[]
  language sql stable security definer set search_path = pg_catalog, pg_temp
  return (select array_agg(distinct p.agency_id)
    from ia.tandem_case t
    cross join lateral unnest(array[t.lead_agency_id, t.legal_agency_id, t.placement_agency_id])
      as p (agency_id)
    join ia.agency g on g.municipality_id = t.municipality_id and g.id = p.agency_id
    where t.id = p_tandem and t.municipality_id = ia.ctx_municipality()
      and ia.ctx_agency() in (t.lead_agency_id, t.legal_agency_id, t.placement_agency_id,
        '00000000-0000-0000-0000-000000000000')
      and (p.agency_id = t.lead_agency_id
        or ((g.active_to is null or g.active_to > current_date)
          and (t.case_id is null or exists (select 1 from ia.case_access a
            where a.municipality_id = t.municipality_id and a.agency_id = p.agency_id
              and a.case_id = t.case_id and a.valid_from <= now() and a.valid_to > now())))))

revoke all on function ia.tandem_audience(uuid) from public

grant execute on function ia.tandem_audience(uuid) to ia_app, ia_worker
"""

DOWN = """
drop function ia.tandem_audience(uuid)

drop policy tandem_case_keep on ia.tandem_case

alter table ia.tandem_case
  drop constraint ck_tandem_case_in_place,
  drop column legal_closed_in_place,
  drop column placement_closed_in_place
"""


def upgrade() -> None:
    """Add."""
    run(UP)


def downgrade() -> None:
    """Drop; that a team's closing was the lead's act is forgotten."""
    run(DOWN)
