"""What a pack may not be: each fault is found at load, with its place."""

import copy
from collections.abc import Callable
from datetime import date
from itertools import pairwise
from typing import Any

import pytest
import yaml

from integration_api.code_lists.service import entries
from integration_api.rules import loading
from integration_api.rules.facts import FACTS
from integration_api.rules.findings import PackError
from integration_api.rules.loading import check_pack, parse_pack, shipped
from integration_api.rules.topics import BY_TOPIC, COMPONENTS, components_of
from tests.rules.golden_vectors import FOLDER

Raw = dict[str, Any]

GOOD = """
rule_set:
  code: promotion
  version: "1"
  title: {de: Förderung, en: Promotion}
  state: released
  released_by: rule_editor
  released_at: 2026-11-22T09:00:00Z
  law_as_of: 2026-08-19
  source: SGB III
rules:
- id: workers
  version: 1
  valid_from: 2020-03-01
  valid_to: null
  state: released
  priority: 200
  when: {is_worker: {is: true}}
  then: {promotion_agency: jobcenter}
  legal_basis: ["§ 16 SGB II"]
  explanation: {de: a, de_simple: b, en: c}
- id: others
  version: 1
  valid_from: 2020-03-01
  valid_to: null
  state: released
  priority: 100
  when: {}
  then: {promotion_agency: employment_agency}
  legal_basis: ["§ 29 SGB III"]
  explanation: {de: a, de_simple: b, en: c}
"""


def good() -> Raw:
    raw: Raw = yaml.safe_load(GOOD)
    return raw


def wrong(change: Callable[[Raw], object]) -> Raw:
    raw = copy.deepcopy(good())
    change(raw)
    return raw


def rule(n: int, **members: Any) -> Callable[[Raw], object]:
    return lambda raw: raw["rules"][n].update(members)


def test_the_fixture_is_a_good_pack() -> None:
    assert check_pack(parse_pack(good())) == []


@pytest.mark.parametrize("pack", shipped(), ids=lambda pack: f"{pack.code} {pack.version}")
def test_a_shipped_pack_is_without_findings(pack: loading.Pack) -> None:
    assert check_pack(pack) == []
    assert pack.raw["rule_set"]["source"]


def test_every_topic_has_a_released_pack() -> None:
    released = {pack.code for pack in shipped() if pack.state == "released"}
    assert released == {topic.rule_set for topic in BY_TOPIC.values()}


@pytest.mark.parametrize(
    ("change", "pointer", "code"),
    [
        (rule(0, priority=100), "/rules/1/priority", "tie"),
        (
            rule(0, priority=100, then={"promotion_agency": "employment_agency"}),
            "/rules/1/priority",
            "tie",
        ),
        (rule(1, id="workers"), "/rules/1/id", "duplicate_rule"),
        (rule(1, when={"status_in": ["ae_18a"]}), "/rules", "gap"),
        (rule(1, when={"not": {"status_in": ["ae_24"]}}), "/rules", "gap"),
        (rule(1, when={"months_since": {"anchor": "entered_on", "gte": 3}}), "/rules", "gap"),
        (rule(1, valid_to=date(2026, 8, 19)), "/rules", "gap"),
        (rule(1, valid_to=date(2027, 1, 1)), "/rules", "gap"),
        (rule(1, valid_from=date(2027, 1, 1)), "/rules", "gap"),
        (rule(1, state="pending_legislation"), "/rules", "gap"),
        (rule(0, legal_basis=[]), "/rules/0/legal_basis", "no_basis"),
        (rule(0, valid_from=None), "/rules/0/valid_from", "no_valid_from"),
        (rule(0, valid_to=date(2020, 3, 1)), "/rules/0/valid_to", "not_half_open"),
        (rule(0, valid_to=date(2020, 2, 1)), "/rules/0/valid_to", "not_half_open"),
    ],
)
def test_a_pack_that_can_be_read_but_not_used_says_why(
    change: Callable[[Raw], object], pointer: str, code: str
) -> None:
    found = check_pack(parse_pack(wrong(change)))
    assert (pointer, code) in {(one.pointer, one.code) for one in found}
    assert {one.code for one in found} == {code}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"is_worker": {"is": True}}, {"not": {"is_worker": {"is": True}}}),
        ({"is_worker": {"is": True}}, {"is_worker": {"is": False}}),
        ({"status_in": ["ae_18a"]}, {"status_in": ["ae_18b"]}),
        ({"status_group_in": ["family"]}, {"status_group_in": ["eu", "settled"]}),
        ({"identity_status": {"is": "unclear"}}, {"identity_status": {"is": "being_clarified"}}),
    ],
)
def test_rules_that_exclude_each_other_may_have_one_priority(one: Raw, other: Raw) -> None:
    raw = good()
    raw["rules"] = [
        {**raw["rules"][0], "when": one, "priority": 100},
        {**raw["rules"][0], "id": "b", "when": other, "priority": 100},
        {**raw["rules"][1], "priority": 50},
    ]
    assert check_pack(parse_pack(raw)) == []


