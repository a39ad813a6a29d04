"""A lifecycle as an SVG, for people: in their language, light and dark, without foreign parts."""

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from hashlib import sha256
from html import escape
from pathlib import Path
from typing import Any, Literal

from integration_api.kernel.lifecycle import Lifecycle, Transition

from .layout import BOX, LINE, MAIN, PAD, Layout, Line, Point, sign

STYLE = Path(__file__).with_suffix(".css").read_text(encoding="utf-8")
STYLE_SOURCE = f"'sha256-{base64.b64encode(sha256(STYLE.encode()).digest()).decode()}'"
"""What a page's Content-Security-Policy names under `style-src` to show a drawing."""
Said = tuple[list[Line], str | None]
"""Lines that belong together, and where they lead."""


@dataclass(frozen=True)
class Links:
    """Where states and arrows lead, by their names; those without a link lead nowhere."""

    states: Mapping[str, str] = field(default_factory=dict)
    arrows: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def role(self) -> str:
        """What the picture is to who hears it: one image, or a group of links."""
        return "group" if self.states or self.arrows else "img"


NOWHERE = Links()


def svg(
    lifecycle: Lifecycle[Any],
    lang: Literal["de", "en"] = "de",
    lit: frozenset[str] = frozenset(),
    links: Links = NOWHERE,
) -> str:
    """The drawing with labels in `lang`; states and arrows named in `lit` stand out."""
    return _Drawing(lifecycle, 0 if lang == "de" else 1, lit, links).text()


class _Drawing(Layout):
    """The ink on a layout."""

    def __init__(
        self, lifecycle: Lifecycle[Any], lang: int, lit: frozenset[str], links: Links
    ) -> None:
        super().__init__(lifecycle, lang)
        self.lit, self.links = lit, links

    def text(self) -> str:
        """The whole document."""
        name, kind = self.drawn.name, f"lifecycle-{self.drawn.name}"
        described = "; ".join(map(self._sentence, self.drawn.transitions))
        size = f"{self.total:.0f} {self.height + 26:.0f}"
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" class="lifecycle" viewBox="0 0 {size}"'
            f' width="{self.total:.0f}" role="{self.links.role}"'
            f' aria-labelledby="{kind}-title {kind}-desc">',
            f'<title id="{kind}-title">{escape(name)}</title>',
            f'<desc id="{kind}-desc">{escape(described)}</desc>',
            f"<style>{STYLE}</style>",
            *self._rail_ink(),
            *self._straight_ink(),
            *(self._box(state) for state in self.states),
            *self._legend(),
        ]
        return "\n".join([*parts, "</svg>"]) + "\n"

    def _sentence(self, arrow: Transition[Any]) -> str:
        label = (arrow.label_de, arrow.label_en)[self.lang]
        sources = ", ".join(self.name(s) for s in self.states if s in arrow.sources)
        return f"{label} ({arrow.name}): {sources} → {self.name(arrow.target)}"

    def _rail_ink(self) -> Iterator[str]:
        for rail in self.rails:
            ways = list(self.ways(rail))
            (x, y), ring = ways[0][-1], ""
            down = 1 if y > self.lane_y(rail) else -1
            if not rail.sources:
                ring = f'<circle class="ring" cx="{x:.1f}" cy="{ways[0][0][1]:.1f}" r="4"/>'
            lines = self.lines(rail.arrows, rail)
            head = f"M{x - 4:.1f} {y - 8 * down:.1f}h8l-4 {8 * down}z"
            first = y - 14 - LINE * (len(lines) - 1) if down > 0 else y + 20
            anchor = "start" if rail.side > 0 else "end"
            body = "".join(f'<path d="{_round(way)}"/>' for way in ways)
            body += f'<path class="head" d="{head}"/>{ring}'
            said = self._said(rail.arrows, lines)
            yield self._arrow(rail.arrows, body + _text(said, x + 7 * rail.side, first, anchor))

    def _straight_ink(self) -> Iterator[str]:
        for (start, end), arrows in self.straight.items():
            way = 1 if end > start else -1
            both = (end, start) in self.straight
            y = self.top[MAIN] + BOX / 2 + (way * -7 if both else 0)
            begin = self.center[start] + way * self.width[start] / 2
            stop = self.center[end] - way * self.width[end] / 2
            lines = self.lines(arrows)
            middle = (begin + stop + self.passing[min(start, end)]) / 2
            first = y - 6 - LINE * (len(lines) - 1) if way > 0 else y + 15
            head = f"M{stop - way * 8:.1f} {y - 4:.1f}v8l{way * 8} -4z"
            body = f'<path d="M{begin:.1f} {y:.1f}H{stop:.1f}"/><path class="head" d="{head}"/>'
            said = self._said(arrows, lines)
            yield self._arrow(arrows, body + _text(said, middle, first, "middle"))

    def _said(self, arrows: list[Transition[Any]], lines: list[Line]) -> list[Said]:
        """The stacked labels, those of one arrow together with where it leads."""
        found, at = list[Said](), 0
        for arrow in arrows:
            own = len(self.lines([arrow]))
            found.append((lines[at : at + own], self.links.arrows.get(arrow.name)))
            at += own
        return [*found, (lines[at:], None)]

    def _arrow(self, arrows: list[Transition[Any]], body: str) -> str:
        names = " ".join(t.name for t in arrows)
        lit = " lit" if any(t.name in self.lit for t in arrows) else ""
        kind = self.party(arrows[0])
        return f'<g class="arrow {kind}{lit}" data-arrow="{names}"><title>{names}</title>{body}</g>'

    def _box(self, state: StrEnum) -> str:
        row, column = self.place[state]
        width, x, y = self.width[column], self.center[column], self.top[row]
        left = x - width / 2
        body = f'<rect x="{left:.1f}" y="{y:.1f}" width="{width:.1f}" height="{BOX:.0f}" rx="10"/>'
        if not any(state in t.sources for t in self.usual):  # the end, but for a correction
            body += f'<rect class="inner" x="{left + 3.5:.1f}" y="{y + 3.5:.1f}"'
            body += f' width="{width - 7:.1f}" height="{BOX - 7:.0f}" rx="7"/>'
        if state in self.drawn.initial:
            middle = y + BOX / 2
            body += f'<circle class="start" cx="{left - 24:.1f}" cy="{middle:.1f}" r="5"/>'
            body += f'<path d="M{left - 19:.1f} {middle:.1f}h12"/>'
            body += f'<path class="head" d="M{left - 8:.1f} {middle - 4:.1f}v8l8 -4z"/>'
        lit = " lit" if state.value in self.lit else ""
        name = _text([([(self.name(state), "")], None)], x, y + BOX / 2 + 4.5, "middle")
        code = state.value
        body = _linked(body + name, self.links.states.get(code))
        return f'<g class="state{lit}" data-state="{code}"><title>{code}</title>{body}</g>'

    def _legend(self) -> Iterator[str]:
        x, y = PAD, self.height + 8
        for party, label in self.drawn.parties.items():
            if any(party in t.by for t in self.drawn.transitions):
                yield f'<g class="arrow {self.kind(party)}"><path d="M{x:.1f} {y:.1f}h26"/>'
                yield _text([([(label[self.lang], "")], None)], x + 32, y + 4, "start") + "</g>"
                x += 60 + 7 * len(label[self.lang])


