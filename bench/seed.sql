-- A city of cases: $ROWS of them, 40 agencies, one of which sees 7 %, one 400. Run as superuser.
insert into ia.municipality values ('b0000000-0000-7000-8000-000000000001', 'bench', 'Bench', 'B', now());
insert into ia.agency (id, municipality_id, slug, type, name, jurisdictions, contact_points,
    active_from, created_at, updated_at)
  select format('a0000000-0000-7000-8000-%s', lpad(n::text, 12, '0'))::uuid,
    'b0000000-0000-7000-8000-000000000001', 'agency-' || n, 'case_management', 'Agency ' || n,
    '{integration_support}', '[]', '2020-01-01', now(), now()
  from generate_series(1, 40) n;
insert into ia.api_client
  select format('c0000000-0000-7000-8000-%s', lpad(n::text, 12, '0'))::uuid,
    'b0000000-0000-7000-8000-000000000001',
    format('a0000000-0000-7000-8000-%s', lpad(n::text, 12, '0'))::uuid, null, 'bench',
    '{cases:read,cases:write,referrals:read,referrals:write,persons:read}', '{case_management}', now(), null
  from generate_series(1, 40) n;
-- agency 1 leads 5 %, agency 39 leads 400 cases, the others share the rest
create temporary table lead as
  select n, case when n <= 400 then 39 when n % 20 = 0 then 1 else 2 + n % 36 end as a
  from generate_series(1, :rows) n;
insert into ia.person (id, municipality_id, controller_agency_id, family_name, given_name,
    birth_date, birth_date_estimated, languages, created_at, updated_at)
  select format('90000000-0000-7000-8000-%s', lpad(n::text, 12, '0'))::uuid,
    'b0000000-0000-7000-8000-000000000001',
    format('a0000000-0000-7000-8000-%s', lpad(a::text, 12, '0'))::uuid, 'Muster-' || n, 'Person',
    '1990', false, '[{"tag": "uk", "interpreter_needed": true}]',
    now() - n * interval '1 second', now()
  from lead;
alter table ia."case" disable trigger user;
insert into ia."case" (id, municipality_id, reference, lead_agency_id, concerns, status, created_at,
    updated_at)
  select format('80000000-0000-7000-8000-%s', lpad(n::text, 12, '0'))::uuid,
    'b0000000-0000-7000-8000-000000000001', 'B-' || n,
    format('a0000000-0000-7000-8000-%s', lpad(a::text, 12, '0'))::uuid,
    '[{"life_area": "language", "topic": "language_course"}]', 'linking',
    now() - n * interval '1 second', now()
  from lead;
alter table ia."case" enable trigger user;
insert into ia.case_access
  select municipality_id, lead_agency_id, id, created_at, status, '-infinity', 'infinity' from ia."case";
insert into ia.case_participant (id, municipality_id, case_id, lead_agency_id, person_id, role, created_at)
  select gen_random_uuid(), 'b0000000-0000-7000-8000-000000000001',
    format('80000000-0000-7000-8000-%s', lpad(n::text, 12, '0'))::uuid,
    format('a0000000-0000-7000-8000-%s', lpad(a::text, 12, '0'))::uuid,
    format('90000000-0000-7000-8000-%s', lpad(n::text, 12, '0'))::uuid, 'client', now()
  from lead;
-- every 45th case is disclosed to agency 1, which so sees about 7 % in all
alter table ia.disclosure disable trigger user;
insert into ia.consent (id, municipality_id, person_id, controller_agency_id, recipient_agency_ids,
    compartments, purposes, instrument, form, language_version, informed_at, granted_at, valid_from,
    valid_to, status, created_at, updated_at)
  select format('70000000-0000-7000-8000-%s', lpad(n::text, 12, '0'))::uuid,
    'b0000000-0000-7000-8000-000000000001',
    format('90000000-0000-7000-8000-%s', lpad(n::text, 12, '0'))::uuid,
    format('a0000000-0000-7000-8000-%s', lpad(a::text, 12, '0'))::uuid,
    '{a0000000-0000-7000-8000-000000000001,a0000000-0000-7000-8000-000000000039}', '{core}',
    '{case_management}', 'data_processing', 'written', 'uk', now(), now(), now() - interval '1 day',
    'infinity', 'granted', now(), now()
  from lead where n % 45 = 0 or (a = 2 and n <= 20000);
insert into ia.disclosure (id, municipality_id, person_id, case_id, grantor_agency_id,
    recipient_agency_id, consent_id, purpose, compartments, opening, valid_from, valid_to, opened_at,
    kept_days, status, created_at, updated_at)
  select format('60000000-0000-7000-8000-%s', lpad(n::text, 12, '0'))::uuid,
    'b0000000-0000-7000-8000-000000000001',
    format('90000000-0000-7000-8000-%s', lpad(n::text, 12, '0'))::uuid,
    format('80000000-0000-7000-8000-%s', lpad(n::text, 12, '0'))::uuid,
    format('a0000000-0000-7000-8000-%s', lpad(a::text, 12, '0'))::uuid,
    'a0000000-0000-7000-8000-000000000001',
    format('70000000-0000-7000-8000-%s', lpad(n::text, 12, '0'))::uuid, 'case_management', '{core}',
    'immediately', now() - interval '1 day', 'infinity', now() - interval '1 day', 30, 'active',
    now(), now()
  from lead where n % 45 = 0 and a <> 1;
insert into ia.case_access
  select c.municipality_id, d.recipient_agency_id, c.id, c.created_at, c.status, d.valid_from, d.valid_to
  from ia.disclosure d join ia."case" c on c.id = d.case_id;
-- referrals that wait for agency 1, one for each request that accepts
insert into ia.disclosure (id, municipality_id, person_id, case_id, grantor_agency_id,
    recipient_agency_id, consent_id, purpose, compartments, opening, valid_from, valid_to,
    kept_days, status, created_at, updated_at)
  select format('50000000-0000-7000-8000-%s', lpad(n::text, 12, '0'))::uuid,
    'b0000000-0000-7000-8000-000000000001',
    format('90000000-0000-7000-8000-%s', lpad(n::text, 12, '0'))::uuid,
    format('80000000-0000-7000-8000-%s', lpad(n::text, 12, '0'))::uuid,
    'a0000000-0000-7000-8000-000000000002', 'a0000000-0000-7000-8000-000000000001',
    format('70000000-0000-7000-8000-%s', lpad(n::text, 12, '0'))::uuid, 'case_management', '{core}',
    'on_acceptance', now() - interval '1 day', 'infinity', 30, 'active', now(), now()
  from lead where a = 2 and n <= 20000 and n % 45 <> 0;
alter table ia.disclosure enable trigger user;
-- as many again for each style that is measured: topic is part of the unique key
insert into ia.referral (id, municipality_id, case_id, person_id, disclosure_id, sender_agency_id,
    recipient_agency_id, topic, handover_mode, urgency, preview, disclosed, status, due_at,
    created_by, created_at, updated_at, sent_at, version)
  select gen_random_uuid(), d.municipality_id, d.case_id, d.person_id, d.id, d.grantor_agency_id,
    d.recipient_agency_id, 'topic_' || t, 'referral', 'routine', '{"languages": []}',
    '{"name": {"kind": "full"}, "languages": []}', 'sent', now() + interval '30 days',
    gen_random_uuid(), now(), now(), now(), 2
  from ia.disclosure d, generate_series(1, 4) t where d.opening = 'on_acceptance';
