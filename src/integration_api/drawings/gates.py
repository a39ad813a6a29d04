"""Gates between two tracks as an SVG: what each asks for, and what is missing in a given case."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

from .svg import STYLE

WIDTH, GAP, HEAD, LINE, PAD = 344, 24, 54, 24, 16
MET, OPEN = "✓", "○"
MISSING = ("fehlt", "missing")


@dataclass(frozen=True, slots=True)
class DrawnGate:
    """A gate with its needs; labels are German, English."""

    name: str
    label: tuple[str, str]
    needs: Sequence[tuple[str, tuple[str, str]]]


def gates_svg(
    gates: Sequence[DrawnGate],
    lang: Literal["de", "en"] = "de",
    missing: Collection[tuple[str, str]] | None = None,
) -> str:
    """The gates side by side; `missing` names (gate, need) that are open in a given case."""
    at = 0 if lang == "de" else 1
    height = 2 * PAD + HEAD + LINE * max((len(g.needs) for g in gates), default=0) + 10
    width = 2 * PAD + len(gates) * WIDTH + max(len(gates) - 1, 0) * GAP
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="lifecycle" viewBox="0 0 {width} {height}"'
        f' width="{width}" role="img" aria-labelledby="gates-title">',
        f'<title id="gates-title">{("Gates", "Gates")[at]}</title>',
        f"<style>{STYLE}</style>",
        *(_gate(gate, place, at, height, missing) for place, gate in enumerate(gates)),
    ]
    return "\n".join([*parts, "</svg>"]) + "\n"


def _gate(
    gate: DrawnGate,
    place: int,
    at: int,
    height: int,
    missing: Collection[tuple[str, str]] | None,
) -> str:
    x = PAD + place * (WIDTH + GAP)
    open_ = [code for code, _ in gate.needs if missing and (gate.name, code) in missing]
    passed = missing is not None and not open_
    sign = f" {MET}" if passed else ""
    body = f'<rect x="{x}" y="{PAD}" width="{WIDTH}" height="{height - 2 * PAD}" rx="10"/>'
    body += f'<text x="{x + 14}" y="{PAD + 26}">{escape(gate.name)} · {escape(gate.label[at])}'
    body += f"{sign}</text>"
    lines = ""
    for row, (code, label) in enumerate(gate.needs):
        y = PAD + HEAD + LINE * row + 6
        mark = "·" if missing is None else OPEN if code in open_ else MET
        words = f"{mark} {label[at]}" + (f" ({MISSING[at]})" if code in open_ else "")
        lines += (
            f'<g data-need="{escape(code)}"><text x="{x + 14}" y="{y}">{escape(words)}</text></g>'
        )
    if place:
        middle = PAD + 20
        lines += f'<path d="M{x - GAP} {middle}h{GAP - 8}"/>'
        lines += f'<path class="head" d="M{x - 8} {middle - 4}v8l8 -4z"/>'
    kind = "state lit" if passed else "state"
    return f'<g class="{kind}" data-gate="{escape(gate.name)}">{body}</g><g>{lines}</g>'
