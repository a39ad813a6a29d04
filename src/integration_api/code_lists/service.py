"""The lists: from the package and, extended by what an operator loaded; then pure look-ups."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Literal

import yaml

from integration_api.kernel import clock
from integration_api.kernel.problems import UnknownReference

from .names import fold

Language = Literal["de", "en"]
SYSTEM_ONLY = "system_only"
_NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Entry:
    """One code; `valid_from` is its first day, `valid_to` the first day without it."""

    code: str
    de: str
    en: str
    valid_from: dt.date | None = None
    valid_to: dt.date | None = None
    legal_basis: str | None = None
    attributes: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)
    de_simple: str | None = None

    def on(self, day: dt.date) -> bool:
        """Whether the code is in use on that day."""
        begun = self.valid_from is None or self.valid_from <= day
        return begun and (self.valid_to is None or day < self.valid_to)


@dataclass(frozen=True, slots=True, eq=False)
class CodeList:
    """A named, versioned list; `open` where an operator may load the rest of it."""

    name: str
    version: str
    title: Mapping[str, str]
    source: str
    entries: Mapping[str, Entry]
    open: bool = False


_merged: dict[str, Mapping[str, CodeList]] = {}


def lists() -> Mapping[str, CodeList]:
    """All lists by name, in the order of their names."""
    return _merged.get("lists") or shipped()


def extend(loaded: Iterable[CodeList]) -> None:
    """Serve these lists on top of the shipped ones, in this process, from now on."""
    found = dict(shipped())
    for one in loaded:
        found[one.name] = _on_top(found.get(one.name), one)
    _merged["lists"] = MappingProxyType(dict(sorted(found.items())))


def _on_top(below: CodeList | None, above: CodeList) -> CodeList:
    """What is loaded wins; attributes and labels that it lacks stay as shipped."""
    if below is None:
        return above
    codes = dict(below.entries)
    for code, entry in above.entries.items():
        if old := codes.get(code):
            entry = replace(
                entry,
                en=old.en if entry.en == entry.de else entry.en,
                legal_basis=entry.legal_basis or old.legal_basis,
                attributes={**old.attributes, **entry.attributes},
                de_simple=old.de_simple,
            )
        codes[code] = entry
    ordered = {code: codes[code] for code in sorted(codes)}
    return replace(above, title=below.title, entries=MappingProxyType(ordered), open=True)


@lru_cache(maxsize=1)
def shipped() -> Mapping[str, CodeList]:
    """The lists of the package."""
    folder = files(__package__) / "data"
    texts = (f.read_text("utf-8") for f in folder.iterdir() if f.name.endswith(".yaml"))
    loaded = (_list(yaml.load(text, Loader=yaml.CSafeLoader)) for text in texts)
    return MappingProxyType({one.name: one for one in sorted(loaded, key=lambda one: one.name)})


def known(name: str, code: str, day: dt.date) -> bool:
    """Whether the code is in that list and in use on that day."""
    entry = lists()[name].entries.get(code)
    return entry is not None and entry.on(day)


def must_know(name: str, code: str, pointer: str, day: dt.date | None = None) -> None:
    """Refuse a code that a request may not name: unknown, out of use, or the service's own.

    Raises:
        UnknownReference: at `pointer` (409).
    """
    if not known(name, code, day or clock.today()) or attributes(name, code).get(SYSTEM_ONLY):
        raise UnknownReference(pointer)


def attributes(name: str, code: str) -> Mapping[str, Any]:
    """What the list says about a code beyond its labels; nothing for an unknown code."""
    entry = lists()[name].entries.get(code)
    return entry.attributes if entry else _NOTHING


def label(name: str, code: str, lang: Language) -> str:
    """The code's label; an unknown code is shown as it is."""
    entry = lists()[name].entries.get(code)
    if entry is None:
        return code
    return entry.de if lang == "de" else entry.en


def entries(name: str, day: dt.date | None = None) -> tuple[Entry, ...]:
    """The codes of a list in its own order; with a day, those in use then."""
    return tuple(e for e in lists()[name].entries.values() if day is None or e.on(day))


def found(one: CodeList, day: dt.date | None, beginning: str | None) -> tuple[Entry, ...]:
    """The codes in use on a day that begin, or whose label begins, with a text."""
    rows: Iterable[Entry] = one.entries.values()
    if beginning is not None:
        wanted = "\n" + fold(beginning)
        rows = (entry for entry, folds in _folded(one) if wanted in folds)
    return tuple(e for e in rows if day is None or e.on(day))


_BARE = str.maketrans("äöüÄÖÜ", "aouAOU")
"""Who has no umlauts types `koln`, as well as `koeln`."""


@lru_cache(maxsize=128)
def _folded(one: CodeList) -> tuple[tuple[Entry, str], ...]:
    """Each code with its folds, a line each: worked out once for each version of a list."""
    return tuple(
        (e, "".join(f"\n{fold(t)}" for t in (e.code, e.de, e.en, e.de.translate(_BARE))))
        for e in one.entries.values()
    )


def version_of(name: str) -> str:
    """The version of a list, stored beside a code where law is behind it."""
    return lists()[name].version


def _list(raw: Mapping[str, Any]) -> CodeList:
    rows = [Entry(**row) for row in raw["entries"]]
    return CodeList(
        name=raw["name"],
        version=raw["version"],
        title=raw["title"],
        source=raw["source"],
        entries=MappingProxyType({row.code: row for row in rows}),
        open=raw.get("open", False),
    )
