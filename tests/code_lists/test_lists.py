"""The data files are whole, and the look-ups judge validity by the day."""

import re
from datetime import date
from pathlib import Path

import pytest
import yaml

from integration_api.app import LIFECYCLES
from integration_api.code_lists import service
from integration_api.code_lists.service import Entry, attributes, known, label, lists, must_know
from integration_api.kernel.problems import UnknownReference
from tests.portal.public import public_app

DAY = date(2026, 11, 25)
FILES = sorted(Path(service.__file__).with_name("data").glob("*.yaml"))
ENTRIES = [(name, e) for name, one in lists().items() for e in one.entries.values()]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_file_is_named_like_its_list_and_names_no_code_twice(path: Path) -> None:
    raw = yaml.safe_load(path.read_text("utf-8"))
    codes = [row["code"] for row in raw["entries"]]
    assert raw["name"] == path.stem
    assert codes
    assert sorted(set(codes)) == sorted(codes)


OURS = "[a-z][a-z0-9_]{0,63}"
FORMS = {
    "ags": "(0[1-9]|1[0-6])[0-9]{6}",
    "ars": "(0[1-9]|1[0-6])[0-9]{10}",
    "cefr_levels": "[ABC][12]|none|literacy_course_needed",
    "languages": "[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2})?",
    "nationalities": "[0-9]{3}",
}
"""Lists whose codes are somebody else's."""


def test_every_code_has_both_labels_and_a_form_that_requests_can_have() -> None:
    assert len(ENTRIES) > 300
    wrong = [
        (name, e.code)
        for name, e in ENTRIES
        if not re.fullmatch(FORMS.get(name, OURS), e.code) or not e.de.strip() or not e.en.strip()
    ]
    assert wrong == []


def test_a_municipality_has_the_key_of_its_regional_key() -> None:
    regional = lists()["ars"].entries
    assert len(regional) == len(lists()["ags"].entries) == 54
    for ars, entry in regional.items():
        ags = ars[:5] + ars[9:]
        assert entry.attributes["ags"] == ags
        assert lists()["ags"].entries[ags].de == entry.de
        assert attributes("ags", ags)["ars"] == ars
    assert label("ags", "05124000", "de") == "Wuppertal"
    assert known("ags", "05315000", DAY)


def test_every_state_of_today_has_its_iso_codes_once() -> None:
    states = {c: e for c, e in lists()["nationalities"].entries.items() if e.attributes["iso2"]}
    assert len(states) == 197  # 193 members of the UN; Holy See, Palestine, Kosovo, Taiwan
    two = [e.attributes["iso2"] for e in states.values()]
    three = [e.attributes["iso3"] for e in states.values() if e.attributes["iso3"]]
    assert (len(set(two)), len(set(three))) == (197, 196)
    assert all(re.fullmatch("[A-Z]{2}", code) for code in two)
    kosovo = attributes("nationalities", "150")
    assert (kosovo["iso2"], kosovo["iso3"]) == ("XK", None)
    assert label("nationalities", "000", "de") == "Deutschland"
    safe = set(lists()["safe_countries"].entries)
    assert safe <= {code.lower() for code in two}


def test_who_has_no_state_has_no_iso_code() -> None:
    substitutes = [e for e in service.entries("nationalities") if not e.attributes["iso2"]]
    assert [e.code for e in substitutes] == ["997", "998", "999"]
    assert all(e.attributes["unconfirmed"] for e in substitutes)


def test_levels_of_language_rise_in_their_order() -> None:
    levels = [e.attributes["level"] for e in service.entries("cefr_levels")]
    assert levels == [0, 0, 1, 2, 3, 4, 5, 6]
    assert attributes("cefr_levels", "B1")["statute"] == "ausreichende deutsche Sprachkenntnisse"


def test_kurdish_is_two_languages() -> None:
    languages = lists()["languages"].entries
    assert {"kmr", "ckb", "prs", "fa", "ti", "rom", "uk", "ar"} <= set(languages)
    assert "ku" not in languages


