"""The table and `results/latest.json`: ratios of one run, beside their targets."""

import json
import os
import platform
import re
import subprocess
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from delivering import Rate
from knobs import ROWS, TOLERANCE, N
from questions import Row

LIBRARIES = ("fastapi", "starlette", "pydantic", "sqlalchemy", "asyncpg", "uvicorn", "uvloop")
RESULTS = Path(__file__).parent / "results" / "latest.json"
HEAD = (
    f"{'':56}{'p10':>6}{'target':>8}{'p50':>7}{'CPU':>7}{'target':>8}"
    f"{'trips':>8}{'non-2xx':>9}{'asked':>7}"
)


@dataclass
class Line:
    """One measured ratio."""

    name: str
    p10: float
    p50: float
    cpu: float
    target: float
    target_cpu: float | None
    statements: int | None
    allowed: int | None
    non_2xx: int
    asked: int

    def within(self, tolerance: float) -> bool:
        """Whether ratios stay below target times tolerance, and what is exact is right."""
        return (
            self.p10 <= self.target * tolerance
            and (self.target_cpu is None or self.cpu <= self.target_cpu * tolerance)
            and (self.statements or 0) <= (self.allowed or 0)
            and self.non_2xx == 0
        )

    def verdict(self) -> str:
        """What the table says."""
        if self.within(1.0):
            return "met"
        return "within noise" if self.within(TOLERANCE) else "MISSED"

    def as_json(self) -> dict[str, Any]:
        """`met` is the target itself; the run fails beyond target times tolerance."""
        return {
            "name": self.name,
            "ratio_p10": round(self.p10, 2),
            "ratio_p50": round(self.p50, 2),
            "ratio_cpu": round(self.cpu, 2),
            "statements": self.statements,
            "non_2xx": self.non_2xx,
            "asked": self.asked,
            "target": self.target,
            "target_cpu": self.target_cpu,
            "met": self.within(1.0),
            "within_tolerance": self.within(TOLERANCE),
        }


def ratios(row: Row, ours: str, other: str) -> tuple[float, float, float]:
    """p10, p50 and CPU of one programme over another's."""
    p10, p50 = (_quantile(row.times[ours], q) / _quantile(row.times[other], q) for q in (0.1, 0.5))
    return p10, p50, row.cpu[ours] / row.cpu[other]


def progress(row: Row) -> str:
    """What a row was measured at so far, each programme ÷ the limit."""
    shown = (f"{name} {ratios(row, name, 'limit')[0]:.2f}" for name in row.times)
    return f"{row.name:36}" + "  ".join(shown)


def holds(row: Row, other: str) -> bool:
    """Whether the times of a row are within tolerance, beside `other` and beside its twins."""
    p10, _, cpu = ratios(row, "ours", other)
    holds = p10 <= row.target_p10 * TOLERANCE
    holds &= row.target_cpu is None or cpu <= row.target_cpu * TOLERANCE
    for pair in row.more:
        p10, _, cpu = ratios(row, pair.one, pair.other)
        holds &= p10 <= pair.target * TOLERANCE
        holds &= pair.target_cpu is None or cpu <= pair.target_cpu * TOLERANCE
    return holds


def lines(table: list[Row], depths: list[Row]) -> list[Line]:
    """Beside the limit, beside our own first page, beside the twins."""
    found = [_line(row, "limit") for row in table] + [_line(row, "other") for row in depths]
    for row in table:
        for pair in row.more:
            beside = ratios(row, pair.one, pair.other)
            told = (round(pair.target, 2), pair.target_cpu, None, None, row.non_2xx)
            found.append(Line(row.name + pair.name, *beside, *told, len(row.times[pair.one])))
    return found


def _line(row: Row, other: str) -> Line:
    trips = (row.counted["ours"], row.trips)
    beside = ratios(row, "ours", other)
    return Line(
        row.name,
        *beside,
        row.target_p10,
        row.target_cpu,
        *trips,
        row.non_2xx,
        len(row.times["ours"]),
    )


def report(found: list[Line], rates: list[Rate], server: str) -> bool:
    """Print, write, and tell whether the run passes."""
    print(f"\n{machine()}, {server}")
    print(", ".join(f"{name} {version(name)}" for name in LIBRARIES))
    print(
        f"{ROWS:,} cases, N = {N}, ratios of this run; fails beyond {TOLERANCE} × target\n\n{HEAD}"
    )
    for one in found:
        cpu = f"{one.target_cpu:8.2f}" if one.target_cpu else f"{'':8}"
        trips = f"{one.statements}/{one.allowed}" if one.allowed else ""
        print(f"{one.name:56}{one.p10:6.2f}{one.target:8.2f}{one.p50:7.2f}{one.cpu:7.2f}{cpu}"
              f"{trips:>8}{one.non_2xx:>9}{one.asked:>7}  {one.verdict()}")  # fmt: skip
    for rate in rates:
        ratio = "" if rate.ratio is None else f"{rate.ratio:.3f}"
        print(f"{rate.name:56}{ratio:>6}  {rate.said}  {rate.verdict()}")
    document = {
        "rows": [one.as_json() for one in (*found, *rates)],
        "seeded": ROWS,
        "n": N,
        "tolerance": TOLERANCE,
        "machine": machine(),
        "revision": revision(),
        "postgresql": server,
        "versions": {name: version(name) for name in LIBRARIES},
    }
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", "utf-8")
    return all(one.within(TOLERANCE) for one in (*found, *rates))


def revision() -> str:
    """The commit that was measured, `+` where more than that."""
    told = [
        subprocess.run(command, capture_output=True, text=True, check=False, cwd=RESULTS.parent)
        for command in (["git", "rev-parse", "--short", "HEAD"], ["git", "status", "--porcelain"])
    ]
    return told[0].stdout.strip() + ("+" if told[1].stdout.strip() else "")


def machine() -> str:
    """Processor, cores, Python."""
    cpuinfo = Path("/proc/cpuinfo").read_text("utf-8")
    model = re.search(r"model name\s*: (.+)", cpuinfo)
    name = model[1] if model else platform.machine()
    return f"{name}, {os.cpu_count()} cores, Python {platform.python_version()}"


def _quantile(values: list[float], q: float) -> float:
    return sorted(values)[int(len(values) * q)]
