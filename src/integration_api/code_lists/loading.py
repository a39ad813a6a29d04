"""Loading a list into the database, as the owner of the tables: whole or not at all."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date
from itertools import islice
from typing import Any

from asyncpg import Connection

from integration_api.kernel import clock

from . import service
from .formats import LoadError
from .service import Entry
from .statements import VALUES
from .statements_loading import CODES, END, FIND, PUT, PUT_HEAD

AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class NewVersion:
    """A list as it was published on a day; `whole`: what it does not name has ended."""

    name: str
    version: date
    title: Mapping[str, str]
    source: str
    entries: Mapping[str, Entry]
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many codes were written, and how many ended."""

    written: int
    ended: int


def must_be_open(name: str) -> None:
    """Refuse a list whose codes the service itself lives by.

    Raises:
        LoadError: it is one of those.
    """
    shipped = service.shipped().get(name)
    if shipped and not shipped.open:
        raise LoadError(f"the list {name} is the service's own: it changes with the version alone")


async def load(connection: Connection, new: NewVersion, progress: Callable[[int], None]) -> Outcome:
    """Write the codes of a version in the caller's transaction; `progress` hears of each batch.

    A code that the version does not name stays and ends with its day. The same version twice
    changes nothing.

    Raises:
        LoadError: a newer version is loaded already, or the list is the service's own.
    """
    must_be_open(new.name)
    head = await connection.fetchrow(FIND.sql, *FIND.args({"name": new.name}))
    if head and head["version"] > new.version:
        raise LoadError(f"{new.name} is loaded in the newer version {head['version']}")
    if not head:
        await _run(connection, PUT_HEAD, new)
    there = {row["code"] for row in await _run(connection, CODES, new)}
    written = 0
    rows = iter([*new.entries.values(), *_ended(new, there)])
    while batch := [_row(entry) for entry in islice(rows, AT_ONCE)]:
        written += len(await _run(connection, PUT, new, rows=batch))
        progress(len(batch))
    ended = 0
    if new.whole:
        gone = sorted(there - new.entries.keys())
        ended = len(await _run(connection, END, new, codes=gone))
    if head and (written or ended or head["version"] != new.version):
        await _run(connection, PUT_HEAD, new)
    return Outcome(written, ended)


def _ended(new: NewVersion, there: set[str]) -> list[Entry]:
    """The codes of the package that neither this version nor one before it named."""
    shipped = service.shipped().get(new.name)
    if shipped is None or not new.whole:
        return []
    left = [e for code, e in shipped.entries.items() if code not in new.entries.keys() | there]
    return [
        replace(e, valid_to=new.version, valid_from=None)
        for e in left
        if e.valid_to is None or e.valid_to > new.version
    ]


def _row(entry: Entry) -> dict[str, Any]:
    cells = asdict(replace(entry, attributes={}))
    english = None if entry.en == entry.de else entry.en
    return {n: cells[n] for n in ("code", *VALUES)} | {
        "en": english,
        "attributes": dict(entry.attributes),
    }


async def _run(connection: Connection, statement: Any, new: NewVersion, **more: Any) -> Any:
    given = {
        "name": new.name,
        "day": new.version,
        "title_de": new.title["de"],
        "title_en": new.title["en"],
        "source": new.source,
        "me_now": clock.now(),
        **more,
    }
    return await connection.fetch(statement.sql, *statement.args(given))
