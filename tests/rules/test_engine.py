"""The engine: which rule answers, what it says of itself, what stands beside the answer."""

import json
import time
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from integration_api.code_lists.service import entries
from integration_api.rules import engine
from integration_api.rules.conditions import parse
from integration_api.rules.facts import typed
from integration_api.rules.findings import FactsError
from integration_api.rules.loading import shipped
from integration_api.rules.pack import Pack, Rule
from integration_api.rules.topics import BY_TOPIC, COMPONENTS, REVIEW

PACKS = engine.standing(shipped())
DAY = date(2026, 11, 22)


def ask(topic: str, day: date = DAY, **facts: Any) -> engine.Answer:
    return engine.check(topic, typed(facts), day, PACKS)


def test_an_answer_is_a_document_with_everything_that_led_to_it() -> None:
    found = ask(
        "labour_market_access",
        date(2026, 11, 10),
        status_code="gestattung_ae",
        asylum_registered_on="2026-08-10",
        procedure_flags=[],
    ).document()
    assert json.loads(json.dumps(found)) == found
    assert found["orientation_only"] is True
    assert found["answer"]["employment_access"] == "prohibited"
    assert found["pack"] == {"code": "labour_market_access", "version": "2026.2"}
    assert found["rule_id"] == "asylg61-1-reception-waiting"
    assert found["valid_from"] == "2026-06-12"
    assert found["valid_to"] is None
    assert found["law_as_of"] == "2026-08-19"
    assert found["legal_basis"] == ["§ 61 Abs. 1 Satz 1, 2 AsylG"]
    assert found["confidence"] == "high"
    assert found["next_change"]["on"] == "2026-11-11"
    assert found["next_change"]["answer"]["permit_modality"] == "entitlement"
    assert found["missing_facts"] == []
    assert [(step["rule_id"], step["verdict"]) for step in found["trace"]] == [
        ("aufenthg4a3-recorded-as-stated", "false"),
        ("aufenthg4a3-recorded-employment", "false"),
        ("aufenthg4a3-recorded-gainful-activity", "false"),
        ("aufenthg4a3-recorded-not-allowed", "false"),
        ("asylg61-1-accelerated", "false"),
        ("asylg61-1-reception-6-months", "false"),
        ("asylg61-1-reception-waiting", "true"),
    ]
    assert found["trace"][4]["because"] == ["procedure_flags has accelerated_art42"]


def test_without_the_status_only_the_status_is_asked_for() -> None:
    for topic in engine.TOPICS:
        found = ask(topic)
        assert found.missing_facts == ("status_code",)
        assert found.next_change is None
        required = {name for name in BY_TOPIC[topic].components if COMPONENTS[name].required}
        assert {found.answer[name] for name in required} == {REVIEW}


@pytest.mark.parametrize("topic", engine.TOPICS)
def test_every_status_of_the_list_is_answered_by_a_rule_or_by_what_is_missing(topic: str) -> None:
    for entry in entries("residence_status_codes"):
        found = ask(topic, status_code=entry.code)
        assert found.rule_id or found.missing_facts, entry.code


def test_a_fact_that_only_tells_apart_what_the_answer_leaves_open_is_not_missing() -> None:
    facts: dict[str, Any] = {
        "status_code": "gestattung_ae",
        "asylum_registered_on": "2026-07-01",
        "procedure_flags": [],
    }
    open_ = ask("ba_approval", **facts)
    assert open_.answer["ba_approval"] == "required_unless_exempt"
    assert open_.missing_facts == ()
    closed = ask("ba_approval", **facts, intended_work="vocational_training")
    assert closed.answer["ba_approval"] == "not_required"


def test_a_renewal_that_leads_in_a_circle_is_for_the_office() -> None:
    found = ask("course_access", status_code="fiktion_81_4", prior_status_code="fiktion_81_4")
    assert found.answer["course_access"] == REVIEW
    assert found.missing_facts == ()


def test_the_change_of_a_title_that_continues_is_its_own_change() -> None:
    facts: dict[str, Any] = {"status_code": "fiktion_81_4", "prior_status_code": "ae_24"}
    own = ask("labour_market_access", status_code="ae_24").next_change
    assert ask("labour_market_access", **facts).next_change == own
    assert own
    assert own[0] == date(2027, 3, 5)


def test_what_the_office_must_judge_is_never_more_than_low_confidence() -> None:
    assert ask("labour_market_access", status_code="visum_d").confidence == "low"
    assert ask("labour_market_access", status_code="ae_20").confidence == "medium"
    assert ask("labour_market_access", status_code="ae_28").confidence == "high"


