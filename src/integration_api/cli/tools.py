"""`db shell|dump|restore` and `config show`: PostgreSQL's own tools, and the settings in force."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

import typer

from .base import configuration, refuse, say
from .place import Place, reached

db = typer.Typer(no_args_is_help=True, help="The database itself.")
config = typer.Typer(no_args_is_help=True, help="The settings.")
File = Annotated[Path, typer.Argument(metavar="FILE")]
Url = Annotated[
    str | None,
    typer.Option(metavar="URL", help="External server: a login that sees every row, a superuser."),
]


@db.command()
def shell(url: Url = None) -> None:
    """Open psql as the superuser of the local server, or with the login in --url."""
    with reached(configuration()) as place:
        raise typer.Exit(_tool(place, url, "psql"))


@db.command()
def dump(file: File, url: Url = None) -> None:
    """Write a dump of all data, compressed, in pg_dump's custom format."""
    with reached(configuration()) as place:
        done = _tool(place, url, "pg_dump", "--format=custom", f"--file={file}")
    if done:
        refuse(f"pg_dump ended with {done}; {file} is not whole")
    say(f"wrote {file}; roles are not in it: `integration-api migrate --print-roles`")


@db.command()
def restore(file: File, url: Url = None) -> None:
    """Replace all data by a dump, whole or not at all. Stop the service first."""
    if not file.is_file():
        refuse(f"{file} is not there")
    options = ("--clean", "--if-exists", "--single-transaction", "--exit-on-error", str(file))
    with reached(configuration()) as place:
        if place.local and place.local.process is None:
            refuse("the service is running on this data: stop it, then restore")
        done = _tool(place, url, "pg_restore", *options)
    if done:
        refuse(f"pg_restore ended with {done}; nothing was changed")
    say(f"restored {file}")


@config.command()
def show() -> None:
    """Print the settings in force; addresses with passwords, and secrets, are stars."""
    settings = configuration()
    width = max(len(name) for name in type(settings).model_fields)
    for name in type(settings).model_fields:
        origin = "set" if name in settings.model_fields_set else "default"
        say(f"INTEGRATION_API_{name.upper().ljust(width)}  {origin:7}  {getattr(settings, name)}")


def _tool(place: Place, url: str | None, name: str, *arguments: str) -> int:
    """Run a program of PostgreSQL's: the one beside the local server, or one from the path."""
    if place.local:
        program, dsn = str(place.local.tool(name)), place.owner
    else:
        program, dsn = shutil.which(name) or "", url
    if not dsn:
        refuse(f"{name} has to see every row: name a superuser's address with --url")
    if not program:
        refuse(f"{name} is not on the path: install PostgreSQL's client programs")
    with _address(dsn) as address:
        command = [program, "--no-password", f"--dbname={address}", *arguments]
        return subprocess.run(command, check=False).returncode  # noqa: S603 - fixed options


@contextmanager
def _address(dsn: str) -> Iterator[str]:
    """The address without its password, which everybody could read on a command line."""
    parts = urlsplit(dsn)
    if parts.password is None:
        yield dsn
        return
    password = unquote(parts.password).replace("\\", r"\\").replace(":", r"\:")
    with tempfile.NamedTemporaryFile("w") as closed:  # 0600
        closed.write(f"*:*:*:*:{password}\n")
        closed.flush()
        login, _, host = parts.netloc.rpartition("@")
        query = urlencode([*parse_qsl(parts.query), ("passfile", closed.name)])
        user = login.partition(":")[0]
        yield parts._replace(netloc=f"{user}@{host}", query=query).geturl()
