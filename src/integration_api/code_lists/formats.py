"""The files that code lists come in: read whole, or refused with every line that is wrong."""

import csv
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from .service import Entry

Row = tuple[int, dict[str, Any]]
COLUMNS = ("code", "de", "en", "valid_from", "valid_to", "legal_basis")
ATTRIBUTE = "attributes."
LEFT_OUT = "-"
CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:/-]{0,63}", re.ASCII)
MOST_SHOWN = 20
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_GIVES = {"ags": (0, 1, "ars"), "ars": (1, 0, "ags")}
_CITY_DISTRICTS = {"41", "42", "61", "62"}
_UNINCORPORATED = {"65", "66"}


class LoadError(Exception):
    """A file is no code list; the message says in which lines and why."""


@dataclass(frozen=True, slots=True)
class Content:
    """What a file holds; `version` and `source` where it says so itself."""

    entries: Mapping[str, Entry]
    version: str | None = None
    source: str | None = None


def parse(form: str, name: str, data: bytes, columns: Mapping[str, str]) -> Content:
    """Read a file of one of the formats; `columns` gives its columns our names.

    Raises:
        LoadError: with all lines that are wrong, 20 at most.
    """
    text = _text(data)
    if form == "gv100ad":
        return _gv100ad(name, text)
    if form == "xrepository":
        return _xrepository(text, columns)
    return Content(_entries(_csv(text, columns)))


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def _csv(text: str, columns: Mapping[str, str]) -> Iterator[Row]:
    head, _, _ = text.partition("\n")
    reader = csv.reader(text.splitlines(), delimiter=";" if head.count(";") else ",", strict=True)
    try:
        names = _named([n.strip() for n in next(reader, [])], columns, 1)
        for cells in reader:
            if len(cells) not in (0, len(names)):
                raise LoadError(
                    f"line {reader.line_num}: {len(cells)} cells instead of {len(names)}"
                )
            if cells:
                yield reader.line_num, dict(zip(names, cells, strict=True))
    except csv.Error as error:
        raise LoadError(f"line {reader.line_num}: {error}") from error


def _xrepository(text: str, columns: Mapping[str, str]) -> Content:
    """The JSON of a list in the XRepository: `metadaten`, `spalten`, `daten`."""
    try:
        raw = json.loads(text)
        heads = [(str(c["spaltennameTechnisch"]), bool(c["codeSpalte"])) for c in raw["spalten"]]
        cells = [list(row) for row in raw["daten"]]
        meta = dict(raw["metadaten"])
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise LoadError("line 1: not the JSON of a code list in the XRepository") from error
    codes = [name for name, is_code in heads if is_code]
    known = {codes[0]: "code"} if codes else {}
    names = _named([name for name, _ in heads], {**known, **columns}, 1)
    rows = enumerate((dict(zip(names, row, strict=False)) for row in cells), 1)
    uri = meta.get("kennungInhalt") or meta.get("kennung")
    return Content(_entries(rows), meta.get("version"), f"XRepository, {uri}" if uri else None)


def _gv100ad(name: str, text: str) -> Content:
    """Gemeindeverzeichnis GV100AD of Destatis: records of fixed width, told apart by their type.

    Positions: 1-2 type (40 Kreis, 60 Gemeinde), 3-10 day of the areas, 11-12 Land, 13
    Regierungsbezirk, 14-15 Kreis, 16-18 Gemeinde, 19-22 Gemeindeverband, 23-72 name, 123-124 kind
    (41, 42, 61, 62: city that is a Kreis; 65, 66: area without a municipality). AGS = 11-18,
    ARS = 11-15, 19-22, 16-18. A Kreis has no AGS of its own: its area's, with zeros.
    """
    if name not in _GIVES:
        raise LoadError("gv100ad holds the lists `ags` and `ars`")
    code, other, attribute = _GIVES[name]
    rows: list[Row] = []
    days: set[str] = set()
    for number, line in enumerate(text.splitlines(), 1):
        area = _area(number, line)
        if area is None:
            continue
        keys, label, kind = area
        days.add(line[2:10])
        given = {f"{ATTRIBUTE}{attribute}": keys[other], f"{ATTRIBUTE}kind": kind}
        rows.append((number, {"code": keys[code], "de": label, **given}))
    if len(days) != 1:
        raise LoadError(f"{len(days)} days of the areas in one file instead of one")
    (day,) = days
    source = "Statistisches Bundesamt, Gemeindeverzeichnis (GV-ISys)"
    return Content(_entries(rows), f"{day[:4]}-{day[4:6]}-{day[6:]}", source)


