"""Members and logins, as the owner of the tables writes them: the operator's part of both.

Not part of the API, like `administration`. Here alone roles are granted that look over an agency,
and a machine is bound to its login: whoever could do that from inside one agency could let the
system of another act for his own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import asyncpg
from asyncpg import Connection
from sqlalchemy import Date, Text, Uuid, bindparam, update

from integration_api.kernel import clock
from integration_api.kernel.ids import uuid7
from integration_api.kernel.statements import ME, Change

from .administration import ADD, AdministrationError
from .models import api_client, member

ID = bindparam("id", type_=Uuid())
LOGIN: dict[str, Any] = {n: bindparam(n, type_=Text()) for n in ("issuer", "subject")}
BIND_MEMBER = Change(
    update(member)
    .where(member.c.id == ID)
    .values(version=member.c.version + 1, updated_at=ME.now, **LOGIN)
    .returning(member.c.id)
)
BIND_CLIENT = Change(
    update(api_client)
    .where(
        api_client.c.id == ID, api_client.c.revoked_at.is_(None), api_client.c.member_id.is_(None)
    )
    .values(version=api_client.c.version + 1, updated_at=ME.now, **LOGIN)
    .returning(api_client.c.id)
)
END_MEMBER = Change(
    update(member)
    .where(member.c.id == ID)
    .values(
        version=member.c.version + 1,
        updated_at=ME.now,
        active_to=bindparam("active_to", type_=Date()),
    )
    .returning(member.c.id)
)


@dataclass(frozen=True, slots=True)
class Login:
    """Who logs in, as the tokens say: `iss` and `sub`, to the letter."""

    issuer: str | None = None
    subject: str | None = None


async def add_member(
    connection: Connection,
    of: tuple[UUID, UUID],
    function_title: str,
    roles: Sequence[str],
    login: Login = Login(),
) -> UUID:
    """Add a member to the agency `of` (municipality, agency), from today on.

    Raises:
        AdministrationError: who logs in is a member of it already.
    """
    id = uuid7()
    await _write(
        connection,
        ADD["member"],
        id=id,
        municipality_id=of[0],
        agency_id=of[1],
        function_title=function_title,
        roles=sorted(set(roles)),
        active_from=clock.today(),
        active_to=None,
        issuer=login.issuer,
        subject=login.subject,
        created_at=clock.now(),
    )
    return id


async def bind_member(connection: Connection, id: UUID, login: Login) -> None:
    """Say who logs in as a member; an empty login unbinds it.

    Raises:
        AdministrationError: there is no such member, or its agency has one with this login.
    """
    row = await _write(connection, BIND_MEMBER, id=id, issuer=login.issuer, subject=login.subject)
    if not row:
        raise AdministrationError(f"there is no member {id}")


async def bind_client(connection: Connection, id: UUID, login: Login) -> None:
    """Say as what a machine logs in by OAuth2 client credentials; an empty login unbinds it.

    Raises:
        AdministrationError: there is no such live machine, or another has this login.
    """
    row = await _write(connection, BIND_CLIENT, id=id, issuer=login.issuer, subject=login.subject)
    if not row:
        raise AdministrationError(f"there is no live client {id} that is a machine")


async def end_member(connection: Connection, id: UUID, on: date) -> None:
    """Make `on` the first day without this member.

    Raises:
        AdministrationError: there is no such member.
    """
    if not await _write(connection, END_MEMBER, id=id, active_to=on):
        raise AdministrationError(f"there is no member {id}")


async def _write(connection: Connection, statement: Change, **values: Any) -> Any:
    values["me_now"] = clock.now()
    try:
        return await connection.fetch(statement.sql, *statement.args(values))
    except asyncpg.UniqueViolationError as error:
        raise AdministrationError("this login is taken: unbind it where it is first") from error
