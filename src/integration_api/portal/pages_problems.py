"""The catalogue of problems: what causes a refusal, what helps, what it looks like."""

import json
from collections.abc import Sequence
from html import escape

from fastapi import Request, Response

from integration_api.code_lists.service import Language
from integration_api.kernel.problems import REGISTRY, ProblemType

from . import catalogue
from .catalogue import Operation
from .frame import COPY, fill, lang_of, page
from .texts import prose, say, texts


def problems(request: Request) -> Response:
    """The registry as a page."""
    lang = lang_of(request)
    rows = "\n".join(_entry(kind, lang) for kind in REGISTRY.values())
    return page(request, texts()["problems"][lang == "en"], fill("problems", lang, {"rows": rows}))


def problem(request: Request, kind: ProblemType) -> Response:
    """One type of problem as a page."""
    lang = lang_of(request)
    title = _of(kind, "title", lang)
    members = "".join(f"<li><code>{name}</code></li>" for name in kind.members)
    parts = {
        "status": str(kind.status),
        "slug": kind.slug,
        "heading": escape(title),
        "cause": prose(_of(kind, "cause", lang)),
        "remedy": prose(_of(kind, "remedy", lang)),
        "members": f"<h2>{say('members', lang)}</h2><ul>{members}</ul>" if members else "",
        "example": _example(kind, lang),
        "operations": _operations(kind, lang),
    }
    return page(request, title, fill("problem", lang, parts), scripts=(COPY,))


def _entry(kind: ProblemType, lang: Language) -> str:
    return (
        f'<article class="entry">\n<h2 id="{kind.slug}"><span class="num">{kind.status}</span> '
        f'<a href="/problems/{kind.slug}?lang={lang}">{escape(_of(kind, "title", lang))}</a></h2>\n'
        f'<p class="tag"><code>{kind.slug}</code></p>\n<dl class="facts">\n'
        f"<div><dt>{say('cause', lang)}</dt><dd>{prose(_of(kind, 'cause', lang))}</dd></div>\n"
        f"<div><dt>{say('remedy', lang)}</dt><dd>{prose(_of(kind, 'remedy', lang))}</dd></div>\n"
        f"</dl>\n</article>"
    )


def _example(kind: ProblemType, lang: Language) -> str:
    document = catalogue.problem_examples(lang).get(kind.slug)
    if document is None:
        return ""
    shown = json.dumps(document, indent=2, ensure_ascii=False)
    return (
        f'<h2>{say("example", lang)}</h2>\n<pre tabindex="0" class="code"><code>{escape(shown)}'
        f"</code></pre>"
    )


def _operations(kind: ProblemType, lang: Language) -> str:
    """The calls that may answer with its status, as the contract declares them."""
    every = list(catalogue.operations(lang).values())
    found = [one for one in every if kind.status in one.statuses]
    if not found:
        return ""
    title = f"<h2>{say('problem_operations', lang)} {kind.status}</h2>\n"
    if len(found) == len(every):
        return f"{title}<p>{say('problem_everywhere', lang)}</p>"
    return (
        f"{title}<details><summary>{len(found)} {say('problem_of', lang)} {len(every)}</summary>\n"
        f'<ul class="links">\n{_listed(found)}\n</ul></details>'
    )


def _listed(found: Sequence[Operation]) -> str:
    return "\n".join(
        f'<li><a href="{escape(one.href)}"><code>{one.method} {one.path}</code></a>'
        f" <span>{escape(one.summary)}</span></li>"
        for one in found
    )


def _of(kind: ProblemType, part: str, lang: Language) -> str:
    text: str = getattr(kind, f"{part}_{lang}")
    return text
