"""The catalogue of events: what each says, what causes it, who is told."""

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from html import escape
from importlib.resources import files
from itertools import groupby
from typing import Any

import yaml
from fastapi import Request, Response

from integration_api.code_lists.names import fold
from integration_api.code_lists.service import Language
from integration_api.kernel.lifecycle import SYSTEM, Lifecycle

from . import catalogue
from .catalogue import EventType
from .frame import COPY, fill, lang_of, page
from .texts import prose, say, texts

HERE = "/docs/events"


@lru_cache(maxsize=1)
def known() -> Mapping[str, Mapping[str, Any]]:
    """Causes, what follows from what, and who is told, from `events.yaml`."""
    text = (files(__package__) / "events.yaml").read_text("utf-8")
    found: Mapping[str, Mapping[str, Any]] = yaml.load(text, Loader=yaml.CSafeLoader)
    return found


def events(request: Request) -> Response:
    """Every type of event by what it happens to."""
    lang = lang_of(request)
    drawn = _drawn(request.app.state.lifecycles)
    nouns = [
        (noun, list(own))
        for noun, own in groupby(catalogue.event_types(lang), key=lambda one: one.noun)
    ]
    nouns.sort(key=lambda pair: fold(texts()[f"noun_{pair[0]}"][lang == "en"]))
    parts = {
        "index": " · ".join(f'<a href="#{noun}">{_noun(noun, lang)}</a>' for noun, _ in nouns),
        "nouns": "\n".join(_section(noun, own, drawn, lang) for noun, own in nouns),
        "count": str(len(catalogue.event_types(lang))),
    }
    title = texts()["events_title"][lang == "en"]
    return page(request, title, fill("events", lang, parts), scripts=(COPY,))


def told(event: EventType) -> str:
    """The key of the sentence that says who is told."""
    rules = known()["told"]
    return f"events_told_{rules.get(event.name, rules[event.noun])}"


def causes(name: str, drawn: Mapping[str, Sequence[str]]) -> Sequence[str]:
    """The operations that cause an event; none where only the service does, or it follows."""
    return known()["causes"].get(name) or drawn.get(name, ())


def _drawn(lifecycles: Sequence[Lifecycle[Any]]) -> Mapping[str, list[str]]:
    """The events of arrows, and the operations that fire those."""
    by: dict[str, list[str]] = {}
    for one in lifecycles:
        for arrow in one.transitions:
            move = catalogue.moves().get((one.name, arrow.name))
            by.setdefault(arrow.event, []).extend([move.id] if move else [])
            if SYSTEM in arrow.by:
                by[arrow.event].append(SYSTEM)
    return by


def _section(
    noun: str, own: Sequence[EventType], drawn: Mapping[str, list[str]], lang: Language
) -> str:
    entries = "\n".join(_entry(one, drawn, lang) for one in own)
    return (
        f'<section aria-labelledby="{noun}">\n<h2 id="{noun}">{_noun(noun, lang)}</h2>\n'
        f"{entries}\n</section>"
    )


def _entry(event: EventType, drawn: Mapping[str, list[str]], lang: Language) -> str:
    example = json.dumps(event.example, indent=2, ensure_ascii=False)
    return (
        f'<article class="entry">\n<h3 id="{event.name}">'
        f'<a href="#{event.name}"><code>{event.name}</code></a></h3>\n'
        f'<p>{prose(event.text)}</p>\n<dl class="facts">\n'
        f"<div><dt>{say('events_cause', lang)}</dt><dd>{_cause(event, drawn, lang)}</dd></div>\n"
        f"<div><dt>{say('events_told', lang)}</dt><dd>{say(told(event), lang)}</dd></div>\n</dl>\n"
        f"<details><summary>{say('example', lang)}</summary>"
        f'<pre tabindex="0" class="code"><code>{escape(example)}</code></pre></details>\n</article>'
    )


def _cause(event: EventType, drawn: Mapping[str, list[str]], lang: Language) -> str:
    if key := known()["follows"].get(event.name):
        return say(key, lang)
    shown = [
        say("workflow_self", lang) if name == SYSTEM else _call(name, lang)
        for name in causes(event.name, drawn)
    ]
    return "<br>".join(dict.fromkeys(shown))


def _call(name: str, lang: Language) -> str:
    one = catalogue.operations(lang)[name]
    return f'<a href="{escape(one.href)}"><code>{one.method} {one.path}</code></a>'


def _noun(noun: str, lang: Language) -> str:
    return say(f"noun_{noun}", lang)
