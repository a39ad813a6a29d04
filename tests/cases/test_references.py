"""The check digit of a reference catches what people mistype."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cases.references import QUASIGROUP, damm, reference, valid_reference

numbers = st.text("0123456789", min_size=1, max_size=16)


def mistyped(digits: str) -> list[str]:
    """Every single wrong digit and every swap of different neighbours."""
    wrong = [
        digits[:i] + other + digits[i + 1 :]
        for i, digit in enumerate(digits)
        for other in "0123456789"
        if other != digit
    ]
    for i, (a, b) in enumerate(pairwise(digits)):
        if a != b:
            wrong.append(digits[:i] + b + a + digits[i + 2 :])
    return wrong


@given(numbers)
def test_every_single_error_and_every_neighbour_swap_is_caught(digits: str) -> None:
    whole = digits + damm(digits)
    assert [w for w in mistyped(whole) if damm(w[:-1]) == w[-1]] == []


def test_a_plain_digit_sum_would_miss_a_swap() -> None:
    """The known-bad twin: the search for errors finds them where the check is weak."""
    whole = "2026004711" + str(sum(map(int, "2026004711")) % 10)
    assert [w for w in mistyped(whole) if str(sum(map(int, w[:-1])) % 10) == w[-1]]


def test_the_table_is_a_totally_anti_symmetric_quasigroup() -> None:
    table = [[int(d) for d in row] for row in QUASIGROUP]
    assert all(sorted(line) == list(range(10)) for line in (*table, *zip(*table, strict=True)))
    assert all(table[i][i] == 0 for i in range(10))
    for c in range(10):
        for x in range(10):
            for y in range(x):
                assert table[table[c][x]][y] != table[table[c][y]][x]


def test_the_published_vector_of_damm() -> None:
    assert damm("572") == "4"


@pytest.mark.parametrize("text", ["", "12a", "１", "-1"])
def test_a_check_digit_needs_digits(text: str) -> None:
    with pytest.raises(ValueError):
        damm(text)


def test_a_reference_reads_well_and_judges_itself() -> None:
    assert reference("W", 2026, 4711) == "W-2026-004711-1"
    assert reference("KRE", 2026, 12345678) == f"KRE-2026-12345678-{damm('202612345678')}"
    assert valid_reference("W-2026-004711-1")
    for wrong in ("W-2026-004711-2", "W-2026-004171-1", "w-2026-004711-1", "W-2026-4711-1", "W"):
        assert not valid_reference(wrong)
    assert not valid_reference("W-2026-004711-1\n")
