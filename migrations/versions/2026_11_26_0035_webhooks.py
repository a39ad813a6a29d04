"""Webhooks: endpoints of an agency, their secrets, and the queue that events are delivered from.

Why: a partner that has to ask for news learns late. The worker takes numbered events to the
endpoints of the agencies that they are addressed to. A secret is kept sealed, and the API may write
one and never read it; which private networks an endpoint may be in only the operator says.
"""

from migrations_sql import run

revision = "0035_webhooks"
down_revision = "0034_exports"
branch_labels = None
depends_on = None

TABLES = ("webhook_endpoint", "webhook_secret", "webhook_delivery", "webhook_attempt")
CLOSED = (*TABLES, "webhook_replay", "webhook_head")
MINE = """municipality_id = (select ia.ctx_municipality())
  and agency_id = (select ia.ctx_agency())"""
OWNER = """foreign key (municipality_id, agency_id, endpoint_id)
    references ia.webhook_endpoint (municipality_id, agency_id, id)"""
HELD = "\n\n".join(
    f"alter table ia.{name} enable row level security\n\n"
    f"alter table ia.{name} force row level security"
    for name in CLOSED
)
SEEN = "\n\n".join(
    f"create policy {name}_read on ia.{name} for select to ia_app using ({MINE})"
    for name in (*TABLES, "webhook_replay")
)
ADDED = "\n\n".join(
    f"create policy {name}_add on ia.{name} for insert to ia_app with check ({MINE})"
    for name in ("webhook_endpoint", "webhook_secret", "webhook_delivery", "webhook_replay")
)
CHANGED = "\n\n".join(
    f"create policy {name}_change on ia.{name} for update to ia_app"
    f" using ({MINE}) with check ({MINE})"
    for name in ("webhook_endpoint", "webhook_secret", "webhook_delivery")
)
WORKED = "\n\n".join(
    f"create policy {name}_work on ia.{name} to ia_worker using (true) with check (true)"
    for name in CLOSED
)

