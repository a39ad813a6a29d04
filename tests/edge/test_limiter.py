"""The arithmetic of the limits: never more than allowed, never less than promised, bounded."""

import re
import tracemalloc
from collections import deque
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration_api.edge.limiter import Counters, Limits, Policy, address_of


class Clock:
    """A timer that a test moves."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def policy(text: str, clock: Clock, most: int = 100) -> Policy:
    return Policy("caller", text, Counters(most, clock))


def told(headers: list[tuple[bytes, bytes]]) -> list[tuple[int, int]]:
    """What is left and when there is more, by limit."""
    text = dict(headers)[b"ratelimit"].decode()
    return [(int(r), int(t)) for r, t in re.findall(r";r=(\d+);t=(\d+)", text)]


def test_a_share_is_given_once_and_comes_back(clock: Clock) -> None:
    limit = policy("3/minute", clock)
    assert [limit.spend("a")[1] is None for _ in range(5)] == [True] * 3 + [False] * 2
    assert limit.spend("b")[1] is None, "everybody has a share of his own"
    headers, wait = limit.spend("a")
    assert dict(headers)[b"ratelimit-policy"] == b'"caller-60s";q=3;w=60'
    assert wait is not None
    assert told(headers) == [(0, wait)]
    clock.now += wait
    assert limit.spend("a")[1] is None


def test_both_of_two_limits_hold_and_are_told(clock: Clock) -> None:
    limit = policy("60/minute;10/second", clock)
    headers, _ = limit.spend("a")
    assert dict(headers)[b"ratelimit-policy"] == (b'"caller-1s";q=10;w=1, "caller-60s";q=60;w=60')
    assert [r for r, _ in told(headers)] == [9, 59]
    given = 1
    for _ in range(50):
        given += sum(limit.spend("a")[1] is None for _ in range(30))
        clock.now += 1
    assert 60 <= given <= 60 + 50, "ten a second, and no more than a minute's share"
    assert limit.spend("c")[1] is None


def test_a_refusal_costs_nothing(clock: Clock) -> None:
    limit = policy("2/second", clock)
    for _ in range(1000):
        limit.spend("a")
    clock.now += 2
    assert limit.spend("a")[1] is None


STEPS = st.lists(st.floats(0, 40), min_size=1, max_size=200)


@given(STEPS, st.integers(1, 20))
def test_no_window_holds_more_than_twice_a_share_and_no_wait_is_a_lie(
    steps: list[float], share: int
) -> None:
    """The weighted counter is an estimate; twice a share is its worst window, by hindsight."""
    clock = Clock()
    limit = policy(f"{share}/minute", clock)
    taken: deque[float] = deque()
    for step in steps:
        clock.now += step
        _, wait = limit.spend("a")
        if wait is None:
            taken.append(clock.now)
        while taken and taken[0] <= clock.now - 60:
            taken.popleft()
        assert len(taken) <= 2 * share
        if wait is not None:
            assert 1 <= wait <= 120
            kept = clock.now
            clock.now += wait
            assert limit.spend("a")[1] is None
            taken.append(clock.now)
            assert clock.now > kept


@given(STEPS)
def test_who_asks_less_than_his_share_is_never_refused(steps: list[float]) -> None:
    clock = Clock()
    limit = policy("10/minute", clock)
    for step in steps:
        clock.now += 6 + step
        assert limit.spend("a")[1] is None


def test_a_fixed_window_would_let_twice_a_share_through_at_once() -> None:
    """The known-bad twin: at the border of two windows, within a millisecond."""

    class Fixed(Counters):
        def get_sliding_window(self, key: str, expiry: int) -> tuple[int, float, int, float]:
            _, left, now, more = super().get_sliding_window(key, expiry)
            return 0, left, now, more

    def burst(counters: Counters, clock: Clock) -> int:
        limit = Policy("caller", "100/minute", counters)
        clock.now = 1_000_019.9995  # one half millisecond before a window ends
        given = sum(limit.spend("a")[1] is None for _ in range(200))
        clock.now += 0.001
        return given + sum(limit.spend("a")[1] is None for _ in range(200))

    clock = Clock()
    assert burst(Counters(timer=clock), clock) <= 101
    clock = Clock()
    assert burst(Fixed(timer=clock), clock) == 200


def test_memory_is_bounded_however_many_come(clock: Clock) -> None:
    counters = Counters(1000, clock)
    limit = Policy("address", "10/second;100/minute", counters)

    def come(first: int, last: int) -> int:
        tracemalloc.start()
        for i in range(first, last):
            limit.spend(f"198.51.{i}")
        used = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        return used

    come(0, 2_000)
    assert len(counters) == 1000
    assert come(2_000, 20_000) < 500_000, "bytes that 18,000 more have left behind"
    assert len(counters) == 1000


def test_who_was_here_longest_ago_makes_room(clock: Clock) -> None:
    limit = policy("1/minute", clock, most=2)
    assert limit.spend("a")[1] is None
    assert limit.spend("b")[1] is None
    assert limit.spend("b")[1] is not None
    assert limit.spend("c")[1] is None
    assert limit.spend("b")[1] is not None, "b is remembered"
    assert limit.spend("a")[1] is None, "a is forgotten"


@pytest.mark.parametrize(
    ("client", "shared"),
    [
        (("203.0.113.7", 5), "203.0.113.7"),
        (("2001:db8:1:2:3:4:5:6", 5), "2001:db8:1:2::"),
        (("2001:db8:1:2:ffff::1", 5), "2001:db8:1:2::"),
        (("::ffff:203.0.113.7", 5), "203.0.113.7"),
        (("x" * 500, 0), "x" * 64),
        (None, "local"),
    ],
)
def test_the_address_that_shares_a_limit(client: Any, shared: str) -> None:
    assert address_of({"type": "http", "client": client}) == shared


@pytest.mark.parametrize(
    "text", ["", "many", "10", "10/fortnight", "-1/second", "1/second;;2/minute"]
)
def test_a_limit_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        Limits(text, "1/second")
