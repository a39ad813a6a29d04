"""Where the boxes and lines of a drawn lifecycle stand.

Boxes stand in columns on up to three rows: the main path, above it what returns to it, below it
what ends. An arrow between neighbours is straight; every other one is a rail: it runs over a lane
of its own in the channel between two rows, several sources joining on it. Columns are as wide and
rows as far apart as the labels need, so that no text lies on a box or a line.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from integration_api.kernel.lifecycle import SYSTEM, Lifecycle, Transition

Point = tuple[float, float]
Line = tuple[str, str]
"""Words, and the class that gives them their colour."""
BOX, LANE, LINE, SLOT, PAD = 40.0, 14.0, 14.0, 20.0, 16.0
UPPER, MAIN, LOWER = 0, 1, 2
ANYWHERE = ("aus jedem Zustand", "from any state")


@dataclass(eq=False)
class Rail:
    """Arrows with the same sources and target; `ends` are the columns that it touches."""

    arrows: list[Transition[Any]]
    sources: list[StrEnum]
    target: StrEnum
    channel: int = UPPER
    lane: int = 0
    x: dict[int, float] = field(default_factory=dict)
    side: int = 1
    """1: its label stands right of its last line, -1: left."""


class Layout:
    """The places of everything, in the order in which they depend on each other."""

    def __init__(self, lifecycle: Lifecycle[Any], lang: int) -> None:
        self.drawn, self.lang = lifecycle, lang
        self.states: list[StrEnum] = [*lifecycle.labels]
        everywhere = len(self.states) - 1
        self.anywhere = [t for t in lifecycle.transitions if len(t.sources) == everywhere > 1]
        self.usual = [t for t in lifecycle.transitions if t not in self.anywhere]
        self.straight: dict[tuple[int, int], list[Transition[Any]]] = {}
        self.rails: list[Rail] = []
        self.place: dict[StrEnum, tuple[int, int]] = {}
        self._place_states()
        self._sort_arrows()
        self._set_columns()
        self._set_rows()

    # ------------------------------------------------------------------------------- places

    def _main_path(self) -> list[StrEnum]:
        """From the first initial state, always along the first arrow that does not turn back."""
        if self.drawn.path:
            return [*self.drawn.path]
        path = [self.drawn.initial[0]]
        while True:
            ahead = [t.target for t in self.usual if path[-1] in t.sources and t.target not in path]
            onward = [s for s in ahead if not self._returns(s, path)] or ahead
            if not onward:
                return path
            path.append(onward[0])

    def _returns(self, state: StrEnum, path: list[StrEnum]) -> bool:
        return any(state in t.sources and t.target in path for t in self.usual)

    def _place_states(self) -> None:
        main = self._main_path()
        self.place = {s: (MAIN, i) for i, s in enumerate(main)}
        aside = [s for s in self.states if s not in self.place]
        goes_on = {s for t in self.usual for s in t.sources}
        upper = [s for s in aside if s in goes_on]
        lower = [s for s in aside if s not in goes_on]
        self.columns = max(len(main), len(upper), len(lower))
        for row, states, seat in (
            (UPPER, upper, self._seat_above),
            (LOWER, lower, self._seat_below),
        ):
            wanted = sorted((seat(s), i, s) for i, s in enumerate(states))
            taken = -1
            for i, (column, _, state) in enumerate(wanted):
                last = self.columns - (len(wanted) - i)
                taken = max(taken + 1, min(round(column), last))
                self.place[state] = (row, taken)

    def _seat_above(self, state: StrEnum) -> float:
        """Over the last state from which one comes here, else over the first that follows."""
        targets = [t.target for t in self.usual if state in t.sources]
        after = [self.place[t][1] for t in targets if t in self.place]
        return max(self._before(state), default=min(after, default=0))

    def _seat_below(self, state: StrEnum) -> float:
        """Amid the states from which one comes here."""
        before = self._before(state)
        return sum(before) / len(before) if before else self.columns

    def _before(self, state: StrEnum) -> list[int]:
        sources = {s for t in self.usual if t.target is state for s in t.sources}
        return [self.place[s][1] for s in sources if s in self.place]

    # ------------------------------------------------------------------------------- arrows

    def _sort_arrows(self) -> None:
        groups: dict[tuple[Any, ...], Rail] = {}
        for t in self.drawn.transitions:
            row, column = self.place[t.target]
            spread: dict[int, list[StrEnum]] = {}
            for s in [] if t in self.anywhere else [s for s in self.states if s in t.sources]:
                at, start = self.place[s]
                if row == at == MAIN and abs(start - column) == 1:
                    self.straight.setdefault((start, column), []).append(t)
                else:
                    back = at == row == MAIN and start >= column
                    spread.setdefault(LOWER if back or row == LOWER else UPPER, []).append(s)
            if t in self.anywhere:
                spread[UPPER if row == UPPER else LOWER] = []
            for channel, sources in spread.items():
                key = (t.target, channel, tuple(sources))
                rail = groups.setdefault(key, Rail([], sources, t.target, channel))
                rail.arrows.append(t)
        self.rails = list(groups.values())
        for channel in (UPPER, LOWER):
            self._set_lanes(channel)

    def _set_lanes(self, channel: int) -> None:
        """Short spans nearest to the main row; spans that do not meet share a lane."""
        lanes: dict[int, list[tuple[int, int]]] = {}
        own = [r for r in self.rails if r.channel == channel]
        for left, right, _, rail in sorted(
            ((*self._span(r), i, r) for i, r in enumerate(own)), key=lambda s: (s[1] - s[0], s[2])
        ):
            while any(left <= b and a <= right for a, b in lanes.get(rail.lane, ())):
                rail.lane += 1
            lanes.setdefault(rail.lane, []).append((left, right))

    def _span(self, rail: Rail) -> tuple[int, int]:
        columns = [self.place[s][1] for s in (*rail.sources, rail.target)]
        return min(columns), max(columns)

    def _touching(self, channel: int, column: int) -> list[Rail]:
        """The rails with a vertical line in this column, from left to right."""

        def order(rail: Rail) -> tuple[int, int]:
            target = self.place[rail.target][1]
            others = [self.place[s][1] for s in rail.sources if self.place[s][1] != column]
            if target != column:
                return (1 if target > column else -1), -rail.lane
            return (2 if others and min(others) > column else -2 if others else 0), rail.lane

        own = [r for r in self.rails if r.channel == channel]
        return sorted((r for r in own if column in self._feet(r)), key=order)

    def _feet(self, rail: Rail) -> set[int]:
        """Columns in which it stands; from the upper row down it passes between columns."""
        sources = [self.place[s] for s in rail.sources]
        feet = {c for row, c in sources if not (rail.channel == LOWER and row == UPPER)}
        return feet | {self.place[rail.target][1]}

    def _rows_at(self, rail: Rail, column: int) -> set[int]:
        """The rows of the boxes that it meets in this column."""
        places = [self.place[s] for s in (*rail.sources, rail.target)]
        return {row for row, at in places if at == column}

    # ------------------------------------------------------------------------------ geometry

    def _set_columns(self) -> None:
        """Widths first: of boxes, of what hangs out of them, of what stands between them."""
        n = self.columns
        width, left, right = [96.0] * n, [0.0] * n, [0.0] * n
        for state, (_, column) in self.place.items():
            width[column] = max(width[column], 8.0 * len(self.name(state)) + 26)
        for column in range(n):
            for channel in (UPPER, LOWER):
                width[column] = max(width[column], self._set_slots(channel, column) + SLOT)
        for rail in self.rails:
            column = self.place[rail.target][1]
            reach = rail.side * rail.x[column] + 7 + self._breadth(rail.arrows, rail)
            hang = right if rail.side > 0 else left
            hang[column] = max(hang[column], reach - width[column] / 2)
        self.width, self.center, edge = width, list[float](), PAD + 30 + left[0]
        self.through = [[r for r in self.rails if self._passes(r, c)] for c in range(n)]
        self.passing = [
            hang + 8 + SLOT * 0.6 * len(through) if through else 0.0
            for hang, through in zip(right, self.through, strict=True)
        ]
        for c in range(n):
            self.center.append(edge + width[c] / 2)
            label = max(self._breadth(self.straight.get(k, [])) for k in ((c, c + 1), (c + 1, c)))
            beside = max(self.passing[c], right[c]) + left[min(c + 1, n - 1)] + 12
            edge += width[c] + max(beside, self.passing[c] + label + 30, 44)
        self.total = self.center[-1] + width[-1] / 2 + max(self.passing[-1], right[-1]) + PAD

    def _set_slots(self, channel: int, column: int) -> float:
        """Give every vertical line of a column its place; the breadth they need."""
        rails, x = self._touching(channel, column), 0.0
        for i, rail in enumerate(rails):
            rail.x[column] = x
            x += SLOT
            if self.place[rail.target][1] != column:
                continue
            row = self.place[rail.target][0]
            beside = [r for r in rails if r is not rail and row in self._rows_at(r, column)]
            rail.side = -1 if beside and not [r for r in rails[:i] if r in beside] else 1
            if rail.side > 0 and [r for r in rails[i + 1 :] if r in beside]:
                x += self._breadth(rail.arrows, rail)  # a label between two lines
        for rail in rails:
            rail.x[column] -= (x - SLOT) / 2
        return x

    def _passes(self, rail: Rail, column: int) -> bool:
        return rail.channel == LOWER and any(self.place[s] == (UPPER, column) for s in rail.sources)

    def _set_rows(self) -> None:
        rows = {row for row, _ in self.place.values()}
        self.lanes = [0, 0, 0]
        zone = {}
        for channel, near in ((UPPER, UPPER), (UPPER, MAIN), (LOWER, MAIN), (LOWER, LOWER)):
            own = [r for r in self.rails if r.channel == channel]
            self.lanes[channel] = max((r.lane + 1 for r in own), default=0)
            ends = [len(self.lines(r.arrows, r)) for r in own if self.place[r.target][0] == near]
            zone[channel, near] = LINE * max(ends, default=0) + (14 if own else 0)
        self.top, self.base = [PAD, PAD, 0.0], {}
        if UPPER in rows:
            self.top[MAIN] += BOX + zone[UPPER, UPPER]
        self.base[UPPER] = self.top[MAIN] + LANE * (self.lanes[UPPER] - 1)
        self.top[MAIN] += LANE * max(self.lanes[UPPER] - 1, 0) + zone[UPPER, MAIN]
        self.base[LOWER] = self.top[MAIN] + BOX + zone[LOWER, MAIN]
        end = self.base[LOWER] + LANE * max(self.lanes[LOWER] - 1, 0)
        self.top[LOWER] = end + zone[LOWER, LOWER]
        self.height = (self.top[LOWER] + BOX if LOWER in rows else end) + PAD

    def lane_y(self, rail: Rail) -> float:
        """The height of its lane."""
        step = LANE if rail.channel == LOWER else -LANE
        return self.base[rail.channel] + step * rail.lane

    def _edge_y(self, state: StrEnum, channel: int) -> float:
        """Where a line of the channel leaves or meets the box of a state."""
        row = self.place[state][0]
        below = row == channel == UPPER or (row == MAIN and channel == LOWER)
        return self.top[row] + (BOX if below else 0)

    def ways(self, rail: Rail) -> Iterator[list[Point]]:
        """The lines of a rail, each from a source to the target."""
        lane, column = self.lane_y(rail), self.place[rail.target][1]
        x = self.center[column] + rail.x[column]
        end = (x, self._edge_y(rail.target, rail.channel))
        for source in rail.sources:
            row, at = self.place[source]
            if row == UPPER and rail.channel == LOWER:
                slot = self.through[at][::-1].index(rail)
                edge = self.center[at] + self.width[at] / 2
                turn = edge + self.passing[at] - SLOT * 0.6 * (slot + 1)
                y = self.top[UPPER] + BOX / 2 + 6 * (slot - 1)
                yield [(edge, y), (turn, y), (turn, lane), (x, lane), end]
            else:
                begin = self.center[at] + rail.x[at]
                yield [(begin, self._edge_y(source, rail.channel)), (begin, lane), (x, lane), end]
        if not rail.sources:
            length = LINE * len(self.lines(rail.arrows, rail)) + 12
            yield [(x, end[1] - length * sign(end[1] - lane)), end]

    def name(self, state: StrEnum) -> str:
        """Its label."""
        return self.drawn.labels[state][self.lang]

    def party(self, arrow: Transition[Any]) -> str:
        """The class of the first party that may fire it."""
        return self.kind(next(p for p in self.drawn.parties if p in arrow.by))

    def kind(self, party: str) -> str:
        """The class of a party: a colour, or dashes for the system."""
        people = [p for p in self.drawn.parties if p != SYSTEM]
        return "sys" if party == SYSTEM else f"p{people.index(party) % 4}"

    def lines(self, arrows: list[Transition[Any]], rail: Rail | None = None) -> list[Line]:
        """The stacked labels, each line with the class of its arrow's party."""
        found = [
            (line, self.party(t))
            for t in arrows
            for line in _wrap((t.label_de, t.label_en)[self.lang])
        ]
        everywhere = [] if rail is None or rail.sources else _wrap(ANYWHERE[self.lang])
        return found + [(line, "") for line in everywhere]

    def _breadth(self, arrows: list[Transition[Any]], rail: Rail | None = None) -> float:
        return 6.8 * max((len(line) for line, _ in self.lines(arrows, rail)), default=0)


def _wrap(words: str) -> list[str]:
    lines = [""]
    for word in words.split():
        if lines[-1] and len(lines[-1]) + len(word) > 13:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines


def sign(number: float) -> int:
    """1, 0 or -1."""
    return (number > 0) - (number < 0)
