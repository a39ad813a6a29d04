"""One table per lifecycle; guard, operations, contract, CHECK, buttons, drawing come from it.

A status moves only along a drawn arrow. Pure: knows neither HTTP nor SQL nor schemas.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, TypeVar

S = TypeVar("S", bound=StrEnum)
SYSTEM = "system"
"""The party of every arrow that the clock or another resource's end fires."""
Label = tuple[str, str]
"""German, English."""


class TransitionNotAllowed(Exception):  # noqa: N818 - says what happened
    """No such arrow leaves the present state (409); `allowed` names those that do."""

    def __init__(self, name: str, current: str, allowed: list[str]) -> None:
        super().__init__(f"{name} is not possible while {current}")
        self.name, self.current, self.allowed = name, current, allowed


class NotYourMove(Exception):  # noqa: N818 - says what happened
    """The arrow exists, but it belongs to another party (403)."""


@dataclass(frozen=True, slots=True)
class Guard:
    """A condition beyond the drawing; its sentences say, in both languages, what is not met."""

    name: str
    de: str
    en: str


@dataclass(frozen=True, slots=True)
class Transition(Generic[S]):
    """One arrow: `name` moves any of `sources` to `target`; only a party in `by` may fire it.

    `reasons` names the code list of its coded reasons, `guards` what has to hold besides.
    """

    name: str
    sources: frozenset[S]
    target: S
    by: frozenset[str]
    event: str
    doc: str
    label_de: str
    label_en: str
    reasons: str | None = None
    guards: tuple[Guard, ...] = ()


@dataclass(frozen=True)
class Lifecycle(Generic[S]):
    """The drawing of one noun: its states, where it begins, its arrows, and their names.

    Raises:
        ValueError: at import, when the drawing is not whole.
    """

    name: str
    states: type[S]
    initial: tuple[S, ...]
    transitions: tuple[Transition[S], ...]
    labels: Mapping[S, Label]
    parties: Mapping[str, Label]
    path: tuple[S, ...] = ()
    """The way that a picture shows in the middle; without it, the first arrows are followed."""

    def __post_init__(self) -> None:
        for wrong in (*self._misnamed(), *self._unlabelled(), *self._unreached()):
            raise ValueError(f"{self.name}: {wrong}")

    def __getitem__(self, name: str) -> Transition[S]:
        for arrow in self.transitions:
            if arrow.name == name:
                return arrow
        raise KeyError(name)

    @property
    def final(self) -> frozenset[S]:
        """The states that no arrow leaves."""
        return frozenset(self.states) - {s for t in self.transitions for s in t.sources}

    def actions(self, state: S, parties: frozenset[str]) -> list[str]:
        """What these parties may do in this state, in the order of the drawing."""
        return [t.name for t in self.transitions if state in t.sources and t.by & parties]

    def arrow(self, name: str, parties: frozenset[str]) -> Transition[S]:
        """The arrow of this name, for one of these parties.

        Raises:
            NotYourMove: it belongs to another party.
        """
        arrow = self[name]
        if not arrow.by & parties:
            raise NotYourMove(name)
        return arrow

    def target(self, name: str, current: S, parties: frozenset[str]) -> S:
        """The state to which the arrow leads from `current`.

        Raises:
            NotYourMove: it belongs to another party.
            TransitionNotAllowed: it does not leave `current`.
        """
        arrow = self.arrow(name, parties)
        if current not in arrow.sources:
            raise TransitionNotAllowed(name, current.value, self.actions(current, parties))
        return arrow.target

    def sql_in(self, column: str = "status") -> str:
        """The CHECK of the column that holds the state."""
        return f"{column} IN ({', '.join(repr(s.value) for s in self.states)})"

    def openapi(self) -> dict[str, Any]:
        """The drawing as `x-lifecycle`: plain text only, in a stable order."""
        return {
            "initial": [s.value for s in self.initial],
            "final": sorted(s.value for s in self.final),
            "transitions": [
                {
                    "name": t.name,
                    "from": [s.value for s in self.states if s in t.sources],
                    "to": t.target.value,
                    "by": sorted(map(str, t.by)),
                    "event": t.event,
                }
                | ({"reasons": t.reasons} if t.reasons else {})
                | ({"guards": [g.name for g in t.guards]} if t.guards else {})
                for t in self.transitions
            ],
        }

    def mermaid(self) -> str:
        """The drawing as a Mermaid state diagram."""
        lines = ["stateDiagram-v2", *(f"    [*] --> {s.value}" for s in self.initial)]
        for t in self.transitions:
            who = ", ".join(sorted(map(str, t.by)))
            sources = [s.value for s in self.states if s in t.sources]
            lines += [f"    {s} --> {t.target.value} : {t.name} ({who})" for s in sources]
        return "\n".join([*lines, *(f"    {s.value} --> [*]" for s in sorted(self.final))]) + "\n"

    def _misnamed(self) -> list[str]:
        names = [t.name for t in self.transitions]
        wrong = [
            f"two arrows are called {n}" for n in sorted({n for n in names if names.count(n) > 1})
        ]
        form = re.compile(rf"{self.name}\.[a-z]+(_[a-z]+)*")
        wrong += [
            f"{t.event} is no event of it" for t in self.transitions if not form.fullmatch(t.event)
        ]
        meaning: dict[str, S] = {}
        for t in self.transitions:  # who hears `x.withdrawn` knows the state
            if meaning.setdefault(t.event, t.target) is not t.target:
                wrong.append(f"{t.event} means two states")
        return wrong

    def _unlabelled(self) -> list[str]:
        states = [f"no label for {s.value}" for s in self.states if s not in self.labels]
        used = sorted({p for t in self.transitions for p in t.by})
        return states + [f"no label for {p}" for p in used if p not in self.parties]

    def _unreached(self) -> list[str]:
        reached, grown = set(self.initial), True
        while grown:
            found = {t.target for t in self.transitions if t.sources & reached} - reached
            reached, grown = reached | found, bool(found)
        return [f"{s.value} is never reached" for s in self.states if s not in reached]
