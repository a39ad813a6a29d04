"""The German twin says all that the contract says, in German, and differs in nothing else."""

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from integration_api.cli import contract as commands
from integration_api.contract import catalogue
from integration_api.contract.german import Words, twin
from integration_api.contract.parts import to_json, to_yaml
from tests.portal.public import reader

Document = dict[str, Any]
FOLDER = Path(__file__).parents[2] / "openapi"
ADD = (
    "Run `integration-api openapi export`: it adds empty entries to"
    " src/integration_api/contract/de.po and drops unused ones. Fill them and run it again."
)
NAMES = {"BCP 47.", "UTC.", "§ 34 BeschV."}
"""What is the same in both languages."""
ENGLISH = re.compile(
    r"\b(the|of|and|is|are|was|were|with|which|who|for|not|by|from|to|it|its|that|this|these|"
    r"no|only|one|page|case|agency|where|when|what|without|has|have|may|must)\b"
)
GERMAN_TOO = {"was"}
FLAT = re.compile(
    r"\b\w*(fuer|ueber|koenn|moegl|pruef|aender|zustaend|gruend|schluess)\w*\b", re.IGNORECASE
)


@pytest.fixture(scope="module")
def english() -> Document:
    found: Document = json.loads((FOLDER / "openapi.json").read_text("utf-8"))
    return found


@pytest.fixture(scope="module")
def german() -> Document:
    found: Document = json.loads((FOLDER / "openapi.de.json").read_text("utf-8"))
    return found


@pytest.fixture(scope="module")
def words(english: Document) -> Words:
    """What the committed contract asks of the committed catalogue."""
    found = commands.asked()
    twin(english, found)
    return found


