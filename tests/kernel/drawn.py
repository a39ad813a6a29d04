"""Small drawings for the tests of lifecycle and picture."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Any

from integration_api.kernel.lifecycle import SYSTEM, Guard, Lifecycle, Transition


class Lamp(StrEnum):
    """States of a lamp."""

    NEW = "new"
    OFF = "off"
    ON = "on"
    BROKEN = "broken"


OWNER, GUEST = frozenset({"owner"}), frozenset({"guest"})
CLOCK = frozenset({SYSTEM})
HAS_POWER = Guard("has_power", "Kein Strom.", "No power.")


def arrow(
    name: str, sources: Iterable[Lamp], target: Lamp, by: frozenset[str] = OWNER, **kw: Any
) -> Transition[Lamp]:
    """An arrow that needs no words."""
    kw.setdefault("event", f"lamp.{target.value}")
    kw.setdefault("label_de", name.capitalize())
    return Transition(
        name, frozenset(sources), target, by, doc=f"{name}.", label_en=name.capitalize(), **kw
    )


ARROWS = (
    arrow("install", {Lamp.NEW}, Lamp.OFF, event="lamp.installed"),
    arrow("light", {Lamp.OFF}, Lamp.ON, OWNER | GUEST, event="lamp.lit", guards=(HAS_POWER,)),
    arrow("dim", {Lamp.ON}, Lamp.OFF, GUEST, event="lamp.dimmed"),
    arrow("burn_out", {Lamp.OFF, Lamp.ON}, Lamp.BROKEN, CLOCK, reasons="burn_reasons"),
    arrow("smash", {Lamp.OFF, Lamp.ON}, Lamp.BROKEN, GUEST, label_de="Zerschlagen & <weg>"),
)


def lamp(transitions: tuple[Transition[Lamp], ...] = ARROWS, **changed: Any) -> Lifecycle[Lamp]:
    """The lamp, or a lamp drawn wrongly."""
    drawn: dict[str, Any] = {
        "name": "lamp",
        "states": Lamp,
        "initial": (Lamp.NEW,),
        "labels": {s: (s.value.upper(), s.value) for s in Lamp},
        "parties": {
            "owner": ("Besitzerin", "owner"),
            "guest": ("Gast", "guest"),
            SYSTEM: ("das System", "the system"),
        },
    }
    return Lifecycle(transitions=transitions, **(drawn | changed))
