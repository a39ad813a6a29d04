"""What of the API ends, and when: one table that the contract, the headers and a page are made of.

Source: RFC 9745 (`Deprecation`), RFC 8594 (`Sunset`), RFC 5829 (`successor-version`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from email.utils import format_datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from .parts import Document, calls

NOTICE_MONTHS = 6
"""Least time between the announcement and the end."""
HEADERS: Mapping[str, Document] = {
    "Deprecation": {
        "description": "Since when the operation is deprecated: `@`, then Unix seconds (RFC 9745).",
        "schema": {"type": "string", "pattern": "^@-?[0-9]+$", "maxLength": 20},
    },
    "Sunset": {
        "description": "From when on the operation may be gone (RFC 8594).",
        "schema": {"type": "string", "maxLength": 40},
    },
    "Link": {
        "description": "Where to read about it: `deprecation`, `sunset`, `successor-version`;"
        " of a page its neighbours too.",
        "schema": {"type": "string", "maxLength": 2000},
    },
}


@dataclass(frozen=True, slots=True)
class Deprecation:
    """An operation that ends; both days begin at midnight, UTC.

    Raises:
        ValueError: it would end sooner than six months after it was announced.
    """

    operation: str
    deprecated_at: date
    sunset_at: date
    successor: str | None
    text_de: str
    text_en: str

    def __post_init__(self) -> None:
        if not _months_apart(self.deprecated_at, self.sunset_at) >= NOTICE_MONTHS:
            raise ValueError(
                f"{self.operation}: its end on {self.sunset_at} is less than {NOTICE_MONTHS} months"
                f" after {self.deprecated_at}"
            )

    @property
    def page(self) -> str:
        """Path of what is written about it."""
        return f"/docs/deprecations#{self.operation}"

    def headers(self, url: str) -> tuple[tuple[str, str], ...]:
        """What every answer of the operation says; `url` is the public address."""
        base = url.rstrip("/")
        links = (
            f'<{base}{self.page}>; rel="deprecation"; type="text/html"',
            f'<{base}/docs/compatibility>; rel="sunset"; type="text/html"',
        )
        return (
            ("Deprecation", f"@{int(_midnight(self.deprecated_at).timestamp())}"),
            ("Sunset", format_datetime(_midnight(self.sunset_at), usegmt=True)),
            ("Link", ", ".join(links)),
        )

    def document(self, url: str) -> dict[str, Any]:
        """The entry as JSON."""
        return {
            "operation_id": self.operation,
            "deprecated_at": f"{self.deprecated_at}T00:00:00Z",
            "sunset_at": f"{self.sunset_at}T00:00:00Z",
            "successor": self.successor,
            "text": {"de": self.text_de, "en": self.text_en},
            "url": f"{url.rstrip('/')}{self.page}",
        }


def announce(doc: Document, table: Iterable[Deprecation]) -> None:
    """What the contract says of operations that end, each at itself.

    Raises:
        ValueError: the operation, or its successor, does not exist.
    """
    ending = {one.operation: one for one in table}
    found = {op["operationId"]: op for _, _, op in calls(doc)}
    check(ending.values(), found)
    for name, one in ending.items():
        op = found[name]
        op["deprecated"] = True
        op["x-deprecated-at"], op["x-sunset"] = str(one.deprecated_at), str(one.sunset_at)
        if one.successor:
            op["x-successor"] = one.successor
        text = f"**Deprecated** since {one.deprecated_at}, may be gone from {one.sunset_at} on."
        op["description"] = f"{op.get('description', '')}\n\n{text} {one.text_en}".strip()
        for code in [c for c in op["responses"] if c[0] in "23"]:
            refs = {name: {"$ref": f"#/components/headers/{name}"} for name in HEADERS}
            op["responses"][code].setdefault("headers", {}).update(refs)
            doc["components"]["headers"].update({n: dict(part) for n, part in HEADERS.items()})


def check(table: Iterable[Deprecation], operations: Iterable[str]) -> None:
    """Whether all that the table names is there.

    Raises:
        ValueError: an operation, or a successor, does not exist, or an operation ends twice.
    """
    there, seen = set(operations), set[str]()
    for one in table:
        if missing := {one.operation, one.successor or one.operation} - there:
            raise ValueError(f"deprecated, but no operation: {', '.join(sorted(missing))}")
        if one.successor == one.operation or one.operation in seen:
            raise ValueError(f"{one.operation}: deprecated twice, or in favour of itself")
        seen.add(one.operation)


@lru_cache(maxsize=1)
def deprecations() -> tuple[Deprecation, ...]:
    """The table of this version.

    Raises:
        ValueError: an entry ends too soon.
    """
    text = Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8")
    return tuple(read(yaml.load(text, yaml.CSafeLoader)))


def read(entries: Mapping[str, Mapping[str, Any]]) -> Iterable[Deprecation]:
    """The entries of a table."""
    for name, entry in entries.items():
        de, en = entry["text"]
        days = entry["deprecated_at"], entry["sunset_at"]
        yield Deprecation(name, *days, entry["successor"], text_de=de, text_en=en)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _months_apart(first: date, last: date) -> int:
    months = (last.year - first.year) * 12 + last.month - first.month
    return months - (last.day < first.day)
