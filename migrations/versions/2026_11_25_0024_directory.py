"""The directory: German order and search, sites with their opening hours, offers.

Why: code-point order puts Ähre behind Zander, and nobody finds Şahin by typing Sahin. Keys of names
and words to search by are stored columns, so that lists walk an index whatever the server's locale
is. A site houses units of several agencies; an offer belongs to one and may be held at sites.
The table of agencies holds a few hundred rows: it is written anew and indexed at once.
"""

from migrations_sql import run

revision = "0024_directory"
down_revision = "0023_hardening"
branch_labels = None
depends_on = None

NAMES = r"""
create function ia.name_key(t text) returns text
  language sql immutable strict parallel safe
  return btrim(regexp_replace(translate(regexp_replace(
    replace(
    replace(
    replace(
    replace(
    replace(
    replace(
    replace(
    replace(
    normalize(lower(normalize(t, nfc) collate pg_catalog.pg_c_utf8), nfd)
    , 'a' || chr(776), 'ae')
    , 'o' || chr(776), 'oe')
    , 'u' || chr(776), 'ue')
    , 'ß', 'ss')
    , 'æ', 'ae')
    , 'œ', 'oe')
    , 'ĳ', 'ij')
    , 'þ', 'th')
    , '[\u0300-\u036f]', '', 'g'),
    'øđðħıɨĸłŀŋŉŧſƈəǝʒǥƶɵʉɛɔ!"#$%&()*+,-./:;<=>?@[\]^_{|}~§·–—„“”‚«»…|'
    || chr(160) || '' || chr(9) || chr(10) || chr(13) || 'ʹʺʻʼʽʾʿˈˌ''’‘`´',
    'oddhiikllnntscaezgzoueo                                              '),
    ' +', ' ', 'g'))

create function ia.search_words(p_name text, p_more text) returns tsvector
  language sql immutable strict parallel safe
  return array_to_tsvector(array(
    select left(substr(w, i), 60)
      from regexp_split_to_table(ia.name_key(p_name), ' ') w,
        generate_series(1, greatest(1, length(w) - 2)) i
      where w <> ''
    union select left(w, 60) from regexp_split_to_table(ia.name_key(p_more), ' ') w
      where w <> ''))

alter table ia.agency
  add column name_key text collate pg_catalog."C" not null
    -- squawk-ignore adding-field-with-default
    generated always as (left(ia.name_key(name), 50)) stored,
  add column search tsvector not null
    -- squawk-ignore adding-field-with-default
    generated always as (ia.search_words(name, '')) stored

-- squawk-ignore require-concurrent-index-creation
create index ix_agency_name_key_id on ia.agency (name_key, id)

-- squawk-ignore require-concurrent-index-creation
create index ix_agency_municipality_id_name_key_id on ia.agency (municipality_id, name_key, id)

-- squawk-ignore require-concurrent-index-creation
create index ix_agency_search on ia.agency using gin (search)

-- squawk-ignore require-concurrent-index-creation
create index ix_agency_slug on ia.agency (slug)

-- squawk-ignore require-concurrent-index-deletion
drop index ia.ix_agency_created_at_id
"""

