"""A status moves only along a drawn arrow, and a drawing that is not whole does not import."""

import json
from itertools import chain, combinations

import pytest

from integration_api.kernel.lifecycle import SYSTEM, NotYourMove, TransitionNotAllowed
from tests.kernel.drawn import ARROWS, CLOCK, GUEST, OWNER, Lamp, arrow, lamp

LAMP = lamp()
PARTIES = [
    frozenset(p)
    for p in chain.from_iterable(combinations(("owner", "guest", SYSTEM), n) for n in range(4))
]


@pytest.mark.parametrize("parties", PARTIES, ids=lambda p: "+".join(sorted(p)) or "nobody")
@pytest.mark.parametrize("state", list(Lamp))
@pytest.mark.parametrize("name", [t.name for t in ARROWS])
def test_an_action_is_allowed_exactly_when_its_arrow_can_be_fired(
    name: str, state: Lamp, parties: frozenset[str]
) -> None:
    drawn = LAMP[name]
    if not drawn.by & parties:
        with pytest.raises(NotYourMove):
            LAMP.target(name, state, parties)
        assert name not in LAMP.actions(state, parties)
    elif state in drawn.sources:
        assert LAMP.target(name, state, parties) is drawn.target
        assert name in LAMP.actions(state, parties)
    else:
        with pytest.raises(TransitionNotAllowed) as refused:
            LAMP.target(name, state, parties)
        assert refused.value.current == state.value
        assert refused.value.allowed == LAMP.actions(state, parties)
        assert name not in refused.value.allowed


def test_an_unknown_arrow_is_a_mistake_of_the_code() -> None:
    with pytest.raises(KeyError):
        LAMP.target("explode", Lamp.ON, OWNER)


@pytest.mark.parametrize(
    ("arrows", "changed", "why"),
    [
        ((*ARROWS, arrow("dim", {Lamp.ON}, Lamp.OFF)), {}, "two arrows are called dim"),
        (ARROWS[:3], {}, "broken is never reached"),
        (ARROWS[1:], {}, "never reached"),
        ((*ARROWS, arrow("fix", {Lamp.BROKEN}, Lamp.ON, event="lamp.lit_again_")), {}, "no event"),
        ((*ARROWS, arrow("fix", {Lamp.BROKEN}, Lamp.ON, event="bulb.lit")), {}, "no event of it"),
        ((*ARROWS, arrow("fix", {Lamp.BROKEN}, Lamp.OFF, event="lamp.lit")), {}, "two states"),
        (ARROWS, {"labels": {Lamp.NEW: ("neu", "new")}}, "no label for off"),
        (ARROWS, {"parties": {"owner": ("Besitzerin", "owner")}}, "no label for guest"),
    ],
)
def test_a_drawing_that_is_not_whole_is_refused(
    arrows: tuple[object, ...], changed: dict[str, object], why: str
) -> None:
    with pytest.raises(ValueError, match=why):
        lamp(arrows, **changed)  # type: ignore[arg-type]


def test_a_circle_that_nothing_enters_is_not_reached() -> None:
    """Every state here is some arrow's target; only a search of the path finds the island."""
    island = (
        arrow("install", {Lamp.NEW}, Lamp.OFF),
        arrow("light", {Lamp.BROKEN}, Lamp.ON),
        arrow("burn_out", {Lamp.ON}, Lamp.BROKEN),
    )
    assert {t.target for t in island} | {Lamp.NEW} == set(Lamp)
    with pytest.raises(ValueError, match="never reached"):
        lamp(island)


def test_two_arrows_may_share_an_event_that_means_one_state() -> None:
    assert LAMP["burn_out"].event == LAMP["smash"].event == "lamp.broken"


def test_several_beginnings_are_allowed() -> None:
    both = lamp(ARROWS[1:], initial=(Lamp.NEW, Lamp.OFF))
    assert both.openapi()["initial"] == ["new", "off"]


def test_what_no_arrow_leaves_is_final() -> None:
    assert LAMP.final == {Lamp.BROKEN}


def test_the_contract_holds_plain_text_only() -> None:
    document = LAMP.openapi()
    assert json.loads(json.dumps(document)) == document

    def plain(node: object) -> bool:
        if isinstance(node, dict):
            return all(type(k) is str and plain(v) for k, v in node.items())
        return all(map(plain, node)) if isinstance(node, list) else type(node) is str

    assert plain(document)
    assert document["transitions"][1] == {
        "name": "light", "from": ["off"], "to": "on", "by": ["guest", "owner"],
        "event": "lamp.lit", "guards": ["has_power"],
    }  # fmt: skip
    assert document["transitions"][3]["reasons"] == "burn_reasons"
    assert document["final"] == ["broken"]


def test_check_and_diagram_are_printed_from_the_table() -> None:
    assert LAMP.sql_in() == "status IN ('new', 'off', 'on', 'broken')"
    lines = LAMP.mermaid().splitlines()
    assert lines[:2] == ["stateDiagram-v2", "    [*] --> new"]
    assert "    off --> on : light (guest, owner)" in lines
    assert lines[-1] == "    broken --> [*]"
    assert len(lines) == 3 + sum(len(t.sources) for t in ARROWS)


def test_the_system_fires_its_own_arrows_only() -> None:
    assert LAMP.actions(Lamp.ON, CLOCK) == ["burn_out"]
    assert "burn_out" not in LAMP.actions(Lamp.ON, OWNER | GUEST)
