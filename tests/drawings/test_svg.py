"""The picture shows every state and arrow, needs nothing foreign, and no text lies on a box."""

import re
import xml.etree.ElementTree as ET
from enum import StrEnum
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integration_api.app import LIFECYCLES
from integration_api.drawings.svg import STYLE, STYLE_SOURCE, svg
from integration_api.kernel.lifecycle import Lifecycle, Transition
from integration_api.persons.lifecycle import CONSENT
from integration_api.referrals.lifecycle import REFERRAL
from tests.kernel.drawn import lamp

NS = "{http://www.w3.org/2000/svg}"
DRAWN: list[Lifecycle[Any]] = [*LIFECYCLES, lamp()]
Box = tuple[float, float, float, float]


def read(text: str) -> ET.Element:
    """The picture as XML; ours, so no entity attack is to be feared."""
    return ET.fromstring(text)  # noqa: S314


def boxes(root: ET.Element) -> list[Box]:
    """Left, top, right, bottom of every state."""
    found = []
    for group in root.iter(f"{NS}g"):
        if "data-state" in group.attrib:
            rect = group.find(f"{NS}rect")
            assert rect is not None
            x, y, w, h = (float(rect.attrib[n]) for n in ("x", "y", "width", "height"))
            found.append((x, y, x + w, y + h))
    return found


def words(root: ET.Element) -> list[Box]:
    """Where the labels of arrows are, by the width of a usual letter."""
    found = []
    for group in root.iter(f"{NS}g"):
        if "data-arrow" not in group.attrib:
            continue
        for text in group.iter(f"{NS}text"):
            for span in text:
                x, y = float(span.attrib["x"]), float(span.attrib["y"])
                w = 6.3 * len(span.text or "")
                left = {"start": 0.0, "middle": w / 2, "end": w}[text.attrib["text-anchor"]]
                found.append((x - left, y - 9, x - left + w, y + 2))
    return found


def meet(a: Box, b: Box) -> bool:
    """Whether two rectangles overlap."""
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def verticals(root: ET.Element) -> list[Box]:
    """The upright parts of the lines."""
    found = []
    for path in root.iter(f"{NS}path"):
        points = re.findall(
            r"[ML](-?[\d.]+) (-?[\d.]+)(?:Q\S+ \S+ (-?[\d.]+) (-?[\d.]+))?", path.attrib["d"]
        )
        here = None
        for x, y, qx, qy in points:
            at = float(x), float(y)
            if here and abs(here[0] - at[0]) < 0.2:
                found.append((at[0], min(here[1], at[1]), at[0], max(here[1], at[1])))
            here = (float(qx), float(qy)) if qx else at
    return found


@pytest.mark.parametrize("lang", ["de", "en"])
@pytest.mark.parametrize("drawn", DRAWN, ids=lambda d: d.name)
def test_every_state_and_arrow_is_there_with_its_label(drawn: Lifecycle[Any], lang: Any) -> None:
    root = read(svg(drawn, lang))
    shown = " ".join("".join(text.itertext()) for text in root.iter(f"{NS}text"))
    described = root.findtext(f"{NS}desc") or ""
    for label in drawn.labels.values():
        assert label[lang == "en"] in shown
    arrows = " ".join(g.attrib.get("data-arrow", "") for g in root.iter(f"{NS}g")).split()
    assert {t.name for t in drawn.transitions} == set(arrows)
    assert all(f"({t.name})" in described for t in drawn.transitions)
    assert root.findtext(f"{NS}title")


@pytest.mark.parametrize("lang", ["de", "en"])
@pytest.mark.parametrize("drawn", DRAWN, ids=lambda d: d.name)
def test_nothing_overlaps(drawn: Lifecycle[Any], lang: Any) -> None:
    root = read(svg(drawn, lang))
    state_boxes, labels = boxes(root), words(root)
    assert len(state_boxes) == len(drawn.labels)
    assert not [pair for pair in combinations(state_boxes, 2) if meet(*pair)]
    assert not [(b, w) for b in state_boxes for w in labels if meet(b, w)]
    assert not [pair for pair in combinations(labels, 2) if meet(*pair)]
    assert not [(v, w) for v in verticals(root) for w in labels if meet(v, w)]
    width, height = map(float, root.attrib["viewBox"].split()[2:])
    assert all(b[0] >= 0 and b[2] <= width and b[1] >= 0 and b[3] <= height for b in labels)


