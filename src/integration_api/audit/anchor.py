"""The anchor: signed heads, line by line, in a file outside the database that is only appended to.

Whoever rewrites the database, its head included, cannot make these lines fit. A line that a crash
tore is left where it is and is worth as much as a line that is missing.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

import orjson

from integration_api.kernel.settings import Settings

from .chain import Head

KEPT = "audit/anchor.jsonl"


@dataclass(frozen=True, slots=True)
class Signed:
    """A head with the name of its key and its signature."""

    head: Head
    key_id: str
    signature: bytes


def path_of(settings: Settings) -> Path:
    """The file of the settings, or the one in the data folder."""
    return settings.audit_anchor or settings.data_dir / KEPT


class Anchor:
    """Appends each head once; after a start it repeats the present ones, which does no harm."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._last: dict[UUID, Signed] = {}

    def keep(self, heads: list[Signed]) -> int:
        """Append the heads that differ from the last kept ones, on disk when this returns.

        Raises:
            OSError: the file cannot be written; the heads are due again the next time.
        """
        due = [one for one in heads if self._last.get(one.head.municipality_id) != one]
        if due:
            self._append(b"".join(_line(one) for one in due))
            self._last |= {one.head.municipality_id: one for one in due}
        return len(due)

    def _append(self, lines: bytes) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        place = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o640)
        try:
            size = os.fstat(place).st_size
            torn = size > 0 and os.pread(place, 1, size - 1) != b"\n"
            os.write(place, b"\n" + lines if torn else lines)
            os.fsync(place)
        finally:
            os.close(place)


def read(path: Path) -> Iterator[tuple[int, Signed | None]]:
    """The lines of a file with their numbers; None for one that is no whole head.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                yield number, _parsed(line)


def _line(one: Signed) -> bytes:
    head = one.head
    return orjson.dumps(
        {
            "municipality_id": str(head.municipality_id),
            "n": head.n,
            "hash": head.hash.hex(),
            "sealed_at": head.sealed_at.isoformat(),
            "key_id": one.key_id,
            "signature": one.signature.hex(),
        },
        option=orjson.OPT_APPEND_NEWLINE,
    )


def _parsed(line: bytes) -> Signed | None:
    try:
        said = orjson.loads(line)
        head = Head(
            UUID(said["municipality_id"]),
            int(said["n"]),
            bytes.fromhex(said["hash"]),
            datetime.fromisoformat(said["sealed_at"]),
        )
        return Signed(head, str(said["key_id"]), bytes.fromhex(said["signature"]))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
