"""`import`: cases of another system from a file, by way of `/v1/imports`, as any client does it."""

import json
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from .base import refuse, say
from .import_flow import Sending, finish
from .import_parts import MOST_BYTES, Part, cut

if TYPE_CHECKING:
    from .calling import Service

URL = "http://127.0.0.1:8000"
STALE = 412
File = Annotated[
    Path | None,
    typer.Argument(exists=True, dir_okay=False, readable=True, help="Lines of JSON, or a table."),
]
Key = Annotated[
    str,
    typer.Option(envvar="INTEGRATION_API_KEY", help="Best in the variable: it stays out of sight."),
]
Columns = Annotated[
    Path | None,
    typer.Option(
        exists=True, dir_okay=False, metavar="FILE.json",
        help="The file is CSV, and this says which columns hold what (`csv.columns`).",
    ),
]  # fmt: skip
Problems = Annotated[
    typer.FileTextWrite | None,
    typer.Option(encoding="utf-8", lazy=False, help="Write all lines that were not taken here."),
]
PartBytes = Annotated[
    int, typer.Option(min=1, max=MOST_BYTES, help="Most bytes of a part; fewer on a slow line.")
]


def import_(
    file: File = None,
    *,
    key: Key,
    url: Annotated[str, typer.Option(help="Where the service is.")] = URL,
    purpose: Annotated[
        str | None, typer.Option(help="Processing-Purpose, where the key has several.")
    ] = None,
    system: Annotated[
        str | None, typer.Option(help="Name of the system whose numbers these are.")
    ] = None,
    columns: Columns = None,
    delimiter: Annotated[str, typer.Option(help="Between two cells: ; or ,")] = ";",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would happen.")] = False,
    resume: Annotated[UUID | None, typer.Option(help="Go on with this import.")] = None,
    cancel: Annotated[UUID | None, typer.Option(help="Cancel the job of this import.")] = None,
    problems: Problems = None,
    part_bytes: PartBytes = MOST_BYTES,
) -> None:
    """Import cases in bulk, by their numbers in another system; again the same changes nothing.

    Exit 0: everything was taken. 1: lines were not, or it failed. 2: wrong usage.
    """
    from .calling import Service

    form = _form(columns, delimiter) if columns else None
    _usable(url, key, purpose or "")
    _one_aim(file, system, resume, cancel, new=bool(form or dry_run))
    with Service(url, key, purpose) as service:
        if cancel:
            _cancel(service, cancel)
        elif file:
            if resume:
                one = service.get(f"/v1/imports/{resume}")
                parts = cut(file, one["csv"] and one["csv"]["delimiter"], part_bytes)
                _same(file, parts, one)
            else:
                parts = cut(file, delimiter if form else None, part_bytes)
                body = {"type": "case", "system": system, "csv": form, "dry_run": dry_run}
                one = service.call("POST", "/v1/imports", json=body).json()
                say(f"import {one['id']}")
                sys.stdout.flush()  # whoever reads it in a pipe has it even if we are killed
            again = ["--part-bytes", str(part_bytes)] if part_bytes != MOST_BYTES else []
            words = [str(file), "--resume", one["id"], *again]
            where = ["--url", url] * (url != URL) + ["--purpose", purpose or ""] * bool(purpose)
            told = [_command(*words, *where), _command("--cancel", one["id"], *where)]
            finish(Sending(service, file, parts, one["id"], *told), one, problems)


def _usable(url: str, key: str, purpose: str) -> None:
    if not url.startswith(("http://", "https://")):
        raise typer.BadParameter("--url begins with https:// or http://")
    for name, text in (("--key", key), ("--purpose", purpose)):
        if not text.isascii() or not text.isprintable():  # it could not be sent
            raise typer.BadParameter(f"{name} has letters that it cannot have")


def _one_aim(
    file: Path | None, system: str | None, resume: UUID | None, cancel: UUID | None, *, new: bool
) -> None:
    """Refuse options that do not go together."""
    if cancel and (file or resume or system or new):
        raise typer.BadParameter("--cancel stands alone")
    if not cancel and not file:
        raise typer.BadParameter("name the FILE")
    if resume and (system or new):
        raise typer.BadParameter("--resume keeps --system, --columns and --dry-run as they were")
    if not cancel and not resume and not system:
        raise typer.BadParameter("a new import needs --system")


def _form(columns: Path, delimiter: str) -> dict[str, Any]:
    if delimiter not in (";", ","):
        raise typer.BadParameter("--delimiter is ; or ,")
    try:
        return {"delimiter": delimiter, "columns": json.loads(columns.read_text("utf-8"))}
    except ValueError as error:
        raise typer.BadParameter(f"{columns} is no JSON: {error}") from error


def _command(*words: str) -> str:
    """Something to paste."""
    return shlex.join(["integration-api", "import", *words])


def _same(file: Path, parts: list[Part], one: dict[str, Any]) -> None:
    """Refuse a file that is not the one whose parts are there."""
    there = [(p["n"], p["sha256"]) for p in one["parts"]]
    ours = [(p.n, p.sha256) for p in parts]
    begun = one["job_id"] and one["status"] != "succeeded"  # then no part is kept any more
    if len(there) > len(ours) or (begun and there != ours):
        refuse(f"{file} is not the file of this import, or is cut otherwise: begin a new one")


def _cancel(service: "Service", id: UUID) -> None:
    from .calling import RefusedError

    job_id = service.get(f"/v1/imports/{id}")["job_id"]
    if job_id is None:
        refuse("this import was not started: there is nothing to cancel, and it ends in a week")
    path = f"/v1/jobs/{job_id}"
    for last in (False, False, True):
        seen = {"If-Match": service.call("GET", path).headers["ETag"]}
        try:
            service.call("POST", f"{path}/cancel", seen)
        except RefusedError as error:  # a worker has just taken it: look again
            if last or error.code != STALE:
                raise
        else:
            say("cancelled: what was merged stays; --resume goes on after it")
            return