SITES = """
create function ia.hours_apart(p_hours jsonb) returns boolean
  language sql immutable strict parallel safe
  return (select coalesce(bool_and(opens < closes and (before is null or before <= opens)), true)
    from (select opens, closes, lag(closes) over (partition by weekday order by opens) as before
      from jsonb_to_recordset(p_hours) as h (weekday integer, opens time, closes time)) hours)

create function ia.exceptions_apart(p_exceptions jsonb) returns boolean
  language sql immutable strict parallel safe
  return (select coalesce(count(*) = count(distinct day) and bool_and(ia.hours_apart(hours)), true)
    from jsonb_to_recordset(p_exceptions) as e (day date, hours jsonb))

create function ia.site_opening(p_hours jsonb, p_exceptions jsonb, p_zone text, p_at timestamptz,
    out open_now boolean, out next_opening text)
  language sql stable strict parallel safe
begin atomic
  select case when p_hours = '[]' and p_exceptions = '[]' then null
        else coalesce(bool_or(opens <= p_at and p_at < closes), false) end,
      to_char(min(opens) filter (where opens > p_at) at time zone 'UTC',
        'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
    from (select (day + h.opens) at time zone p_zone as opens,
        (day + h.closes) at time zone p_zone as closes
      from (select (p_at at time zone p_zone)::date + n as day from generate_series(0, 31) n) days
      left join lateral (select e -> 'hours' as hours from jsonb_array_elements(p_exceptions) e
        where (e ->> 'day')::date = day) other on true
      cross join lateral jsonb_to_recordset(coalesce(other.hours, p_hours))
        as h (weekday integer, opens time, closes time)
      where other.hours is not null or h.weekday = extract(isodow from day)) spans;
end

create table ia.site (
  id uuid not null,
  municipality_id uuid not null,
  agency_id uuid not null,
  name text not null,
  description_de text,
  description_en text,
  street text,
  postal_code text,
  place text not null,
  latitude double precision,
  longitude double precision,
  time_zone text not null,
  accessibility text[] not null,
  contact_points jsonb not null,
  opening_hours jsonb not null,
  exceptions jsonb not null,
  version integer not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  name_key text collate pg_catalog."C" not null
    generated always as (left(ia.name_key(name), 50)) stored,
  search tsvector not null generated always as (ia.search_words(name, place)) stored,
  constraint pk_site primary key (id),
  constraint uq_site_municipality_id_id unique (municipality_id, id),
  constraint fk_site_municipality_id_agency_id foreign key (municipality_id, agency_id)
    references ia.agency (municipality_id, id),
  constraint ck_site_coordinates check ((latitude is null) = (longitude is null)),
  constraint ck_site_latitude check (latitude between -90 and 90),
  constraint ck_site_longitude check (longitude between -180 and 180),
  constraint ck_site_postal_code check (postal_code ~ '^[0-9]{5}$'),
  constraint ck_site_time_zone
    check (timezone(time_zone, 'epoch'::timestamptz) is not null),
  constraint ck_site_opening_hours check (ia.hours_apart(opening_hours)),
  constraint ck_site_exceptions check (ia.exceptions_apart(exceptions)))

create index ix_site_name_key_id on ia.site (name_key, id)

create index ix_site_municipality_id_name_key_id on ia.site (municipality_id, name_key, id)

create index ix_site_search on ia.site using gin (search)

create index ix_site_municipality_id_agency_id on ia.site (municipality_id, agency_id)

create index ix_site_latitude_longitude on ia.site (latitude, longitude)

create table ia.site_unit (
  municipality_id uuid not null,
  site_id uuid not null,
  agency_id uuid not null,
  valid_from date not null,
  valid_to date,
  floor text,
  room text,
  constraint pk_site_unit primary key (municipality_id, site_id, agency_id, valid_from),
  constraint fk_site_unit_municipality_id_site_id foreign key (municipality_id, site_id)
    references ia.site (municipality_id, id),
  constraint fk_site_unit_municipality_id_agency_id foreign key (municipality_id, agency_id)
    references ia.agency (municipality_id, id),
  constraint ck_site_unit_valid check (valid_to > valid_from))

create index ix_site_unit_agency_id_site_id on ia.site_unit (agency_id, site_id)

alter table ia.site enable row level security

alter table ia.site force row level security

alter table ia.site_unit enable row level security

alter table ia.site_unit force row level security

create policy site_read on ia.site for select to ia_app, ia_worker using (true)

create policy site_add on ia.site for insert to ia_app with check (
  municipality_id = (select ia.ctx_municipality()) and agency_id = (select ia.ctx_agency()))

create policy site_change on ia.site for update to ia_app
  using (municipality_id = (select ia.ctx_municipality()) and agency_id = (select ia.ctx_agency()))
  with check (municipality_id = (select ia.ctx_municipality())
    and agency_id = (select ia.ctx_agency()))

create policy site_unit_read on ia.site_unit for select to ia_app, ia_worker using (true)

create policy site_unit_add on ia.site_unit for insert to ia_app with check (
  municipality_id = (select ia.ctx_municipality())
  and exists (select from ia.site s
    where s.id = site_id and s.agency_id = (select ia.ctx_agency()) offset 0))

create policy site_unit_remove on ia.site_unit for delete to ia_app using (
  municipality_id = (select ia.ctx_municipality())
  and exists (select from ia.site s
    where s.id = site_id and s.agency_id = (select ia.ctx_agency()) offset 0))

grant select on ia.site, ia.site_unit to ia_app, ia_worker

grant insert (id, municipality_id, agency_id, name, description_de, description_en, street,
    postal_code, place, latitude, longitude, time_zone, accessibility, contact_points,
    opening_hours, exceptions, created_at, updated_at),
  update (name, description_de, description_en, street, postal_code, place, latitude, longitude,
    time_zone, accessibility, contact_points, opening_hours, exceptions, version, updated_at)
  on ia.site to ia_app

grant insert, delete on ia.site_unit to ia_app
"""