UP = f"""
create table ia.webhook_endpoint (
  id uuid not null,
  municipality_id uuid not null,
  agency_id uuid not null,
  url text not null,
  types text[] not null,
  description text,
  networks cidr[] not null default '{{}}',
  max_inflight integer not null default 4,
  status text not null,
  disabled_reason text,
  disabled_at timestamptz,
  failing_since timestamptz,
  version integer not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint pk_webhook_endpoint primary key (id),
  constraint uq_webhook_endpoint_municipality_id_agency_id_id
    unique (municipality_id, agency_id, id),
  constraint fk_webhook_endpoint_municipality_id_agency_id
    foreign key (municipality_id, agency_id) references ia.agency (municipality_id, id),
  constraint ck_webhook_endpoint_status check (status IN ('enabled', 'disabled')),
  constraint ck_webhook_endpoint_disabled check (
    (status = 'disabled') = (disabled_at is not null)
    and (status = 'disabled') = (disabled_reason is not null)),
  constraint ck_webhook_endpoint_reason check (disabled_reason in ('owner', 'gone', 'failing')),
  constraint ck_webhook_endpoint_max_inflight check (max_inflight between 1 and 32))

create index ix_webhook_endpoint_municipality_id_agency_id_created_at_id
  on ia.webhook_endpoint (municipality_id, agency_id, created_at desc, id desc)

create table ia.webhook_secret (
  id uuid not null,
  municipality_id uuid not null,
  agency_id uuid not null,
  endpoint_id uuid not null,
  sealed bytea not null,
  key_id text not null,
  created_at timestamptz not null,
  valid_to timestamptz not null default 'infinity',
  constraint pk_webhook_secret primary key (id),
  constraint fk_webhook_secret_municipality_id_agency_id_endpoint_id {OWNER})

create index ix_webhook_secret_endpoint_id on ia.webhook_secret (endpoint_id)

create index ix_webhook_secret_key_id on ia.webhook_secret (key_id)

create table ia.webhook_delivery (
  id uuid not null default gen_random_uuid(),
  municipality_id uuid not null,
  agency_id uuid not null,
  endpoint_id uuid not null,
  event_id uuid not null,
  event_seq bigint,
  type text not null,
  agg_type text not null,
  agg_id uuid not null,
  body text,
  status text not null default 'due',
  reason text,
  attempts integer not null default 0,
  next_at timestamptz not null default now(),
  lease_until timestamptz,
  lease_token uuid,
  ended_at timestamptz,
  version integer not null default 1,
  created_at timestamptz not null default now(),
  constraint pk_webhook_delivery primary key (id),
  constraint uq_webhook_delivery_municipality_id_id unique (municipality_id, id),
  constraint uq_webhook_delivery_municipality_id_endpoint_id_event_seq
    unique (municipality_id, endpoint_id, event_seq),
  constraint fk_webhook_delivery_municipality_id_agency_id_endpoint_id {OWNER},
  constraint ck_webhook_delivery_status check (status in ('due', 'done', 'dead', 'dropped')),
  constraint ck_webhook_delivery_ended check ((status = 'due') = (ended_at is null)),
  constraint ck_webhook_delivery_text check ((event_seq is null) = (body is not null)))

create index ix_webhook_delivery_endpoint_id_next_at_event_seq
  on ia.webhook_delivery (endpoint_id, next_at, event_seq) where status = 'due'

create index ix_webhook_delivery_endpoint_id_agg_id_event_seq
  on ia.webhook_delivery (endpoint_id, agg_id, event_seq) where status = 'due'

create index ix_webhook_delivery_next_at on ia.webhook_delivery (next_at) where status = 'due'

create index ix_webhook_delivery_ended_at on ia.webhook_delivery (ended_at)
  where status <> 'due'

create index ix_webhook_delivery_municipality_id_agency_id_created_at_id
  on ia.webhook_delivery (municipality_id, agency_id, created_at desc, id desc)

create index ix_webhook_delivery_agency_id_status_created_at_id
  on ia.webhook_delivery (municipality_id, agency_id, status, created_at desc, id desc)

create index ix_webhook_delivery_endpoint_id_created_at_id
  on ia.webhook_delivery (endpoint_id, created_at desc, id desc)

create index ix_webhook_delivery_agg_id_created_at_id
  on ia.webhook_delivery (agg_id, created_at desc, id desc)

create table ia.webhook_attempt (
  id bigint generated always as identity,
  municipality_id uuid not null,
  agency_id uuid not null,
  delivery_id uuid not null,
  at timestamptz not null,
  latency_ms integer not null,
  status_code integer,
  error text,
  answer text,
  constraint pk_webhook_attempt primary key (id),
  constraint fk_webhook_attempt_municipality_id_delivery_id
    foreign key (municipality_id, delivery_id)
    references ia.webhook_delivery (municipality_id, id) on delete cascade,
  constraint ck_webhook_attempt_answer check (length(answer) <= 1024))

create index ix_webhook_attempt_delivery_id_id on ia.webhook_attempt (delivery_id, id)

create table ia.webhook_replay (
  municipality_id uuid not null,
  endpoint_id uuid not null,
  agency_id uuid not null,
  from_at timestamptz,
  to_at timestamptz not null,
  at_seq bigint not null default 0,
  until_seq bigint,
  created_at timestamptz not null,
  constraint pk_webhook_replay primary key (municipality_id, endpoint_id),
  constraint fk_webhook_replay_municipality_id_agency_id_endpoint_id {OWNER},
  constraint ck_webhook_replay_range check (from_at < to_at))

create table ia.webhook_head (
  one boolean not null default true,
  last bigint not null,
  constraint pk_webhook_head primary key (one),
  constraint ck_webhook_head_one check (one))

insert into ia.webhook_head (last) select last from ia.feed_head

{HELD}

{SEEN}

{ADDED}

{CHANGED}

{WORKED}

create policy webhook_endpoint_keep on ia.webhook_endpoint to ia_owner
  using (true) with check (true)

grant select, insert (id, municipality_id, agency_id, url, types, description, status,
    created_at, updated_at),
  update (url, types, description, status, disabled_reason, disabled_at, failing_since, version,
    updated_at)
  on ia.webhook_endpoint to ia_app

grant select (id, municipality_id, agency_id, endpoint_id, created_at, valid_to), insert,
  update (valid_to) on ia.webhook_secret to ia_app

grant select, insert (municipality_id, agency_id, id, endpoint_id, event_id, type, agg_type, agg_id,
    body),
  update (status, reason, attempts, next_at, lease_until, lease_token, ended_at, version)
  on ia.webhook_delivery to ia_app

grant select on ia.webhook_attempt to ia_app

grant select,
  insert (municipality_id, endpoint_id, agency_id, from_at, to_at, at_seq, created_at)
  on ia.webhook_replay to ia_app

grant select,
  update (status, disabled_reason, disabled_at, failing_since, version, updated_at)
  on ia.webhook_endpoint to ia_worker

grant select, delete, update (sealed, key_id) on ia.webhook_secret to ia_worker

grant select, insert, delete,
  update (status, reason, attempts, next_at, lease_until, lease_token, ended_at, version)
  on ia.webhook_delivery to ia_worker

grant insert on ia.webhook_attempt to ia_worker

grant select, delete, update (at_seq, until_seq) on ia.webhook_replay to ia_worker

grant select, update (last) on ia.webhook_head to ia_worker

grant select (event_id, municipality_id, agg_type, agg_id, type, agency_ids, body)
  on ia.outbox to ia_worker
"""

DOWN = """
revoke select (event_id, municipality_id, agg_type, agg_id, type, agency_ids, body)
  on ia.outbox from ia_worker

drop table ia.webhook_head, ia.webhook_replay, ia.webhook_attempt, ia.webhook_delivery,
  ia.webhook_secret, ia.webhook_endpoint
"""


def upgrade() -> None:
    """Create."""
    run(UP)


def downgrade() -> None:
    """Drop."""
    run(DOWN)
