"""Who tries what is not his: agencies and keys beside the cast, and how each came to know of it."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from asyncpg import Connection
from fastapi import FastAPI
from httpx import Response

from integration_api.identity.keys import digest, new_key
from integration_api.kernel import clock
from integration_api.kernel.scopes import Scope
from tests.cast import ALL, KEYS, PURPOSES, id_of
from tests.clients import Clients
from tests.make import Make

READS = [s.value for s in Scope if s.value.endswith(":read")]
NEW_AGENCIES = {
    "team": ("case_management", "lead"),
    "other": ("case_management", None),
    "expired": ("jobcenter", None),
    "revoked": ("jobcenter", None),
}
"""Agencies of Wuppertal that the cast lacks: kind, and whose team it is."""


@dataclass(frozen=True)
class Actor:
    """A key of an agency; `alive` unless it has run out."""

    agency: str
    key: str
    scopes: list[str]
    person: bool = False
    alive: bool = True


def _actor(agency: str, scopes: list[str], **how: bool) -> Actor:
    return Actor(agency, new_key("test")[0], scopes, **how)


ACTORS = {
    **{name: _actor(name, ALL) for name in NEW_AGENCIES},
    **{f"{name}/admin": _actor(name, ALL, person=True) for name in NEW_AGENCIES},
    "lead/auditor": _actor("lead", READS),
    "lead/dead": _actor("lead", ALL, alive=False),
}
STRANGERS = ["team", "other", "expired", "revoked", "koeln", "enforcement"]
"""Authenticated, and nothing of it is theirs (any more)."""
FORMER = ["expired", "revoked"]
"""Strangers to whom everything was disclosed once."""
NO_KEY = ["nobody", "lead/dead"]
"""Without a key that is worth anything."""

FORMERLY = """
create schema formerly;
grant usage on schema formerly to ia_app;
create function formerly.open(p_agency uuid) returns void language sql as $$
  insert into ia.disclosure (id, municipality_id, person_id, case_id, grantor_agency_id,
      recipient_agency_id, transfer_basis, purpose, compartments, opening, valid_from, opened_at,
      valid_to, kept_days, status, created_at, updated_at)
    select gen_random_uuid(), p.municipality_id, p.id, k.case_id, p.controller_agency_id, p_agency,
      (select min(code) from ia.transfer_basis), 'referral_handling',
      '{core,residence,benefit,placement,case_notes}', 'immediately', now() - interval '3 days',
      now() - interval '3 days', now() + interval '3 days', 30, 'active', now(), now()
    from ia.person p left join ia.case_participant k on k.person_id = p.id
    where p.municipality_id = (select municipality_id from ia.agency where id = p_agency)
      and p.xmin::text::bigint >= pg_current_xact_id()::text::bigint $$;  -- of this transaction
create function formerly.lapse(p_agency uuid) returns void language sql as $$
  update ia.disclosure set valid_to = now() - interval '1 day'
    where recipient_agency_id = p_agency $$;
create function formerly.revoke(p_agency uuid) returns void language sql as $$
  update ia.disclosure set status = 'revoked', revoked_at = now(), version = version + 1
    where recipient_agency_id = p_agency $$;
"""
"""Everything is disclosed to an agency, and then no more; run as the superuser."""


async def seed(c: Connection) -> None:
    """Write the agencies and keys, as a superuser."""
    await c.execute(FORMERLY)
    now, city = datetime(2026, 1, 1, tzinfo=UTC), id_of("wuppertal")
    for name, (kind, parent) in NEW_AGENCIES.items():
        await c.execute(
            "insert into ia.agency (id, municipality_id, slug, type, name, jurisdictions,"
            " contact_points, active_from, created_at, updated_at, parent_id)"
            " values ($1, $2, $3, $4, $5, '{}', '[]', $6, $7, $7, $8)",
            id_of(name), city, name, kind, name.title(), date(2026, 1, 1), now,
            id_of(parent) if parent else None,
        )  # fmt: skip
    for name, actor in ACTORS.items():
        await _key(c, name, actor, now)


async def _key(c: Connection, name: str, actor: Actor, now: datetime) -> None:
    city, agency, client = id_of("wuppertal"), id_of(actor.agency), id_of(actor.agency, name)
    member = id_of(actor.agency, name, "member") if actor.person else None
    until = clock.now() + timedelta(days=30 if actor.alive else -1)
    if member:
        await c.execute(
            "insert into ia.member values ($1, $2, $3, $4, $5, $6, null, $7)",
            member, city, agency, "Leitung", ["agency_admin"], date(2026, 1, 1), now,
        )  # fmt: skip
    await c.execute(
        "insert into ia.api_client values ($1, $2, $3, $4, $5, $6, $7, $8)",
        client, city, agency, member, name, actor.scopes, PURPOSES[:1], now,
    )  # fmt: skip
    await c.execute(
        "insert into ia.api_key values ($1, $2, $3, $4, $5, $6)",
        id_of(actor.agency, name, "key"), city, client, digest(actor.key), now, until,
    )  # fmt: skip


def key_of(who: str) -> str:
    """The key of somebody of the cast or of the actors."""
    if who in ACTORS:
        return ACTORS[who].key
    return KEYS[who if "/" in who else f"{who}/machine"].key


class Actors(Clients):
    """Requests of the cast and the actors; `renamed` lets another agency play a part."""

    def __init__(
        self, app: FastAPI, renamed: dict[str, str] | None = None, *, watched: bool = True
    ) -> None:
        super().__init__(app)
        self.renamed = renamed or {}
        if not watched:
            self._http.event_hooks = {}

    async def request(self, who: str | None, method: str, path: str, **kw: Any) -> Response:
        """One request; `nobody` sends no key."""
        if who:
            agency, slash, desk = who.partition("/")
            played = self.renamed.get(agency, agency) + slash + desk
            # whoever plays a part has no desk but its administration
            who = (
                played
                if agency == played.partition("/")[0] or desk == "admin"
                else (played.partition("/")[0])
            )
        actor = ACTORS.get(who or "")
        if actor is None:
            return await super().request(None if who == "nobody" else who, method, path, **kw)
        sent = {"Authorization": f"Bearer {actor.key}"} | (kw.pop("headers", None) or {})
        if actor.person:
            sent["Processing-Purpose"] = "case_management"
        return await super().request(None, method, path, headers=sent, **kw)


async def foreign_ids(make: Make) -> dict[str, str]:
    """Ids of another agency of the city; those of companies and the directory, of another."""
    scene = await make.scene("sent")
    tandem = await make.tandem()
    declaration = await make.declaration(tandem)
    client = await make.api_client()
    delivery = await make.webhook_delivery()
    return {
        "endpoint": delivery.body["endpoint_id"],
        "case": scene.case.id,
        "consent": scene.consent.id,
        "declaration": declaration.id,
        "disclosure": scene.disclosure.id,
        "employer": (await make.employer("koeln")).id,
        "key": client.body["keys"][0]["id"],
        "member": (await make.member()).id,
        "person": scene.person.id,
        "site": (await make.site("koeln")).id,
        "tandem": tandem.id,
        "referral": scene.referral.id,
        "period": scene.person.id,
        "agency": str(id_of("koeln")),
        "municipality": str(id_of("koeln")),
    }
