"""`migrate`, `init` and `client`: what an operator does before anybody can log in."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from integration_api.kernel.settings import Settings
from integration_api.postgres import schema

from .base import configuration, refuse, run, say
from .place import Place, administration, connect, reached, shipped

if TYPE_CHECKING:
    from asyncpg import Connection

    from integration_api.agencies.administration import NewAgency, NewClient, NewMunicipality

client = typer.Typer(no_args_is_help=True, help="API clients and their keys.")
FOR_GOOD = "The key is shown this once and stored nowhere: keep it now."
Scopes = Annotated[list[str], typer.Option(help="A right such as cases:read; repeatable.")]
Purposes = Annotated[list[str], typer.Option(help="A code of the list `purposes`; repeatable.")]
Days = Annotated[int, typer.Option(min=1, max=1095, help="Until the key expires.")]


def migrate(
    print_roles: Annotated[
        bool, typer.Option(help="Print what a DBA runs first, as superuser, and stop.")
    ] = False,
    sql: Annotated[bool, typer.Option(help="Print all migrations as SQL and stop.")] = False,
) -> None:
    """Bring the database to the schema of this version."""
    if print_roles or sql:
        say((schema.roles_sql() if print_roles else schema.sql()).rstrip())
        return
    with reached(configuration()) as place:
        done, packs = run(_migrated(place)), run(shipped(place))
    idle = "" if done or packs else "; nothing was to do"
    came = f"; {packs} rule packs were added" if packs else ""
    say(f"the database is at revision {schema.head()}{came}{idle}")


async def _migrated(place: Place) -> bool:
    if place.owner is None:
        refuse("migrations need INTEGRATION_API_MIGRATION_DATABASE_URL (login ia_migrator)")
    await (await connect(place.owner)).close()
    return await schema.migrate(place.owner)


def init(
    municipality: Annotated[str, typer.Option(help="Its name, such as Wuppertal.")],
    slug: Annotated[str, typer.Option(help="Its name in addresses, such as wuppertal.")],
    prefix: Annotated[str, typer.Option(help="1 to 3 capitals that begin case numbers.")],
    ags: Annotated[str, typer.Option(help="Amtlicher Gemeindeschlüssel, 8 digits.")],
    agency_name: Annotated[str, typer.Option(help="The first agency.")],
    agency_slug: Annotated[str, typer.Option(help="Its name in addresses.")],
    agency_type: Annotated[str, typer.Option(help="A code of the list `agency_types`.")],
) -> None:
    """Begin: a municipality, its first agency, and the key that administers the directory."""
    from integration_api.agencies.administration import NewAgency, NewMunicipality

    _must_match("--prefix", prefix, r"[A-Z]{1,3}")
    _must_match("--ags", ags, r"(0[1-9]|1[0-6])[0-9]{6}")
    for option, value in (("--slug", slug), ("--agency-slug", agency_slug)):
        _must_match(option, value, r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
    must_be_in("agency_types", [agency_type])
    settings = configuration()
    first = NewAgency(agency_slug, agency_name, agency_type)
    with reached(settings) as place:
        key = run(_begun(settings, place, NewMunicipality(slug, municipality, prefix, ags), first))
    say(f"{municipality} and {agency_name} are there. The key of the administration:\n\n  {key}\n")
    say(f"{FOR_GOOD}\nMore keys: `integration-api client create --help`")


async def _begun(
    settings: Settings, place: Place, city: "NewMunicipality", first: "NewAgency"
) -> str:
    from integration_api.agencies import administration as by_owner
    from integration_api.kernel.scopes import Scope
    from integration_api.rules.shipping import ship

    client = by_owner.NewClient("Administration", [Scope.AGENCIES_WRITE], ["case_management"])
    async with administration(place) as connection:
        if not await by_owner.is_empty(connection):
            refuse("this database is not empty: `init` begins a new one and changes none")
        await ship(connection)
        municipality = await by_owner.add_municipality(connection, city)
        agency = await by_owner.add_agency(connection, municipality, first)
        id = await by_owner.add_client(connection, (municipality, agency), client)
        return (await by_owner.add_key(connection, id, settings.environment))[1]


@client.command()
def create(
    agency: Annotated[str, typer.Option(metavar="SLUG", help="The agency it acts for.")],
    name: Annotated[str, typer.Option(help="What it is called in the list of clients.")],
    scope: Scopes,
    purpose: Purposes,
    member: Annotated[
        str | None, typer.Option(metavar="FUNCTION", help="For a person: the function, no name.")
    ] = None,
    role: Annotated[
        list[str] | None, typer.Option(help="A code of the list `roles`; repeatable.")
    ] = None,
    days: Days = 365,
) -> None:
    """Create a client with its first key."""
    from integration_api.agencies.administration import NewClient
    from integration_api.kernel.scopes import Scope

    if unknown := sorted(set(scope) - {s.value for s in Scope}):
        refuse(f"there is no scope {', '.join(unknown)}: {', '.join(Scope)} are there")
    if role and not member:
        refuse("a --role belongs to a --member")
    must_be_in("purposes", purpose)
    must_be_in("roles", role or [])
    new = NewClient(name, sorted(set(scope)), purpose, member, role or [])
    settings = configuration()
    with reached(settings) as place:
        id, key_id, key = run(_created(settings, place, agency, new, days))
    say(f"client {id}\nkey id {key_id}\n\n  {key}\n\n{FOR_GOOD}")


async def _created(
    settings: Settings, place: Place, agency: str, new: "NewClient", days: int
) -> tuple[UUID, UUID, str]:
    from integration_api.agencies import administration as by_owner

    async with administration(place) as connection:
        of = await by_owner.find_agency(connection, agency)
        id = await by_owner.add_client(connection, of, new)
        environment = await _environment(settings, connection)
        return id, *await by_owner.add_key(connection, id, environment, days)


@client.command()
def rotate(client_id: UUID, days: Days = 365) -> None:
    """Give a client its next key; the old one works until it is revoked. Two live at most."""
    settings = configuration()
    with reached(settings) as place:
        key_id, key = run(_rotated(settings, place, client_id, days))
    say(f"key id {key_id}\n\n  {key}\n\n{FOR_GOOD}")
    say("When it is in use everywhere, revoke the old one: `integration-api client revoke KEY_ID`")


async def _rotated(
    settings: Settings, place: Place, client_id: UUID, days: int
) -> tuple[UUID, str]:
    from integration_api.agencies.administration import add_key

    async with administration(place) as connection:
        environment = await _environment(settings, connection)
        return await add_key(connection, client_id, environment, days)


async def _environment(settings: Settings, connection: "Connection") -> str:
    """What a key says it is for; keys of a demo say so, whatever the settings say."""
    is_demo = await connection.fetchval("select exists(select from ia.demo_clock)")
    return "demo" if is_demo else settings.environment


@client.command()
def revoke(id: Annotated[UUID, typer.Argument(metavar="CLIENT_ID|KEY_ID")]) -> None:
    """Revoke a client with all of its keys, or one key."""
    settings = configuration()
    with reached(settings) as place:
        what = run(_revoked(place, id))
    say(f"the {what} is revoked; running services forget it within"
        f" {settings.credential_cache_seconds:g} seconds")  # fmt: skip


async def _revoked(place: Place, id: UUID) -> str:
    from integration_api.agencies.administration import revoke

    async with administration(place) as connection:
        return await revoke(connection, id)


@client.command("list")
def list_() -> None:
    """List clients and keys by agency; a key's text is stored nowhere and not shown."""
    from integration_api.kernel import clock

    with reached(configuration()) as place:
        rows = run(_listed(place))
    for row in rows:
        ended = row["client_revoked_at"] or row["revoked_at"]
        live = not ended and row["expires_at"] > clock.now()
        state = (
            "revoked" if ended else f"{'until' if live else 'expired'} {_day(row, 'expires_at')}"
        )
        say(f"{row['slug']}  {row['name']}  client {row['client_id']}"
            f"  key {row['id']}  {state}  last used {_day(row, 'last_used_at')}")  # fmt: skip


async def _listed(place: Place) -> list[dict[str, Any]]:
    from integration_api.agencies.administration import list_clients

    async with administration(place) as connection:
        return [dict(row) for row in await list_clients(connection)]


def _day(row: dict[str, Any], name: str) -> str:
    at: datetime | None = row[name]
    return f"{at:%Y-%m-%d}" if at else "never"


def _must_match(option: str, value: str, pattern: str) -> None:
    import re

    if not re.fullmatch(pattern, value, re.ASCII):
        refuse(f"{option} {value} has not the form {pattern}")


def must_be_in(name: str, codes: list[str]) -> None:
    """Refuse a code that the list does not have today."""
    from integration_api.code_lists.service import known
    from integration_api.kernel import clock

    for code in codes:
        if not known(name, code, clock.today()):
            refuse(f"{code} is no code of the list {name}: GET /v1/code-lists/{name} shows them")