def test_many_alternatives_are_judged_at_once_and_too_many_are_refused() -> None:
    raw = good()
    parts = [{"nationalities": {"has": [f"{a}{b}"]}} for a in "abcde" for b in "abcde"]
    raw["rules"][0] |= {"when": {"any": parts}, "priority": 100}
    raw["rules"][1]["when"] = {"not": {"any": parts}}
    assert check_pack(parse_pack(raw)) == []
    pairs = [{"all": [one, {"not": other}]} for one, other in pairwise(parts)]
    forked = {"all": [{"any": [one, {"not": one}]} for one in pairs]}
    raw["rules"][0] |= {"when": forked, "priority": 200}
    assert {one.code for one in check_pack(parse_pack(raw))} == {"too_complex"}


def test_a_pack_that_only_amends_needs_no_answer_for_every_status_until_it_is_released() -> None:
    raw = good() | {"rules": [good()["rules"][0]]}
    raw["rule_set"] |= {"amends": "1", "state": "pending_legislation"}
    assert check_pack(parse_pack(raw)) == []
    raw["rule_set"]["state"] = "released"
    assert {one.code for one in check_pack(parse_pack(raw))} == {"gap"}


def test_two_rules_cover_a_status_together_where_each_alone_would_not() -> None:
    raw = good()
    raw["rules"][1]["when"] = {"not": {"is_worker": {"is": True}}}
    assert check_pack(parse_pack(raw)) == []


@pytest.mark.parametrize(
    ("change", "pointer", "code"),
    [
        (lambda raw: raw.pop("rules"), "/rules", "missing_member"),
        (lambda raw: raw.update(rules=[]), "/rules", "empty"),
        (lambda raw: raw.update(rules={}), "/rules", "wrong_type"),
        (lambda raw: raw.update(remarks="x"), "/remarks", "unknown_member"),
        (lambda raw: raw["rule_set"].pop("source"), "/rule_set/source", "missing_member"),
        (lambda raw: raw["rule_set"].update(code="weather"), "/rule_set/code", "unknown_topic"),
        (lambda raw: raw["rule_set"].update(state="old"), "/rule_set/state", "unknown_code"),
        (lambda raw: raw["rule_set"].update(law_as_of="x"), "/rule_set/law_as_of", "wrong_type"),
        (
            lambda raw: raw["rule_set"].update(released_at="x"),
            "/rule_set/released_at",
            "wrong_type",
        ),
        (lambda raw: raw["rule_set"]["title"].pop("de"), "/rule_set/title/de", "missing_member"),
        (lambda raw: raw["rules"][0].pop("valid_to"), "/rules/0/valid_to", "missing_member"),
        (
            lambda raw: raw["rules"][0]["explanation"].pop("de_simple"),
            "/rules/0/explanation/de_simple",
            "missing_member",
        ),
        (
            lambda raw: raw.update(derive={"x": {"day_after": "entered_on"}}),
            "/derive/x",
            "unknown_member",
        ),
        (
            lambda raw: raw.update(derive={"entered_on": {"month_end_of": "entered_on"}}),
            "/derive/entered_on",
            "duplicate_rule",
        ),
        (lambda raw: raw["rules"].append("rule"), "/rules/2", "wrong_type"),
        (lambda raw: raw.update(derive=[]), "/derive", "wrong_type"),
        (lambda raw: raw.update(rule_set=[]), "/rule_set", "wrong_type"),
        (rule(1, id=""), "/rules/1/id", "wrong_type"),
        (rule(1, version="1"), "/rules/1/version", "wrong_type"),
        (rule(1, priority=-1), "/rules/1/priority", "wrong_type"),
        (rule(1, valid_from="2026-13-01"), "/rules/1/valid_from", "wrong_type"),
        (rule(1, state="new"), "/rules/1/state", "unknown_code"),
        (rule(1, basis="rumour"), "/rules/1/basis", "unknown_code"),
        (rule(1, confidence="full"), "/rules/1/confidence", "unknown_code"),
        (rule(1, legal_basis="§ 1"), "/rules/1/legal_basis", "wrong_type"),
        (rule(1, when=None), "/rules/1/when", "wrong_type"),
        (rule(1, when={"status_in": ["ae_99"]}), "/rules/1/when/status_in", "unknown_code"),
        (
            rule(1, unless_review=["late"]),
            "/rules/1/unless_review/any/0/procedure_flags/has",
            "unknown_code",
        ),
        (rule(1, then={}), "/rules/1/then", "wrong_type"),
        (
            rule(1, then={"promotion_agency": "church"}),
            "/rules/1/then/promotion_agency",
            "unknown_code",
        ),
        (
            rule(1, then={"promotion_agency": None}),
            "/rules/1/then/promotion_agency",
            "unknown_code",
        ),
        (
            rule(1, then={"promotion_notes": ["none"]}),
            "/rules/1/then/promotion_notes",
            "unknown_code",
        ),
        (rule(1, then={"course_access": "none"}), "/rules/1/then/course_access", "unknown_member"),
        (rule(1, then={"as_status": "entered_on"}), "/rules/1/then/as_status", "unknown_fact"),
        (rule(1, colour="red"), "/rules/1/colour", "unknown_member"),
    ],
)
def test_a_pack_that_cannot_be_read_says_where(
    change: Callable[[Raw], object], pointer: str, code: str
) -> None:
    with pytest.raises(PackError) as error:
        parse_pack(wrong(change))
    assert [(one.pointer, one.code) for one in error.value.findings] == [(pointer, code)]


