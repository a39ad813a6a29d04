"""Working days of North Rhine-Westphalia, legal months, days of Berlin."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration_api.kernel.calendar import (
    add_months,
    add_working_days,
    berlin_day,
    end_of_day,
    is_working_day,
    later,
    shift_to_working_day,
)

D = date.fromisoformat
days = st.dates(date(2020, 1, 1), date(2035, 12, 31))


@pytest.mark.parametrize(
    "holiday",
    [
        "2026-01-01", "2026-04-03", "2026-04-06", "2026-05-01", "2026-05-14", "2026-05-25",
        "2026-06-04", "2026-12-25", "2027-05-27", "2025-10-03", "2027-11-01",
    ],
)  # fmt: skip
def test_holidays_of_the_land_are_no_working_days(holiday: str) -> None:
    assert D(holiday).weekday() < 5, "the vector must not be a weekend"
    assert not is_working_day(D(holiday))


@pytest.mark.parametrize("day", ["2026-01-06", "2026-08-14", "2026-12-24", "2026-12-31"])
def test_holidays_of_other_lands_and_the_eves_are_working_days(day: str) -> None:
    assert is_working_day(D(day))


@pytest.mark.parametrize(
    ("day", "n", "then"),
    [
        ("2026-12-23", 3, "2026-12-29"),
        ("2026-12-24", 1, "2026-12-28"),
        ("2026-11-27", 5, "2026-12-04"),
        ("2026-11-28", 1, "2026-11-30"),
        ("2026-06-03", 1, "2026-06-05"),
        ("2026-06-03", 0, "2026-06-03"),
    ],
)
def test_working_days_are_counted_from_the_day_after(day: str, n: int, then: str) -> None:
    assert add_working_days(D(day), n) == D(then)


@given(days, st.integers(1, 30))
def test_the_nth_working_day_has_n_working_days_behind_it(day: date, n: int) -> None:
    then = add_working_days(day, n)
    between = [day + timedelta(days=i) for i in range(1, (then - day).days + 1)]
    assert is_working_day(then)
    assert sum(map(is_working_day, between)) == n


@pytest.mark.parametrize(
    ("day", "n", "then"),
    [
        ("2026-08-31", 3, "2026-11-30"),
        ("2026-11-30", 3, "2027-02-28"),
        ("2026-08-10", 3, "2026-11-10"),
        ("2022-11-30", 48, "2026-11-30"),
        ("2024-02-29", 12, "2025-02-28"),
        ("2027-11-30", 3, "2028-02-29"),
        ("2027-08-01", -7, "2027-01-01"),
        ("2026-01-31", -1, "2025-12-31"),
    ],
)
def test_months_of_the_civil_code(day: str, n: int, then: str) -> None:
    assert add_months(D(day), n) == D(then)


@pytest.mark.parametrize(
    ("sent", "weeks", "last"),
    [
        ("2026-11-02", 2, "2026-11-16"),
        ("2026-10-31", 2, "2026-11-16"),
        ("2026-12-11", 2, "2026-12-28"),
        ("2026-12-18", 1, "2026-12-28"),
    ],
)
def test_a_period_to_act_ends_on_a_working_day(sent: str, weeks: int, last: str) -> None:
    """Silence of the employment agency is approval from the day after (§ 36(2) BeschV)."""
    assert shift_to_working_day(D(sent) + timedelta(weeks=weeks)) == D(last)


@pytest.mark.parametrize(
    ("day", "instant"),
    [
        ("2026-01-15", "2026-01-15T23:00:00+00:00"),
        ("2026-07-15", "2026-07-15T22:00:00+00:00"),
        ("2026-03-29", "2026-03-29T22:00:00+00:00"),
        ("2026-10-25", "2026-10-25T23:00:00+00:00"),
    ],
)
def test_a_day_ends_at_midnight_in_berlin(day: str, instant: str) -> None:
    assert end_of_day(D(day)) == datetime.fromisoformat(instant)


@given(days)
def test_the_last_moment_of_a_day_is_still_that_day_in_berlin(day: date) -> None:
    assert berlin_day(end_of_day(day) - timedelta(microseconds=1)) == day
    assert berlin_day(end_of_day(day)) == day + timedelta(days=1)


def test_utc_would_tell_another_day() -> None:
    """The known-bad twin of the day of Berlin."""
    late = datetime(2026, 6, 1, 22, 30, tzinfo=UTC)
    assert (berlin_day(late), late.date()) == (D("2026-06-02"), D("2026-06-01"))


def test_twelve_months_later_it_is_the_same_time_of_day() -> None:
    start = datetime(2026, 3, 28, 11, tzinfo=UTC)
    assert later(start, 1) == datetime(2026, 4, 28, 10, tzinfo=UTC)
    assert later(start, 12) == datetime(2027, 3, 28, 10, tzinfo=UTC)
