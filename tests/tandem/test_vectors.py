"""The vectors of waiting times and deadlines, typed by hand.

Waiting periods of stay are not shifted to a working day; deadlines to act are. Those that need the
rules of residence statuses (V1, V4 to V6, V8, V14) are held here as far as they are arithmetic.
Source: §§ 187(1), 188(2), (3), 193 BGB, § 31(3) VwVfG, § 36(2) BeschV, § 81a AufenthG.
"""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration_api.kernel.calendar import add_months, is_working_day
from integration_api.tandem.deadlines import deemed_from, due_on

D = date.fromisoformat


def eligible_from(event: date, months: int) -> date:
    """The day after a waiting period of stay: no shift."""
    return add_months(event, months) + timedelta(days=1)


@pytest.mark.parametrize(
    ("vector", "event", "months", "expected"),
    [
        ("V1", "2026-08-10", 3, "2026-11-11"),
        ("V2", "2026-08-31", 3, "2026-12-01"),
        ("V3", "2026-11-30", 3, "2027-03-01"),
        ("V4", "2026-03-01", 3, "2026-06-02"),
        ("V7, three months of prior toleration", "2026-09-15", 3, "2026-12-16"),
        ("V9", "2022-11-30", 48, "2026-12-01"),
    ],
)
def test_a_waiting_period_of_stay(vector: str, event: str, months: int, expected: str) -> None:
    assert eligible_from(D(event), months) == D(expected), vector


@pytest.mark.parametrize(
    ("vector", "start", "months", "expected"),
    [
        ("V7, earliest application", "2027-08-01", -7, "2027-01-01"),
        ("V7, earliest grant", "2027-08-01", -6, "2027-02-01"),
    ],
)
def test_the_earliest_day_before_a_training(
    vector: str, start: str, months: int, expected: str
) -> None:
    assert add_months(D(start), months) == D(expected), vector


def test_benefits_change_at_the_end_of_the_month() -> None:
    """V14: the title of 2026-11-05 ends the old benefit with its month."""
    first_of_next = add_months(D("2026-11-05").replace(day=1), 1)
    assert first_of_next - timedelta(days=1) == D("2026-11-30")
    assert first_of_next == D("2026-12-01")


@pytest.mark.parametrize(
    ("vector", "policy", "sent", "last", "deemed"),
    [
        ("V10", "ba_approval", "2026-11-02", "2026-11-16", "2026-11-17"),
        ("V11", "ba_approval", "2026-10-31", "2026-11-16", "2026-11-17"),
        ("V12", "ba_approval", "2026-12-11", "2026-12-28", "2026-12-29"),
        ("V13", "ba_approval_fast_track", "2026-12-18", "2026-12-28", "2026-12-29"),
        ("S4", "ba_approval", "2026-11-24", "2026-12-08", "2026-12-09"),
    ],
)
def test_silence_of_the_employment_agency(
    vector: str, policy: str, sent: str, last: str, deemed: str
) -> None:
    assert due_on(policy, D(sent)) == D(last), vector
    assert deemed_from(policy, D(sent)) == D(deemed), vector


@given(st.dates(date(2020, 1, 1), date(2035, 12, 31)))
def test_a_deadline_is_never_shorter_than_its_weeks_and_ends_on_a_working_day(sent: date) -> None:
    last = due_on("ba_approval", sent)
    assert is_working_day(last)
    assert timedelta(weeks=2) <= last - sent <= timedelta(weeks=2, days=6)
    assert deemed_from("ba_approval", sent) == last + timedelta(days=1)
