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
def german() -> Mapping[str, str]:
    """The German of a meaning, by its English."""
    text = (files(__package__) / "glossary.yaml").read_text("utf-8")
    found: Mapping[str, str] = yaml.load(text, Loader=yaml.CSafeLoader)
    return found


def _part(name: str, text: str) -> Part:
    lines = [line for line in text.splitlines() if line.startswith("|")]
    head, _, *rows = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
    return Part(name, head, [[cell.strip("| ") for cell in row] for row in rows])


def _shown(part: Part, lang: Language) -> str:
    title = say(f"glossary_{part.name}", lang)
    head = "".join(f'<th scope="col">{_column(name, lang)}</th>' for name in part.columns)
    rows = "\n".join(_row(part.columns, row, lang) for row in part.rows)
    return (
        f'<section aria-labelledby="{part.name}">\n<h2 id="{part.name}">{title}</h2>\n'
        f'<div class="wide" tabindex="0" role="region" aria-labelledby="{part.name}">\n'
        f'<table class="rows">\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n'
        f"</table>\n</div>\n</section>"
    )


def _row(columns: Sequence[str], row: Sequence[str], lang: Language) -> str:
    cells = []
    for column, cell in zip(columns, row, strict=True):
        if column == "German":
            cells.append(f'<th scope="row" lang="de">{prose(cell)}</th>')
        else:
            cells.append(f"<td>{prose(_told(column, cell, lang))}</td>")
    return f"<tr>{''.join(cells)}</tr>"


def _told(column: str, cell: str, lang: Language) -> str:
    """A meaning in the reader's language; names and sources are the same in both."""
    if lang == "de" and cell in german():
        return german()[cell]
    return cell


def _column(name: str, lang: Language) -> str:
    return say(f"glossary_column_{name.lower().replace(' ', '_')}", lang)
