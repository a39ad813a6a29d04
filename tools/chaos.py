"""`make chaos`: the faults that the service must stand, one line a row, beside what must fail.

A row is met when every test of it passes, its known-bad twins among them, or when its command ends
with 0. A row that cannot run here says why and counts as not met; exits 1 unless all are met.
`tools/chaos.py feed` runs the rows whose names have that word, `tools/chaos.py 7` row 7.

A row more: a line in `ROWS`, with the tests that show it (`record_property("figures", …)` puts
what was measured into the line) and the environment variables that make them as long as they are
meant to be; those of whoever calls it go before: `CHAOS_EVENTS=100000 make chaos ROW=3`. Tests that
are for this program alone are called `fault_*.py`, which the suite does not collect.
"""

import os
import platform
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
Need = Callable[[], str | None]


def _can_mount() -> str | None:
    """A small disk is a tmpfs of one's own."""
    if platform.system() != "Linux" or os.geteuid() != 0 or shutil.which("mount") is None:
        return "a disk of 100 MB is mounted by root, on Linux"
    with tempfile.TemporaryDirectory() as folder:
        command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            return f"a disk of 100 MB cannot be mounted: {done.stderr.strip()}"
        subprocess.run(["umount", folder], check=True)
    return None


def _can_move_clocks() -> str | None:
    found = list(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
    return None if found else "libfaketime is missing (Debian: apt install libfaketime)"


def _has_pgbouncer() -> str | None:
    found = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
    return None if found else "pgbouncer is missing (Debian: apt install pgbouncer)"


def _has_history() -> str | None:
    command = ["git", "rev-list", "--max-count=2", "HEAD", "--", "migrations/versions"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    whole = len(done.stdout.split()) == 2
    return None if whole else "the code before the newest migration comes from git's history"


@dataclass(frozen=True)
class Row:
    """What happens, what shows it, and how far its knobs are turned.

    `number` is that of the project's table of faults; 0 is for what came on top of it.
    `shown_by` is paths of tests, or a command of this repository that begins with `python`.
    """

    number: int
    name: str
    shown_by: str
    knobs: dict[str, str] = field(default_factory=dict)
    need: Need = lambda: None

    @property
    def is_command(self) -> bool:
        """Whether it is a program instead of tests."""
        return self.shown_by.startswith("python ")

    @property
    def files(self) -> list[Path]:
        """What has to be there."""
        words = self.shown_by.split()
        if not self.is_command:
            return [ROOT / word for word in words]
        module = f"{words[2].replace('.', '/')}.py" if words[1] == "-m" else words[1]
        return [ROOT / module]


RACES, FAULTS = "tests/concurrency", "tests/faults/fault_"
MIGRATION = f"{FAULTS}migration.py tests/operations/test_migrating.py"
RESTORE = f"{FAULTS}restore.py tests/operations/test_backups.py"
POOLER = f"{FAULTS}pgbouncer.py tests/operations/test_pooling.py"
HOSTILE = "tests/access/test_hostile_input.py tests/abuse/test_bounds.py"
ISSUER = "tests/identity/test_keys.py tests/identity/test_tokens.py"
IMPORTS, COPIES = "tests/imports/test_killed.py", "tests/examples/test_chaos.py"
ROUNDS = {"CHAOS_ROUNDS": "500"}
CROWD = {**ROUNDS, "CHAOS_CASES": "10"}
TICKS = {"CHAOS_CLOCK_ROUNDS": "100"}
ROWS = (
    Row(1, "API killed in mid-request", "tests/abuse/test_killed.py", {"CHAOS_KILLS": "17"}),
    Row(2, "PostgreSQL killed", f"{FAULTS}postgres_killed.py", {"CHAOS_CYCLES": "20"}),
    Row(3, "connections ended; the feed", "tests/changes/test_order.py", {"CHAOS_EVENTS": "20000"}),
    Row(4, "network", f"{FAULTS}network.py", {"CHAOS_NETWORK_SECONDS": "10"}),
    Row(5, "pool exhausted", f"{FAULTS}pool.py", {"CHAOS_POOL_ROUNDS": "10"}),
    Row(6, "disk full", f"{FAULTS}disk.py", need=_can_mount),
    Row(7, "failover", f"{FAULTS}failover.py"),
    Row(8, "1,000 transitions at once", f"{RACES}/test_races.py", CROWD),
    Row(9, "twice, and in another order", f"{RACES}/test_orders.py", {"CHAOS_EXAMPLES": "200"}),
    Row(10, "webhooks: killed, hanging", "tests/webhooks/test_engine.py"),
    Row(11, "clocks an hour apart", f"{FAULTS}clocks.py", TICKS, _can_move_clocks),
    Row(12, "revocation among readers", f"{RACES}/test_revocation.py", ROUNDS),
    Row(13, "rolling restart at 50/s", f"{FAULTS}rolling.py", {"CHAOS_RESTARTS": "10"}),
    Row(14, "migration under load", MIGRATION, {"CHAOS_SECONDS": "10"}, _has_history),
    Row(15, "issuer away, slow, new keys", ISSUER),
    Row(16, "restore drill", RESTORE, {"CHAOS_PERSONS": "200"}),
    Row(17, "hostile input everywhere", HOSTILE),
    Row(18, "fuzz", "python -m tools.contract.fuzz"),
    Row(19, "leak matrix", "tests/access"),
    Row(20, "tampering with the audit", "tests/audit"),
    Row(0, "behind PgBouncer", POOLER, need=_has_pgbouncer),
    Row(0, "plans on 200,000 cases", "tests/plans", {"PLAN_ROWS": "200000"}),
    Row(0, "imports: killed, taken over", IMPORTS, {"CHAOS_LINES": "100000"}),
    Row(0, "sync client: everything killed", COPIES, {"CHAOS_SECONDS": "120"}),
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
    """Run what shows a row, in a process of its own; what failed is shown below its line."""
    missing = [str(path).removeprefix(f"{ROOT}/") for path in row.files if not path.exists()]
    why = f"{', '.join(missing)} is missing" if missing else row.need()
    if why:
        return Outcome(False, f"not run: {why}")
    return _commanded(row) if row.is_command else _tested(row)


def _commanded(row: Row) -> Outcome:
    """A program tells its figures in its last line, and with 0 that it found nothing."""
    done = _ran(row, [sys.executable, *row.shown_by.split()[1:]])
    said = (done.stdout.strip().splitlines() or [""])[-1]
    if done.returncode:
        return Outcome(False, f"{said}\n{done.stdout[-8000:]}{done.stderr[-2000:]}")
    return Outcome(True, said)


def _tested(row: Row) -> Outcome:
    with tempfile.TemporaryDirectory(prefix="ia-chaos-") as folder:
        report = Path(folder) / "report.xml"
        tests = row.shown_by.split()
        command = [sys.executable, "-m", "pytest", "-q", *tests, f"--junitxml={report}"]
        done = _ran(row, command)
        if not report.exists():
            return Outcome(False, f"not run: {done.stdout[-2000:]}{done.stderr[-2000:]}")
        outcome = judged(report.read_text("utf-8"))
        if done.returncode:
            return Outcome(False, f"{outcome.said}\n{done.stdout[-8000:]}")
        return outcome


def _ran(row: Row, command: list[str]) -> subprocess.CompletedProcess[str]:
    settings = {**row.knobs, **os.environ}  # noqa: TID251 - the environment of a child
    return subprocess.run(
        command, cwd=ROOT, env=settings, capture_output=True, text=True, check=False
    )


def asked(words: list[str]) -> list[Row]:
    """The rows with all of the words in their name, or with the number."""
    return [
        row
        for row in ROWS
        if all(
            word == str(row.number) or (not word.isdigit() and word in row.name) for word in words
        )
    ]


def main(words: list[str]) -> int:
    """One line a row, as soon as it is known."""
    rows, outcomes = asked(words), []
    for row in rows:
        outcomes.append(run(row))
        told = f"{row.number or '':>2} {row.name:30}"
        print(f"{outcomes[-1].verdict:8} {told} {outcomes[-1].said}", flush=True)
    met = sum(outcome.met for outcome in outcomes)
    print(f"{met} of {len(rows)} rows met")
    return int(not rows or met < len(rows))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
