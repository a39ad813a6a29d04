"""`db dump|restore|drill|new-epoch`: backups that say what is in them, and what they are worth."""

import asyncio
import hashlib
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from integration_api import __version__
from integration_api.postgres.contents import ENDING, Contents, contents

from .audit import Keys
from .base import RefusalError, configuration, refuse, run, say
from .place import Place, connect, reached
from .tools import Url, seeing_all, shell, tool

db = typer.Typer(no_args_is_help=True, help="The database itself.")
db.command()(shell)
File = Annotated[Path, typer.Argument(metavar="FILE")]


@db.command()
def dump(file: File, url: Url = None) -> None:
    """Write a dump of all data in pg_dump's custom format, and beside it what is in it."""
    with reached(configuration()) as place:
        held = run(_dumped(place, seeing_all(place, url), url, file))
    Contents(**(vars(held) | {"sha256": _sha256(file)})).keep(beside(file))
    say(f"wrote {file}: {len(held.tables)} tables, {held.rows} rows, as of {held.at}\n"
        f"wrote {beside(file)}: keep it with the dump\n"
        "roles are not in it: `integration-api migrate --print-roles`")  # fmt: skip


async def _dumped(place: Place, dsn: str, url: str | None, file: Path) -> Contents:
    """Dump and count the same snapshot, however much is being written."""
    connection = await connect(dsn)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            snapshot = await connection.fetchval("select pg_export_snapshot()")
            held = await contents(connection, __version__)
            options = ("--format=custom", f"--file={file}", f"--snapshot={snapshot}")
            done = await asyncio.to_thread(tool, place, url, "pg_dump", *options)
    finally:
        await connection.close()
    if done:
        refuse(f"pg_dump ended with {done}; {file} is not whole")
    return held


@db.command()
def restore(file: File, url: Url = None) -> None:
    """Replace all data by a dump, whole or not at all, and compare. Stop the service first."""
    known = written(file)
    with reached(configuration()) as place:
        if place.local and place.local.process is None:
            refuse("the service is running on this data: stop it, then restore")
        brought_back(place, file, url)
        dsn = seeing_all(place, url)
        say(f"restored {file}: {run(compared(dsn, known)) if known else 'not compared'}")


def brought_back(place: Place, file: Path, url: str | None = None) -> None:
    """Run pg_restore.

    Raises:
        RefusalError: it failed, and has changed nothing.
    """
    options = ("--clean", "--if-exists", "--single-transaction", "--exit-on-error", str(file))
    if done := tool(place, url, "pg_restore", *options):
        refuse(f"pg_restore ended with {done}; nothing was changed")


async def compared(dsn: str, known: Contents) -> str:
    """That the database at `dsn` holds what the dump held, in a few words.

    Raises:
        RefusalError: it does not; the sentence names the tables.
    """
    connection = await connect(dsn)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            unlike = known.unlike(await contents(connection, __version__))
    finally:
        await connection.close()
    if unlike:
        refuse("this is not what was dumped: " + "; ".join(unlike))
    return f"{len(known.tables)} tables, {known.rows} rows as they were dumped"


def beside(file: Path) -> Path:
    """Where it is written what is in a dump."""
    return file.with_name(file.name + ENDING)


def written(file: Path) -> Contents | None:
    """What is in a dump, by the file beside it; None where that is missing.

    Raises:
        RefusalError: there is no dump, or it is not the one that was written.
    """
    if not file.is_file():
        refuse(f"{file} is not there")
    if not beside(file).exists():
        return None
    try:
        known = Contents.kept(beside(file))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RefusalError(f"{beside(file)} cannot be read: {error}") from error
    if known.sha256 != _sha256(file):
        refuse(f"{file} is not the dump that {beside(file)} tells of: it was cut or changed")
    return known


def _sha256(file: Path) -> str:
    with file.open("rb") as read:
        return hashlib.file_digest(read, "sha256").hexdigest()


@db.command()
def drill(
    file: File,
    anchor: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Anchor file of the audit log.")
    ] = None,
    public_keys: Keys = None,
) -> None:
    """Restore a dump into a fresh PostgreSQL, thrown away after, and prove that it serves."""
    from .drilling import Drill

    known = written(file)
    if known is None:
        refuse(f"{beside(file)} is missing: `db dump` writes it, and a drill compares with it")
    with tempfile.TemporaryDirectory(prefix="ia-drill-") as folder:
        Path(folder).chmod(0o755)  # as root, PostgreSQL runs as another account
        took = Drill(configuration(), file, known, Path(folder)).run(anchor, public_keys or [])
    say(f"recovered in {took:.1f} s: from the dump to the first answers, without the way of the"
        f" dump to the machine; what was written after {known.at} would be lost")  # fmt: skip


@db.command("new-epoch")
def new_epoch() -> None:
    """Begin a new epoch of the change feed: readers are told (410) that they must start anew."""
    with reached(configuration()) as place:
        if place.worker is None:
            refuse("this needs INTEGRATION_API_WORKER_DATABASE_URL (login ia_worker)")
        say(f"the change feed is in epoch {run(begun(place.worker))}")


async def begun(dsn: str) -> str:
    """The epoch that has just begun."""
    from integration_api.changes.sequencer import begin
    from integration_api.kernel.db import Database, pool

    async with pool(dsn, 1) as connections:
        return str(await begin(Database(connections)))
