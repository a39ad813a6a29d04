"""A row of `make chaos` is met by what ran and passed, and by nothing else."""

import sys
from pathlib import Path

import pytest

from tools.chaos import ROOT, ROWS, Row, asked, judged, run

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
    assert [path for row in ROWS for path in row.files if not path.exists()] == []


def test_a_number_of_the_table_stands_once() -> None:
    numbers = [row.number for row in ROWS if row.number]
    assert numbers == sorted(set(numbers))


def test_what_is_for_this_program_alone_is_in_a_row() -> None:
    shown = {path for row in ROWS for path in row.files}
    alone = {*ROOT.glob("tests/faults/fault_*.py"), *ROOT.glob("tests/operations/real_*.py")}
    assert alone <= shown


def _program(folder: Path, text: str) -> Row:
    file = folder / "program.py"
    file.write_text(text, encoding="utf-8")
    return Row(0, "a program", f"python {file}")


def test_a_command_that_ends_with_0_meets_its_row(tmp_path: Path) -> None:
    outcome = run(_program(tmp_path, "print('much')\nprint('3 findings')"))
    assert (outcome.met, outcome.said) == (True, "3 findings")


def test_a_command_that_fails_does_not(tmp_path: Path) -> None:
    outcome = run(_program(tmp_path, "print('3 findings')\nraise SystemExit(1)"))
    assert not outcome.met
    assert outcome.said.startswith("3 findings\n")


def test_the_knobs_of_the_caller_go_before_those_of_the_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = _program(tmp_path, "import os\nprint(os.environ['CHAOS_A'], os.environ['CHAOS_B'])")
    row.knobs.update(CHAOS_A="row", CHAOS_B="row")
    monkeypatch.setenv("CHAOS_B", "caller")
    assert run(row).said == "row caller"


def test_a_row_that_cannot_run_says_why() -> None:
    lacking = Row(0, "a", sys.modules[__name__].__file__ or "", need=lambda: "no tmpfs")
    absent = Row(0, "a", "tests/nothing.py")
    for row, why in ((lacking, "no tmpfs"), (absent, "tests/nothing.py is missing")):
        outcome = run(row)
        assert (outcome.met, outcome.said) == (False, f"not run: {why}")


def test_rows_are_asked_for_by_number_or_by_words() -> None:
    assert [row.number for row in asked(["2"])] == [2]
    assert [row.number for row in asked(["PostgreSQL", "killed"])] == [2]
    assert asked([]) == list(ROWS)
    assert asked(["nothing"]) == []
