"""Referrals: from one office to another, with access that follows the referral's state.

Why: a recipient sees a preview until it accepts; a disclosure `on_acceptance` opens with the
acceptance and ends with the referral, in the same transaction, whoever moves it. The worker may
lock a disclosure, so that everybody takes disclosure and referral in one order, but not change it.
A draft is the sender's alone, so the recipient's policy asks whether the referral was ever sent.
"""

from migrations_sql import run

revision = "0005_referrals"
down_revision = "0004_cases"
branch_labels = None
depends_on = None

UP = """
create table ia.referral (
  id uuid not null,
  municipality_id uuid not null,
  case_id uuid not null,
  person_id uuid not null,
  disclosure_id uuid not null,
  sender_agency_id uuid not null,
  recipient_agency_id uuid not null,
  topic text not null,
  handover_mode text not null,
  urgency text not null,
  message text,
  preview jsonb not null,
  disclosed jsonb not null,
  status text not null,
  due_at timestamptz,
  resume_on date,
  claimed_by uuid,
  claimed_at timestamptz,
  reason text,
  reason_text text,
  suggested_recipient_id uuid,
  outcome text,
  outcome_text text,
  replaces_id uuid,
  created_by uuid not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  sent_at timestamptz,
  received_at timestamptz,
  decided_at timestamptz,
  started_at timestamptz,
  ended_at timestamptz,
  version integer not null default 1,
  constraint pk_referral primary key (id),
  constraint uq_referral_municipality_id_id unique (municipality_id, id),
  constraint fk_referral_municipality_id_case_id
    foreign key (municipality_id, case_id) references ia."case" (municipality_id, id),
  constraint fk_referral_municipality_id_case_id_person_id
    foreign key (municipality_id, case_id, person_id)
    references ia.case_participant (municipality_id, case_id, person_id),
  constraint fk_referral_ground
    foreign key (municipality_id, disclosure_id, person_id, case_id, recipient_agency_id)
    references ia.disclosure (municipality_id, id, person_id, case_id, recipient_agency_id),
  constraint fk_referral_municipality_id_sender_agency_id
    foreign key (municipality_id, sender_agency_id) references ia.agency (municipality_id, id),
  constraint fk_referral_municipality_id_recipient_agency_id
    foreign key (municipality_id, recipient_agency_id) references ia.agency (municipality_id, id),
  constraint fk_referral_municipality_id_suggested_recipient_id
    foreign key (municipality_id, suggested_recipient_id)
    references ia.agency (municipality_id, id),
  constraint fk_referral_municipality_id_replaces_id
    foreign key (municipality_id, replaces_id) references ia.referral (municipality_id, id),
  constraint fk_referral_municipality_id_claimed_by
    foreign key (municipality_id, claimed_by) references ia.member (municipality_id, id),
  constraint ck_referral_recipient check (recipient_agency_id <> sender_agency_id),
  constraint ck_referral_sent check (status <> 'draft' or sent_at is null),
  constraint ck_referral_due check (status not in ('sent', 'received') or due_at is not null),
  constraint ck_referral_outcome check ((status = 'completed') <= (outcome is not null)),
  constraint ck_referral_status check (status IN ('draft', 'sent', 'received', 'accepted',
    'in_progress', 'on_hold', 'completed', 'declined', 'withdrawn', 'not_completed', 'expired',
    'entered_in_error')))

create unique index uq_referral_open
  on ia.referral (municipality_id, case_id, recipient_agency_id, topic)
  where status in ('sent', 'received', 'accepted', 'in_progress', 'on_hold')

create index ix_referral_sender on ia.referral
  (municipality_id, sender_agency_id, status, created_at desc, id desc)

create index ix_referral_sender_all on ia.referral
  (municipality_id, sender_agency_id, created_at desc, id desc)

create index ix_referral_recipient on ia.referral
  (municipality_id, recipient_agency_id, status, created_at desc, id desc)
  where sent_at is not null

create index ix_referral_recipient_all on ia.referral
  (municipality_id, recipient_agency_id, created_at desc, id desc) where sent_at is not null

create index ix_referral_due on ia.referral (municipality_id, due_at)
  where status in ('sent', 'received')

create index ix_referral_disclosure on ia.referral (disclosure_id)

create index ix_referral_replaces on ia.referral (replaces_id) where replaces_id is not null

create index ix_referral_case on ia.referral (case_id)

alter table ia.referral enable row level security

alter table ia.referral force row level security

create policy referral_read on ia.referral for select to ia_app using (
  municipality_id = (select ia.ctx_municipality())
  and (sender_agency_id = (select ia.ctx_agency())
    or (recipient_agency_id = (select ia.ctx_agency()) and sent_at is not null)))

create policy referral_add on ia.referral for insert to ia_app with check (
  municipality_id = (select ia.ctx_municipality())
  and sender_agency_id = (select ia.ctx_agency())
  and exists (select 1 from ia."case" c where c.id = case_id
    and c.lead_agency_id = (select ia.ctx_agency()))
  and exists (select 1 from ia.disclosure d where d.id = disclosure_id
    and d.grantor_agency_id = (select ia.ctx_agency())))

create policy referral_change on ia.referral for update to ia_app
  using (municipality_id = (select ia.ctx_municipality())
    and (sender_agency_id = (select ia.ctx_agency())
      or (recipient_agency_id = (select ia.ctx_agency()) and sent_at is not null)))
  with check (municipality_id = (select ia.ctx_municipality())
    and (select ia.ctx_agency()) in (sender_agency_id, recipient_agency_id))

create policy referral_due on ia.referral for select to ia_worker
  using (municipality_id = (select ia.ctx_municipality()))

create policy referral_end on ia.referral for update to ia_worker
  using (municipality_id = (select ia.ctx_municipality()))
  with check (municipality_id = (select ia.ctx_municipality())
    and status in ('expired', 'withdrawn'))

create policy disclosure_lapse on ia.disclosure for select to ia_worker
  using (municipality_id = (select ia.ctx_municipality()))

grant select, insert, update (status, due_at, resume_on, claimed_by, claimed_at, reason,
  reason_text, suggested_recipient_id, outcome, outcome_text, preview, disclosed, updated_at,
  sent_at, received_at, decided_at, started_at, ended_at, version) on ia.referral to ia_app

grant select (id, municipality_id, disclosure_id, sender_agency_id, recipient_agency_id, status,
  due_at, sent_at, reason, version) on ia.referral to ia_worker

grant update (status, reason, version, updated_at, ended_at) on ia.referral to ia_worker

create policy disclosure_hold on ia.disclosure for update to ia_worker
  using (municipality_id = (select ia.ctx_municipality())) with check (false)

grant select (id, municipality_id, valid_to), update (version) on ia.disclosure to ia_worker

create policy referral_keep on ia.referral for select to ia_owner using (true)

create function ia.disclosure_follows_referral() returns trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  ends timestamptz;
begin
  perform 1 from ia.disclosure d where d.id = new.disclosure_id for no key update;
  -- several referrals may rest on one disclosure: it is open as long as one of them needs it
  select case when bool_or(r.status in ('accepted', 'in_progress', 'on_hold')) then 'infinity'
      else max(r.ended_at + make_interval(days => d.kept_days))
        filter (where r.status in ('completed', 'not_completed')) end
    into ends
    from ia.referral r join ia.disclosure d on d.id = r.disclosure_id
    where r.disclosure_id = new.disclosure_id;
  update ia.disclosure d
    set opened_at = coalesce(d.opened_at, now()), closes_at = coalesce(ends, now())
    where d.id = new.disclosure_id and d.opening = 'on_acceptance'
      and (ends is not null or d.opened_at is not null);
  return null;
end
$$

create trigger disclosure_follows_referral after update of status on ia.referral
  for each row when (new.status not in ('sent', 'received', 'in_progress', 'on_hold')
    and old.status is distinct from new.status)
  execute function ia.disclosure_follows_referral()
"""

DOWN = """
drop trigger disclosure_follows_referral on ia.referral

drop function ia.disclosure_follows_referral()

drop policy disclosure_lapse on ia.disclosure

drop policy disclosure_hold on ia.disclosure

revoke select (id, municipality_id, valid_to), update (version) on ia.disclosure from ia_worker

drop table ia.referral
"""


def upgrade() -> None:
    """Create."""
    run(UP)


def downgrade() -> None:
    """Drop."""
    run(DOWN)
