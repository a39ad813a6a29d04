"""How a file becomes the parts of an import: cut between lines or rows, never inside one."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from .base import refuse

MOST_BYTES = 8 * 1024 * 1024
MOST_LINES = 100_000
MOST_PARTS = 50
"""What the service takes."""
MARK = b"\xef\xbb\xbf"
"""What some programs begin a UTF-8 file with."""


@dataclass(frozen=True, slots=True)
class Row:
    """What is not cut: a line of JSON, or a row of a table, which may be several lines."""

    content: bytes
    lines: int


@dataclass(slots=True)
class Part:
    """A piece of a file, which begins at byte `start` and at `line`; a table's header is before it.

    Only its place is kept: a file may be larger than the memory.
    """

    n: int
    header: Row
    start: int
    line: int
    size: int = 0
    lines: int = 0
    _hash: Any = field(default_factory=sha256)

    def __post_init__(self) -> None:
        self.add(self.header)

    def takes(self, row: Row, most: int) -> bool:
        """Whether there is room for a row."""
        return self.size + len(row.content) <= most and self.lines + row.lines <= MOST_LINES

    def add(self, row: Row) -> None:
        """Take a row."""
        self.size += len(row.content)
        self.lines += row.lines
        self._hash.update(row.content)

    @property
    def sha256(self) -> str:
        """Of its content, in hexadecimal digits."""
        return str(self._hash.hexdigest())

    def content(self, path: Path) -> bytes:
        """What is sent."""
        with path.open("rb") as file:
            file.seek(self.start)
            return self.header.content + file.read(self.size - len(self.header.content))

    def line_of(self, line: int) -> int:
        """The line of the file that is this line of the part."""
        after = line - self.header.lines
        return self.line + after - 1 if after > 0 else line


def cut(path: Path, delimiter: str | None, most: int = MOST_BYTES) -> list[Part]:
    """The parts of a file, of a table where there is a delimiter, else of JSON lines.

    Raises:
        RefusalError: it is empty, too large, no UTF-8, or cannot be read as a table.
    """
    try:
        return _cut(path, delimiter, most)
    except UnicodeDecodeError:
        refuse(f"{path} is not UTF-8: save it anew in this encoding")


def _cut(path: Path, delimiter: str | None, most: int) -> list[Part]:
    parts: list[Part] = []
    rows = _rows(path, delimiter) if delimiter else _lines(path, most)
    header = next(rows, Row(b"", 0)) if delimiter else Row(b"", 0)
    marked = _marked(path) if delimiter else 0
    at, line = marked + len(header.content), 1 + header.lines
    for row in rows:
        if not parts or not parts[-1].takes(row, most):
            if len(parts) == MOST_PARTS:
                refuse(
                    f"{path} is more than {MOST_PARTS} parts of at most {most} bytes and"
                    f" {MOST_LINES} lines: divide it, and import one file after the other"
                )
            fresh = Part(len(parts) + 1, header, at, line)
            if not fresh.takes(row, most):
                refuse(f"{path}, line {line}: it is longer than a part may be ({most} bytes)")
            parts.append(fresh)
        parts[-1].add(row)
        at, line = at + len(row.content), line + row.lines
    if not parts:
        refuse(f"{path} holds nothing to import")
    return parts


def _marked(path: Path) -> int:
    with path.open("rb") as file:
        return len(MARK) if file.read(len(MARK)) == MARK else 0


def _lines(path: Path, most: int) -> Iterator[Row]:
    with path.open("rb") as file:
        while line := file.readline(most + 1):  # one more is enough to see that it is too long
            if len(line) <= most:
                line.decode()
            yield Row(line, 1)


def _rows(path: Path, delimiter: str) -> Iterator[Row]:
    """Rows, with the very bytes that they are read from."""
    taken: list[str] = []
    before = 0
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.reader(_noted(file, taken), delimiter=delimiter, strict=True)
        while True:
            try:
                next(rows)
            except StopIteration:
                return
            except csv.Error as error:
                refuse(f"{path}, line {before + 1}: the row cannot be read as CSV: {error}")
            yield Row("".join(taken).encode(), rows.line_num - before)
            before = rows.line_num
            taken.clear()


def _noted(file: Iterator[str], taken: list[str]) -> Iterator[str]:
    for line in file:
        taken.append(line)
        yield line