def _rule(name: str, then: str, **members: Any) -> Rule:
    base = Rule(
        id=name,
        version=1,
        valid_from=date(2020, 1, 1),
        valid_to=None,
        state="released",
        priority=100,
        when=parse({}),
        then={"promotion_agency": then},
        legal_basis=("§ 1",),
        explanation={"de": name, "de_simple": name, "en": name},
    )
    return replace(base, **members)


def _answer(*rules: Rule, **facts: Any) -> engine.Answer:
    pack: Pack = replace(PACKS["promotion"], rules=rules, _by_status={})
    return engine.check(
        "promotion_agency", typed({"status_code": "ne_9", **facts}), DAY, {"promotion": pack}
    )


def test_the_highest_priority_wins_whatever_the_order_of_the_file() -> None:
    low, high = _rule("low", "none"), _rule("high", "jobcenter", priority=200)
    for rules in ((low, high), (high, low)):
        assert _answer(*rules).rule_id == "high"


def test_an_unknown_rule_above_makes_the_office_judge_unless_it_answers_the_same() -> None:
    when = parse({"is_worker": {"is": True}})
    low = _rule("low", "jobcenter")
    other = _answer(low, _rule("high", "employment_agency", priority=200, when=when))
    assert other.answer == {"promotion_agency": REVIEW}
    assert other.missing_facts == ("is_worker",)
    assert other.explanation["de_simple"]
    same = _answer(low, _rule("high", "jobcenter", priority=200, when=when))
    assert same.answer == {"promotion_agency": "jobcenter"}
    assert same.missing_facts == ()


def test_a_rule_that_ends_without_a_successor_ends_the_answer() -> None:
    found = _answer(_rule("short", "jobcenter", valid_to=date(2027, 1, 1)))
    assert found.next_change == (date(2027, 1, 1), {"promotion_agency": REVIEW})


def test_a_rule_does_not_answer_under_review_and_lacks_the_flag_while_it_is_unknown() -> None:
    rule = _rule("one", "jobcenter", review=parse({"procedure_flag_in": ["non_cooperation"]}))
    assert _answer(rule).missing_facts == ("procedure_flags",)
    assert _answer(rule, procedure_flags=[]).answer == {"promotion_agency": "jobcenter"}
    flagged = _answer(rule, procedure_flags=["non_cooperation"])
    assert flagged.answer == {"promotion_agency": REVIEW}
    assert flagged.missing_facts == ()
    assert flagged.rule_id == "one"


def test_a_pending_rule_never_answers_and_a_draft_pack_does_not_stand() -> None:
    pending = _rule("bill", "none", priority=900, state="pending_legislation")
    assert _answer(_rule("law", "jobcenter"), pending).rule_id == "law"
    draft = replace(PACKS["promotion"], state="draft")
    assert engine.standing([draft]) == {}


@pytest.mark.parametrize(
    ("facts", "pointer", "code"),
    [
        ({"shoe_size": 42}, "/shoe_size", "unknown_fact"),
        ({"status_code": "ae_99"}, "/status_code", "unknown_code"),
        ({"status_code": 18}, "/status_code", "wrong_type"),
        ({"entered_on": "soon"}, "/entered_on", "wrong_type"),
        ({"entered_on": 20260101}, "/entered_on", "wrong_type"),
        ({"able_to_work": "yes"}, "/able_to_work", "wrong_type"),
        ({"insured_employment_months": -1}, "/insured_employment_months", "wrong_type"),
        ({"insured_employment_months": True}, "/insured_employment_months", "wrong_type"),
        ({"procedure_flags": "accelerated_art42"}, "/procedure_flags", "wrong_type"),
        ({"procedure_flags": ["quick"]}, "/procedure_flags", "unknown_code"),
    ],
)
def test_a_stated_fact_that_cannot_be_read_is_named(
    facts: dict[str, Any], pointer: str, code: str
) -> None:
    with pytest.raises(FactsError) as error:
        typed(facts)
    assert [(one.pointer, one.code) for one in error.value.findings] == [(pointer, code)]


def test_a_check_of_all_topics_with_the_next_change_stays_within_its_time() -> None:
    facts = typed(
        {
            "status_code": "duldung_60a",
            "nationalities": ["af"],
            "toleration_flags": [],
            "toleration_began_on": "2026-10-01",
            "stay_uninterrupted_since": "2024-01-01",
            "entered_on": "2024-01-01",
            "identity_clarified_on": "2024-02-01",
            "training_starts_on": "2027-08-01",
        }
    )
    rounds = 50
    began = time.process_time()
    for _ in range(rounds):
        for topic in engine.TOPICS:
            engine.check(topic, facts, DAY, PACKS)
    each = (time.process_time() - began) / rounds / len(engine.TOPICS)
    assert each < 0.001, f"{each * 1000:.3f} ms"