def _area(number: int, line: str) -> tuple[tuple[str, str], str, str] | None:
    kind = line[122:124]
    if line[:2] not in ("40", "60") or (line[:2] == "40" and kind in _CITY_DISTRICTS):
        return None  # the record of the city itself has the same key
    if not re.fullmatch("[0-9]{13}", line[2:15], re.ASCII):
        raise LoadError(f"line {number}: no key in the columns 3 to 15")
    area = line[10:15]
    if line[:2] == "40":
        return (area + "000", area + "0000000"), line[22:72].strip(), "district"
    ags, association = line[10:18], line[18:22]
    named = "city_district" if kind in _CITY_DISTRICTS else "municipality"
    if kind in _UNINCORPORATED:
        named = "unincorporated"
    return (ags, area + association + ags[5:]), line[22:72].strip(), named


def _named(given: list[str], columns: Mapping[str, str], line: int) -> list[str]:
    """Our name of each column.

    Raises:
        LoadError: a column is unknown, or a needed one is missing or there twice.
    """
    names = [columns.get(one, one) for one in given]
    known = [n in COLUMNS or n == LEFT_OUT or n.startswith(ATTRIBUTE) for n in names]
    if unknown := [g for g, ok in zip(given, known, strict=True) if not ok]:
        raise LoadError(
            f"line {line}: unknown column {', '.join(unknown)}; give it a name of ours with"
            f" --column {unknown[0]}=NAME ({', '.join(COLUMNS)}, {ATTRIBUTE}…, or"
            f" {LEFT_OUT} to leave it out)"
        )
    for needed in ("code", "de"):
        if names.count(needed) != 1:
            raise LoadError(f"line {line}: {names.count(needed)} columns `{needed}` instead of one")
    return names


def _entries(rows: Iterable[Row]) -> dict[str, Entry]:
    found: dict[str, Entry] = {}
    wrong: list[str] = []
    for number, row in rows:
        try:
            entry = _entry(row)
            if entry.code in found:
                raise LoadError(f"the code {entry.code} is there twice")  # noqa: TRY301 - one list of all lines
            found[entry.code] = entry
        except LoadError as error:
            wrong.append(f"line {number}: {error}")
    if wrong:
        more = [f"and {len(wrong) - MOST_SHOWN} more"] if len(wrong) > MOST_SHOWN else []
        raise LoadError("\n".join(wrong[:MOST_SHOWN] + more))
    if not found:
        raise LoadError("there is no code in the file")
    return found


def _entry(row: Mapping[str, Any]) -> Entry:
    cells = {n: str(v).strip() for n, v in row.items() if v is not None and str(v).strip()}
    code, label = cells.get("code", ""), cells.get("de", "")
    if not CODE.fullmatch(code):
        raise LoadError(f"`{code}` cannot be a code")
    if not label or "\x00" in "".join(cells.values()):
        raise LoadError("no label, or one with a character that no text has")
    begins, ends = _day(cells.get("valid_from")), _day(cells.get("valid_to"))
    if begins and ends and ends <= begins:
        raise LoadError("ends before it begins")
    extra = {n.removeprefix(ATTRIBUTE): v for n, v in cells.items() if n.startswith(ATTRIBUTE)}
    return Entry(code, label, cells.get("en", label), begins, ends, cells.get("legal_basis"), extra)


def _day(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass  # 30 February
    raise LoadError(f"`{text}` is no day: YYYY-MM-DD is meant")
