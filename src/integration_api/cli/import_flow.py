"""The way of a file: sent in parts, merged by the service's job, told line by line."""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TextIO

import typer

from .base import RefusalError, refuse, say
from .import_parts import Part

if TYPE_CHECKING:
    from .calling import Service

SHOWN = 20
"""Problems that are printed; all are in the file of `--problems`."""
COUNTS = ("created", "updated", "unchanged", "rejected")
FOR_GOOD = frozenset({400, 404, 413, 415, 422})
"""Refusals of a part that the same file meets again."""


@dataclass(frozen=True, slots=True)
class Sending:
    """A file on its way: the import it becomes, the commands to go on and to cancel."""

    service: "Service"
    file: Path
    parts: list[Part]
    id: str
    again: str
    cancel: str

    @property
    def path(self) -> str:
        """Where the import is."""
        return f"/v1/imports/{self.id}"


def finish(sending: Sending, one: dict[str, Any], problems: TextIO | None) -> None:
    """Do what is left to do, and tell what came of it.

    Raises:
        RefusalError: it could not be done, or the job did not succeed.
        Exit: some lines were not taken (1), or somebody pressed Ctrl-C (130).
    """
    from .calling import RefusedError

    try:
        job = _merged(sending, one)
        rejected = _report(sending, problems)
    except KeyboardInterrupt:
        typer.echo(
            "interrupted; parts that were sent stay, and a job that was started goes on.\n"
            f"Go on: {sending.again}\n"
            f"Cancel: {sending.cancel}",
            err=True,
        )
        raise typer.Exit(130) from None
    except RefusalError as error:
        if isinstance(error, RefusedError) and error.code in FOR_GOOD:
            raise
        refuse(f"{str(error).rstrip('.')}; go on with `{sending.again}`")
    if job and job["status"] != "succeeded":
        _failed(job, sending.again)
    if rejected:
        raise typer.Exit(1)


def _failed(job: dict[str, Any], again: str) -> NoReturn:
    from .calling import told

    if (problem := job["problem"]) is None:
        refuse(f"the import was cancelled; go on with `{again}`")
    if problem["type"].endswith("/import-too-faulty"):  # it would fail again
        refuse(f"the import failed: {told(problem)}")
    refuse(f"the import failed: {told(problem).rstrip('.')}; go on with `{again}`")


def _merged(sending: Sending, one: dict[str, Any]) -> dict[str, Any] | None:
    """Do what is left to do; the job at its end, or nothing where that is long over."""
    job_id = one["job_id"]
    if one["status"] == "succeeded":
        return None
    if one["status"] not in ("queued", "running"):
        _send(sending, one)
        job_id = sending.service.call("POST", f"{sending.path}/start").json()["id"]
    return _watched(sending.service, job_id)


def _bar(length: int, label: str) -> AbstractContextManager[Any]:
    """A progress bar for whoever looks on."""
    file = sys.stderr
    return typer.progressbar(length=length, label=label, file=file, hidden=not file.isatty())


def _send(sending: Sending, one: dict[str, Any]) -> None:
    there = {part["n"]: part["sha256"] for part in one["parts"]}
    head = {"Content-Type": "text/csv" if one["csv"] else "application/x-ndjson"}
    with _bar(sum(part.size for part in sending.parts), "sending") as bar:
        for part in sending.parts:
            if there.get(part.n) != part.sha256:
                path = f"{sending.path}/parts/{part.n}"
                content = part.content(sending.file)
                kept = sending.service.call("PUT", path, head, content=content).json()
                if kept["sha256"] != part.sha256:
                    refuse(f"{sending.file} was changed while it was sent")
            bar.update(part.size)


def _watched(service: "Service", job_id: str) -> dict[str, Any]:
    """The job when it is over."""
    from .calling import wait

    with _bar(1, "merging") as bar:
        while True:
            answer = service.call("GET", f"/v1/jobs/{job_id}")
            job: dict[str, Any] = answer.json()
            if total := job["progress"]["total"]:
                bar.length = total
                bar.update(max(0, job["progress"]["done"] - bar.pos))
            if job["status"] not in ("queued", "running"):
                return job
            time.sleep(wait(answer, 1))


def _report(sending: Sending, problems: TextIO | None) -> int:
    """Print what came of the lines; how many were not taken."""
    from .calling import told

    one, shown = sending.service.get(sending.path), 0
    would = "dry run, nothing was written: " if one["dry_run"] else ""
    say(would + ", ".join(f"{name} {one['counts'][name]}" for name in COUNTS))
    rejected: int = one["counts"]["rejected"]
    for problem in _problems(sending):
        if shown < SHOWN:
            number = f" ({problem['external_id']})" if problem["external_id"] else ""
            say(f"line {problem['line']}{number}: {told(problem['problem'])}")
            shown += 1
        elif problems is None:
            say(f"and {rejected - shown} more: --resume with --problems FILE writes all of them")
            break
        if problems:
            problems.write(json.dumps(problem, ensure_ascii=False) + "\n")
    return rejected


def _problems(sending: Sending) -> Iterator[dict[str, Any]]:
    """The lines that were not taken, by their place in the file."""
    cursor: str | None = ""
    while cursor is not None:
        asked = {"limit": "200"} | ({"cursor": cursor} if cursor else {})
        page = sending.service.get(f"{sending.path}/problems", params=asked)
        for item in page["items"]:
            line = sending.parts[item.pop("part") - 1].line_of(item.pop("line"))
            yield {"line": line} | {k: v for k, v in item.items() if k != "index"}
        cursor = page["page"]["next_cursor"]
