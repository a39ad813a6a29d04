"""`db shell` and `config show`: PostgreSQL's own tools, and the settings in force."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

import typer

from .base import configuration, refuse, say
from .place import Place, reached

config = typer.Typer(no_args_is_help=True, help="The settings.")
Url = Annotated[
    str | None,
    typer.Option(metavar="URL", help="External server: a superuser; to dump, ia_backup will do."),
]


def shell(url: Url = None) -> None:
    """Open psql as the superuser of the local server, or with the login in --url."""
    with reached(configuration()) as place:
        raise typer.Exit(tool(place, url, "psql"))


@config.command()
def show() -> None:
    """Print the settings in force; addresses with passwords, and secrets, are stars."""
    settings = configuration()
    width = max(len(name) for name in type(settings).model_fields)
    for name in type(settings).model_fields:
        origin = "set" if name in settings.model_fields_set else "default"
        say(f"INTEGRATION_API_{name.upper().ljust(width)}  {origin:7}  {getattr(settings, name)}")


def seeing_all(place: Place, url: str | None) -> str:
    """The address of a login that sees every row."""
    dsn = place.owner if place.local else url
    if not dsn:
        refuse("this has to see every row: name the address of such a login with --url")
    return dsn


def tool(place: Place, url: str | None, name: str, *arguments: str) -> int:
    """Run a program of PostgreSQL's: the one beside the local server, or one from the path."""
    dsn = seeing_all(place, url)
    program = str(place.local.tool(name)) if place.local else shutil.which(name)
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
