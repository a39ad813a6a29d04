"""`seed demo` and `demo advance`: the demo's data, keys and clock."""

import json
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Annotated, Any

import typer

from integration_api.kernel.settings import Settings

from .base import configuration, refuse, run, say
from .place import Place, administration, reached, write_closed

CREDENTIALS = "demo/credentials.json"
SHOWN = "wuppertal-jobcenter"

demo = typer.Typer(no_args_is_help=True, help="The demo's own clock.")
seed = typer.Typer(no_args_is_help=True, help="Put data in.")


@seed.command("demo")
def seed_demo(
    reset: Annotated[
        bool, typer.Option(help="Delete what is there and begin at the first day.")
    ] = False,
) -> None:
    """Seed the demo into an empty database; --reset puts it back. The keys stay the same."""
    settings = configuration()
    with reached(settings) as place:
        run(prepared(settings, place, reset=reset))
    say(f"the demo is seeded; its keys are in {settings.data_dir / CREDENTIALS}")


@demo.command("advance")
def advance(
    days: Annotated[int | None, typer.Option(min=1, help="So many days ahead.")] = None,
    to: Annotated[str | None, typer.Option(metavar="DATE", help="To this day.")] = None,
) -> None:
    """Move the demo's clock ahead: referrals fall due and expire. Refused on other data."""
    if (days is None) == (to is None):
        refuse("say either --days N or --to YYYY-MM-DD")
    day = _day(to) if to else None
    with reached(configuration()) as place:
        now = run(_advanced(place, days, day))
    say(f"the demo's clock now reads {now:%Y-%m-%d %H:%M} (Europe/Berlin)")


async def prepared(
    settings: Settings, place: Place, *, reset: bool = False
) -> tuple[dict[str, str], Callable[[], None]]:
    """Make sure the demo is there; the keys of its offices, and what prints them.

    Raises:
        RefusalError: the database holds other data, or the keys of its demo are lost.
    """
    from integration_api.agencies.administration import is_empty
    from integration_api.demo import seed

    read = _read(settings)
    kept: dict[str, str] = read["keys"] | read["roles"]
    keys = seed.new_keys() | kept
    async with administration(place) as connection:
        if reset:
            await seed.clear(connection)
            _new_anchor(settings)
        empty = await is_empty(connection)
        if not empty and not await seed.is_demo(connection):
            refuse("this database holds data that is not the demo's: use another one")
        if not empty and not kept:
            refuse("the demo's keys are lost: `integration-api seed demo --reset` makes new ones")
        if empty:
            await seed.house(connection, keys)
        written = _written(settings, keys)
        untold = not await connection.fetchval('select exists(select from ia."case")')
    if untold:
        await _told(place, keys)
    return written["keys"], lambda: _greet(written)


def _new_anchor(settings: Settings) -> None:
    """The chain begins anew, and what was anchored of the old one fits nothing any more."""
    from integration_api.audit.anchor import path_of

    path = path_of(settings)
    if path.exists():
        path.replace(path.with_name(path.name + ".before"))


async def _told(place: Place, keys: Mapping[str, str]) -> None:
    from integration_api.app import REACTIONS
    from integration_api.demo import seed
    from integration_api.kernel import reactions
    from integration_api.kernel.db import Database, pool

    reactions.wire(REACTIONS)
    async with pool(place.app, 2) as connections:
        await seed.people(Database(connections), keys)


def _read(settings: Settings) -> dict[str, Any]:
    """The credentials of the data folder, empty where there are none."""
    path = settings.data_dir / CREDENTIALS
    empty = {"base_url": settings.public_url, "keys": {}, "roles": {}}
    return empty | (json.loads(path.read_text(encoding="utf-8")) if path.exists() else {})


def _written(settings: Settings, keys: Mapping[str, str]) -> dict[str, Any]:
    # who seeds a demo that is served somewhere does not know where, unless it is said
    told = "public_url" in settings.model_fields_set
    written = {
        "base_url": settings.public_url if told else _read(settings)["base_url"],
        "keys": {name: key for name, key in keys.items() if "/" not in name},
        "roles": {name: key for name, key in keys.items() if "/" in name},
    }
    write_closed(settings, CREDENTIALS, json.dumps(written, indent=2) + "\n")
    return written


def _greet(written: Mapping[str, Any]) -> None:
    url, keys = written["base_url"], written["keys"]
    header = f"-H 'Authorization: Bearer {keys[SHOWN]}'"
    width = max(len(name) for name in keys)
    say(f"Integration API, demo: {url}  (Ctrl-C stops it and keeps the data)\n")
    for name, key in keys.items():
        say(f"  {name.ljust(width)}  {key}")
    say("\nThree calls that work as pasted:\n")
    say(f"  curl -s '{url}/v1/agencies?limit=3'")
    say(f"  curl -s '{url}/v1/me' {header}")
    say(f"  curl -s '{url}/v1/referrals?direction=incoming&limit=3' {header}\n")


async def _advanced(place: Place, days: int | None, day: date | None) -> datetime:
    from integration_api.kernel import clock

    async with administration(place) as connection:
        offset = await connection.fetchval("select offset_seconds from ia.demo_clock for update")
        if offset is None:
            refuse("only the demo's clock can be moved, and this database holds no demo")
        now = (clock.now() + timedelta(seconds=offset)).astimezone(clock.BERLIN)
        then = datetime.combine(day, now.timetz()) if day else now + timedelta(days=days or 0)
        if then <= now:
            refuse("the demo's clock only goes ahead; `seed demo --reset` puts it back")
        await connection.execute(
            "update ia.demo_clock set offset_seconds = offset_seconds + $1",
            round((then - now) / timedelta(seconds=1)),
        )
        return then


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        refuse(f"{text} is not a day: write YYYY-MM-DD")
