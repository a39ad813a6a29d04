"""From the bytes of a part to documents: lines of JSON (NDJSON), or rows of a table (RFC 4180)."""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from integration_api.edge.guards import parse
from integration_api.kernel.problems import Malformed, PayloadTooLarge, Problem
from integration_api.kernel.refusals import finding_of

LONGEST = 64 * 1024
"""Bytes of one line."""
MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"
"""What some programs begin a UTF-8 file with."""


@dataclass(frozen=True, slots=True)
class Record:
    """A line that holds something: where it stands, and its document or what is wrong with it."""

    line: int
    document: object | Problem


def text_of(content: bytes) -> str:
    """The text of a part.

    Raises:
        Malformed: it is no UTF-8, or holds NUL.
    """
    try:
        text = content.decode()
    except UnicodeDecodeError as e:
        raise Malformed from e
    if "\0" in text:
        raise Malformed
    return text.removeprefix(MARK)


def records(text: str, form: Mapping[str, Any] | None) -> Iterator[Record]:
    """The records of a part: of a table where `form` says how it is laid out, else of JSON."""
    return _rows(text, form) if form else _lines(text)


def missing(text: str, form: Mapping[str, Any]) -> list[str]:
    """Pointers to what the mapping names and the header of a part does not have."""
    header = next(_table(text, form), list[str]())
    return [
        pointer for pointer, name in _named(form["columns"], "/csv/columns") if name not in header
    ]


def _lines(text: str) -> Iterator[Record]:
    for n, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield Record(n, _document(line.encode()))


def _document(line: bytes) -> object | Problem:
    if len(line) > LONGEST:
        return PayloadTooLarge()
    try:
        return parse(line)
    except Malformed as problem:
        return problem


def _table(text: str, form: Mapping[str, Any]) -> Any:
    return csv.reader(io.StringIO(text, newline=""), delimiter=form["delimiter"], strict=True)


def _rows(text: str, form: Mapping[str, Any]) -> Iterator[Record]:
    """One record a row; a row that cannot be read ends the part, since none after it can be."""
    rows, header, before = _table(text, form), list[str](), 0
    while True:
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error:
            yield Record(before + 1, Malformed())
            return
        line, before = before + 1, rows.line_num
        if not header:
            header = row
        elif any(cell.strip() for cell in row):
            yield Record(line, _filled(form["columns"], header, row))


def _filled(columns: Mapping[str, Any], header: list[str], row: list[str]) -> object | Problem:
    if len(row) > len(header):
        return Malformed(finding_of("too_long", pointer=""))
    if sum(map(len, row)) > LONGEST:
        return PayloadTooLarge()
    filled: object = _fill(columns, dict(zip(header, (cell.strip() for cell in row), strict=False)))
    return filled


def _fill(form: Any, cells: Mapping[str, str]) -> Any:
    """The form with cells in the place of their columns; what is empty is left out."""
    if isinstance(form, str):
        return cells.get(form) or None
    if isinstance(form, list):
        return [one for each in form if (one := _fill(each, cells))]
    found = {name: _fill(each, cells) for name, each in form.items()}
    return {name: value for name, value in found.items() if value is not None and value != []}


def _named(form: Any, pointer: str) -> Iterator[tuple[str, str]]:
    """Every column that a form names, with where it names it."""
    if isinstance(form, str):
        yield pointer, form
        return
    for name, each in enumerate(form) if isinstance(form, list) else form.items():
        yield from _named(each, f"{pointer}/{name}")
