"""The drawings as pages: each state and each arrow leads to its operation in the reference."""

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from fastapi import Request, Response

from integration_api.code_lists.service import Language
from integration_api.drawings.svg import Links, svg
from integration_api.kernel.lifecycle import Lifecycle, Transition
from integration_api.kernel.problems import NotFound

from . import catalogue, service
from .frame import fill, lang_of, page
from .texts import say, texts

FOLDER = "/docs/workflows"
TANDEM = ("legal_track", "placement_track")
GATES = "tandem_gates"
SHOWN = ("case", "referral", "tandem", "consent", "disclosure")
"""What comes first in the list; the others follow."""


def overview(request: Request) -> Response:
    """Every drawing by its name, with what it has."""
    lang = lang_of(request)
    drawn = {one.name: one for one in request.app.state.lifecycles}
    names = [*SHOWN, *(name for name in drawn if name not in (*SHOWN, *TANDEM)), *TANDEM]
    rows = "\n".join(
        f'<li><a href="{FOLDER}/{name}?lang={lang}">{_noun(name, lang)}</a>'
        f" <span>{_size(name, drawn, lang)}</span></li>"
        for name in names
    )
    title = texts()["workflows_title"][lang == "en"]
    return page(request, title, fill("workflows", lang, {"rows": rows}))


def workflow(request: Request, name: str) -> Response:
    """One drawing, its states and arrows as tables.

    Raises:
        NotFound: there is none of this name.
    """
    lang = lang_of(request)
    if name == "tandem":
        return _tandem(request, lang)
    drawn = service.lifecycle(request.app.state.lifecycles, name)
    main = fill("workflow", lang, _parts(drawn, lang))
    return page(request, texts()[f"noun_{name}"][lang == "en"], main)


def _tandem(request: Request, lang: Language) -> Response:
    """Both tracks and the gates between them; the tables stand on the pages of the tracks."""
    gates = request.app.state.pictures.get(GATES)
    if gates is None:
        raise NotFound
    drawn = {name: service.lifecycle(request.app.state.lifecycles, name) for name in TANDEM}
    parts = {name: svg(one, lang, links=_links(one, lang)) for name, one in drawn.items()}
    main = fill("workflow_tandem", lang, {**parts, "gates": gates(lang)})
    return page(request, texts()["noun_tandem"][lang == "en"], main)


def _parts(drawn: Lifecycle[Any], lang: Language) -> Mapping[str, str]:
    return {
        "name": drawn.name,
        "heading": _noun(drawn.name, lang),
        "drawing": svg(drawn, lang, links=_links(drawn, lang)),
        "states": "\n".join(_state(drawn, state, lang) for state in drawn.labels),
        "arrows": "\n".join(_arrow(drawn, one, lang) for one in drawn.transitions),
    }


def _links(drawn: Lifecycle[Any], lang: Language) -> Links:
    """A state leads to the reading of the noun, an arrow to its operation or else its event."""
    read = catalogue.reading(drawn.name, lang)
    states = {state.value: read.href for state in drawn.labels} if read else {}
    return Links(states, {one.name: _leads(drawn, one, lang)[0] for one in drawn.transitions})


def _leads(drawn: Lifecycle[Any], arrow: Transition[Any], lang: Language) -> tuple[str, str]:
    """Where an arrow leads, and what stands there."""
    if operation := catalogue.moves(lang).get((drawn.name, arrow.name)):
        return operation.href, f"{operation.method} {operation.path}"
    return f"/docs/events?lang={lang}#{arrow.event}", ""


def _state(drawn: Lifecycle[Any], state: Any, lang: Language) -> str:
    at = lang == "en"
    marks = [say("workflow_begins", lang)] * (state in drawn.initial)
    marks += [say("workflow_ends", lang)] * (state in drawn.final)
    arrows = [one for one in drawn.transitions if state in one.sources]
    ways = " · ".join(
        f'<a href="{escape(_leads(drawn, one, lang)[0])}">{escape(_label(one, lang))}</a>'
        for one in arrows
    )
    note = f'<br><span class="tag">{", ".join(marks)}</span>' if marks else ""
    return (
        f'<tr id="state-{state.value}"><th scope="row">{escape(drawn.labels[state][at])}{note}</th>'
        f"<td><code>{state.value}</code></td><td>{ways or '–'}</td></tr>"
    )


def _arrow(drawn: Lifecycle[Any], arrow: Transition[Any], lang: Language) -> str:
    at = lang == "en"
    href, call = _leads(drawn, arrow, lang)
    sources = ", ".join(escape(drawn.labels[s][at]) for s in drawn.labels if s in arrow.sources)
    who = ", ".join(escape(drawn.parties[one][at]) for one in drawn.parties if one in arrow.by)
    does = (
        f'<a href="{escape(href)}"><code>{call}</code></a>' if call else say("workflow_self", lang)
    )
    event = f'<a href="/docs/events?lang={lang}#{arrow.event}"><code>{arrow.event}</code></a>'
    return (
        f'<tr id="arrow-{arrow.name}"><th scope="row">{escape(_label(arrow, lang))}'
        f"<br><code>{arrow.name}</code></th>"
        f"<td>{sources} → {escape(drawn.labels[arrow.target][at])}</td><td>{who}</td>"
        f"<td>{does}<br>{event}{_conditions(arrow, lang)}</td></tr>"
    )


def _conditions(arrow: Transition[Any], lang: Language) -> str:
    """The list of its reasons and what has to hold besides, where there is any."""
    lines = [escape(guard.de if lang == "de" else guard.en) for guard in arrow.guards]
    if arrow.reasons:
        code_list = f'<a href="/v1/code-lists/{arrow.reasons}"><code>{arrow.reasons}</code></a>'
        lines.insert(0, f"{say('workflow_reasons', lang)} {code_list}")
    return "".join(f"<br>{line}" for line in lines)


def _label(arrow: Transition[Any], lang: Language) -> str:
    return arrow.label_de if lang == "de" else arrow.label_en


def _noun(name: str, lang: Language) -> str:
    return say(f"noun_{name}", lang)


def _size(name: str, drawn: Mapping[str, Lifecycle[Any]], lang: Language) -> str:
    parts: Iterable[Lifecycle[Any]] = (
        [drawn[n] for n in TANDEM] if name == "tandem" else [drawn[name]]
    )
    states = sum(len(one.labels) for one in parts)
    arrows = sum(len(one.transitions) for one in parts)
    return f"{states} {say('workflow_states', lang)}, {arrows} {say('workflow_arrows', lang)}"
