"""The changelog as data: every line of the file, and nothing out of form."""

import json
import re
from datetime import date
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from integration_api import __version__
from integration_api.app import create_app
from integration_api.contract.promises import promises
from integration_api.portal.texts import texts
from integration_api.versions import changelog
from integration_api.versions.changelog import parse
from tests.conftest import SECRET, SETTINGS
from tests.versioning.ending import ENDING

CHANGELOG = Path(__file__).parents[2] / "CHANGELOG.md"
BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
PAGES = ("/docs/changelog", "/docs/deprecations", "/docs/compatibility")
HEAD = "# Changelog\n\nWhat changed.\n\n"


@pytest.fixture(scope="module")
def app() -> FastAPI:
    return create_app(SETTINGS, dsn="", secret=SECRET, ending=ENDING)


async def get(app: FastAPI, path: str, **headers: str) -> httpx.Response:
    sent = BROWSER | {name.replace("_", "-"): value for name, value in headers.items()}
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="https://api.example.org"
    ) as client:
        return await client.get(path, headers=sent)


async def test_every_line_of_the_changelog_is_in_the_json(app: FastAPI) -> None:
    document = (await get(app, "/docs/changelog", Accept="application/json")).json()
    assert document["running"] == __version__
    shown = " ".join(
        " ".join([v["version"], v["released_on"] or "", v["intro"] or ""])
        + " ".join(f" {c['kind']} {c['text']}" for c in v["changes"])
        for v in document["versions"]
    )
    # what stands between the first version and the end, word for word but for the marks
    written = "## [Unreleased]" + CHANGELOG.read_text("utf-8").partition("## [Unreleased]")[2]
    words = re.sub(r"\*\*(Contract|BREAKING)\*\* ", "", written)
    words = re.sub(r"^## \[(.*)\](?: - )?", r"\1 ", words, flags=re.MULTILINE)
    words = re.sub(r"^#+ |^- ", "", words, flags=re.MULTILINE)
    for line in words.splitlines():
        text = line.strip()
        kind = text.lower() if text in changelog.KINDS else text
        assert kind in shown, text
    items = sum(len(v["changes"]) for v in document["versions"])
    assert items == len(re.findall(r"^- ", written, re.MULTILINE)) > 50


async def test_what_concerns_the_contract_and_what_breaks_is_marked(app: FastAPI) -> None:
    document = (await get(app, "/docs/changelog", Accept="application/json")).json()
    changes = [c for v in document["versions"] for c in v["changes"]]
    text = CHANGELOG.read_text("utf-8")
    assert sum(c["contract"] for c in changes) == len(
        re.findall(r"^- \*\*Contract\*\*", text, re.MULTILINE)
    )
    breaking = re.findall(r"^- \*\*Contract\*\* \*\*BREAKING\*\* (\w+)", text, re.MULTILINE)
    assert [c["text"].split()[0] for c in changes if c["breaking"]] == breaking != []