def test_every_status_is_told_in_plain_german() -> None:
    for entry in service.entries("residence_status_codes"):
        assert entry.de_simple, entry.code
        sentences = re.split(r"(?<=[.])(?<!z\.B\.) ", entry.de_simple)
        assert all(len(s.split()) <= 15 for s in sentences), entry.de_simple
        assert "§" not in entry.de_simple


def test_a_code_begins_before_it_ends() -> None:
    limited = [e for _, e in ENTRIES if e.valid_from and e.valid_to]
    assert limited
    assert all(e.valid_from < e.valid_to for e in limited if e.valid_from and e.valid_to)


def test_labels_are_german_with_real_umlauts() -> None:
    spelled_out = re.compile(r"\b(fuer|ueber|Auslaender|Behoerde|Massnahme)")
    assert [e.de for _, e in ENTRIES if spelled_out.search(e.de)] == []


def test_attributes_name_codes_that_exist() -> None:
    wrong = [
        (name, e.code, value)
        for name, e in ENTRIES
        for attribute, target in (
            ("jurisdictions", "jurisdictions"),
            ("life_area", "life_areas"),
            ("status_group", "status_groups"),
            ("compartments", "compartments"),
            ("assigned_only", "compartments"),
            ("compartment", "compartments"),
            ("from", "agency_types"),
            ("to", "agency_types"),
            ("forms", "consent_forms"),
        )
        for value in _many(e.attributes.get(attribute, []))
        if value not in lists()[target].entries
    ]
    assert wrong == []


def _many(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def test_what_the_contract_and_the_drawings_name_is_a_list() -> None:
    named = {t.reasons for drawn in LIFECYCLES for t in drawn.transitions if t.reasons}
    text = str(public_app().openapi())
    named |= set(re.findall(r"'x-extensible-enum': '([a-z_]+)'", text))
    assert named
    assert named <= set(lists())


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2022, 12, 30), False),
        (date(2022, 12, 31), True),
        (date(2027, 6, 30), True),
        (date(2027, 7, 1), False),
    ],
)
def test_a_code_is_known_from_its_first_day_to_the_day_before_its_end(
    day: date, *, expected: bool
) -> None:
    assert known("residence_status_codes", "ae_104c", day) is expected
    shown = {e.code for e in service.entries("residence_status_codes", day)}
    assert ("ae_104c" in shown) is expected


def test_a_code_that_has_ended_keeps_its_label() -> None:
    assert not known("residence_status_codes", "ae_104c", date(2030, 1, 1))
    assert label("residence_status_codes", "ae_104c", "de") == "Chancen-Aufenthaltsrecht"


def test_an_unknown_code_is_shown_as_it_is() -> None:
    assert label("urgencies", "yesterday", "en") == "yesterday"
    assert dict(attributes("urgencies", "yesterday")) == {}


@pytest.mark.parametrize(
    ("name", "code"), [("urgencies", "yesterday"), ("withdraw_reasons", "disclosure_ended")]
)
def test_a_request_may_name_no_unknown_code_and_none_of_the_systems_own(
    name: str, code: str
) -> None:
    with pytest.raises(UnknownReference) as refused:
        must_know(name, code, "/reason", DAY)
    assert [f.pointer for f in refused.value.findings] == ["/reason"]
    must_know("withdraw_reasons", "no_longer_needed", "/reason", DAY)


def test_only_offices_that_issue_documents_are_immigration_offices() -> None:
    offices = {
        e.code for e in service.entries("agency_types") if "immigration_office" in e.attributes
    }
    assert offices == {
        "immigration_office",
        "immigration_office_employment",
        "immigration_office_enforcement",
        "central_immigration_office",
    }


def test_what_rules_read_from_a_list_is_there_for_every_code() -> None:
    for entry in service.entries("urgencies"):
        assert entry.attributes["decide_working_days"] >= 1
    for entry in service.entries("consent_instruments"):
        assert entry.attributes["default_months"] >= 1
    for entry in service.entries("residence_status_codes"):
        assert entry.attributes["status_group"]
        assert entry.code == "unknown" or entry.attributes["legal_norm"].startswith(("§", "Art."))


def test_an_open_ended_entry_holds_on_every_day() -> None:
    entry = Entry("x", "x", "x")
    assert entry.on(date.min)
    assert entry.on(date.max)
