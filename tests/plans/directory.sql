-- A directory of :rows offers: a site to every ten, an agency to every twenty, ten municipalities.
create function pg_temp.uid(head text, n bigint) returns uuid language sql immutable
  return (head || '0000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid;

insert into ia.municipality (id, slug, name, reference_prefix, created_at)
  select pg_temp.uid('b', n), 'city-' || n, 'City ' || n, chr(64 + n::int), now()
  from generate_series(1, 10) n;
insert into ia.municipality_ags (municipality_id, ags, valid_from)
  select pg_temp.uid('b', n), '051' || lpad(n::text, 5, '0'), '2020-01-01'
  from generate_series(1, 10) n;
insert into ia.agency (id, municipality_id, slug, type, name, jurisdictions, contact_points,
    active_from, created_at, updated_at)
  select pg_temp.uid('a', n), pg_temp.uid('b', 1 + n % 10), 'agency-' || n, 'course_provider',
    'Stelle ' || left(md5(n::text), 8), '{integration_support}', '[]', '2020-01-01', now(), now()
  from generate_series(1, :rows / 20) n;
insert into ia.site (id, municipality_id, agency_id, name, street, place, latitude, longitude,
    time_zone, accessibility, contact_points, opening_hours, exceptions, created_at, updated_at)
  select pg_temp.uid('5', n), a.municipality_id, a.id,
    'Haus ' || left(md5(n::text), 8), 'Weg ' || n, 'Ort', 50 + (n % 97) / 30.0, 6 + (n % 89) / 30.0,
    'Europe/Berlin', '{}', '[]', '[{"weekday": 1, "opens": "08:00", "closes": "16:00"}]', '[]',
    now(), now()
  from generate_series(1, :rows / 10) n join ia.agency a on a.id = pg_temp.uid('a', 1 + n % (:rows / 20));
insert into ia.site_unit (municipality_id, site_id, agency_id, valid_from)
  select s.municipality_id, s.id, a.id, '2020-01-01'
  from ia.site s join ia.agency a on a.municipality_id = s.municipality_id
  where hashtext(s.id::text || a.id::text) % 50 = 0;
insert into ia.offer (id, municipality_id, agency_id, status, name_de, description_de, topic,
    audiences, languages, status_groups, cost, channels, valid_from, created_at, updated_at)
  select pg_temp.uid('0', n), a.municipality_id, a.id,
    (array['published', 'published', 'published', 'paused', 'ended', 'draft'])[1 + n % 6],
    'Angebot ' || left(md5(n::text), 8), 'Beschreibung ' || n,
    (array['language_course', 'job_placement', 'housing_search'])[1 + n % 3], '{person}',
    '[{"tag": "de", "interpreted": false}]', '{}', 'free', '{on_site}', '2020-01-01', now(), now()
  from generate_series(1, :rows) n join ia.agency a on a.id = pg_temp.uid('a', 1 + n % (:rows / 20));
insert into ia.offer_site (municipality_id, offer_id, site_id)
  select o.municipality_id, o.id, s.id
  from (select *, row_number() over (partition by municipality_id order by id) as n
    from ia.offer) o
  join (select *, row_number() over (partition by municipality_id order by id) as n
    from ia.site) s on s.municipality_id = o.municipality_id and s.n = 1 + o.n % (:rows / 100);