def test_versions_are_read_as_keep_a_changelog_says() -> None:
    text = HEAD + (
        "## [Unreleased]\n\n### Fixed\n\n- **Contract** A `thing`\n  in two lines.\n\n"
        "## [1.1.0] - 2027-01-31\n\nAn intro.\n\n### Added\n- **Contract** **BREAKING** More.\n"
        "- Small.\n"
        "### Removed\n- Gone.\n\n## [1.0.0] - 2026-12-24\n"
    )
    ahead, second, first = parse(text)
    assert (ahead.name, ahead.released_on, ahead.anchor) == ("Unreleased", None, "unreleased")
    assert [c.text for c in ahead.changes] == ["A `thing` in two lines."]
    assert (second.released_on, second.intro) == (date(2027, 1, 31), "An intro.")
    assert [(c.kind, c.contract, c.breaking) for c in second.changes] == [
        ("added", True, True),
        ("added", False, False),
        ("removed", False, False),
    ]
    assert (first.anchor, first.changes) == ("v1.0.0", [])


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no version"),
        ("## 1.0.0 - 2026-12-24\n", "is no `## "),
        ("## [1.0] - 2026-12-24\n", "is no `## "),
        ("## [1.0.0]\n", "a version has its day"),
        ("## [Unreleased] - 2026-12-24\n", "a version has its day"),
        ("## [1.0.0] - 2026-13-01\n", "line 5"),
        ("## [Unreleased]\n### Improved\n- x\n", "is none of Added"),
        ("## [Unreleased]\n- x\n", "no such thing"),
        ("## [Unreleased]\n### Added\nBare text.\n", "no such thing"),
        ("## [Unreleased]\n### Added\n* x\n", "no such thing"),
        ("## [Unreleased]\n#### Added\n", "no such thing"),
        ("## [Unreleased]\n### Added\n- It is BREAKING.\n", "marks stand in front"),
        ("## [Unreleased]\n### Added\n- **BREAKING** x\n", r"changes the \*\*Contract"),
        ("## [Unreleased]\n### Added\n- **BREAKING** **Contract** x\n", "marks stand in front"),
        ("## [1.0.0] - 2026-12-24\n## [1.1.0] - 2026-12-25\n", "newest first"),
        ("## [1.0.0] - 2026-12-24\n## [1.0.0] - 2026-12-24\n", "newest first"),
        ("- x\n## [Unreleased]\n", "no such thing"),
    ],
)
def test_a_changelog_out_of_form_is_refused(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse(HEAD + text)


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_speaks_both_languages_and_answers_programs(path: str, app: FastAPI) -> None:
    german = await get(app, path)
    english = await get(app, path, Accept_Language="en")
    data = await get(app, path, Accept="application/json")
    assert [a.status_code for a in (german, english, data)] == [200] * 3
    assert (german.headers["Content-Language"], english.headers["Content-Language"]) == ("de", "en")
    assert german.text != english.text
    assert "<script" not in german.text
    assert german.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert "$" not in re.sub(r"`[^`]*`", "", german.text)
    assert data.headers["Content-Type"] == "application/json"
    assert "Accept" in data.headers["Vary"]
    assert "Accept" in german.headers["Vary"]
    assert isinstance(data.json(), dict)
    again = await get(app, path, If_None_Match=german.headers["ETag"])
    assert (again.status_code, again.content) == (304, b"")
    ids = re.findall(r' id="([^"]+)"', german.text)
    assert len(ids) == len(set(ids))
    assert german.text.count("<h1>") == 1


async def test_the_changelog_has_an_anchor_for_each_version(app: FastAPI) -> None:
    page = (await get(app, "/docs/changelog")).text
    document = (await get(app, "/docs/changelog", Accept="application/json")).json()
    assert "Die einzelnen Einträge sind auf Englisch." in page
    for one in document["versions"]:
        assert f'id="{one["url"].partition("#")[2]}"' in page
    assert page.count("<strong>Bruch</strong>") == sum(
        c["breaking"] for v in document["versions"] for c in v["changes"]
    )


async def test_what_ends_is_on_its_page_where_the_headers_point(app: FastAPI) -> None:
    page = (await get(app, "/docs/deprecations?lang=en")).text
    document = (await get(app, "/docs/deprecations", Accept="application/json")).json()
    assert [item["operation_id"] for item in document["items"]] == [e.operation for e in ENDING]
    for one, item in zip(ENDING, document["items"], strict=True):
        assert item["url"] == f"https://api.example.org/docs/deprecations#{one.operation}"
        assert f'id="{one.operation}"' in page
        assert (item["deprecated_at"], item["sunset_at"]) == (
            f"{one.deprecated_at}T00:00:00Z",
            f"{one.sunset_at}T00:00:00Z",
        )
        assert item["text"] == {"de": one.text_de, "en": one.text_en}


async def test_where_nothing_ends_the_page_says_so() -> None:
    app = create_app(SETTINGS, dsn="", secret=SECRET, ending=[])
    assert "Zurzeit endet nichts." in (await get(app, "/docs/deprecations")).text
    data = await get(app, "/docs/deprecations", Accept="application/json")
    assert data.json() == {"items": []}


async def test_the_promises_are_one_text_for_page_and_readme(app: FastAPI) -> None:
    readme = (CHANGELOG.parent / "openapi" / "README.md").read_text("utf-8")
    document = (await get(app, "/docs/compatibility", Accept="application/json")).json()
    assert len(document["sections"]) == len(promises()) == 3
    for section in document["sections"]:
        assert f"## {section['heading']['en']}" in readme
        for item in section["items"]:
            assert f"- {item['en']}" in readme
            assert item["de"] != item["en"]


def test_every_text_is_there_in_both_languages() -> None:
    found = texts("integration_api.versions")
    assert len(found) > 20
    assert [key for key, both in found.items() if len(both) != 2 or not all(both)] == []
    assert json.dumps(found, ensure_ascii=False).count("ae") < 5  # umlauts are umlauts
