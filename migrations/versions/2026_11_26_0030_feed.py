"""A dense number for every event, and the head of the order.

Why: identity order is not commit order, so a reader who goes by `id` loses events. A job numbers
what is committed, under a lock; `epoch` tells that a number may mean another event, which is so
after a restore or a failover: the database is then at another `place`. That names the cluster, the
database and its timeline, and the table itself, which a restore into the same database makes anew.
"""

from migrations_sql import run

revision = "0030_feed"
down_revision = "0029_eligibility"
branch_labels = None
depends_on = None

UP = """
alter table ia.outbox add column seq bigint

-- squawk-ignore require-concurrent-index-creation
create unique index uq_outbox_seq on ia.outbox (seq)

-- squawk-ignore require-concurrent-index-creation
create index ix_outbox_open on ia.outbox (id) where seq is null

create policy outbox_see on ia.outbox for select to ia_worker using (true)

create policy outbox_number on ia.outbox for update to ia_worker
  using (seq is null) with check (seq is not null)

grant select (id, seq), update (seq) on ia.outbox to ia_worker

create table ia.feed_head (
  one boolean not null default true,
  epoch uuid not null default gen_random_uuid(),
  place text not null,
  last bigint not null default 0,
  constraint pk_feed_head primary key (one),
  constraint ck_feed_head_one check (one))

create function ia.database_place() returns text
  language sql stable security definer set search_path = pg_catalog, pg_temp
begin atomic
  select (select system_identifier from pg_control_system()) || '/'
    || (select oid from pg_database where datname = current_database()) || '/'
    || 'ia.feed_head'::regclass::oid || '/'
    || left(pg_walfile_name(pg_current_wal_lsn()), 8);
end

revoke all on function ia.database_place() from public

grant execute on function ia.database_place() to ia_worker

insert into ia.feed_head (place) values (ia.database_place())

alter table ia.feed_head enable row level security

alter table ia.feed_head force row level security

create policy feed_head_keep on ia.feed_head to ia_worker, ia_owner using (true) with check (true)

grant select, update on ia.feed_head to ia_worker
"""

DOWN = """
drop function ia.database_place()

drop table ia.feed_head

drop policy outbox_number on ia.outbox

drop policy outbox_see on ia.outbox

revoke select (id, seq), update (seq) on ia.outbox from ia_worker

drop index ia.ix_outbox_open

drop index ia.uq_outbox_seq

alter table ia.outbox drop column seq
"""


def upgrade() -> None:
    """Change."""
    run(UP)


def downgrade() -> None:
    """Change back."""
    run(DOWN)