def copy(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A catalogue of the test's own, in the place of the committed one."""
    path = folder / "de.po"
    path.write_bytes(catalogue.PATH.read_bytes())
    monkeypatch.setattr(catalogue, "PATH", path)
    return path


def leaves(node: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Everything in a document that holds nothing, in order."""
    if isinstance(node, dict) and node:
        for key, value in node.items():
            yield from leaves(value, (*path, key))
    elif isinstance(node, list) and node:
        for place, value in enumerate(node):
            yield from leaves(value, (*path, str(place)))
    else:
        yield path, node


def pairs(english: Document, german: Document) -> list[tuple[tuple[str, ...], str, str]]:
    """Every place where the documents differ; they have the same places in the same order."""
    ours, theirs = list(leaves(english)), list(leaves(german))
    assert [path for path, _ in ours] == [path for path, _ in theirs]
    both = zip(ours, theirs, strict=True)
    return [(path, one, other) for (path, one), (_, other) in both if one != other]


def untranslated(document: Document) -> list[str]:
    """Texts for people that hold English words, or German without its letters."""
    found = []
    for path, text in leaves(document):
        if path[-1] in ("description", "summary") and "value" not in path:
            prose = re.sub(r"`[^`]*`|\*\*\w+\*\*", "", str(text))
            if (set(ENGLISH.findall(prose)) - GERMAN_TOO) or FLAT.search(prose):
                found.append(str(text))
    return found


def test_every_text_of_the_contract_has_a_german_one(words: Words) -> None:
    assert len(words.asked) > 1_000
    assert words.missing == [], f"without German: {words.missing}. {ADD}"


def test_no_entry_of_the_catalogue_is_unused(words: Words) -> None:
    assert words.unused == [], ADD
    assert catalogue.mended(words) == catalogue.PATH.read_bytes(), ADD


def test_german_is_no_copy_of_the_english(words: Words) -> None:
    assert {english for english, text in words.catalogue.items() if english == text} == NAMES


def test_the_twin_is_what_the_code_makes_of_the_contract(
    english: Document, german: Document, words: Words
) -> None:
    assert twin(english, words) == german
    assert to_json(german).encode() == (FOLDER / "openapi.de.json").read_bytes()
    assert to_yaml(german).encode() == (FOLDER / "openapi.de.yaml").read_bytes()


def test_only_texts_differ(english: Document, german: Document) -> None:
    found = pairs(english, german)
    assert len(found) > 3_000
    for path, one, _ in found:
        told = path[-1] in ("description", "summary") or path[-2] in ("x-scopes", "scopes")
        problem = path[-1] in ("title", "detail") and "examples" in path
        assert told or problem, (path, one)
    names = [path for path, _, _ in found if path[-2:-1] == ("properties",)]
    assert names == []


def test_a_twin_of_another_structure_is_noticed(english: Document, german: Document) -> None:
    changes: tuple[Callable[[Document], object], ...] = (
        lambda d: d["components"]["schemas"]["Problem"]["properties"].pop("detail"),
        lambda d: d["components"]["schemas"]["Problem"]["required"].append("guard"),
        lambda d: d["paths"].__setitem__("/more", {"get": {"summary": "Mehr"}}),
    )
    for change in changes:
        other = deepcopy(german)
        change(other)
        with pytest.raises(AssertionError):
            pairs(english, other)


def test_both_texts_name_the_same_things_in_the_same_form(
    english: Document, german: Document
) -> None:
    for _, one, other in pairs(english, german):
        for part in (r"`[^`]+`", r"\*\*\w+\*\*", r"\n\n", r"(?m)^- "):
            assert sorted(re.findall(part, one)) == sorted(re.findall(part, other)), (one, other)
        assert one.endswith(".") == other.endswith("."), (one, other)
        # a section of a law, a number of days: German has none that English has not
        assert set(re.findall(r"\d+", other)) <= set(re.findall(r"\d+", one)), (one, other)


def test_no_english_prose_is_left(english: Document, german: Document) -> None:
    assert untranslated(german) == []
    # the finder finds: the English contract is untranslated altogether
    assert len(untranslated(english)) > 2_000


def test_events_problems_and_states_speak_german_from_where_it_stands(german: Document) -> None:
    accepted = german["webhooks"]["referral.accepted"]["post"]
    assert accepted["summary"] == "Vermittlung: angenommen"
    assert accepted["description"].startswith("Vermittlung: jetzt „angenommen“. Es kann doppelt")
    absent = german["components"]["responses"]["NotFound"]["content"]["application/problem+json"]
    shown = absent["examples"]["not-found"]
    assert shown["summary"] == shown["value"]["title"] == "Nicht gefunden"
    states = german["components"]["schemas"]["ReferralStatus"]["description"]
    assert "\n- `sent`: gesendet\n" in states
    accept = german["paths"]["/referrals/{id}/accept"]["post"]
    assert accept["summary"] == "Die Vermittlung annehmen"
    assert "Von received, sent nach **accepted**; durch recipient." in accept["description"]


def test_a_new_text_is_named_and_gets_an_empty_entry(
    english: Document, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    grown = deepcopy(english)
    grown["components"]["schemas"]["Problem"]["description"] = "Nobody has\ntranslated me."
    path = copy(tmp_path, monkeypatch)
    asked = commands.asked()
    assert twin(grown, asked)["components"]["schemas"]["Problem"]["description"] == (
        "Nobody has translated me."
    )
    assert asked.missing == ["Nobody has translated me."]
    assert "\n  Nobody has translated me." in commands._lacking(asked)
    path.write_bytes(catalogue.mended(asked))
    assert 'msgid "Nobody has translated me."\nmsgstr ""\n' in path.read_text("utf-8")
    assert catalogue.load()["Nobody has translated me."] == ""


def test_a_changed_text_keeps_its_german_until_somebody_has_looked(
    english: Document, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = "What a person allows: which agency may have which data, for what, until when."
    changed = deepcopy(english)
    (tag,) = (tag for tag in changed["tags"] if tag["description"] == said)
    tag["description"] = said.replace("until when", "and until when")
    path = copy(tmp_path, monkeypatch)
    asked = commands.asked()
    twin(changed, asked)
    assert (asked.missing, asked.unused) == ([tag["description"]], [said])
    path.write_bytes(catalogue.mended(asked))
    entry = path.read_text("utf-8").partition(f'msgid "{tag["description"]}"')
    assert entry[0].endswith("\n\n#, fuzzy\n")
    assert entry[2].startswith('\nmsgstr "Was eine Person erlaubt')
    # it does not count before the mark is gone, and the old text is no entry any more
    again = commands.asked()
    twin(changed, again)
    assert (again.missing, again.unused) == ([tag["description"]], [])
    assert catalogue.mended(again) == path.read_bytes()
    path.write_text(path.read_text("utf-8").replace("#, fuzzy\n", ""), "utf-8")
    done = commands.asked()
    twin(changed, done)
    assert done.missing == []
    assert catalogue.mended(done) == path.read_bytes()


def test_a_property_called_description_is_a_name() -> None:
    schema = {
        "type": "object",
        "properties": {
            "description": {"type": "string", "description": "Name of the agency."},
            "summary": {"type": "string", "default": "Name of the agency."},
        },
        "examples": [{"description": "Name of the agency.", "title": "Validation failed"}],
    }
    doc = {"components": {"schemas": {"Thing": schema}}}
    found = twin(doc, Words({"Name of the agency.": "Name der Stelle."}))
    thing = found["components"]["schemas"]["Thing"]
    assert thing["properties"]["description"]["description"] == "Name der Stelle."
    assert thing["properties"]["summary"]["default"] == "Name of the agency."
    assert thing["examples"] == schema["examples"]


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
@pytest.mark.parametrize("kind", ["json", "yaml"])
async def test_both_are_served_as_they_are_committed(kind: str, encoding: str) -> None:
    async with reader() as client:
        sent = {"Accept-Encoding": encoding, "Accept-Language": "de"}
        default = await client.get(f"/v1/openapi.{kind}", headers=sent)
        english = await client.get(f"/v1/openapi.{kind}?lang=en", headers=sent)
        german = await client.get(f"/v1/openapi.{kind}?lang=de", headers=sent)
        tag = {"If-None-Match": german.headers["ETag"]}
        again = await client.get(f"/v1/openapi.{kind}?lang=de", headers=tag)
        other = await client.get(f"/v1/openapi.{kind}", headers=tag)
    for answer, name in ((english, "openapi"), (german, "openapi.de"), (default, "openapi")):
        committed = hashlib.sha256((FOLDER / f"{name}.{kind}").read_bytes())
        assert hashlib.sha256(answer.content).digest() == committed.digest()
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert answer.headers["Content-Type"] == f"application/{kind}"
    assert german.headers["Content-Language"] == "de"
    assert default.headers["Content-Language"] == "en"
    assert (again.status_code, other.status_code) == (304, 200)


@pytest.mark.parametrize("query", ["lang=fr", "lang=DE", "lang=", "language=de"])
async def test_no_third_language(query: str) -> None:
    async with reader() as client:
        for kind in ("json", "yaml"):
            answer = await client.get(f"/v1/openapi.{kind}?{query}")
            assert answer.status_code == 400
            assert answer.json()["type"].endswith("/problems/invalid-parameter")


async def test_the_reference_loads_the_document_of_its_language() -> None:
    async with reader() as client:
        german = await client.get("/docs?lang=de")
        english = await client.get("/docs?lang=en")
        script = await client.get("/assets/docs.js")
    assert '<html lang="de">' in german.text
    assert '<html lang="en">' in english.text
    assert "/v1/openapi.json?lang=${document.documentElement.lang}" in script.text
