"""The glossary of the portal is that of the documentation, in both languages."""

import re
from pathlib import Path

import pytest

from integration_api.portal import pages_glossary, texts
from tests.portal.public import reader

WRITTEN = (Path(__file__).parents[2] / "docs" / "glossary.md").read_text("utf-8")
ROWS = [(part.name, row) for part in pages_glossary.parts() for row in part.rows]


@pytest.mark.parametrize("lang", ["de", "en"])
async def test_every_row_stands_on_the_page(lang: str) -> None:
    async with reader() as client:
        page = (
            await client.get(f"/docs/glossary?lang={lang}", headers={"Accept": "text/html"})
        ).text
    assert len(ROWS) == len(re.findall(r"^\| (?!German|---)", WRITTEN, re.MULTILINE)) > 150
    for part, row in ROWS:
        told = pages_glossary.meaning(part, row) if lang == "de" else row[2]
        assert f'<th scope="row" lang="de">{texts.prose(row[0])}</th>' in page
        assert f"<td>{texts.prose(told)}</td>" in page


def test_every_german_meaning_has_its_row_and_the_reverse() -> None:
    used = [pages_glossary.meaning(part, row) for part, row in ROWS]
    said = [text for part in pages_glossary.german().values() for text in part.values()]
    assert set(used) == set(said)
    once = [text for text in said if said.count(text) == 1]
    jurisdictions = set(pages_glossary.german()["kinds"].values())
    assert [text for text in once if used.count(text) != 1 and text not in jurisdictions] == []