def test_an_answer_that_is_a_day_is_made_of_facts() -> None:
    raw = good() | {"rules": [good()["rules"][1]]}
    raw["rule_set"]["code"] = "training_stay"
    raw["rules"][0]["then"] = {"earliest_grant": {"latest_of": []}}
    with pytest.raises(PackError, match="/rules/0/then/earliest_grant"):
        parse_pack(raw)
    raw["rules"][0]["then"] = {"earliest_grant": "2026-01-01"}
    with pytest.raises(PackError, match="/rules/0/then/earliest_grant"):
        parse_pack(raw)


def test_all_that_is_wrong_is_found_at_once() -> None:
    raw = wrong(rule(0, priority="high", when={"x": {}}))
    raw["rules"][1]["then"] = {"promotion_agency": "church"}
    with pytest.raises(PackError) as error:
        parse_pack(raw)
    assert {one.pointer for one in error.value.findings} == {
        "/rules/0/priority",
        "/rules/0/when/x",
        "/rules/1/then/promotion_agency",
    }


def test_a_pack_read_from_json_is_the_same() -> None:
    raw = good()
    raw["rule_set"] |= {"law_as_of": "2026-08-19", "released_at": "2026-11-22T09:00:00+00:00"}
    raw["rules"][0]["valid_from"] = "2020-03-01"
    assert parse_pack(raw).rules[0].valid_from == parse_pack(good()).rules[0].valid_from


# ----------------------------------------------------------------------------------- facts, vectors


def test_the_vectors_lie_where_no_pack_is_loaded_from() -> None:
    assert "packs" not in FOLDER.parts
    assert "src" not in FOLDER.parts
    for file in FOLDER.glob("*.yaml"):
        with pytest.raises(PackError):
            parse_pack(yaml.safe_load(file.read_text("utf-8")))
    assert len(list(FOLDER.glob("*.yaml"))) == 7


def test_a_fact_is_needed_for_just_the_topics_whose_rules_ask_for_it() -> None:
    asked: dict[str, set[str]] = {name: set() for name in FACTS}
    for topic in BY_TOPIC.values():
        mine = [pack for pack in shipped() if pack.code == topic.rule_set]
        for one in (one for pack in mine for one in pack.rules):
            if one.as_status is None and not one.then.keys() & set(topic.components):
                continue
            used = one.when.uses() | (one.review.uses() if one.review else set())
            days = {name for then in one.then.values() for name in _facts_in(then)}
            for name in used | days | ({one.as_status} if one.as_status else set()):
                asked[name].add(topic.name)
    assert asked == {name: set(fact.needed_for) for name, fact in FACTS.items()}


def _facts_in(then: Any) -> set[str]:
    days = getattr(then, "days", [then])
    return {one.fact for one in days if hasattr(one, "fact")}


def test_no_pack_asks_for_what_the_engine_answers() -> None:
    derived = {name for name, fact in FACTS.items() if fact.derived}
    for pack in shipped():
        for one in pack.rules:
            assert not one.when.uses() & derived, one.id


def test_a_fact_and_a_component_are_labelled_and_their_lists_exist() -> None:
    compartments = {entry.code for entry in entries("compartments")}
    for fact in FACTS.values():
        assert fact.de
        assert fact.en
        assert fact.compartment in compartments
        assert fact.kind != "code" or fact.codes, fact.name
    for code in {pack.code for pack in shipped()}:
        assert all(COMPONENTS[name].de for name in components_of(code))
