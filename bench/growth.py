"""How reads and writes grow with the city: 10,000, 100,000 and 1,000,000 cases in one run.

    GROWTH=10000,100000,1000000 N=300 .venv/bin/python bench/growth.py

The same application on three databases of one server, asked in interleaved blocks; each line is a
ratio to the smallest city. Writes `results/growth.json` and the drawings that `README.md` shows.
"""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from knobs import ENVIRONMENT, N
from programmes import HERE, KEPT, Programme, serving
from questions import Questions, Row, table
from report import machine, ratios
from run import measure
from seeding import prepared

from integration_api.postgres.launcher import LocalPostgres

SIZES = [int(n) for n in ENVIRONMENT.get("GROWTH", "10000,100000,1000000").split(",")]
ROWS = ("GET case, logged, durable", "GET agency", "list 50 cases, first page", "POST case")
MOST = 1.5
"""A city a hundred times as large may cost this much more, at p10."""
WIDTH, HEIGHT, LEFT, TOP = 640, 260, 60, 30
STEPS = (0.5, 1.0, 1.5, 2.0)


def asked(
    rows: list[Row], asks: dict[str, Questions], found: dict[str, Programme], pid: int
) -> None:
    """Every row on every size; a size is a programme of its own."""
    for row in rows:
        row.times, row.cpu = {}, {}
        each = {
            name: (Row(row.name, _of(row, asks[name]), 0, None, 0), programme)
            for name, programme in found.items()
        }
        measure(row, next(iter(asks.values())), each, pid)
        if row.non_2xx:
            raise SystemExit(f"{row.name}: {row.non_2xx} answers were not 2xx")


def _of(row: Row, ask: Questions) -> Callable[[Questions, str], bytes]:
    return lambda _, style: row.ask(ask, style)


def drawing(row: str, curves: dict[str, list[tuple[int, float]]]) -> str:
    """Curves: cases from left to right, as a multiple of the smallest city upwards."""
    right, bottom = WIDTH - 20, HEIGHT - 40
    top = max(2.0, *(ratio for points in curves.values() for _, ratio in points))

    def y(ratio: float) -> float:
        return bottom - (bottom - TOP) * ratio / top

    lines = [
        f'<line x1="{LEFT}" x2="{right}" y1="{y(s):.0f}" y2="{y(s):.0f}" stroke="#ccd"/>'
        f'<text x="{LEFT - 8}" y="{y(s) + 4:.0f}" text-anchor="end">{s:g}</text>'
        for s in STEPS
    ]
    for n, (name, points) in enumerate(curves.items()):
        gap = (right - LEFT - 120) / max(1, len(points) - 1)
        places = [(LEFT + gap * i, y(ratio)) for i, (_, ratio) in enumerate(points)]
        path = " ".join(f"{x:.0f},{height:.0f}" for x, height in places)
        lines.append(
            f'<polyline points="{path}" fill="none" stroke="#235" stroke-width="2"'
            f' stroke-dasharray="{"6 4" if n else "none"}"/>'
            f'<text x="{right - 112}" y="{places[-1][1] + 4:.0f}">'
            f"{name} {points[-1][1]:.2f}</text>"
        )
        lines += [
            f'<text x="{x:.0f}" y="{bottom + 20}" text-anchor="middle">{size:,}</text>'
            for (x, _), (size, _) in zip(places, points, strict=True)
            if n == 0
        ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img"'
        ' font-family="sans-serif" font-size="12" fill="#112">'
        f"<title>{row}: by number of cases, as a multiple of the smallest city</title>"
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/><text x="{LEFT}" y="18">{row}</text>'
        f"{''.join(lines)}</svg>\n"
    )


def draw(found: list[dict[str, Any]], folder: Path) -> None:
    """A picture of each row."""
    for row in found:
        name = row["name"].partition(",")[0].lower().replace(" ", "-")
        curves = {
            label: [(point["cases"], point[key]) for point in row["points"]]
            for label, key in (("CPU", "ratio_cpu"), ("p10", "ratio_p10"))
        }
        (folder / f"growth-{name}.svg").write_text(drawing(row["name"], curves), "utf-8")


def told(rows: list[Row], folder: Path = HERE) -> bool:
    """Print, write, draw; whether every row stays within its bound."""
    first, *_ = names = [str(size) for size in SIZES]
    found, within = [], True
    for row in rows:
        points = [(int(n), *ratios(row, n, first)) for n in names]
        within &= all(p10 <= MOST for _, p10, _, _ in points)
        print(
            f"{row.name:30}", *(f"{n:>10,}: {p10:.2f} (CPU {cpu:.2f})" for n, p10, _, cpu in points)
        )
        found.append(
            {
                "name": row.name,
                "points": [
                    {"cases": n, "ratio_p10": round(p10, 2), "ratio_p50": round(p50, 2),
                     "ratio_cpu": round(cpu, 2)}
                    for n, p10, p50, cpu in points
                ],
            }
        )  # fmt: skip
    draw(found, folder)
    document = {"rows": found, "n": N, "machine": machine(), "at_most": MOST}
    text = json.dumps(document, indent=1, ensure_ascii=False)
    (folder / "results" / "growth.json").write_text(text + "\n", "utf-8")
    return within


def main() -> None:
    """Boot, seed each size, measure, draw."""
    KEPT.mkdir(parents=True, exist_ok=True)
    with LocalPostgres(KEPT) as server:
        asks, dsns = {}, {}
        for size in SIZES:
            asks[str(size)] = asyncio.run(prepared(server, size, f"growth_{size}"))
            dsns[str(size)] = server.dsn("ia_app", f"growth_{size}")
        assert server.process
        rows = [row for row in table() if row.name in ROWS]
        with serving(dsns, dsns, "ours") as found:
            asked(rows, asks, found, server.process.pid)
    if not told(rows):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
