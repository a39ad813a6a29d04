-- A city of :rows cases, and a second one with a tenth of them. Run as superuser; ids are counted.
-- Agency 1 leads 5 % of all cases and sees another 2 %, agency 39 sees 400, agency 40 sees none
-- until it accepts one of the 5,000 referrals sent to it; agencies 2 to 38 share the rest.
create function pg_temp.uid(head text, n bigint) returns uuid language sql immutable
  return (head || '0000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid;

insert into ia.municipality (id, slug, name, reference_prefix, created_at)
  select pg_temp.uid('b', n), 'city-' || n, 'City ' || n, chr(64 + n), now()
  from generate_series(1, 2) n;
insert into ia.municipality_ags (municipality_id, ags, valid_from)
  select pg_temp.uid('b', n), '0510000' || n, '2020-01-01' from generate_series(1, 2) n;
insert into ia.agency (id, municipality_id, slug, type, name, jurisdictions, contact_points,
    active_from, created_at, updated_at)
  select pg_temp.uid('a', n), pg_temp.uid('b', case when n <= 40 then 1 else 2 end), 'agency-' || n,
    'case_management', 'Agency ' || n, '{integration_support}', '[]', '2020-01-01',
    now() - n * interval '1 minute', now()
  from generate_series(1, 44) n;
insert into ia.api_client (id, municipality_id, agency_id, name, scopes, purposes, created_at)
  select pg_temp.uid('c', n), pg_temp.uid('b', 1), pg_temp.uid('a', n), 'bench',
    '{cases:read,cases:write,referrals:read,referrals:write,persons:read,tandem:read,tandem:write,eligibility_checks:write}',
    '{case_management}', now()
  from generate_series(1, 40) n;

-- n, the lead, the agency that the case is shared with; the newest cases have the lowest numbers
create temporary table given as
  select n, lead, case when lead > 40 then 2 else 1 end as city,
    case when lead > 40 then null
      when n % 45 = 0 and lead <> 1 then 1
      when n % 5 = 2 then 2 + (lead + n / 37) % 37 end as other
  from (select n, case
      when n % (:rows / 400) = 7 then 39
      when n % 10 = 9 then 41 + n / 10 % 4
      when n % 20 = 0 then 1
      else 2 + n % 37 end as lead
    from generate_series(1, :rows) n) numbered;
update given set other = 2 + (other - 1) % 37 where other = lead;
analyze given;

-- a client in each case, and a relative in every second that is not shared
create temporary table who as
  select n as person, n, lead, city, 'client' as role from given
  union all select :rows + n, n, lead, city, 'relative' from given
    where n % 2 = 0 and other is null;

insert into ia.person (id, municipality_id, controller_agency_id, family_name, given_name,
    birth_date, birth_date_estimated, languages, created_at, updated_at)
  select pg_temp.uid('9', person), pg_temp.uid('b', city), pg_temp.uid('a', lead),
    'Muster-' || person, 'Person', '1990', false, '[{"tag": "uk", "interpreter_needed": true}]',
    now() - n * interval '1 second', now()
  from who order by n desc;
insert into ia.residence_period (id, municipality_id, person_id, controller_agency_id, status_code,
    code_list_version, valid_from, work_annotation, source, corrects_id, recorded_by_agency_id,
    recorded_at)
  select pg_temp.uid('7', person + round * 10 * :rows), pg_temp.uid('b', city),
    pg_temp.uid('9', person), pg_temp.uid('a', lead), 'ae_18a', '2026-01', '2024-01-01',
    'permitted', 'document', case round when 1 then pg_temp.uid('7', person) end,
    pg_temp.uid('a', lead), now() - n * interval '1 second'
  from who, generate_series(0, 1) round where person % 3 = 0 and (round = 0 or person % 30 = 0)
  order by round;

insert into ia.residence_fact (id, municipality_id, person_id, controller_agency_id, fact, value,
    source, recorded_by_agency_id, recorded_at)
  select pg_temp.uid('7', person + round * 10 * :rows), pg_temp.uid('b', city),
    pg_temp.uid('9', person), pg_temp.uid('a', lead),
    case round % 2 when 0 then 'entered_on' else 'asylum_registered_on' end, '"2026-01-02"',
    'document_seen', pg_temp.uid('a', lead), now() - n * interval '1 second'
  from who, generate_series(0, 2) round where person % 3 = 0;

-- the triggers that keep case_access take a lock for each case, more than one transaction may hold
alter table ia."case" disable trigger user;
alter table ia.disclosure disable trigger user;
insert into ia."case" (id, municipality_id, reference, lead_agency_id, concerns, status, created_at,
    updated_at)
  select pg_temp.uid('8', n), pg_temp.uid('b', city), 'N-' || n, pg_temp.uid('a', lead),
    '[{"life_area": "language", "topic": "language_course"}]',
    case when n % 3 = 0 then 'clarification' else 'linking' end, now() - n * interval '1 second',
    now()
  from given order by n desc;
insert into ia.case_access (municipality_id, agency_id, case_id, sort_at, status, valid_from,
    valid_to)
  select municipality_id, lead_agency_id, id, created_at, status, '-infinity', 'infinity'
  from ia."case";
insert into ia.case_participant (id, municipality_id, case_id, lead_agency_id, person_id, role,
    created_at)
  select pg_temp.uid('6', person), pg_temp.uid('b', city), pg_temp.uid('8', n),
    pg_temp.uid('a', lead), pg_temp.uid('9', person), role, now() - n * interval '1 second'
  from who order by n desc;
insert into ia.case_external_id (municipality_id, agency_id, system, value, case_id)
  select pg_temp.uid('b', city), pg_temp.uid('a', lead), 'file', 'F-' || n, pg_temp.uid('8', n)
  from given where n % 4 = 0;

-- what is shared, at once or when a referral is accepted, rests on a consent each
create temporary table shared as
  select n, lead, other, 'immediately' as opening from given where other is not null
  union all (select n, lead, 40, 'on_acceptance' from given
    where other is null and lead between 2 and 38 order by n limit 5000);
insert into ia.consent (id, municipality_id, person_id, controller_agency_id, recipient_agency_ids,
    compartments, purposes, instrument, form, language_version, informed_at, granted_at, valid_from,
    valid_to, status, created_at, updated_at)
  select pg_temp.uid('4', n), pg_temp.uid('b', 1), pg_temp.uid('9', n), pg_temp.uid('a', lead),
    array[pg_temp.uid('a', other)], '{core,residence}', '{case_management}', 'data_processing',
    'written', 'uk', now(), now(), now() - interval '1 day', 'infinity', 'granted',
    now() - n * interval '1 second', now()
  from shared order by n desc;
insert into ia.disclosure (id, municipality_id, person_id, case_id, grantor_agency_id,
    recipient_agency_id, consent_id, purpose, compartments, opening, valid_from, valid_to,
    opened_at, kept_days, status, created_at, updated_at)
  select pg_temp.uid('5', n), pg_temp.uid('b', 1), pg_temp.uid('9', n), pg_temp.uid('8', n),
    pg_temp.uid('a', lead), pg_temp.uid('a', other), pg_temp.uid('4', n), 'case_management',
    case n % 2 when 0 then '{core}' else '{core,residence}' end::text[], opening,
    now() - interval '1 day', 'infinity',
    case opening when 'immediately' then now() - interval '1 day' end, 30, 'active',
    now() - n * interval '1 second', now()
  from shared order by n desc;
insert into ia.case_access (municipality_id, agency_id, case_id, sort_at, status, valid_from,
    valid_to)
  select c.municipality_id, d.recipient_agency_id, c.id, c.created_at, c.status, d.valid_from,
    d.valid_to
  from ia.disclosure d join ia."case" c on c.id = d.case_id where d.opened_at is not null;
insert into ia.referral (id, municipality_id, case_id, person_id, disclosure_id, sender_agency_id,
    recipient_agency_id, topic, handover_mode, urgency, preview, disclosed, status, outcome, due_at,
    created_by, created_at, updated_at, sent_at, version)
  select pg_temp.uid('3', n), pg_temp.uid('b', 1), pg_temp.uid('8', n), pg_temp.uid('9', n),
    pg_temp.uid('5', n), pg_temp.uid('a', lead), pg_temp.uid('a', other), 'language_course',
    'referral', 'routine', '{"languages": []}',
    jsonb_build_object('languages', '[]'::jsonb, 'case_reference', 'N-' || n, 'name',
      '{"kind": "full", "family_name": "Muster", "given_name": "Person"}'::jsonb),
    status, case status when 'completed' then 'done' end, now() + interval '30 days',
    pg_temp.uid('c', lead), now() - n * interval '1 second', now(),
    now() - n * interval '1 second', 2
  from (select *, case when opening = 'on_acceptance' then 'sent'
      else (array['sent', 'accepted', 'in_progress', 'completed'])[1 + n / 5 % 4] end as status
    from shared) moving
  order by n desc;
insert into ia.tandem_case (id, municipality_id, case_id, person_id, goal, language, lead_agency_id,
    legal_agency_id, placement_agency_id, legal_acknowledged_at, placement_acknowledged_at,
    created_at, updated_at)
  select pg_temp.uid('d', n), pg_temp.uid('b', 1), pg_temp.uid('8', n), pg_temp.uid('9', n),
    'employment', 'uk', pg_temp.uid('a', lead), pg_temp.uid('a', other), pg_temp.uid('a', lead),
    now(), now(), now() - n * interval '1 second', now()
  from shared where opening = 'immediately' order by n desc;
insert into ia.legal_track (id, municipality_id, tandem_case_id, agency_id, status, created_at,
    updated_at)
  select pg_temp.uid('e', n), pg_temp.uid('b', 1), pg_temp.uid('d', n), pg_temp.uid('a', other),
    'not_started', now(), now()
  from shared where opening = 'immediately' order by n desc;
insert into ia.placement_track (id, municipality_id, tandem_case_id, agency_id, status, created_at,
    updated_at)
  select pg_temp.uid('f', n), pg_temp.uid('b', 1), pg_temp.uid('d', n), pg_temp.uid('a', lead),
    'not_started', now(), now()
  from shared where opening = 'immediately' order by n desc;
insert into ia.employer (id, municipality_id, recorded_by_agency_id, name, created_at, updated_at)
  select pg_temp.uid('0', n), pg_temp.uid('b', 1), pg_temp.uid('a', 1 + n % 40), 'Beispiel ' || n,
    now() - n * interval '1 second', now()
  from generate_series(1, 5000) n;
insert into ia.employer_declaration (id, municipality_id, tandem_case_id, employer_id,
    recorded_by_agency_id, number, purpose, status, occupation, place_of_work, weekly_minutes,
    starts_on, regulated_occupation, on_behalf, submitted_at, created_at, updated_at)
  select pg_temp.uid('2', n), pg_temp.uid('b', 1), pg_temp.uid('d', n), pg_temp.uid('0', lead),
    pg_temp.uid('a', lead), 1, 'title_application', 'submitted', '29302', 'City', 2400,
    '2030-01-01', 'no', true, now(), now() - n * interval '1 second', now()
  from shared where opening = 'immediately' order by n desc;
insert into ia.ba_approval_request (id, municipality_id, tandem_case_id, declaration_id, agency_id,
    deadline_policy, deadline_policy_version, status, transmitted_on, due_on, deemed_from, created_at,
    updated_at)
  select pg_temp.uid('6', n), pg_temp.uid('b', 1), pg_temp.uid('d', n), pg_temp.uid('2', n),
    pg_temp.uid('a', other), 'ba_approval', '1',
    (array['transmitted', 'info_required', 'approved'])[1 + n % 3], '2029-12-01', '2029-12-15',
    '2029-12-16', now() - n * interval '1 second', now()
  from shared where opening = 'immediately' order by n desc;
insert into ia.start_clearance (id, municipality_id, tandem_case_id, declaration_id, agency_id,
    valid_from, facts_sha256, invalidated_at, invalidated_reason, created_at)
  select gen_random_uuid(), pg_temp.uid('b', 1), pg_temp.uid('d', n), pg_temp.uid('2', n),
    pg_temp.uid('a', other), '2030-01-01', '', case round when 0 then now() end,
    case round when 0 then 'terms_changed' end, now() - n * interval '1 second'
  from shared, generate_series(0, 1) round where opening = 'immediately' order by n desc;
insert into ia.tandem_procedure (id, municipality_id, tandem_case_id, recorded_by_agency_id, kind,
    competent_authority, created_at)
  select gen_random_uuid(), pg_temp.uid('b', 1), pg_temp.uid('d', n), pg_temp.uid('a', lead),
    'recognition_procedure', 'Authority', now() - n * interval '1 second'
  from shared where opening = 'immediately' order by n desc;
alter table ia."case" enable trigger user;
alter table ia.disclosure enable trigger user;

-- what is kept apart within a case: assignments, notes, addresses
insert into ia.case_assignment (municipality_id, case_id, agency_id, member_ids, updated_at)
  select pg_temp.uid('b', city), pg_temp.uid('8', n), pg_temp.uid('a', lead), '{}', now()
  from given where n % 2 = 0;
insert into ia.case_note (id, municipality_id, case_id, lead_agency_id, agency_id, compartment,
    visibility, text, created_at)
  select pg_temp.uid('1', n), pg_temp.uid('b', city), pg_temp.uid('8', n), pg_temp.uid('a', lead),
    pg_temp.uid('a', lead), case n % 3 when 0 then 'core' else 'case_notes' end, 'case', 'Note',
    now() - n * interval '1 second'
  from given order by n desc;
insert into ia.person_address (municipality_id, person_id, controller_agency_id, street,
    postal_code, town, protected)
  select pg_temp.uid('b', city), pg_temp.uid('9', person), pg_temp.uid('a', lead), 'Street 1',
    '42103', 'City', person % 50 = 0
  from who;
