"""Conditions: what each form means, what it lacks, when it may flip, what cannot be read."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integration_api.rules.conditions import parse
from integration_api.rules.findings import PackError

DAY = date(2026, 11, 22)
Raw = dict[str, Any]


@pytest.mark.parametrize(
    ("raw", "facts", "holds"),
    [
        ({}, {}, True),
        ({"status_in": ["ae_18a"]}, {"status_code": "ae_18a"}, True),
        ({"status_in": ["ae_18a"]}, {"status_code": "ae_18b"}, False),
        ({"status_in": ["ae_18a"]}, {}, None),
        ({"status_group_in": ["tolerated"]}, {"status_code": "duldung_60c"}, True),
        ({"status_group_in": ["tolerated"]}, {"status_code": "gestattung"}, False),
        ({"prior_status_code": {"group_in": ["family"]}}, {"prior_status_code": "ae_30"}, True),
        ({"identity_status": {"is": "unclear"}}, {"identity_status": "unclear"}, True),
        ({"identity_status": {"in": ["unclear"]}}, {"identity_status": "being_clarified"}, False),
        ({"able_to_work": {"is": False}}, {"able_to_work": False}, True),
        ({"livelihood_agency": {"is": "jobcenter"}}, {"livelihood_agency": "jobcenter"}, True),
        ({"livelihood_agency": {"is": "jobcenter"}}, {}, None),
        ({"procedure_flag_in": ["accelerated_art42"]}, {"procedure_flags": frozenset()}, False),
        ({"procedure_flag_in": ["accelerated_art42"]}, {}, None),
        ({"nationalities": {"has": ["ua"]}}, {"nationalities": frozenset({"ua", "ru"})}, True),
        ({"entered_on": {"before": date(2026, 1, 1)}}, {"entered_on": date(2025, 12, 31)}, True),
        ({"entered_on": {"before": date(2026, 1, 1)}}, {"entered_on": date(2026, 1, 1)}, False),
        ({"entered_on": {"on_or_before": "2026-01-01"}}, {"entered_on": date(2026, 1, 1)}, True),
        ({"entered_on": {"after": "2026-01-01"}}, {"entered_on": date(2026, 1, 1)}, False),
        ({"entered_on": {"on_or_after": "2026-01-01"}}, {"entered_on": date(2026, 1, 1)}, True),
        ({"entered_on": {"before": "as_of"}}, {"entered_on": DAY}, False),
        ({"entered_on": {"on_or_before": "as_of"}}, {"entered_on": DAY}, True),
        ({"entered_on": {"on_or_before": "as_of"}}, {"entered_on": None}, False),
        ({"not": {"entered_on": {"before": "as_of"}}}, {"entered_on": None}, True),
        ({"work_annotation": {"is": "employment_allowed"}}, {}, False),
        (
            {"insured_employment_months": {"at_least": 24}},
            {"insured_employment_months": 24},
            True,
        ),
        ({"insured_employment_months": {"at_least": 24}}, {}, False),
        ({"not": {"document_valid_to": {"before": "as_of"}}}, {}, True),
        ({"age_at_least": {"born": "born_on", "years": 18}}, {"born_on": date(2008, 11, 22)}, True),
        (
            {"age_at_least": {"born": "born_on", "years": 18}},
            {"born_on": date(2008, 11, 23)},
            False,
        ),
    ],
)
def test_a_condition_says_yes_no_or_unknown(raw: Raw, facts: Raw, holds: bool | None) -> None:
    assert parse(raw).holds(facts, DAY) is holds


@pytest.mark.parametrize(
    ("anchor", "months", "first"),
    [
        (date(2026, 8, 10), 3, date(2026, 11, 11)),
        (date(2026, 8, 31), 3, date(2026, 12, 1)),
        (date(2026, 11, 30), 3, date(2027, 3, 1)),
        (date(2022, 11, 30), 48, date(2026, 12, 1)),
        (date(2024, 2, 29), 12, date(2025, 3, 1)),
    ],
)
def test_a_period_of_stay_is_over_on_the_day_after_its_last(
    anchor: date, months: int, first: date
) -> None:
    condition = parse({"months_since": {"anchor": "asylum_registered_on", "gte": months}})
    facts = {"asylum_registered_on": anchor}
    assert condition.holds(facts, first) is True
    assert condition.holds(facts, first - timedelta(days=1)) is False
    assert first in condition.dates(facts)


def test_months_before_a_day_begin_on_the_same_day_of_the_month() -> None:
    condition = parse({"months_until": {"day": "training_starts_on", "lte": 7}})
    facts = {"training_starts_on": date(2027, 8, 1)}
    assert condition.holds(facts, date(2027, 1, 1)) is True
    assert condition.holds(facts, date(2026, 12, 31)) is False


def test_a_day_is_within_months_of_another_up_to_the_same_day() -> None:
    condition = parse({"identity_clarified_on": {"within_months": {"of": "entered_on", "lte": 6}}})
    facts = {"entered_on": date(2021, 3, 2), "identity_clarified_on": date(2021, 9, 2)}
    assert condition.holds(facts, DAY) is True
    assert condition.holds(facts | {"identity_clarified_on": date(2021, 9, 3)}, DAY) is False
    assert condition.missing({"entered_on": date(2021, 3, 2)}, DAY) == {"identity_clarified_on"}


def test_a_stay_held_on_a_day_is_unknown_between_its_first_and_its_present_beginning() -> None:
    held = {"since": "toleration_began_on", "first": "first_tolerated_on", "day": "2025-05-06"}
    condition = parse({"held_on": held})
    began, first = "toleration_began_on", "first_tolerated_on"
    assert condition.holds({began: date(2025, 5, 6)}, DAY) is True
    assert condition.holds({first: date(2025, 5, 7)}, DAY) is False
    assert condition.holds({first: None}, DAY) is False
    late = {began: date(2025, 5, 7)}
    assert condition.holds(late, DAY) is None
    assert condition.missing(late, DAY) == {first}
    assert condition.holds(late | {first: date(2020, 1, 1)}, DAY) is None


@pytest.mark.parametrize(
    ("facts", "day", "holds", "missing"),
    [
        ({"nationalities": {"sy"}}, DAY, False, set()),
        ({}, DAY, None, {"nationalities"}),
        ({"nationalities": {"ge"}}, DAY, None, {"asylum_applied_on"}),
        ({"nationalities": {"ge"}, "asylum_applied_on": date(2023, 8, 30)}, DAY, False, set()),
        ({"nationalities": {"ge"}, "asylum_applied_on": date(2023, 8, 31)}, DAY, True, set()),
        ({"nationalities": {"ge"}, "asylum_applied_on": None}, date(2023, 12, 22), False, set()),
        ({"nationalities": {"ge"}, "asylum_applied_on": None}, date(2023, 12, 23), True, set()),
        ({"nationalities": {"ge", "sy"}, "asylum_applied_on": None}, DAY, None, set()),
        (
            {"nationalities": {"in"}},
            DAY,
            None,
            {"toleration_began_on", "first_tolerated_on", "work_permit_since"},
        ),
        ({"nationalities": {"in"}, "toleration_began_on": date(2025, 4, 1)}, DAY, False, set()),
        ({"nationalities": {"in"}, "work_permit_since": date(2026, 6, 11)}, DAY, False, set()),
        (
            {"nationalities": {"in"}, "work_permit_since": None, "first_tolerated_on": None},
            DAY,
            True,
            set(),
        ),
    ],
)
def test_a_list_of_countries_bars_unless_it_spares(
    facts: Raw, day: date, holds: bool | None, missing: set[str]
) -> None:
    condition = parse({"nationality_in_list": "safe_countries"})
    assert condition.holds(facts, day) is holds
    assert condition.missing(facts, day) == missing


def test_the_days_on_which_a_country_enters_the_list_are_days_of_change() -> None:
    condition = parse({"nationality_in_list": "safe_countries"})
    assert set(condition.dates({"nationalities": {"in", "sy"}})) == {date(2026, 6, 12)}


def test_what_decided_is_named_and_only_that() -> None:
    condition = parse(
        {
            "status_in": ["gestattung"],
            "any": [{"able_to_work": {"is": True}}, {"is_worker": {"is": True}}],
            "not": {"livelihood_secured": {"is": True}},
        }
    )
    facts: Raw = {"status_code": "gestattung", "is_worker": True, "livelihood_secured": False}
    assert condition.because(facts, DAY) == (
        "status_code in gestattung",
        "is_worker is true",
        "not livelihood_secured is true",
    )
    assert condition.because(facts | {"status_code": "ne_9"}, DAY) == ("status_code in gestattung",)
    del facts["livelihood_secured"]
    assert condition.because(facts, DAY) == ("not livelihood_secured is true",)


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        ({"no_such_fact": {"is": True}}, [("/no_such_fact", "unknown_member")]),
        ({"status_in": ["ae_99"]}, [("/status_in", "unknown_code")]),
        ({"status_in": "ae_18a"}, [("/status_in", "wrong_type")]),
        ({"status_in": []}, [("/status_in", "empty")]),
        ({"status_group_in": ["martians"]}, [("/status_group_in", "unknown_code")]),
        ({"any": []}, [("/any", "empty")]),
        ({"any": {"status_in": ["ae_18a"]}}, [("/any", "wrong_type")]),
        ({"not": ["ae_18a"]}, [("/not", "wrong_type")]),
        (
            {"all": [{"x": {}}, {"y": {}}]},
            [("/all/0/x", "unknown_member"), ("/all/1/y", "unknown_member")],
        ),
        ({"able_to_work": {"is": "yes"}}, [("/able_to_work/is", "wrong_type")]),
        ({"able_to_work": {"before": "as_of"}}, [("/able_to_work/before", "unknown_test")]),
        ({"able_to_work": {}}, [("/able_to_work", "empty")]),
        ({"able_to_work": True}, [("/able_to_work", "wrong_type")]),
        (
            {"identity_status": {"group_in": ["tolerated"]}},
            [("/identity_status/group_in", "unknown_test")],
        ),
        ({"entered_on": {"before": "yesterday"}}, [("/entered_on/before", "wrong_type")]),
        ({"entered_on": {"is": "2026-01-01"}}, [("/entered_on/is", "unknown_test")]),
        ({"months_since": {"anchor": "entered_on"}}, [("/months_since", "missing_member")]),
        ({"months_since": {"anchor": "entered_on", "gte": -1}}, [("/months_since", "wrong_type")]),
        ({"months_since": {"anchor": "able_to_work", "gte": 3}}, [("/months_since", "wrong_type")]),
        ({"months_since": {"anchor": "nothing", "gte": 3}}, [("/months_since", "unknown_fact")]),
        (
            {"months_since": {"anchor": "entered_on", "gte": 3, "x": 1}},
            [("/months_since", "unknown_member")],
        ),
        ({"months_since": 3}, [("/months_since", "wrong_type")]),
        ({"nationality_in_list": "rogue_states"}, [("/nationality_in_list", "unknown_list")]),
        ({"procedure_flag_in": ["late"]}, [("/procedure_flag_in", "unknown_code")]),
    ],
)
def test_what_cannot_be_read_is_named_with_its_place(
    raw: Raw, found: list[tuple[str, str]]
) -> None:
    with pytest.raises(PackError) as error:
        parse(raw)
    assert [(one.pointer, one.code) for one in error.value.findings] == found
    assert all(one.de and one.en for one in error.value.findings)


# ----------------------------------------------------------------------------------------- properti

_days = st.dates(date(2025, 6, 1), date(2027, 6, 1))
_values: dict[str, st.SearchStrategy[Any]] = {
    "status_code": st.sampled_from(["gestattung", "ae_18a", "duldung_60a"]),
    "able_to_work": st.booleans(),
    "procedure_flags": st.frozensets(st.sampled_from(["accelerated_art42", "non_cooperation"])),
    "entered_on": st.none() | _days,
    "asylum_registered_on": st.none() | _days,
    "nationalities": st.frozensets(st.sampled_from(["sy", "sn"]), min_size=1, max_size=1),
    "asylum_applied_on": st.none() | _days,
}
_facts = st.fixed_dictionaries({}, optional=_values)
_leaf = st.one_of(
    st.sampled_from(
        [
            {"status_in": ["gestattung", "ae_18a"]},
            {"status_group_in": ["tolerated"]},
            {"able_to_work": {"is": True}},
            {"procedure_flag_in": ["accelerated_art42"]},
            {"nationality_in_list": "safe_countries"},
            {"entered_on": {"before": "as_of"}},
        ]
    ),
    st.integers(0, 12).map(lambda n: {"months_since": {"anchor": "entered_on", "gte": n}}),
    st.integers(0, 12).map(lambda n: {"months_until": {"day": "asylum_registered_on", "lte": n}}),
    _days.map(lambda day: {"asylum_registered_on": {"on_or_after": day}}),
)
_raw = st.recursive(
    _leaf,
    lambda part: (
        st.lists(part, min_size=1, max_size=3).map(lambda parts: {"all": parts})
        | st.lists(part, min_size=1, max_size=3).map(lambda parts: {"any": parts})
        | part.map(lambda one: {"not": one})
    ),
    max_leaves=8,
)


@given(raw=_raw, facts=_facts, more=_facts)
@settings(max_examples=300, deadline=None)
def test_more_facts_never_contradict_what_was_certain(raw: Raw, facts: Raw, more: Raw) -> None:
    condition = parse(raw)
    known = condition.holds(facts, DAY)
    if known is not None:
        assert condition.holds(more | facts, DAY) is known


@given(raw=_raw, facts=_facts, rest=st.fixed_dictionaries(_values))
@settings(max_examples=300, deadline=None)
def test_what_is_missing_is_absent_and_decides(raw: Raw, facts: Raw, rest: Raw) -> None:
    condition = parse(raw)
    missing = condition.missing(facts, DAY)
    assert bool(missing) is (condition.holds(facts, DAY) is None)
    assert missing.isdisjoint(facts)
    assert missing <= condition.uses()
    filled = dict(facts)
    while lacking := condition.missing(filled, DAY):
        filled |= {name: rest[name] for name in lacking}
    assert condition.holds(filled, DAY) is not None


@given(raw=_raw, facts=_facts)
@settings(max_examples=100, deadline=None)
def test_a_condition_flips_only_on_the_days_that_it_names(raw: Raw, facts: Raw) -> None:
    condition = parse(raw)
    named = set(condition.dates(facts))
    before = condition.holds(facts, DAY)
    for n in range(1, 731):
        day = DAY + timedelta(days=n)
        now = condition.holds(facts, day)
        assert now is before or day in named
        before = now


@given(raw=_raw, facts=_facts)
@settings(max_examples=200, deadline=None)
def test_the_statuses_that_a_condition_names_are_all_with_which_it_can_hold(
    raw: Raw, facts: Raw
) -> None:
    condition = parse(raw)
    named = condition.statuses()
    if named is not None and facts.get("status_code", "none") not in named:
        assert condition.holds(facts, DAY) is not True