def _text(said: list[Said], x: float, y: float, anchor: str) -> str:
    parts = []
    for lines, href in said:
        spans = [
            f'<tspan class="{kind}" x="{x:.1f}" y="{y + LINE * i:.1f}">{escape(words)}</tspan>'
            for i, (words, kind) in enumerate(lines)
        ]
        parts.append(_linked((" " if href else "").join(spans), href))
        y += LINE * len(lines)
    return f'<text text-anchor="{anchor}">{"".join(parts)}</text>'


def _linked(body: str, href: str | None) -> str:
    return f'<a href="{escape(href)}">{body}</a>' if href else body


def _round(points: list[Point], radius: float = 8) -> str:
    """A line along right angles, its corners rounded."""
    kept = [p for i, p in enumerate(points) if i == 0 or p != points[i - 1]]
    path = f"M{kept[0][0]:.1f} {kept[0][1]:.1f}"
    for (ax, ay), (x, y), (bx, by) in zip(kept, kept[1:], kept[2:], strict=False):
        before = min(radius, (abs(ax - x) + abs(ay - y)) / 2)
        after = min(radius, (abs(bx - x) + abs(by - y)) / 2)
        into = x + sign(ax - x) * before, y + sign(ay - y) * before
        out = x + sign(bx - x) * after, y + sign(by - y) * after
        path += f"L{into[0]:.1f} {into[1]:.1f}Q{x:.1f} {y:.1f} {out[0]:.1f} {out[1]:.1f}"
    return path + f"L{kept[-1][0]:.1f} {kept[-1][1]:.1f}"
