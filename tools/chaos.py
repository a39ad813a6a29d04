"""`make chaos`: the faults that the service must stand, one line a row, beside what must fail.

A row is met when every test of it passes, its known-bad twins among them. A row that cannot run
here says why and counts as not met; exits 1 unless all are met. `tools/chaos.py feed` runs the
rows whose names have that word.
"""

import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Row:
    """What happens, the tests that show it, and how far their knobs are turned."""

    name: str
    tests: str
    knobs: dict[str, str] = field(default_factory=dict)


RACES = "tests/concurrency"
ROUNDS, EVENTS = {"CHAOS_ROUNDS": "500"}, {"CHAOS_EVENTS": "20000"}
ROWS = (
    Row("races: one of two at once wins", f"{RACES}/test_races.py", ROUNDS),
    Row("revocation among readers", f"{RACES}/test_revocation.py", ROUNDS),
    Row("plans on 200,000 cases", "tests/plans", {"PLAN_ROWS": "200000"}),
    Row("feed: writers, sequencers killed", "tests/changes/test_order.py", EVENTS),
    Row("webhooks: killed, hanging, failing", "tests/webhooks/test_engine.py"),
    Row("imports: killed, taken over", "tests/imports/test_killed.py", {"CHAOS_LINES": "100000"}),
    Row("sync client: everything killed", "tests/examples/test_chaos.py", {"CHAOS_SECONDS": "120"}),
)


@dataclass(frozen=True)
class Outcome:
    """What became of a row."""

    met: bool
    said: str

    @property
    def verdict(self) -> str:
        """The first word of the line."""
        return "met" if self.met else "NOT MET"


def judged(report: str) -> Outcome:
    """Read pytest's report in the form of JUnit: every test must have passed."""
    suite = ET.fromstring(report).find("testsuite")  # noqa: S314 - written by our own tests
    assert suite is not None
    tests, failed, errors = (int(suite.get(n, "0")) for n in ("tests", "failures", "errors"))
    skipped = suite.find(".//skipped")
    if skipped is not None:
        return Outcome(False, f"not run: {skipped.get('message')}")
    passed = tests - failed - errors
    said = [f"{passed} of {tests} tests, {float(suite.get('time', '0')):.0f} s"]
    said += [p.get("value", "") for p in suite.iterfind(".//property[@name='figures']")]
    return Outcome(0 < tests == passed, "; ".join(said))


def run(row: Row) -> Outcome:
    """Run the tests of a row in a process of their own; what failed is shown below its line."""
    with tempfile.TemporaryDirectory(prefix="ia-chaos-") as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-q", row.tests, f"--junitxml={report}"]
        settings = os.environ | row.knobs  # noqa: TID251 - the environment of a child
        done = subprocess.run(
            command, cwd=ROOT, env=settings, capture_output=True, text=True, check=False
        )
        if not report.exists():
            return Outcome(False, f"not run: {done.stdout[-2000:]}{done.stderr[-2000:]}")
        outcome = judged(report.read_text("utf-8"))
        if done.returncode:
            return Outcome(False, f"{outcome.said}\n{done.stdout[-8000:]}")
        return outcome


def main(words: list[str]) -> int:
    """One line a row, as soon as it is known."""
    rows = [row for row in ROWS if all(word in row.name for word in words)]
    outcomes = []
    for row in rows:
        outcomes.append(run(row))
        print(f"{outcomes[-1].verdict:8} {row.name:38} {outcomes[-1].said}", flush=True)
    met = sum(outcome.met for outcome in outcomes)
    print(f"{met} of {len(rows)} rows met")
    return int(not rows or met < len(rows))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
