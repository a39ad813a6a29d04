"""Let agencies read the events that are meant for them, in their order, for as long as they stay.

Why: who is in step with the service asks only for what is new. An agency reads what it is an
addressee of, or what is for everybody of its municipality (the nil id among the addressees).
Whether it may still see the thing is asked besides, when it reads. `oldest` is the first number
that is still there.
"""

from migrations_sql import run

revision = "0031_changes"
down_revision = "0030_feed"
branch_labels = None
depends_on = None

UP = """
alter table ia.feed_head add column oldest bigint not null default 1

create policy feed_head_read on ia.feed_head for select to ia_app using (true)

grant select on ia.feed_head to ia_app

grant execute on function ia.database_place() to ia_app

create policy outbox_read on ia.outbox for select to ia_app
  using (municipality_id = (select ia.ctx_municipality())
    and (seq is not null)
    and agency_ids && array[(select ia.ctx_agency()), '00000000-0000-0000-0000-000000000000'])

grant select (seq, municipality_id, agg_type, agg_id, type, agency_ids, body)
  on ia.outbox to ia_app

-- a month at the least, whatever the setting says
create policy outbox_end on ia.outbox for delete to ia_worker
  using (seq is not null and occurred_at < now() - interval '30 days')

grant select (occurred_at), delete on ia.outbox to ia_worker
"""

DOWN = """
revoke select (occurred_at), delete on ia.outbox from ia_worker

drop policy outbox_end on ia.outbox

revoke select (seq, municipality_id, agg_type, agg_id, type, agency_ids, body)
  on ia.outbox from ia_app

drop policy outbox_read on ia.outbox

revoke execute on function ia.database_place() from ia_app

revoke select on ia.feed_head from ia_app

drop policy feed_head_read on ia.feed_head

alter table ia.feed_head drop column oldest
"""


def upgrade() -> None:
    """Change."""
    run(UP)


def downgrade() -> None:
    """Change back."""
    run(DOWN)
