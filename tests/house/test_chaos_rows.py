"""A row of `make chaos` is met by tests that ran and passed, and by nothing else."""

from pathlib import Path

import pytest

from tools.chaos import ROOT, ROWS, judged

FIGURES = '<properties><property name="figures" value="3 rounds"/></properties>'
PASSED = f'<testcase name="a">{FIGURES}</testcase>'


def _report(cases: str, **count: int) -> str:
    told = " ".join(f'{name}="{n}"' for name, n in count.items())
    return f'<testsuites><testsuite time="2.4" {told}>{cases}</testsuite></testsuites>'


def test_tests_that_passed_meet_their_row() -> None:
    outcome = judged(_report(PASSED, tests=1, failures=0, errors=0, skipped=0))
    assert outcome.met
    assert outcome.said == "1 of 1 tests, 2 s; 3 rounds"


@pytest.mark.parametrize(
    ("cases", "count", "said"),
    [
        ("", {"tests": 0}, "0 of 0 tests, 2 s"),
        (PASSED, {"tests": 2, "failures": 1}, "1 of 2 tests, 2 s; 3 rounds"),
        (PASSED, {"tests": 2, "errors": 1}, "1 of 2 tests, 2 s; 3 rounds"),
        (
            PASSED + '<testcase name="b"><skipped message="no tmpfs"/></testcase>',
            {"tests": 2, "skipped": 1},
            "not run: no tmpfs",
        ),
    ],
    ids=["none", "failed", "error", "skipped"],
)
def test_nothing_else_does(cases: str, count: dict[str, int], said: str) -> None:
    outcome = judged(_report(cases, **count))
    assert not outcome.met
    assert outcome.said == said


def test_every_row_has_its_tests() -> None:
    assert len({row.name for row in ROWS}) == len(ROWS)
    assert [row.tests for row in ROWS if not Path(ROOT / row.tests).exists()] == []
