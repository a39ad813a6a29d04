"""The quick start as a page."""

from html import escape

from fastapi import Request, Response

from integration_api.code_lists.service import Language

from . import start
from .frame import COPY, fill, lang_of, page
from .texts import say, texts

NAMES = {"curl": "curl", "python": "Python", "typescript": "TypeScript"}


def quick_start(request: Request) -> Response:
    """Five steps in three languages, against the reader's own host; a key in a demo only."""
    lang, given = lang_of(request), start.given(request)
    demo = given.key != start.YOURS
    steps = "\n".join(
        _step(number, step, given, lang) for number, step in enumerate(start.STEPS, 1)
    )
    parts = {
        "notice": say("start_demo" if demo else "start_live", lang),
        "url": escape(given.url),
        "steps": steps,
    }
    return page(
        request,
        texts()["start_title"][lang == "en"],
        fill("start", lang, parts),
        badge=say("badge_demo", lang) if demo else "",
        scripts=(COPY,),
        cache=False,
    )


def _step(number: int, step: str, given: start.Given, lang: Language) -> str:
    samples = "\n".join(
        f'<div class="sample {name}">\n<h3>{shown}</h3>\n'
        f'<pre tabindex="0" class="code" data-step="{step}" data-language="{name}">'
        f"<code>{escape(start.code(step, name, given))}</code></pre>\n</div>"
        for name, shown in NAMES.items()
    )
    return (
        f'<section aria-labelledby="{step}">\n'
        f'<h2 id="{step}">{number}. {say(f"step_{step}", lang)}</h2>\n'
        f"<p>{say(f'step_{step}_text', lang)}</p>\n{samples}\n</section>"
    )
