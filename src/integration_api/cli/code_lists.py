"""`code-lists load|list`: whole lists of others, from their files."""

from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .base import configuration, refuse, run, say
from .place import Place, administration, reached

if TYPE_CHECKING:
    from integration_api.code_lists.loading import NewVersion, Outcome

code_lists = typer.Typer(no_args_is_help=True, help="Code lists of others, such as `ags`.")
MOST_BYTES = 64 * 1024 * 1024


class Format(StrEnum):
    """The forms in which lists are published."""

    GV100AD = "gv100ad"
    XREPOSITORY = "xrepository"
    CSV = "csv"


@code_lists.command()
def load(
    name: Annotated[str, typer.Argument(help="The list, such as ags or nationalities.")],
    file: Annotated[Path, typer.Argument(help="The file as it was published.")],
    form: Annotated[
        Format, typer.Option("--format", help="gv100ad: Gemeindeverzeichnis of Destatis.")
    ] = Format.CSV,
    version: Annotated[
        str | None, typer.Option(help="Day of the version, unless the file says it.")
    ] = None,
    source: Annotated[str | None, typer.Option(help="Who published it, where.")] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(metavar="THEIRS=OURS", help="What a column is; repeatable. OURS - : nothing."),
    ] = None,
    title_de: Annotated[str | None, typer.Option(help="Title of a new list, German.")] = None,
    title_en: Annotated[str | None, typer.Option(help="Title of a new list, English.")] = None,
    add: Annotated[
        bool, typer.Option("--add", help="The file is a part: what it does not name goes on.")
    ] = False,
) -> None:
    """Load a list, whole or not at all. Codes that it no longer names stay, and end with its day.

    Running services serve it within half a minute.
    """
    from integration_api.code_lists.formats import LoadError, parse
    from integration_api.code_lists.loading import NewVersion

    must_be_open(name)
    try:
        content = parse(form, name, _read(file), _columns(column or []))
    except LoadError as error:
        refuse(f"{file} was not loaded:\n{error}")
    new = NewVersion(
        name=name,
        version=_day(version or content.version),
        title=_title(name, title_de, title_en),
        source=source or content.source or refuse("say with --source where the list comes from"),
        entries=content.entries,
        whole=not add,
    )
    with reached(configuration()) as place:
        done = run(_loaded(place, new))
    if done.written or done.ended:
        say(f"{name} {new.version}: {done.written} codes written, {done.ended} ended")
    else:
        say(f"{name} {new.version} is loaded already; nothing was to do")


@code_lists.command("list")
def list_() -> None:
    """List what was loaded: name, version, number of codes."""
    with reached(configuration()) as place:
        rows = run(_listed(place))
    for row in rows:
        say(f"{row['name']}  {row['version']}  {row['codes']} codes  {row['source']}")


async def _loaded(place: Place, new: "NewVersion") -> "Outcome":
    from rich.console import Console
    from rich.progress import Progress

    from integration_api.code_lists.loading import load

    async with administration(place) as connection:
        with Progress(console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task(f"{new.name} {new.version}", total=len(new.entries))
            return await load(connection, new, lambda n: bar.advance(task, n))


async def _listed(place: Place) -> list[Any]:
    from integration_api.code_lists.statements_loading import LISTED

    async with administration(place) as connection:
        return list(await connection.fetch(LISTED.sql))


def must_be_open(name: str) -> None:
    """Refuse a name that no list can have, or that of one of the service's own lists."""
    import re

    from integration_api.code_lists import loading

    if not re.fullmatch("[a-z][a-z0-9_]{0,63}", name, re.ASCII):
        refuse(f"{name} cannot be the name of a list: small letters, digits and _")
    loading.must_be_open(name)


def _read(file: Path) -> bytes:
    try:
        if file.stat().st_size > MOST_BYTES:
            refuse(f"{file} has more than {MOST_BYTES // 1024**2} MiB: that is no code list")
        return file.read_bytes()
    except OSError as error:
        refuse(f"{file} cannot be read: {error.strerror}")


def _columns(given: list[str]) -> dict[str, str]:
    pairs = [one.rpartition("=") for one in given]
    for theirs, _, ours in pairs:
        if not theirs or not ours:
            refuse("--column takes THEIRS=OURS")
    return {theirs: ours for theirs, _, ours in pairs}


def _day(text: str | None) -> date:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        refuse("the version has to be a day: --version YYYY-MM-DD, when the list was published")


def _title(name: str, de: str | None, en: str | None) -> dict[str, str]:
    from integration_api.code_lists.service import shipped

    if one := shipped().get(name):
        return dict(one.title)
    if not de or not en:
        refuse(f"the list {name} is new: name it with --title-de and --title-en")
    return {"de": de, "en": en}
