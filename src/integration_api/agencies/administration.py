"""Municipalities, agencies, members, clients and keys, as the owner of the tables writes them.

Not part of the API: the command line and the demo run this on a connection of their own, inside a
transaction of theirs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from asyncpg import Connection, Record
from sqlalchemy import Table, Uuid, bindparam, exists, func, insert, select, update

from integration_api.identity.keys import new_key
from integration_api.kernel import clock
from integration_api.kernel.ids import uuid7
from integration_api.kernel.statements import ME, Change, Query, Statement

from .models import agency, api_client, api_key, member, municipality, municipality_ags

LIVE_KEYS = 2  # one in use and its successor
ID = bindparam("id", type_=Uuid())


class AdministrationError(Exception):
    """What was asked for cannot be done; the message says why."""


@dataclass(frozen=True, slots=True)
class NewMunicipality:
    """A municipality and its key in the official statistics."""

    slug: str
    name: str
    reference_prefix: str
    ags: str


@dataclass(frozen=True, slots=True)
class NewAgency:
    """An agency of the directory."""

    slug: str
    name: str
    type: str
    parent_id: UUID | None = None
    jurisdictions: Sequence[str] = ()
    contact_points: Sequence[Mapping[str, Any]] = ()
    active_from: date | None = None


@dataclass(frozen=True, slots=True)
class NewClient:
    """A client of an agency; with a function it acts for the person at that desk."""

    name: str
    scopes: Sequence[str]
    purposes: Sequence[str] = ()
    function_title: str | None = None
    roles: Sequence[str] = ()


def _insert(table: Table) -> Change:
    given = {c.name: bindparam(c.name, type_=c.type) for c in table.c if c.server_default is None}
    return Change(insert(table).values(given))


ADD = {t.name: _insert(t) for t in (municipality, municipality_ags, agency, member)}
ADD |= {t.name: _insert(t) for t in (api_client, api_key)}
ANY_MUNICIPALITY = Query(select(exists(select(municipality.c.id))))
FIND_AGENCY = Query(
    select(agency.c.id, agency.c.municipality_id).where(
        agency.c.slug == bindparam("slug", type_=agency.c.slug.type)
    )
)
LOCK_CLIENT = Change(
    select(api_client.c.municipality_id, api_client.c.revoked_at)
    .where(api_client.c.id == ID)
    .with_for_update()
)
COUNT_LIVE = Query(
    select(func.count())
    .select_from(api_key)
    .where(api_key.c.client_id == ID, api_key.c.revoked_at.is_(None), api_key.c.expires_at > ME.now)
)
LIST_CLIENTS = Query(
    select(
        api_client.c.id.label("client_id"),
        agency.c.slug,
        api_client.c.name,
        api_client.c.revoked_at.label("client_revoked_at"),
        *(api_key.c[n] for n in ("id", "expires_at", "revoked_at", "last_used_at")),
    )
    .select_from(
        api_client.join(agency, agency.c.id == api_client.c.agency_id).join(
            api_key, api_key.c.client_id == api_client.c.id
        )
    )
    .order_by(agency.c.slug, api_client.c.created_at, api_client.c.id, api_key.c.created_at)
)
REVOKE_CLIENT = Change(
    update(api_client)
    .where(api_client.c.id == ID, api_client.c.revoked_at.is_(None))
    .values(revoked_at=ME.now)
    .returning(api_client.c.id)
)
REVOKE_KEY = Change(
    update(api_key)
    .where(api_key.c.id == ID, api_key.c.revoked_at.is_(None))
    .values(revoked_at=ME.now)
    .returning(api_key.c.id)
)


async def is_empty(connection: Connection) -> bool:
    """Whether the database knows no municipality yet."""
    return not await _value(connection, ANY_MUNICIPALITY)


async def add_municipality(
    connection: Connection, new: NewMunicipality, id: UUID | None = None
) -> UUID:
    """Add a municipality; its AGS holds from the beginning of the year."""
    id, today = id or uuid7(), clock.today()
    await _run(
        connection,
        ADD["municipality"],
        id=id,
        created_at=clock.now(),
        slug=new.slug,
        name=new.name,
        reference_prefix=new.reference_prefix,
    )
    await _run(
        connection,
        ADD["municipality_ags"],
        municipality_id=id,
        ags=new.ags,
        valid_from=date(today.year, 1, 1),
        valid_to=None,
    )
    return id


async def add_agency(
    connection: Connection, municipality_id: UUID, new: NewAgency, id: UUID | None = None
) -> UUID:
    """Add an agency to the directory; it works from today unless `active_from` says otherwise."""
    id, now = id or uuid7(), clock.now()
    await _run(
        connection,
        ADD["agency"],
        id=id,
        municipality_id=municipality_id,
        slug=new.slug,
        name=new.name,
        type=new.type,
        parent_id=new.parent_id,
        active_to=None,
        jurisdictions=list(new.jurisdictions),
        contact_points=list(new.contact_points),
        active_from=new.active_from or clock.today(),
        created_at=now,
        updated_at=now,
    )
    return id


async def find_agency(connection: Connection, slug: str) -> tuple[UUID, UUID]:
    """Municipality and id of the agency with this slug.

    Raises:
        AdministrationError: there is none, or several municipalities have one.
    """
    rows = await connection.fetch(FIND_AGENCY.sql, *FIND_AGENCY.args({"slug": slug}))
    if len(rows) != 1:
        raise AdministrationError(
            f"there is no agency {slug}: GET /v1/agencies lists them"
            if not rows
            else f"{len(rows)} municipalities have an agency {slug}: rename one of them"
        )
    return UUID(int=rows[0]["municipality_id"].int), UUID(int=rows[0]["id"].int)


async def list_clients(connection: Connection) -> list[Record]:
    """Every client with its keys, one row a key; no secret is in it, because none is stored."""
    return list(await connection.fetch(LIST_CLIENTS.sql))


async def add_client(
    connection: Connection,
    of: tuple[UUID, UUID],
    new: NewClient,
    id: UUID | None = None,
    member_id: UUID | None = None,
) -> UUID:
    """Add a client to the agency `of` (municipality, agency), and the member it speaks for."""
    id, now = id or uuid7(), clock.now()
    whose = {"municipality_id": of[0], "agency_id": of[1], "created_at": now}
    if new.function_title:
        member_id = member_id or uuid7()
        await _run(
            connection,
            ADD["member"],
            id=member_id,
            function_title=new.function_title,
            roles=list(new.roles),
            active_from=clock.today(),
            active_to=None,
            issuer=None,
            subject=None,
            **whose,
        )
    await _run(
        connection,
        ADD["api_client"],
        id=id,
        name=new.name,
        scopes=sorted(new.scopes),
        purposes=list(new.purposes),
        revoked_at=None,
        issuer=None,
        subject=None,
        member_id=member_id if new.function_title else None,
        **whose,
    )
    return id


async def add_key(
    connection: Connection, client_id: UUID, environment: str, days: int = 365
) -> tuple[UUID, str]:
    """Give a client one more key: its id, and its text, which exists nowhere else.

    Raises:
        AdministrationError: no such client, a revoked one, or one with two live keys already.
    """
    text, hashed = new_key(environment)
    return await store_key(connection, client_id, hashed, days), text


async def store_key(
    connection: Connection, client_id: UUID, hashed: bytes, days: int = 365
) -> UUID:
    """Store the hash of a key under a client; the id of the key.

    Raises:
        AdministrationError: as `add_key`.
    """
    row = await connection.fetchrow(LOCK_CLIENT.sql, *LOCK_CLIENT.args({"id": client_id}))
    if row is None:
        raise AdministrationError(f"there is no client {client_id}")
    if row["revoked_at"]:
        raise AdministrationError(f"client {client_id} was revoked: create a new one")
    if await _value(connection, COUNT_LIVE, id=client_id) >= LIVE_KEYS:
        raise AdministrationError(
            f"client {client_id} has {LIVE_KEYS} live keys already: revoke the older one first"
        )
    id, now = uuid7(), clock.now()
    await _run(
        connection,
        ADD["api_key"],
        id=id,
        municipality_id=row["municipality_id"],
        client_id=client_id,
        secret_sha256=hashed,
        created_at=now,
        expires_at=now + timedelta(days=days),
        revoked_at=None,
        last_used_at=None,
    )
    return id


async def revoke(connection: Connection, id: UUID) -> str:
    """Revoke a client with all of its keys, or one key; tells which of the two `id` was.

    Raises:
        AdministrationError: there is no live one of that id.
    """
    for what, statement in (("client", REVOKE_CLIENT), ("key", REVOKE_KEY)):
        if await _value(connection, statement, id=id):
            return what
    raise AdministrationError(f"there is no live client or key {id}")


async def _run(connection: Connection, statement: Statement, **values: Any) -> None:
    await connection.execute(statement.sql, *statement.args(values))


async def _value(connection: Connection, statement: Statement, **values: Any) -> Any:
    values["me_now"] = clock.now()
    return await connection.fetchval(statement.sql, *statement.args(values))
