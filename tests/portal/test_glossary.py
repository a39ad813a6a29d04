"""The glossary of the portal and that of the documentation are one, in both languages."""

import re
from pathlib import Path

import pytest

from integration_api.contract.terms import Term, glossary
from integration_api.portal.texts import prose
from tests.portal.public import reader

WRITTEN = (Path(__file__).parents[2] / "docs" / "glossary.md").read_text("utf-8")
TERMS = [term for part in glossary() for term in part.terms]


@pytest.mark.parametrize("lang", ["de", "en"])
async def test_every_term_stands_on_the_page(lang: str) -> None:
    async with reader() as client:
        page = (
            await client.get(f"/docs/glossary?lang={lang}", headers={"Accept": "text/html"})
        ).text
    assert page.count('<tr><th scope="row"') == len(TERMS) > 150
    for term in TERMS:
        told = term.de if lang == "de" else term.en
        assert f'<th scope="row" lang="de">{prose(term.german)}</th>' in page
        assert f"<td>{prose(told)}</td><td>{prose(term.source)}</td>" in page


def test_every_term_stands_in_the_documentation() -> None:
    rows = re.findall(r"^\| (?!German|---)(.+) \|$", WRITTEN, re.MULTILINE)
    assert rows == [" | ".join((t.german, t.name, t.en, t.source)) for t in TERMS]


def test_every_term_means_something_in_both_languages() -> None:
    def lacking(term: Term) -> bool:
        return not all((term.german, term.name, term.de, term.en, term.source))

    assert [term.german for term in TERMS if lacking(term)] == []
    once = {(term.german, term.name, term.en) for term in TERMS}
    assert len(once) == len(TERMS)