def test_boxes_on_one_another_would_be_seen() -> None:
    """The known-bad twin of the test above: the picture with one box moved onto its neighbour."""
    text = svg(CONSENT)
    first, second = (b[0] for b in boxes(read(text)))
    moved = text.replace(f'x="{second:.1f}"', f'x="{first + 5:.1f}"')
    assert [pair for pair in combinations(boxes(read(moved)), 2) if meet(*pair)]


def test_ends_have_a_double_border_and_lit_parts_stand_out() -> None:
    root = read(svg(REFERRAL, "en", frozenset({"sent", "accept"})))
    groups = list(root.iter(f"{NS}g"))
    double = {
        g.attrib["data-state"] for g in groups
        if "data-state" in g.attrib and len(g.findall(f"{NS}rect")) == 2
    }  # fmt: skip
    assert double == {
        "completed", "declined", "withdrawn", "not_completed", "expired", "entered_in_error"
    }  # fmt: skip
    lit = {
        g.attrib.get("data-state") or g.attrib.get("data-arrow")
        for g in groups
        if g.attrib["class"].endswith(" lit")
    }
    assert lit == {"sent", "accept"}


def test_arrows_with_the_same_ends_are_one_line_with_stacked_labels() -> None:
    root = read(svg(lamp(), "de"))
    both = [g for g in root.iter(f"{NS}g") if "smash" in g.attrib.get("data-arrow", "")]
    assert [g.attrib["data-arrow"] for g in both] == ["burn_out smash"] * 2  # from off, from on
    for group in both:
        assert [s.text for s in group.iter(f"{NS}tspan")] == ["Burn_out", "Zerschlagen &", "<weg>"]


@pytest.mark.parametrize("drawn", DRAWN, ids=lambda d: d.name)
def test_the_picture_needs_nothing_foreign(drawn: Lifecycle[Any]) -> None:
    text = svg(drawn)
    assert not re.search(r"script|href|url\(|@import|onload|<image|<foreignObject", text)
    assert text.count("http") == 1, "the namespace only"
    assert f"<style>{STYLE}</style>" in text
    assert STYLE_SOURCE.startswith("'sha256-")
    assert "prefers-color-scheme:dark" in STYLE


States = StrEnum("States", {f"S{i}": f"state_{i}" for i in range(9)})  # type: ignore[misc]


@st.composite
def lifecycles(draw: st.DrawFn) -> Lifecycle[Any]:
    """Any drawing in which everything is reached."""
    states = list(States)
    arrows = [
        (draw(st.sets(st.sampled_from(states[:i]), min_size=1, max_size=4)), target)
        for i, target in enumerate(states)
        if i
    ]
    more = st.tuples(
        st.sets(st.sampled_from(states), min_size=1, max_size=9), st.sampled_from(states)
    )
    arrows += draw(st.lists(more, max_size=5))
    return Lifecycle(
        "thing",
        States,
        (states[0],),
        tuple(
            Transition(
                f"go_{i}", frozenset(sources), target, frozenset({"owner"}),
                f"thing.went_{target.value[-1]}".replace("_0", "_zero").translate(DIGITS), "Go.",
                f"Gehen {i}", f"Go {i}",
            )
            for i, (sources, target) in enumerate(arrows)
        ),
        {s: (s.value, s.value) for s in states},
        {"owner": ("Besitzerin", "owner")},
    )  # fmt: skip


DIGITS = str.maketrans("0123456789", "abcdefghij")


@settings(max_examples=40, deadline=None)
@given(lifecycles())
def test_in_any_drawing_no_box_lies_on_a_box_and_no_label_on_a_box(drawn: Lifecycle[Any]) -> None:
    root = read(svg(drawn))
    state_boxes = boxes(root)
    assert not [pair for pair in combinations(state_boxes, 2) if meet(*pair)]
    assert not [(b, w) for b in state_boxes for w in words(root) if meet(b, w)]
    arrows = " ".join(g.attrib.get("data-arrow", "") for g in root.iter(f"{NS}g")).split()
    assert {t.name for t in drawn.transitions} == set(arrows)
