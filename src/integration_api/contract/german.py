"""The German twin of the contract: the same document, in which only the texts are others.

A text is translated block by block: a block is a paragraph or an item of a list, and a wrapped
line counts as a space, so that wrapping English anew costs no translation. German that the code
has already is taken from there: labels of states, titles of problems, words of findings. All other
blocks stand in the catalogue `de.po`. Nothing here runs while the service serves: it hands out the
bytes that were committed.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from integration_api.kernel.lifecycle import Lifecycle
from integration_api.kernel.problems import REGISTRY
from integration_api.kernel.refusals import FINDINGS

from .parts import AGAIN, DATA, Document, event_summary, moved, state_line

NAMES = ("properties", "schemas", "patternProperties")
"""Members whose own keys are names and no keywords."""
SAID = ("summary", "description")
BLOCKS = re.compile(r"(\n\n|\n(?=- ))")
WAY = re.compile(r"From (?P<sources>[\w, ]+) to (?P<target>\*\*\w+\*\*); by (?P<by>[\w, ]+)\.")
"""Which way an arrow goes, as `kernel.operations.transition` writes it."""


class Words:
    """English block → German block; remembers what was asked for and what has no German yet."""

    def __init__(
        self,
        catalogue: Mapping[str, str],
        lifecycles: Iterable[Lifecycle[Any]] = (),
        told: Iterable[tuple[str, str]] = (),
    ) -> None:
        """`told` are pairs of German and English that stand in the code."""
        self.catalogue = catalogue
        self.asked: set[str] = set()
        self.known = {english: german for german, english in (*_registered(), *told)}
        self.known |= dict(self._drawn(tuple(lifecycles)))

    @property
    def missing(self) -> list[str]:
        """The blocks that were asked for and have no German, in order."""
        return sorted(block for block in self.asked if not self.catalogue.get(block))

    @property
    def unused(self) -> list[str]:
        """The entries that nobody asked for, in order."""
        return sorted(self.catalogue.keys() - self.asked)

    def block(self, english: str) -> str:
        """German of one block; where there is none yet, the English itself."""
        if english in self.known:
            return self.known[english]
        if english.endswith(AGAIN) and english != AGAIN:
            return f"{self.block(english.removesuffix(AGAIN).strip())} {self.block(AGAIN)}"
        if way := WAY.fullmatch(english):
            return "Von {sources} nach {target}; durch {by}.".format(**way.groupdict())
        self.asked.add(english)
        return self.catalogue.get(english) or english

    def text(self, english: str) -> str:
        """German of a whole text, with its paragraphs and lists where they were."""
        titles = english.split(" · ")
        if all(title in self.known for title in titles):
            return " · ".join(self.known[title] for title in titles)
        cut = BLOCKS.split(english.strip("\n"))
        return "".join(
            part if at % 2 else self.block(" ".join(part.split())) for at, part in enumerate(cut)
        )

    def _drawn(self, lifecycles: tuple[Lifecycle[Any], ...]) -> Iterator[tuple[str, str]]:
        """What is printed from the drawings: lines of states, sentences and names of events."""
        for one in lifecycles:
            noun = self.block(one.name.replace("_", " "))
            for state in one.states:
                german, english = one.labels[state]
                yield state_line(state.value, english, german), f"- `{state.value}`: {german}"
            for arrow in one.transitions:
                german, english = one.labels[arrow.target]
                yield moved(one.name, english), f"{noun}: jetzt „{german}“."
                yield event_summary(arrow.event), f"{noun}: {german}"


def _registered() -> Iterator[tuple[str, str]]:
    """The titles of the problems, as they stand in the registry."""
    yield from ((kind.title_de, kind.title_en) for kind in REGISTRY.values())


def twin(doc: Document, words: Words) -> Document:
    """The German document; `words` remembers what it lacks."""
    found: Document = _walk(doc, words, free=False)
    return found


def _walk(node: Any, words: Words, *, free: bool) -> Any:
    if isinstance(node, list):
        return [_walk(value, words, free=False) for value in node]
    if not isinstance(node, dict):
        return node
    drawn = "x-transition" in node and node["summary"] == _first(node["description"])
    german = {
        key: "" if drawn and key == "summary" else _member(key, value, words, free=free)
        for key, value in node.items()
    }
    if drawn:
        german["summary"] = _first(german["description"])
    return german


def _member(key: str, value: Any, words: Words, *, free: bool) -> Any:
    if free:
        return _walk(value, words, free=False)
    if key in SAID and isinstance(value, str):
        return words.text(value)
    if key in ("x-scopes", "scopes") and isinstance(value, dict):
        return {scope: words.text(prose) for scope, prose in value.items()}
    if key == "examples" and isinstance(value, dict):  # each with a name and maybe a summary
        return {name: _walk(one, words, free=False) for name, one in value.items()}
    if key in DATA or key == "value":
        return _shown(value, words)
    return _walk(value, words, free=key in NAMES)


def _first(text: str) -> str:
    """The first sentence, without its stop: the summary of an arrow."""
    return text.split(".")[0]


def _shown(value: Any, words: Words) -> Any:
    """Data as it is, but for the problems in it: they are told in the language of the reader."""
    if isinstance(value, list):
        return [_shown(one, words) for one in value]
    if not isinstance(value, dict):
        return value
    shown = {key: _shown(one, words) for key, one in value.items()}
    kind = REGISTRY.get(str(value.get("type", "")).rpartition("/problems/")[2])
    texts = {kind.title_en: kind.title_de, kind.cause_en: kind.cause_de} if kind else {}
    if isinstance(value.get("code"), str) and value["code"] in FINDINGS:
        german, english = FINDINGS[value["code"]]["words"]
        texts[english] = german
    told = (key for key in ("title", "detail") if isinstance(value.get(key), str))
    return shown | {key: texts.get(value[key], value[key]) for key in told}
