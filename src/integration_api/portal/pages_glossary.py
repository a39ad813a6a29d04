"""The glossary as a page, from the one that stands in the documentation."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

import yaml
from fastapi import Request, Response

from integration_api.code_lists.service import Language

from . import service
from .frame import fill, lang_of, page
from .texts import prose, say, texts

NAMES = ("words", "agency_types", "jurisdictions", "compartments", "states")
"""Its parts, in order: what their headings are called among the texts."""


@dataclass(frozen=True, slots=True)
class Part:
    """A table with its heading: rows of German, English name, meaning, source."""

    name: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


def glossary(request: Request) -> Response:
    """German terms, English names, meanings and sources."""
    lang = lang_of(request)
    shown = "\n".join(_shown(part, lang) for part in parts())
    title = texts()["glossary_title"][lang == "en"]
    return page(request, title, fill("glossary", lang, {"parts": shown}))


@lru_cache(maxsize=1)
def parts() -> Sequence[Part]:
    """The tables of `docs/glossary.md`.

    Raises:
        ValueError: it has another number of parts than there are headings for.
    """
    written = service.packaged("docs", "glossary.md").decode("utf-8")
    sections = re.split(r"^## ", written, flags=re.MULTILINE)[1:]
    return [_part(name, text) for name, text in zip(NAMES, sections, strict=True)]


@lru_cache(maxsize=1)
def german() -> Mapping[str, Mapping[str, str]]:
    """The German meanings, by part and English name."""
    text = (files(__package__) / "glossary.yaml").read_text("utf-8")
    found: Mapping[str, Mapping[str, str]] = yaml.load(text, Loader=yaml.CSafeLoader)
    return found


def meaning(part: str, row: Sequence[str]) -> str:
    """What a row means, in German.

    Raises:
        KeyError: there is no German for it yet.
    """
    term, name, english, _ = row
    name = name.replace("`", "")
    if part == "jurisdictions":
        return german()["kinds"][english]
    for key, said in german()[part].items():
        named, _, told_apart = key.partition(" / ")
        first, _, word = told_apart.partition(" / ")
        if named == name and first in ("", term) and word in english:
            return said
    raise KeyError(name)


def _part(name: str, text: str) -> Part:
    lines = [line for line in text.splitlines() if line.startswith("|")]
    head, _, *rows = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
    return Part(name, head, [[cell.strip("| ") for cell in row] for row in rows])


def _shown(part: Part, lang: Language) -> str:
    title = say(f"glossary_{part.name}", lang)
    head = "".join(f'<th scope="col">{_column(name, lang)}</th>' for name in part.columns)
    rows = "\n".join(_row(part, row, lang) for row in part.rows)
    return (
        f'<section>\n<h2 id="{part.name}">{title}</h2>\n'
        f'<div class="wide" tabindex="0" role="region" aria-labelledby="{part.name}">\n'
        f'<table class="rows">\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n'
        f"</table>\n</div>\n</section>"
    )


def _row(part: Part, row: Sequence[str], lang: Language) -> str:
    term, name, english, source = row
    told = meaning(part.name, row) if lang == "de" else english
    cells = "".join(f"<td>{prose(cell)}</td>" for cell in (name, told, source))
    return f'<tr><th scope="row" lang="de">{prose(term)}</th>{cells}</tr>'


def _column(name: str, lang: Language) -> str:
    return say(f"glossary_column_{name.lower().replace(' ', '_')}", lang)