OFFERS = """
create table ia.offer (
  id uuid not null,
  municipality_id uuid not null,
  agency_id uuid not null,
  status text not null,
  name_de text not null,
  name_en text,
  description_de text not null,
  description_en text,
  topic text not null,
  audiences text[] not null,
  languages jsonb not null,
  eligibility_de text,
  eligibility_en text,
  status_groups text[] not null,
  cost text not null,
  fee_cents integer,
  cost_note_de text,
  cost_note_en text,
  capacity_total integer,
  capacity_free integer,
  capacity_as_of timestamptz,
  channels text[] not null,
  valid_from date not null,
  valid_to date,
  version integer not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  name_key text collate pg_catalog."C" not null
    generated always as (left(ia.name_key(name_de), 50)) stored,
  search tsvector not null
    generated always as (ia.search_words(name_de || ' ' || coalesce(name_en, ''),
      description_de || ' ' || coalesce(description_en, ''))) stored,
  constraint pk_offer primary key (id),
  constraint uq_offer_municipality_id_id unique (municipality_id, id),
  constraint fk_offer_municipality_id_agency_id foreign key (municipality_id, agency_id)
    references ia.agency (municipality_id, id),
  constraint ck_offer_status check (status IN ('draft', 'published', 'paused', 'ended')),
  constraint ck_offer_audiences check (cardinality(audiences) > 0),
  constraint ck_offer_fee check (fee_cents is null or (cost = 'fee' and fee_cents > 0)),
  constraint ck_offer_capacity_total check (capacity_total >= 0),
  constraint ck_offer_capacity_free check (capacity_free is null
    or (capacity_total is not null and capacity_free between 0 and capacity_total)),
  constraint ck_offer_capacity_as_of check ((capacity_free is null) = (capacity_as_of is null)),
  constraint ck_offer_valid check (valid_to > valid_from))

create index ix_offer_name_key_id on ia.offer (name_key, id)

create index ix_offer_municipality_id_name_key_id on ia.offer (municipality_id, name_key, id)

create index ix_offer_agency_id_name_key_id on ia.offer (agency_id, name_key, id)

create table ia.offer_site (
  municipality_id uuid not null,
  offer_id uuid not null,
  site_id uuid not null,
  constraint pk_offer_site primary key (municipality_id, offer_id, site_id),
  constraint fk_offer_site_municipality_id_offer_id foreign key (municipality_id, offer_id)
    references ia.offer (municipality_id, id),
  constraint fk_offer_site_municipality_id_site_id foreign key (municipality_id, site_id)
    references ia.site (municipality_id, id))

create index ix_offer_site_site_id_offer_id on ia.offer_site (site_id, offer_id)

alter table ia.offer enable row level security

alter table ia.offer force row level security

alter table ia.offer_site enable row level security

alter table ia.offer_site force row level security

create policy offer_read on ia.offer for select to ia_app, ia_worker using (
  status <> 'draft' or (municipality_id = (select ia.ctx_municipality())
    and agency_id = (select ia.ctx_agency())))

create policy offer_add on ia.offer for insert to ia_app with check (
  municipality_id = (select ia.ctx_municipality()) and agency_id = (select ia.ctx_agency())
  and status = 'draft')

create policy offer_change on ia.offer for update to ia_app
  using (municipality_id = (select ia.ctx_municipality()) and agency_id = (select ia.ctx_agency()))
  with check (municipality_id = (select ia.ctx_municipality())
    and agency_id = (select ia.ctx_agency()))

create function ia.keep_offer_public() returns trigger language plpgsql as $$
  begin
    if old.status <> 'draft' and new.status = 'draft' then
      raise check_violation using message = 'no such arrow of an offer';
    end if;
    return new;
  end $$

create trigger offer_keep_public before update of status on ia.offer
  for each row execute function ia.keep_offer_public()

create policy offer_site_read on ia.offer_site for select to ia_app, ia_worker using (true)

create policy offer_site_add on ia.offer_site for insert to ia_app with check (
  municipality_id = (select ia.ctx_municipality())
  and exists (select from ia.offer o
    where o.id = offer_id and o.agency_id = (select ia.ctx_agency()) offset 0))

create policy offer_site_remove on ia.offer_site for delete to ia_app using (
  municipality_id = (select ia.ctx_municipality())
  and exists (select from ia.offer o
    where o.id = offer_id and o.agency_id = (select ia.ctx_agency()) offset 0))

grant select on ia.offer, ia.offer_site to ia_app, ia_worker

grant insert (id, municipality_id, agency_id, status, name_de, name_en, description_de,
    description_en, topic, audiences, languages, eligibility_de, eligibility_en, status_groups,
    cost, fee_cents, cost_note_de, cost_note_en, capacity_total, capacity_free, capacity_as_of,
    channels, valid_from, valid_to, created_at, updated_at),
  update (status, name_de, name_en, description_de, description_en, topic, audiences, languages,
    eligibility_de, eligibility_en, status_groups, cost, fee_cents, cost_note_de, cost_note_en,
    capacity_total, capacity_free, capacity_as_of, channels, valid_from, valid_to, version,
    updated_at)
  on ia.offer to ia_app

grant insert, delete on ia.offer_site to ia_app
"""

DOWN = """
drop table ia.offer_site, ia.offer

drop function ia.keep_offer_public()

drop table ia.site_unit, ia.site

drop function ia.site_opening(jsonb, jsonb, text, timestamptz)

drop function ia.exceptions_apart(jsonb)

drop function ia.hours_apart(jsonb)

create index ix_agency_created_at_id on ia.agency (created_at, id)

drop index ia.ix_agency_slug

alter table ia.agency drop column name_key, drop column search

drop function ia.search_words(text, text)

drop function ia.name_key(text)
"""


def upgrade() -> None:
    """Create."""
    run(NAMES)
    run(SITES)
    run(OFFERS)


def downgrade() -> None:
    """Drop."""
    run(DOWN)
