"""The glossary, and where the contract says its German terms.

One table, `terms.yaml`: the glossary in the documentation and on the portal is made of it, and the
keywords `x-term-de` and `x-term-source` of the contract.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import Any

import yaml

from .parts import Document, pascal

GERMAN, SOURCE = "x-term-de", "x-term-source"
OWN = "Text"
"""The source of what we defined ourselves."""
SHAPES = ("", "In", "Out", "Patch")
"""What the names of the schemas of a noun end in."""
NAME = re.compile(r"`([a-z_]+)`")
WORDS = "words"
"""The part whose terms stand in the contract; those of the others are codes."""


@dataclass(frozen=True, slots=True)
class Term:
    """A term of the field: `name` is the English one, with what is code in backticks."""

    german: str
    name: str
    de: str
    en: str
    source: str
    at: Sequence[str] | None = None

    @property
    def places(self) -> Sequence[str]:
        """Where it stands: at `Schema`, at `Schema.member`, at that `member` of every schema."""
        if self.at is not None:
            return self.at
        names = NAME.findall(self.name)
        return [*names, *(pascal(name) + shape for name in names for shape in SHAPES)]


@dataclass(frozen=True, slots=True)
class Part:
    """A table of the glossary; `column` is what its third column is called."""

    name: str
    column: str
    terms: Sequence[Term]


@lru_cache(maxsize=1)
def glossary() -> Sequence[Part]:
    """The parts of the glossary, in order."""
    text = Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8")
    found: Mapping[str, Any] = yaml.load(text, yaml.CSafeLoader)
    return [
        Part(name, part["column"], [Term(**row) for row in part["terms"]])
        for name, part in found.items()
    ]


def terms() -> Sequence[Term]:
    """The terms that stand in the contract."""
    return next(part.terms for part in glossary() if part.name == WORDS)


def say_terms(doc: Document, terms: Iterable[Term]) -> None:
    """The German term, and the law that it comes from, at schemas and their members.

    What is said of one schema's member wins over what is said of that member everywhere.

    Raises:
        ValueError: two terms are meant for one place.
    """
    found = _placed(terms)
    for name, schema in doc["components"]["schemas"].items():
        _say(schema, found.get(name))
        for member, node in schema.get("properties", {}).items():
            _say(node, found.get(f"{name}.{member}", found.get(member)))


def _placed(terms: Iterable[Term]) -> Mapping[str, Term]:
    found: dict[str, Term] = {}
    for place, term in chain.from_iterable(((p, t) for p in t.places) for t in terms):
        if place in found:
            raise ValueError(f"{place} is both {found[place].german} and {term.german}")
        found[place] = term
    return found


def _say(node: Document, term: Term | None) -> None:
    if term:
        node[GERMAN] = term.german
        if term.source != OWN:
            node[SOURCE] = term.source
