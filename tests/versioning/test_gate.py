"""The gate knows what was announced: an operation that ends goes on its day, and no day earlier."""

from copy import deepcopy
from datetime import date, timedelta
from typing import Any

import pytest

from tests import watch
from tools.contract_diff import breaks

SUNSET = date(2027, 6, 30)
PATH = "/referrals/{id}"


def contract() -> dict[str, Any]:
    """Today's contract, of one path."""
    doc = watch.document()
    return deepcopy(doc | {"paths": {PATH: doc["paths"][PATH]}, "webhooks": {}})


def announced(**changed: Any) -> dict[str, Any]:
    """The same, in which reading a referral ends."""
    doc = contract()
    doc["paths"][PATH]["get"] |= {"deprecated": True, "x-sunset": str(SUNSET)} | changed
    return doc


def without() -> dict[str, Any]:
    """The contract without it."""
    doc = contract()
    del doc["paths"][PATH]["get"]
    return doc


@pytest.mark.parametrize(
    ("days", "found"),
    [(-300, 1), (-1, 1), (0, 0), (1, 0)],
    ids=["long before", "the day before", "on its day", "the day after"],
)
def test_an_operation_is_not_removed_before_its_day(days: int, found: int) -> None:
    told = breaks(announced(), without(), SUNSET + timedelta(days=days))
    assert told == [f"GET {PATH}: operation removed before its end on {SUNSET}"] * found


def test_what_was_never_announced_is_never_removed() -> None:
    told = [f"GET {PATH}: operation removed"]
    assert breaks(contract(), without(), date(9999, 1, 1)) == told
    assert breaks(announced(deprecated=False), without(), date(9999, 1, 1)) == told


def test_the_announced_day_never_moves_forward() -> None:
    earlier = announced(**{"x-sunset": "2027-06-29"})
    (found,) = breaks(announced(), earlier)
    assert found == f"GET {PATH}: its end moved from 2027-06-30 forward to 2027-06-29"
    later = announced(**{"x-sunset": "2027-07-01"})
    assert breaks(announced(), later) == []
    assert breaks(announced(), contract()) == [], "it may stay after all"
    assert breaks(contract(), announced()) == [], "announcing takes nothing away"
