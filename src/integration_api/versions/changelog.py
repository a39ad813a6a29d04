"""CHANGELOG.md as data: every line of it, or a refusal that names the line."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

PACKAGE = Path(__file__).resolve().parents[1]
PLACES = (PACKAGE / "_data" / "CHANGELOG.md", PACKAGE.parents[1] / "CHANGELOG.md")
"""Where it lies: in the installed package, or in a checkout."""
KINDS = ("Added", "Changed", "Deprecated", "Removed", "Fixed", "Security")
"""Source: Keep a Changelog 1.1.0."""
UNRELEASED = "Unreleased"
_VERSION = re.compile(
    r"## \[(Unreleased|(?:0|[1-9]\d*)(?:\.(?:0|[1-9]\d*)){2})\](?: - (\d{4}-\d\d-\d\d))?"
)
_MARKS = re.compile(r"(\*\*Contract\*\* )?(\*\*BREAKING\*\* )?(?=\S)")


@dataclass(frozen=True, slots=True)
class Change:
    """One change: its kind in lower case, its text in one line, and whom it concerns."""

    kind: str
    text: str
    contract: bool
    breaking: bool


@dataclass(slots=True)
class Version:
    """A version with its changes; `released_on` is None before it is out."""

    name: str
    released_on: date | None
    intro: str = ""
    changes: list[Change] = field(default_factory=list)

    @property
    def anchor(self) -> str:
        """Its place on the page."""
        return "unreleased" if self.name == UNRELEASED else f"v{self.name}"

    def document(self, url: str) -> dict[str, Any]:
        """The version as JSON."""
        return {
            "version": self.name,
            "released_on": self.released_on and self.released_on.isoformat(),
            "url": f"{url.rstrip('/')}/docs/changelog#{self.anchor}",
            "intro": self.intro or None,
            "changes": [
                {"kind": c.kind, "contract": c.contract, "breaking": c.breaking, "text": c.text}
                for c in self.changes
            ],
        }


def parse(text: str) -> list[Version]:
    """The versions of a changelog, newest first.

    Raises:
        ValueError: a line is none of the form; the message says which and why.
    """
    found, kind = list[Version](), ""
    for number, block in _blocks(text):
        try:
            kind = _take(found, kind, block)
        except ValueError as error:
            raise ValueError(f"CHANGELOG line {number}: {error}: {block[:60]}") from error
    _check(found)
    return found


def _take(found: list[Version], kind: str, block: str) -> str:
    """Put a block where it belongs; the kind of the changes that follow."""
    if block.startswith("## "):
        found.append(_version(block))
        return ""
    if found and block.startswith("### "):
        return _kind(block)
    if kind and block.startswith("- "):
        found[-1].changes.append(_change(kind, block[2:]))
    elif found and not kind and not block.startswith(("#", "-", "*", "|", ">")):
        found[-1].intro = f"{found[-1].intro}\n\n{block}".strip()
    elif found or block.startswith(("##", "-")):
        raise ValueError("stands where no such thing may stand")
    return kind


def _blocks(text: str) -> Iterator[tuple[int, str]]:
    """Headings, items, paragraphs, each joined to one line, with the number of its first line."""
    number, parts = 0, list[str]()
    for at, line in enumerate((*text.splitlines(), ""), 1):
        if parts and (not line.strip() or line.startswith(("#", "- ")) or parts[0][0] == "#"):
            yield number, " ".join(parts)
            parts = []
        if line.strip():
            number = number if parts else at
            parts.append(line.strip())


def _version(block: str) -> Version:
    match = _VERSION.fullmatch(block)
    if match is None:
        raise ValueError("is no `## [1.2.3] - 2026-12-31` and no `## [Unreleased]`")
    if (match[1] == UNRELEASED) != (match[2] is None):
        raise ValueError("a version has its day, what is not released has none")
    return Version(match[1], date.fromisoformat(match[2]) if match[2] else None)


def _kind(block: str) -> str:
    name = block.removeprefix("### ")
    if name not in KINDS:
        raise ValueError(f"is none of {', '.join(KINDS)}")
    return name.lower()


def _change(kind: str, block: str) -> Change:
    match = _MARKS.match(block)
    assert match is not None
    text = block[match.end() :]
    if re.search(r"\bBREAKING\b|\*\*Contract\*\*", text):
        raise ValueError("the marks stand in front: **Contract** **BREAKING**")
    if match[2] and not match[1]:
        raise ValueError("what breaks a client changes the **Contract**")
    return Change(kind, text, contract=bool(match[1]), breaking=bool(match[2]))


def _check(found: list[Version]) -> None:
    if not found:
        raise ValueError("CHANGELOG: there is no version in it")
    names = [one.name for one in found]
    order = [[10**9] if n == UNRELEASED else list(map(int, n.split("."))) for n in names]
    if order != sorted(order, reverse=True) or len(set(names)) != len(names):
        raise ValueError("CHANGELOG: the versions are not each there once, newest first")


@lru_cache(maxsize=1)
def changelog() -> tuple[Version, ...]:
    """That of this version.

    Raises:
        ValueError: it is out of form.
        FileNotFoundError: the package lacks it.
    """
    for place in PLACES:
        if place.is_file():
            return tuple(parse(place.read_text("utf-8")))
    raise FileNotFoundError("CHANGELOG.md")
