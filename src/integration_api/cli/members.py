"""`member`, and the login of a machine: what the operator alone grants."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from integration_api.kernel.settings import Settings

from .admin import client, must_be_in
from .base import configuration, refuse, run, say
from .place import Place, administration, reached

if TYPE_CHECKING:
    from integration_api.agencies.administration_logins import Login

member = typer.Typer(no_args_is_help=True, help="Members of agencies, and who logs in as them.")
Subject = Annotated[
    str | None, typer.Option(help="`sub` of the tokens, to the letter; none: nobody logs in.")
]
Issuer = Annotated[
    str | None, typer.Option(help="`iss` of the tokens; none: INTEGRATION_API_OIDC_ISSUER.")
]


@member.command("create")
def create(
    agency: Annotated[str, typer.Option(metavar="SLUG", help="The agency.")],
    function: Annotated[str, typer.Option(help="What the person does; no name.")],
    role: Annotated[list[str], typer.Option(help="A code of the list `roles`; repeatable.")],
    subject: Subject = None,
    issuer: Issuer = None,
) -> None:
    """Add a member, with any role: here the operator grants what no administration may."""
    must_be_in("roles", role)
    settings = configuration()
    login = _login(settings, issuer, subject)
    with reached(settings) as place:
        id = run(_created(place, agency, function, role, login))
    say(f"member {id}")


async def _created(
    place: Place, agency: str, function: str, roles: list[str], login: "Login"
) -> UUID:
    from integration_api.agencies.administration import find_agency
    from integration_api.agencies.administration_logins import add_member

    async with administration(place) as connection:
        of = await find_agency(connection, agency)
        return await add_member(connection, of, function, roles, login)


@member.command("bind")
def bind(member_id: UUID, subject: Subject = None, issuer: Issuer = None) -> None:
    """Say who logs in as a member; without --subject nobody does."""
    settings = configuration()
    login = _login(settings, issuer, subject)
    with reached(settings) as place:
        run(_bound(place, member_id, login, machine=False))
    _felt(f"member {member_id} is {'bound' if subject else 'unbound'}", settings)


@client.command("bind")
def bind_client(client_id: UUID, subject: Subject = None, issuer: Issuer = None) -> None:
    """Let a machine log in by OAuth2 client credentials; without --subject its keys alone do.

    The subject is `sub` of its own tokens: most issuers put the name of the client there, some
    the id of a service account.
    """
    settings = configuration()
    login = _login(settings, issuer, subject)
    with reached(settings) as place:
        run(_bound(place, client_id, login, machine=True))
    _felt(f"client {client_id} is {'bound' if subject else 'unbound'}", settings)


async def _bound(place: Place, id: UUID, login: "Login", *, machine: bool) -> None:
    from integration_api.agencies import administration_logins as by_owner

    async with administration(place) as connection:
        work = by_owner.bind_client if machine else by_owner.bind_member
        await work(connection, id, login)


@member.command("deactivate")
def deactivate(
    member_id: UUID,
    on: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="First day without it.")
    ] = None,
) -> None:
    """End a membership, today unless --on says otherwise; it is kept, for what it did is."""
    settings = configuration()
    with reached(settings) as place:
        day = run(_ended(place, member_id, on))
    _felt(f"member {member_id} ends {day}", settings)


async def _ended(place: Place, id: UUID, on: datetime | None) -> str:
    from integration_api.agencies.administration_logins import end_member
    from integration_api.kernel import clock

    day = on.date() if on else clock.today()
    async with administration(place) as connection:
        await end_member(connection, id, day)
    return day.isoformat()


def _login(settings: Settings, issuer: str | None, subject: str | None) -> "Login":
    from integration_api.agencies.administration_logins import Login

    if subject is None:
        return Login()
    issuer = issuer or settings.oidc_issuer
    if not issuer:
        refuse("--subject needs --issuer, or INTEGRATION_API_OIDC_ISSUER")
    if not (subject.isascii() and subject.isprintable() and 0 < len(subject) <= 255):
        refuse("a subject has 1 to 255 printable ASCII characters")
    return Login(issuer, subject)


def _felt(what: str, settings: Settings) -> None:
    say(f"{what}; running services know within {settings.credential_cache_seconds:g} seconds")
