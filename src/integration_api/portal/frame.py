"""The frame of every page: head, navigation, language switch, foot, and what a page may load."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from hashlib import sha256
from html import escape
from importlib.resources import files
from string import Template

from fastapi import Request, Response

from integration_api import __version__
from integration_api.code_lists.served import cached
from integration_api.code_lists.service import Language
from integration_api.drawings.svg import STYLE_SOURCE
from integration_api.kernel.problems import language

from .texts import HERE, say, texts

HTML = "text/html; charset=utf-8"
STRICT = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; "
SECURITY = '<a href="/.well-known/security.txt">security.txt</a> · '
COPY = "copy.js"
"""The script that puts a button to copy beside each block of code."""
NAVIGATION = (
    ("/docs/quick-start", "nav_start"),
    ("/docs", "reference"),
    ("/docs/workflows", "nav_workflows"),
    ("/docs/events", "nav_events"),
    ("/problems", "problems"),
    ("/docs/webhook-signatures", "nav_signatures"),
    ("/docs/glossary", "nav_glossary"),
    ("/docs/changelog", "nav_changelog"),
    ("/docs/deprecations", "nav_deprecations"),
    ("/status", "nav_status"),
)
"""Every page of the portal: its path, and the key of its name among the texts."""


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


def fill(name: str, lang: Language, parts: Mapping[str, str], package: str = HERE) -> str:
    """`pages/<name>.html` of a package: `$t_key` is a text of it, `$name` is `parts["name"]`.

    Parts are HTML already: what is not ours has been escaped.

    Raises:
        KeyError: the template names what is neither a text nor a part.
    """
    said = {f"t_{key}": say(key, lang, package) for key in texts(package)}
    return _template(package, name).substitute(said, lang=lang, **parts)


def page(
    request: Request,
    title: str,
    main: str,
    *,
    badge: str = "",
    forms: bool = False,
    scripts: Sequence[str] = (),
    cache: bool = True,
    status: int = 200,
) -> Response:
    """A page in the frame of the portal, in the language of its reader.

    `title` is plain text, `main` HTML as `fill` makes it. `forms`: it may send a form to this
    host. `scripts`: names of files in `assets/` that it runs; none else runs. `cache=False`: it
    shows what is not for everyone, or not for five minutes.
    """
    lang = lang_of(request)
    text = fill(
        "base",
        lang,
        {
            "title": escape(title),
            "style": asset_url("portal.css"),
            "scripts": "".join(
                f'<script type="module" src="{asset_url(name)}"></script>\n' for name in scripts
            ),
            "version": __version__,
            "navigation": _navigation(request, lang),
            "switch": switch(request, lang),
            "badge": f'<span class="badge">{badge}</span>' if badge else "",
            "security": SECURITY if request.app.state.settings.security_contact else "",
            "main": main,
        },
    )
    headers = {
        "Content-Language": lang,
        "Vary": "Accept-Language, Accept",
        "Content-Security-Policy": policy(forms=forms, scripts=bool(scripts)),
    }
    if cache and status == 200:
        return cached(request, text.encode(), HTML, headers=headers)
    return Response(text, status, headers, HTML)


def policy(*, forms: bool = False, scripts: bool = False) -> str:
    """What a page may load and send: of this host, by name, and no connection at all."""
    parts = ["form-action 'self'" if forms else "form-action 'none'"]
    parts += [f"style-src 'self' {STYLE_SOURCE}", "img-src 'self' data:"]
    if scripts:
        parts += ["script-src 'self'", "require-trusted-types-for 'script'", "trusted-types 'none'"]
    return STRICT + "; ".join(parts)


@lru_cache(maxsize=32)
def asset(name: str) -> bytes:
    """A file of the package's assets."""
    return (files(__package__) / "assets" / name).read_bytes()


def asset_url(name: str) -> str:
    """Its address, which changes when the file does."""
    return f"/assets/{name}?v={sha256(asset(name)).hexdigest()[:12]}"


def _navigation(request: Request, lang: Language) -> str:
    here = request.scope["path"]
    current = {here: ' aria-current="page"'}
    return "\n".join(
        f'<li><a href="{path}?lang={lang}"{current.get(path, "")}>{say(key, lang)}</a></li>'
        for path, key in NAVIGATION
    )


def switch(request: Request, lang: Language) -> str:
    """The way to the same page in the other language."""
    other = "en" if lang == "de" else "de"
    name = escape(texts()["language"][0 if other == "de" else 1])
    path = escape(request.scope["path"])
    return f'<a href="{path}?lang={other}" hreflang="{other}" lang="{other}">{name}</a>'


@lru_cache(maxsize=32)
def _template(package: str, name: str) -> Template:
    return Template((files(package) / "pages" / f"{name}.html").read_text("utf-8"))
