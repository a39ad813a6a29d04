"""What waits and since when, over all municipalities: numbers and instants, for `/status`.

Why: row policies keep the API from counting what is not the caller's. A role of its own owns one
function, and reads no column with an id of a person, an agency or a case; the function gives sums.
Each sum looks at 1,000 rows at most, by an index. The worker says when it last did a whole round.
"""

from migrations_sql import run

revision = "0037_status"
down_revision = "0036_imports"
branch_labels = None
depends_on = None

MOST = 1000
READ = {
    "municipality": ("id", "true"),
    "worker_round": ("at", "true"),
    "outbox": ("id, seq, occurred_at", "seq is null"),
    "webhook_delivery": ("endpoint_id, agg_id, event_seq, status, next_at", "status = 'due'"),
    "webhook_attempt": ("id, at, status_code", "true"),
    "webhook_endpoint": ("id, status, disabled_reason", "true"),
    "job": ("status, created_at, lease_until, finished_at", "finished_at is null"),
    "referral": ("municipality_id, status, due_at", "status in ('sent', 'received')"),
    "ba_approval_request": ("municipality_id, status, deemed_from", "status = 'transmitted'"),
    "legal_track": (
        "municipality_id, status, permit_valid_to",
        "status in ('granted', 'granted_restricted', 'active', 'renewal_due')",
    ),
    "audit_entry": ("id, municipality_id, recorded_at, hash", "hash is null"),
}
"""Table → the columns that the role reads, and in which rows."""
SEEN = "\n\n".join(
    f"create policy {name}_count on ia.{name} for select to ia_status using ({rows})\n\n"
    f"grant select ({columns}) on ia.{name} to ia_status"
    for name, (columns, rows) in READ.items()
)
UNSEEN = "\n\n".join(
    f"revoke select ({columns}) on ia.{name} from ia_status\n\n"
    f"drop policy {name}_count on ia.{name}"
    for name, (columns, _) in READ.items()
    if name != "worker_round"
)
MIDNIGHT = "::timestamp at time zone 'Europe/Berlin'"

UP = f"""
create table ia.worker_round (
  one boolean not null default true,
  at timestamptz,
  constraint pk_worker_round primary key (one),
  constraint ck_worker_round_one check (one))

insert into ia.worker_round default values

alter table ia.worker_round enable row level security

alter table ia.worker_round force row level security

create policy worker_round_keep on ia.worker_round to ia_worker using (true) with check (true)

grant select, update (at) on ia.worker_round to ia_worker

{SEEN}

create function ia.service_status(p_today date)
  returns table (part text, waiting bigint, total bigint, oldest_at timestamptz)
  language sql stable security definer set search_path = pg_catalog, pg_temp
begin atomic
  select 'worker'::text, 0::bigint, null::bigint, (select at from ia.worker_round)
  union all
  select 'events', count(*), null, min(occurred_at) from (
    select occurred_at from ia.outbox where seq is null order by id limit {MOST}) e
  union all
  select 'deliveries', count(*), null, min(next_at) from (
    select d.endpoint_id, d.agg_id, d.event_seq, d.next_at
      from ia.webhook_delivery d
      join ia.webhook_endpoint e on e.id = d.endpoint_id and e.status = 'enabled'
      where d.status = 'due' and d.next_at <= now()
      order by d.next_at limit {MOST}) d
    -- what comes behind an event of the same resource waits for that one, not for us
    where not exists (select from ia.webhook_delivery p
      where p.endpoint_id = d.endpoint_id and p.agg_id = d.agg_id and p.event_seq < d.event_seq
        and p.status = 'due')
  union all
  select 'attempts', count(*) filter (where status_code not between 200 and 299
      or status_code is null), count(*), null from (
    select at, status_code from ia.webhook_attempt order by id desc limit {MOST}) a
    where at > now() - interval '1 hour'
  union all
  select 'endpoints', count(*) filter (where status = 'disabled' and disabled_reason <> 'owner'),
      count(*), null from ia.webhook_endpoint
  union all
  select 'jobs', count(*), null, min(coalesce(lease_until, created_at)) from (
    select created_at, lease_until from ia.job
      where finished_at is null and (status = 'queued' or lease_until < now())
      order by created_at limit {MOST}) j
  union all
  select 'deadlines', count(*), null, min(at) from ia.municipality m cross join lateral (
    (select due_at as at from ia.referral
      where municipality_id = m.id and status in ('sent', 'received') and due_at <= now()
      order by due_at limit {MOST})
    union all
    (select deemed_from{MIDNIGHT} from ia.ba_approval_request
      where municipality_id = m.id and status = 'transmitted' and deemed_from <= p_today
      order by deemed_from limit {MOST})
    union all
    (select (permit_valid_to + 1){MIDNIGHT} from ia.legal_track
      where municipality_id = m.id
        and status in ('granted', 'granted_restricted', 'active', 'renewal_due')
        and permit_valid_to < p_today
      order by permit_valid_to limit {MOST})) d
  union all
  select 'sealing', count(*), null, min(recorded_at) from ia.municipality m cross join lateral (
    select recorded_at from ia.audit_entry where municipality_id = m.id and hash is null
      order by id limit {MOST}) a;
end;

alter function ia.service_status(date) owner to ia_status

revoke all on function ia.service_status(date) from public

grant execute on function ia.service_status(date) to ia_app
"""

DOWN = f"""
drop function ia.service_status(date)

drop table ia.worker_round

{UNSEEN}
"""


def upgrade() -> None:
    """Create."""
    run(UP)


def downgrade() -> None:
    """Drop."""
    run(DOWN)
