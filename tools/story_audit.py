"""The story's last scene: who had read what, and that nobody rewrote who changed what."""

import asyncio
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg

from integration_api.cli.place import DATABASE
from integration_api.postgres.launcher import LocalPostgres
from tools.storyteller import PROGRAM, Story, UnexpectedError, must

OFFICERS: dict[str | None, str] = {
    "wuppertal-case-management/data_protection_officer": "officer, case management",
    "wuppertal-jobcenter/data_protection_officer": "officer, Jobcenter",
}
NAMES = OFFICERS
PATIENCE = 20
BROKEN = 3


def the_logs_tell(story: Story) -> None:
    """Each officer reads her own agency's log; an entry edited by hand is named."""
    person = story.id("person")
    story.tell("The person asks who had read its data. Each office's own officer answers for it.")
    for who, name in OFFICERS.items():
        path = f"/v1/access-records?person_id={person}&limit=100"
        rows = story.call(who, "GET", path).json()["items"]
        must(rows, f"{name}: the office had read it")
        agencies = {row["agency_id"] for row in rows}
        must(len(agencies) == 1, "she sees what her own office did, and no other's")
        for row in reversed(rows[:4]):
            kinds = ", ".join(row["compartments"])
            story.tell(f"{row['at'][11:19]}  {row['operation']}: {kinds}; for {row['purpose']}")
    story.call("wuppertal-jobcenter", "GET", "/v1/access-records", expected=403)
    story.tell("Nobody else reads it. What the 404 after the revocation showed: nothing, no row.")
    story.tell("Who changed what is sealed every second, and the head kept outside the database.")
    proven(story, "whole: ", 0)
    with edited(story, story.id("consent")) as number:
        story.tell(f"A superuser takes the triggers away and rewrites entry {number} by hand.")
        said = proven(story, f"entry {number} ", BROKEN)
        story.tell(next(line for line in said.splitlines() if "BROKEN" in line).strip())
    proven(story, "whole: ", 0)
    story.tell("Put back as it was, the chain is whole again.")


def proven(story: Story, expected: str, code: int) -> str:
    """What `audit verify` says, once it says what it should.

    Raises:
        UnexpectedError: it does not say so in time.
    """
    folder = data_folder(story)
    anchor = folder / "audit" / "anchor.jsonl"
    command = ["env", f"INTEGRATION_API_DATA_DIR={folder}", "INTEGRATION_API_LOG_LEVEL=warning"]
    command += [str(PROGRAM), "audit", "verify", f"--anchor={anchor}"]
    end = time.monotonic() + PATIENCE
    while True:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        sealed = "not sealed since" not in done.stdout
        if done.returncode == code and expected in done.stdout and sealed:
            return done.stdout
        must(time.monotonic() < end, f"audit verify says “{expected}”: {done.stdout}{done.stderr}")
        time.sleep(0.2)


@contextmanager
def edited(story: Story, object_id: str) -> Iterator[int]:
    """The last sealed entry about something, rewritten for the length of the block."""
    there = "select n, canonical from ia.audit_entry where object_id = $1 and n > 0 order by n desc"
    number, text = one(story, there, object_id)
    change(story, number, text.replace("consent.revoked", "consent.granted"))
    try:
        yield number
    finally:
        change(story, number, text)


def change(story: Story, number: int, text: str) -> None:
    """Write an entry's text as only a superuser without the triggers can."""
    city = "(select municipality_id from ia.agency where slug = 'wuppertal-jobcenter')"
    one(
        story,
        f"update ia.audit_entry set canonical = $2 where n = $1 and municipality_id = {city}"  # noqa: S608 - no value
        " returning n, canonical",
        number,
        text,
    )


def one(story: Story, sql: str, *args: object) -> tuple[int, str]:
    """One row, as the superuser of the demo's server."""
    server = LocalPostgres(data_folder(story) / "postgres").attach()

    async def run() -> asyncpg.Record | None:
        connection = await asyncpg.connect(server.dsn("postgres", DATABASE), timeout=10)
        try:
            await connection.execute("set session_replication_role = replica")
            return await connection.fetchrow(sql, *args)
        finally:
            await connection.close()

    row = asyncio.run(run())
    if row is None:
        raise UnexpectedError("not so: the entry is there")
    return int(row[0]), str(row[1])


def data_folder(story: Story) -> Path:
    """The folder of the demo's data."""
    return story.credentials.resolve().parent.parent


SCENES: list[tuple[str, Callable[[Story], None]]] = [
    ("Who had read what, and who rewrote what", the_logs_tell),
]
