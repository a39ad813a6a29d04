"""Rule packs: those that come with a version of the service, and a municipality's own.

Why: what follows from a residence status changes with the law and not with a deployment. A row
without municipality came with the service and is written by the tables' owner alone. A draft of a
municipality is its own business; what is released is public, cannot be changed any more, and was
released by another person than who submitted it: a login with desks in two agencies is one person.
"""

from migrations_sql import run

revision = "0027_rule_packs"
down_revision = "0026_residence_facts"
branch_labels = None
depends_on = None

CONTENT = ("municipality_id", "agency_id", "code", "pack_version", "title", "law_as_of", "source")
CONTENT += ("amends", "derive", "rules", "digest", "created_at")
SIGNED = ("submitted_at", "submitted_by_member_id", "released_by", "released_at")
SIGNED += ("released_by_member_id",)


def differ(names: tuple[str, ...]) -> str:
    """The condition that one of the columns changes."""
    old, new = (", ".join(f"{row}.{n}" for n in names) for row in ("old", "new"))
    return f"({old}) is distinct from ({new})"


UP = f"""
create table ia.rule_pack (
  id uuid not null,
  municipality_id uuid,
  agency_id uuid,
  code text not null,
  pack_version text not null,
  title jsonb not null,
  law_as_of date not null,
  source text not null,
  amends text,
  derive jsonb not null,
  rules jsonb not null,
  digest text,
  status text not null,
  submitted_at timestamptz,
  submitted_by_member_id uuid,
  released_by text,
  released_at timestamptz,
  released_by_member_id uuid,
  superseded_at timestamptz,
  version integer not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint pk_rule_pack primary key (id),
  constraint uq_rule_pack_municipality_id_code_pack_version_digest
    unique nulls not distinct (municipality_id, code, pack_version, digest),
  constraint fk_rule_pack_municipality_id_agency_id
    foreign key (municipality_id, agency_id) references ia.agency (municipality_id, id),
  constraint fk_rule_pack_municipality_id_submitted_by_member_id
    foreign key (municipality_id, submitted_by_member_id)
    references ia.member (municipality_id, id),
  constraint fk_rule_pack_municipality_id_released_by_member_id
    foreign key (municipality_id, released_by_member_id)
    references ia.member (municipality_id, id),
  constraint ck_rule_pack_status check
    (status IN ('draft', 'review', 'pending_legislation', 'released', 'superseded')),
  constraint ck_rule_pack_shipped check ((municipality_id is null) = (agency_id is null)
    and (municipality_id is null) = (digest is not null)),
  constraint ck_rule_pack_submitted check (municipality_id is null
    or (status in ('review', 'released', 'superseded')) = (submitted_by_member_id is not null)),
  constraint ck_rule_pack_released check (municipality_id is null
    or (status in ('released', 'superseded')) = (released_by_member_id is not null)),
  constraint ck_rule_pack_second_person check (released_by_member_id <> submitted_by_member_id),
  constraint ck_rule_pack_released_at check (status <> 'released' or released_at is not null),
  constraint ck_rule_pack_superseded check
    ((status = 'superseded') = (superseded_at is not null)))

create unique index ix_rule_pack_head on ia.rule_pack (municipality_id, code)
  nulls not distinct where status = 'released'

create index ix_rule_pack_created_at_id on ia.rule_pack (created_at desc, id desc)

create index ix_rule_pack_municipality_id_created_at_id
  on ia.rule_pack (municipality_id, created_at desc, id desc)

create function ia.freeze_rule_pack() returns trigger language plpgsql as $$
  begin
    if old.status <> new.status and (old.status, new.status) not in (
        ('draft', 'review'), ('review', 'draft'), ('review', 'released'),
        ('draft', 'pending_legislation'), ('pending_legislation', 'draft'),
        ('pending_legislation', 'superseded'), ('released', 'superseded')) then
      raise check_violation using message = 'no such arrow of a rule pack';
    end if;
    if (old.status <> 'draft' and {differ(CONTENT)})
        or (old.status in ('released', 'superseded') and {differ(SIGNED)}) then
      raise check_violation using message = 'the content of a rule pack stands after its draft';
    end if;
    if (old.status, new.status) = ('review', 'released') and
        (old.submitted_at, old.submitted_by_member_id) is distinct from
        (new.submitted_at, new.submitted_by_member_id) then
      raise check_violation using message = 'who submitted a rule pack stands';
    end if;
    return new;
  end $$

create trigger rule_pack_freeze before update on ia.rule_pack
  for each row execute function ia.freeze_rule_pack()

create function ia.edits_rules() returns boolean language sql stable security definer
  set search_path = pg_catalog, pg_temp set timezone = 'Europe/Berlin'
  return exists (select from ia.member m
    where m.municipality_id = ia.ctx_municipality() and m.id = ia.ctx_member()
      and m.agency_id = ia.ctx_agency() and 'rule_editor' = any (m.roles)
      and m.active_from <= current_date and (m.active_to is null or m.active_to > current_date))

revoke all on function ia.edits_rules() from public

grant execute on function ia.edits_rules() to ia_app

create function ia.same_person(p_one uuid, p_other uuid) returns boolean language sql stable
  security definer set search_path = pg_catalog, pg_temp
  return p_one = p_other or exists (select from ia.member a join ia.member b
    on a.issuer = b.issuer and a.subject = b.subject
      and a.municipality_id = b.municipality_id
    where a.id = p_one and b.id = p_other and a.municipality_id = ia.ctx_municipality())

revoke all on function ia.same_person(uuid, uuid) from public

grant execute on function ia.same_person(uuid, uuid) to ia_app

alter table ia.rule_pack enable row level security

alter table ia.rule_pack force row level security

create policy rule_pack_read on ia.rule_pack for select to ia_app using (
  municipality_id is null or status in ('pending_legislation', 'released', 'superseded')
  or municipality_id = (select ia.ctx_municipality()))

create policy rule_pack_add on ia.rule_pack for insert to ia_app with check (
  municipality_id = (select ia.ctx_municipality()) and agency_id = (select ia.ctx_agency())
  and status = 'draft' and (select ia.edits_rules()))

create policy rule_pack_change on ia.rule_pack for update to ia_app
  using (municipality_id = (select ia.ctx_municipality()) and (select ia.edits_rules()))
  with check (municipality_id = (select ia.ctx_municipality()) and (select ia.edits_rules())
    and (status <> 'review' or submitted_by_member_id = (select ia.ctx_member()))
    and (status <> 'released' or (released_by_member_id = (select ia.ctx_member())
      and not ia.same_person(submitted_by_member_id, released_by_member_id))))

create policy rule_pack_keep on ia.rule_pack to ia_owner using (true) with check (true)

grant select, insert, update (pack_version, title, law_as_of, source, amends, derive, rules,
    status, submitted_at,
    submitted_by_member_id, released_by, released_at, released_by_member_id, superseded_at,
    version, updated_at)
  on ia.rule_pack to ia_app
"""

DOWN = """
drop table ia.rule_pack

drop function ia.same_person(uuid, uuid)

drop function ia.edits_rules()

drop function ia.freeze_rule_pack()
"""


def upgrade() -> None:
    """Create."""
    run(UP)


def downgrade() -> None:
    """Drop."""
    run(DOWN)
