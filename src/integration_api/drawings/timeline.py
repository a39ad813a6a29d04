"""What happened when, in lanes, as an SVG: time runs from left to right, one step a column."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from itertools import groupby
from typing import Literal

from integration_api.kernel.calendar import BERLIN

from .svg import STYLE

LABEL, STEP, LANE, BOX, PAD = 190, 200, 74, 34, 16
NOW = ("jetzt", "now")


@dataclass(frozen=True, slots=True)
class Step:
    """A lane reached a state; the label is German, English."""

    lane: str
    at: datetime
    state: str
    label: tuple[str, str]


def timeline_svg(
    steps: Sequence[Step], lanes: Mapping[str, tuple[str, str]], lang: Literal["de", "en"] = "de"
) -> str:
    """The steps in the order of their time; the last of each lane is lit up."""
    at = 0 if lang == "de" else 1
    ordered = sorted(steps, key=lambda s: s.at)
    last = {step.lane: step for step in ordered}
    width = 2 * PAD + LABEL + STEP * max(len(ordered), 1)
    height = 2 * PAD + 24 + LANE * len(lanes)
    rows = {lane: PAD + 24 + LANE * i + 10 for i, lane in enumerate(lanes)}
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="lifecycle" viewBox="0 0 {width} {height}"'
        f' width="{width}" role="img" aria-labelledby="timeline-title">',
        f'<title id="timeline-title">{("Verlauf", "Timeline")[at]}</title>',
        f"<style>{STYLE}</style>",
    ]
    for lane, label in lanes.items():
        y = rows[lane] + BOX / 2
        parts.append(f'<path d="M{PAD + LABEL} {y}H{width - PAD}"/>')
        parts.append(f'<text x="{PAD}" y="{y + 4}">{escape(label[at])}</text>')
    parts += _days(ordered, at)
    for place, step in enumerate(ordered):
        if step.lane in rows:
            x = PAD + LABEL + STEP * place
            parts.append(_step(step, x, rows[step.lane], at, current=last[step.lane] is step))
    return "\n".join([*parts, "</svg>"]) + "\n"


def _days(ordered: Sequence[Step], at: int) -> list[str]:
    """The day above its first step."""
    found, place = [], 0
    for day, steps in groupby(ordered, lambda s: s.at.astimezone(BERLIN).date()):
        words = f"{day:%d.%m.%Y}" if at == 0 else day.isoformat()
        found.append(f'<text x="{PAD + LABEL + STEP * place}" y="{PAD + 10}">{words}</text>')
        place += len(list(steps))
    return found


def _step(step: Step, x: int, y: int, at: int, *, current: bool) -> str:
    lit = ' lit" aria-current="step' if current else ""
    words = step.label[at] + (f" ({NOW[at]})" if current else "")
    body = f'<rect x="{x}" y="{y}" width="{STEP - 8}" height="{BOX}" rx="10"/>'
    body += f'<text x="{x + (STEP - 8) / 2}" y="{y + 21}" text-anchor="middle"'
    body += (
        f' textLength="{STEP - 24}" lengthAdjust="spacingAndGlyphs">' if len(words) > 24 else ">"
    )
    body += f"{escape(words)}</text>"
    title = f"{step.state}, {step.at.astimezone(BERLIN):%Y-%m-%d %H:%M}"
    head = f'<g class="state{lit}" data-step="{escape(step.state)}">'
    return f"{head}<title>{escape(title)}</title>{body}</g>"
