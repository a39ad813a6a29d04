"""The glossary as a page."""

from fastapi import Request, Response

from integration_api.code_lists.service import Language
from integration_api.contract.terms import Part, Term
from integration_api.contract.terms import glossary as parts

from .frame import fill, lang_of, page
from .texts import prose, say, texts


def glossary(request: Request) -> Response:
    """German terms, English names, meanings and sources."""
    lang = lang_of(request)
    shown = "\n".join(_shown(part, lang) for part in parts())
    title = texts()["glossary_title"][lang == "en"]
    return page(request, title, fill("glossary", lang, {"parts": shown}))


def _shown(part: Part, lang: Language) -> str:
    title = say(f"glossary_{part.name}", lang)
    columns = ("german", "english_name", part.column, "source")
    names = (say(f"glossary_column_{name}", lang) for name in columns)
    head = "".join(f'<th scope="col">{name}</th>' for name in names)
    rows = "\n".join(_row(term, lang) for term in part.terms)
    return (
        f'<section>\n<h2 id="{part.name}">{title}</h2>\n'
        f'<div class="wide" tabindex="0" role="region" aria-labelledby="{part.name}">\n'
        f'<table class="rows">\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n'
        f"</table>\n</div>\n</section>"
    )


def _row(term: Term, lang: Language) -> str:
    told = term.de if lang == "de" else term.en
    cells = "".join(f"<td>{prose(cell)}</td>" for cell in (term.name, told, term.source))
    return f'<tr><th scope="row" lang="de">{prose(term.german)}</th>{cells}</tr>'
