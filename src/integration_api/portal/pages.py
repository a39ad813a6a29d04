"""The pages: templates filled with escaped text, in the reader's language, under a strict CSP."""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from hashlib import sha256
from html import escape
from importlib.resources import files
from string import Template
from typing import Any

from fastapi import Request, Response

from integration_api import __version__
from integration_api.code_lists.served import cached
from integration_api.code_lists.service import Language
from integration_api.drawings.svg import STYLE_SOURCE, svg
from integration_api.kernel.problems import REGISTRY, Problem, ProblemType, language

from . import pages_question
from .question import Asked
from .texts import prose, say, texts

HTML = "text/html; charset=utf-8"
STRICT = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; "
NO_FORM = "form-action 'none'; "
PAGE = f"style-src 'self' {STYLE_SOURCE}; img-src 'self' data:"
PAGE_CSP = STRICT + NO_FORM + PAGE
FORM_CSP = STRICT + "form-action 'self'; " + PAGE
DOCS_CSP = (
    STRICT
    + NO_FORM
    + (
        "script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
        " font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:"
    )
)
_HOST = re.compile(r"[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](:[0-9]{1,5})?")
NOTHING = Asked()
_PREFERRED_KEY = "wuppertal-jobcenter"


def lang_of(request: Request) -> Language:
    """The language of a page: `?lang=`, else `Accept-Language`, else German."""
    match request.query_params.get("lang"):
        case "de":
            return "de"
        case "en":
            return "en"
    return language(request)


def wants_json(request: Request) -> bool:
    """Whether a reader asks for JSON; a browser never does."""
    accept = request.headers.get("accept", "")
    return "text/html" not in accept and ("json" in accept or "*/*" not in accept)


def home(
    request: Request,
    places: Sequence[Mapping[str, Any]],
    asked: Asked = NOTHING,
    refusal: Problem | None = None,
) -> Response:
    """The start page: the question, what there is; in demo mode keys and calls that work as pasted.

    `refusal` is why what was asked has no answer.
    """
    lang, demo = lang_of(request), request.app.state.demo or {}
    drawn = {one.name: one for one in request.app.state.lifecycles}
    others = [
        f'<a href="/v1/lifecycles/{name}.svg?lang={lang}">{_noun(name, lang)}</a>'
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
        "badge": say("badge_demo", lang) if demo else "",
    }
    page = _page(request, "home", parts, title=texts()["name"][0], cache=False, csp=FORM_CSP)
    page.status_code = refusal.type.status if refusal else 200
    return page


def problems(request: Request) -> Response:
    """The registry as a page."""
    lang = lang_of(request)
    rows = "".join(
        f'<tr><td class="num">{kind.status}</td><td><a href="/problems/{kind.slug}?lang={lang}">'
        f"{escape(_of(kind, 'title', lang))}</a><br><code>{kind.slug}</code></td>"
        f"<td>{prose(_of(kind, 'cause', lang))}</td></tr>"
        for kind in REGISTRY.values()
    )
    return _page(request, "problems", {"rows": rows}, title=say("problems", lang))


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
    }
    return _page(request, "problem", parts, title=title)


def docs(request: Request) -> Response:
    """The API reference, run by a script from the package."""
    said = {"lang": lang_of(request), "title": texts()["name"][0]}
    page = _template("docs").substitute(said, asset=asset_url("docs.css"))
    headers = {"Content-Security-Policy": DOCS_CSP, "Vary": "Accept-Language"}
    return cached(request, page.encode(), HTML, headers=headers)


@lru_cache(maxsize=16)
def asset(name: str) -> bytes:
    """A file of the package's assets."""
    return (files(__package__) / "assets" / name).read_bytes()


def asset_url(name: str) -> str:
    """Its address, which changes when the file does."""
    return f"/assets/{name}?v={sha256(asset(name)).hexdigest()[:12]}"


def _page(
    request: Request,
    name: str,
    parts: Mapping[str, str],
    *,
    title: str,
    cache: bool = True,
    csp: str = PAGE_CSP,
) -> Response:
    lang = lang_of(request)
    said = {f"t_{key}": say(key, lang) for key in texts()}
    body = _template(name).substitute(said, lang=lang, **parts)
    path = escape(request.scope["path"])
    other = "en" if lang == "de" else "de"
    page = _template("base").substitute(
        said,
        lang=lang,
        title=escape(title),
        style=asset_url("portal.css"),
        version=__version__,
        switch=f'<a href="{path}?lang={other}" hreflang="{other}" lang="{other}">'
        f"{escape(texts()['language'][0 if other == 'de' else 1])}</a>",
        badge=f'<span class="badge">{parts["badge"]}</span>' if parts.get("badge") else "",
        main=body,
    )
    headers = {
        "Content-Language": lang,
        "Vary": "Accept-Language, Accept",
        "Content-Security-Policy": csp,
    }
    if cache:
        return cached(request, page.encode(), HTML, headers=headers)
    return Response(page, headers=headers, media_type=HTML)


def _calls(request: Request, lang: Language, demo: Mapping[str, str]) -> str:
    """Calls against the reader's own host, one to a block, so that a click selects it."""
    url, header = _base(request), ""
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


def _base(request: Request) -> str:
    """Scheme and host as the reader wrote them; an odd host gives way to the public address."""
    host = request.headers.get("host", "")
    if _HOST.fullmatch(host):
        return f"{request.url.scheme}://{host}"
    url: str = request.app.state.public_url
    return url.rstrip("/")


def _noun(lifecycle: str, lang: Language) -> str:
    """What a lifecycle is called; one without a text keeps its name."""
    key = f"noun_{lifecycle}"
    return say(key, lang) if key in texts() else escape(lifecycle)


def _of(kind: ProblemType, part: str, lang: Language) -> str:
    text: str = getattr(kind, f"{part}_{lang}")
    return text


@lru_cache(maxsize=8)
def _template(name: str) -> Template:
    return Template((files(__package__) / "pages" / f"{name}.html").read_text("utf-8"))
