"""The agencies, members and keys that every test database is born with."""

import uuid
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from asyncpg import Connection

from integration_api.identity.keys import digest, new_key
from integration_api.identity.rights import MACHINE, rights
from integration_api.kernel import clock
from integration_api.kernel.principal import context_sql
from integration_api.kernel.scopes import Scope

SPACE = uuid.UUID("0199a000-0000-7000-8000-000000000000")
AGENCIES = {
    "lead": ("wuppertal", "case_management"),
    "jobcenter": ("wuppertal", "jobcenter"),
    "immigration": ("wuppertal", "immigration_office_employment"),
    "employment": ("wuppertal", "employment_agency"),
    "labour": ("wuppertal", "integration_centre_labour_market"),
    "outsider": ("wuppertal", "migration_advice"),
    "enforcement": ("wuppertal", "immigration_office_enforcement"),
    "youth": ("wuppertal", "youth_office"),
    "koeln": ("koeln", "case_management"),
}
MUNICIPALITIES = {"wuppertal": ("Wuppertal", "W", "05124000"), "koeln": ("Köln", "K", "05315000")}
PURPOSES = ["case_management", "referral_handling"]
ALL = [s.value for s in Scope]
EDITING = ["rule_packs:write", "eligibility_checks:write"]
DESKS = {
    "machine": (None, ALL, PURPOSES[:1]),
    "worker_1": ("Sachbearbeitung 1", ALL, PURPOSES),
    "worker_2": ("Sachbearbeitung 2", ALL, PURPOSES),
    "advisor": ("Anonyme Beratung", ALL, PURPOSES),
    "admin": ("Leitung", ALL, PURPOSES),
    "bare": (None, [], PURPOSES[:1]),
    "officer": ("Datenschutz", ["audit:read"], ["data_protection_audit"]),
    "editor_1": ("Regelpflege 1", EDITING, ["administration"]),
    "editor_2": ("Regelpflege 2", EDITING, ["administration"]),
}
ROLES = {
    "admin": ["agency_admin"],
    "advisor": ["anonymous_advisor"],
    "officer": ["data_protection_officer"],
    "editor_1": ["rule_editor"],
    "editor_2": ["rule_editor"],
}
"""What a member is, where it is no case worker."""
ISSUER = "https://login.example.org/realms/city"
LOGINS: dict[str, list[tuple[str, str]]] = {
    "person-lead": [("lead", "case_worker")],
    "person-admin": [("lead", "agency_admin")],
    "person-jobcenter": [("jobcenter", "case_worker")],
    "person-beko": [("jobcenter", "anonymous_advisor")],
    "person-two": [("lead", "case_worker"), ("koeln", "case_manager")],
}
"""Who logs in at the issuer: subject → agency and role."""
MACHINE_LOGIN = "machine-jobcenter"
"""The subject of a client of the Jobcenter that has no key."""


def id_of(*names: str) -> uuid.UUID:
    """The fixed id of something in the cast."""
    return uuid.uuid5(SPACE, "/".join(names))


@dataclass(frozen=True)
class Desk:
    """One key and whom it speaks for."""

    agency: str
    name: str
    key: str
    person: bool


KEYS = {
    f"{agency}/{desk}": Desk(agency, desk, new_key("test")[0], DESKS[desk][0] is not None)
    for agency in AGENCIES
    for desk in DESKS
}


def acting(agency: str) -> str:
    """The context of an agency's machine as SQL, for statements that a test runs itself."""
    city, kind = AGENCIES[agency]
    seen = rights(kind, [MACHINE]).compartments
    return context_sql(id_of(city), id_of(agency), id_of(agency, "machine"), None, seen)


