"""The pages: templates filled with escaped text, in the reader's language, under a strict CSP."""

import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from fastapi import Request, Response

from integration_api.code_lists.served import cached
from integration_api.code_lists.service import Language
from integration_api.drawings.svg import svg
from integration_api.kernel.problems import Problem

from . import pages_question
from .frame import HTML, STRICT, asset_url, fill, lang_of, page, switch
from .question import Asked
from .start import base_url, demo_keys
from .texts import say, texts

DOCS_CSP = (
    STRICT + "form-action 'none'; script-src 'self'; style-src 'self' 'unsafe-inline';"
    " img-src 'self' data:; font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:"
)
NOTHING = Asked()
_PREFERRED_KEY = "wuppertal-jobcenter"


def home(
    request: Request,
    places: Sequence[Mapping[str, Any]],
    asked: Asked = NOTHING,
    refusal: Problem | None = None,
) -> Response:
    """The start page: the question, what there is; in demo mode keys and calls that work as pasted.

    `refusal` is why what was asked has no answer.
    """
    lang, demo = lang_of(request), demo_keys(request)
    drawn = {one.name: one for one in request.app.state.lifecycles}
    others = [
        f'<a href="/docs/workflows/{name}?lang={lang}">{say(f"noun_{name}", lang)}</a>'
        for name in drawn
        if name != "referral"
    ]
    answer = pages_question.answer(asked, lang)
    if refusal:
        answer = pages_question.refused(getattr(refusal.type, f"title_{lang}"))
    parts = {
        "form": pages_question.form(places, asked, lang),
        "answer": answer,
        "drawing": svg(drawn["referral"], lang),
        "others": " · ".join(others),
        "legal": svg(drawn["legal_track"], lang),
        "placement": svg(drawn["placement_track"], lang),
        "gates": request.app.state.pictures["tandem_gates"](lang),
        "calls": _calls(request, lang, demo),
        "keys": _keys(lang, demo),
    }
    return page(
        request,
        texts()["name"][0],
        fill("home", lang, parts),
        badge=say("badge_demo", lang) if demo else "",
        forms=True,
        cache=False,
        status=refusal.type.status if refusal else 200,
    )


def docs(request: Request) -> Response:
    """The API reference, run by a script from the package."""
    lang = lang_of(request)
    names = ("docs.css", "docs.js", "swagger/swagger-ui.css", "swagger/swagger-ui-bundle.js")
    addresses = {re.sub(r"\W", "_", name): asset_url(name) for name in names}
    headers = {"Content-Security-Policy": DOCS_CSP, "Vary": "Accept-Language"}
    text = fill("docs", lang, {**addresses, "switch": switch(request, lang)})
    return cached(request, text.encode(), HTML, headers=headers)


def _calls(request: Request, lang: Language, demo: Mapping[str, str]) -> str:
    """Calls against the reader's own host, one to a block, so that a click selects it."""
    url, header = base_url(request), ""
    given = [("call_agencies", f"curl -s '{url}/v1/agencies?limit=3'")]
    if demo:
        key = demo.get(_PREFERRED_KEY) or next(iter(demo.values()))
        header = f" \\\n  -H 'Authorization: Bearer {key}'"
        purpose = " \\\n  -H 'Processing-Purpose: referral_handling'"
        given += [
            ("call_me", f"curl -s '{url}/v1/me'{header}"),
            ("call_referrals", f"curl -s '{url}/v1/referrals?direction=incoming'{header}{purpose}"),
        ]
    else:
        given += [("call_lists", f"curl -s '{url}/v1/code-lists/decline_reasons'")]
    return "".join(
        f'<p>{say(text, lang)}</p><pre tabindex="0"><code>{escape(call)}</code></pre>'
        for text, call in given
    )


def _keys(lang: Language, demo: Mapping[str, str]) -> str:
    if not demo:
        return f"<p>{say('no_keys', lang)}</p>"
    rows = "".join(
        f'<tr><th scope="row">{escape(slug)}</th><td><code>{escape(key)}</code></td></tr>'
        for slug, key in demo.items()
    )
    return (
        f"<h3>{say('keys', lang)}</h3><p>{say('keys_text', lang)}</p>"
        f'<div class="wide" tabindex="0" role="region" aria-label="{say("keys", lang)}">'
        f'<table class="keys">{rows}</table></div><p>{say("story", lang)}</p>'
    )
