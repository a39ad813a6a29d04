"""The pages about versions, in German and English."""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from html import escape
from itertools import groupby

from fastapi import Request, Response

from integration_api import __version__
from integration_api.code_lists.service import Language
from integration_api.contract.deprecations import Deprecation
from integration_api.contract.promises import promises
from integration_api.portal.frame import fill, lang_of, page
from integration_api.portal.texts import prose, say, texts

from .changelog import Change, Version
from .changelog import changelog as versions

HERE = __package__


def changelog(request: Request) -> Response:
    """Every version with its changes; a link to each."""
    return _page(request, "changelog", _versions(lang_of(request)))


@lru_cache(maxsize=2)
def _versions(lang: Language) -> Mapping[str, str]:
    found = versions()
    links = (f'<a href="#{one.anchor}">{_name(one, lang)}</a>' for one in found)
    return {
        "running": escape(__version__),
        "index": " · ".join(links),
        "versions": "".join(_version(one, lang) for one in found),
    }


def deprecations(request: Request, ending: Iterable[Deprecation]) -> Response:
    """Every operation that ends, with its days and what to do instead."""
    lang = lang_of(request)
    rows = "".join(_row(one, lang) for one in ending)
    head = "".join(
        f'<th scope="col">{_say(key, lang)}</th>'
        for key in ("operation", "since", "until", "instead")
    )
    name = _say("deprecations", lang)
    table = (
        f'<div class="wide" tabindex="0" role="region" aria-label="{name}"><table class="rows">'
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )
    nothing = f"<p>{_say('nothing_ends', lang)}</p>"
    return _page(request, "deprecations", {"rows": table if rows else nothing})


def compatibility(request: Request) -> Response:
    """What a client may rely on, and what it has to tolerate."""
    lang = lang_of(request)
    at = 0 if lang == "de" else 1
    sections = "".join(
        f'<h2 id="{name.replace("_", "-")}">{escape(heading[at])}</h2><ul>'
        + "".join(f"<li>{marked(item[at])}</li>" for item in items)
        + "</ul>"
        for name, (heading, items) in promises().items()
    )
    return _page(request, "compatibility", {"sections": sections})


def marked(text: str) -> str:
    """Escaped text in which `code` is set as code and **this** is stressed."""
    return re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", prose(text))


def _version(one: Version, lang: Language) -> str:
    day = (
        f" <small>{_say('released_on', lang)} {one.released_on}</small>" if one.released_on else ""
    )
    parts = [f'<h2 id="{one.anchor}">{_name(one, lang)}{day}</h2>']
    parts += [f'<p lang="en">{marked(text)}</p>' for text in one.intro.split("\n\n") if text]
    for kind, changes in groupby(one.changes, lambda change: change.kind):
        items = "".join(f"<li>{_change(change, lang)}</li>" for change in changes)
        parts.append(f"<h3>{_say(kind, lang)}</h3><ul>{items}</ul>")
    return "".join(parts)


def _change(change: Change, lang: Language) -> str:
    given = (("mark_contract", change.contract), ("mark_breaking", change.breaking))
    marks = "".join(f"<strong>{_say(key, lang)}</strong> " for key, there in given if there)
    return f'{marks}<span lang="en">{marked(change.text)}</span>'


def _row(one: Deprecation, lang: Language) -> str:
    text = one.text_de if lang == "de" else one.text_en
    next_ = f"<code>{escape(one.successor)}</code>" if one.successor else _say("no_successor", lang)
    name = escape(one.operation)
    days = f"<td>{one.deprecated_at}</td><td>{one.sunset_at}</td>"
    return (
        f'<tr id="{name}"><th scope="row"><code>{name}</code></th>'
        f"{days}<td>{next_}<br>{marked(text)}</td></tr>"
    )


def _name(one: Version, lang: Language) -> str:
    return _say("unreleased", lang) if one.released_on is None else escape(one.name)


def _say(key: str, lang: Language) -> str:
    return say(key, lang, HERE)


def _page(request: Request, name: str, parts: Mapping[str, str]) -> Response:
    lang = lang_of(request)
    title = texts(HERE)[name][0 if lang == "de" else 1]
    return page(request, title, fill(name, lang, parts, HERE))