# tests look at what the application may write but not read, inside its own transaction
LOOKING = """
create schema looking;
grant usage on schema looking to ia_app;
create function looking.events(p_id uuid, p_after int) returns setof ia.outbox language sql
  security definer as
  $$ select * from ia.outbox where agg_id = p_id and agg_version > p_after order by agg_version $$;
create function looking.audits(p_id text) returns setof ia.audit_entry language sql
  security definer as $$ select * from ia.audit_entry where object_id = p_id order by id $$;
create function looking.lapse(p_person uuid) returns void language sql security definer as
  $$ update ia.disclosure set valid_from = now() - interval '2 days',
     valid_to = now() - interval '1 day' where person_id = p_person $$;
create function looking.widen(p_id uuid) returns void language sql security definer as
  $$ update ia.disclosure set compartments =
     '{core,residence,benefit,placement,case_notes,health,youth_entrusted,safety}'
     where id = p_id $$;
create function looking.deem(p_id uuid) returns void language sql security definer as
  $$ update ia.ba_approval_request set status = 'deemed_approved', deemed_at = now()
     where id = p_id $$;
create function looking.fail_job(p_id uuid) returns void language sql security definer as
  $$ update ia.job set status = 'failed', problem = 'job-gave-up', lease_until = null,
     lease_token = null, finished_at = now(), expires_at = now() + interval '1 day'
     where id = p_id $$;
create function looking.count(p_table text) returns bigint language plpgsql security definer as
  $$ declare n bigint; begin execute format('select count(*) from ia.%I', p_table) into n;
     return n; end $$;
create function looking.reads() returns setof ia.access_record language sql
  security definer as $$ select * from ia.access_record order by id $$;
create function looking.journal() returns setof text language sql security definer as
  $$ select canonical from ia.audit_entry union all select o::text from ia.outbox o $$;
create function looking.number() returns void language sql security definer as
  $$ with new as (select o.id, h.last + row_number() over (order by o.id) as seq
       from ia.outbox o, ia.feed_head h where o.seq is null),
     numbered as (update ia.outbox o set seq = new.seq from new where o.id = new.id returning o.seq)
     update ia.feed_head set last = greatest(last, (select max(seq) from numbered)) $$;
create function looking.note(p_text text) returns void language sql security definer as
  $$ insert into ia.audit_entry (municipality_id, canonical)
     select id, json_build_object('object_id', p_text)::text from ia.municipality limit 1 $$;
"""


async def seed(c: Connection) -> None:
    """Write the cast, as a superuser."""
    await c.execute(LOOKING)
    now = datetime(2026, 1, 1, tzinfo=UTC)
    later = clock.now() + timedelta(days=30)
    for slug, (name, prefix, ags) in MUNICIPALITIES.items():
        m = id_of(slug)
        await c.execute(
            "insert into ia.municipality values ($1, $2, $3, $4, $5)", m, slug, name, prefix, now
        )
        await c.execute(
            "insert into ia.municipality_ags values ($1, $2, $3)", m, ags, date(2020, 1, 1)
        )
    for place, (slug, (municipality, kind)) in enumerate(AGENCIES.items()):
        await c.execute(
            "insert into ia.agency (id, municipality_id, slug, type, name, jurisdictions,"
            " contact_points, active_from, created_at, updated_at)"
            " values ($1, $2, $3, $4, $5, '{}', '[]', $6, $7, $7)",
            id_of(slug), id_of(municipality), slug, kind, slug.title(), date(2026, 1, 1),
            now + timedelta(seconds=place),
        )  # fmt: skip
    for desk in KEYS.values():
        await _desk(c, desk, now, later)
    await _logins(c, now)


async def _logins(c: Connection, now: datetime) -> None:
    for subject, places in LOGINS.items():
        for agency, role in places:
            await c.execute(
                "insert into ia.member values ($1, $2, $3, $4, $5, $6, null, $7, $8, $9)",
                id_of(agency, subject), id_of(AGENCIES[agency][0]), id_of(agency), "Funktion",
                [role], date(2026, 1, 1), now, ISSUER, subject,
            )  # fmt: skip
    await c.execute(
        "insert into ia.api_client values ($1, $2, $3, null, $4, $5, $6, $7, null, $8, $9)",
        id_of("jobcenter", MACHINE_LOGIN), id_of("wuppertal"), id_of("jobcenter"), "Fachverfahren",
        ["cases:read", "referrals:read"], PURPOSES[:1], now, ISSUER, MACHINE_LOGIN,
    )  # fmt: skip


async def _desk(c: Connection, desk: Desk, now: datetime, later: datetime) -> None:
    municipality, agency = id_of(AGENCIES[desk.agency][0]), id_of(desk.agency)
    title, scopes, purposes = DESKS[desk.name]
    member = id_of(desk.agency, desk.name, "member") if title else None
    roles = ROLES.get(desk.name, ["case_worker"])
    if title:
        await c.execute(
            "insert into ia.member values ($1, $2, $3, $4, $5, $6, null, $7)",
            member, municipality, agency, title, roles,
            date(2026, 1, 1), now,
        )  # fmt: skip
    client = id_of(desk.agency, desk.name)
    await c.execute(
        "insert into ia.api_client values ($1, $2, $3, $4, $5, $6, $7, $8)",
        client, municipality, agency, member, desk.name, scopes, purposes, now,
    )  # fmt: skip
    await c.execute(
        "insert into ia.api_key values ($1, $2, $3, $4, $5, $6)",
        id_of(desk.agency, desk.name, "key"), municipality, client, digest(desk.key), now, later,
    )  # fmt: skip
