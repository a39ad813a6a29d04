"""Gates and timeline: every word in its place, the present state lit up, nothing foreign."""

import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest

from integration_api.drawings.gates import DrawnGate, gates_svg
from integration_api.drawings.timeline import Step, timeline_svg
from integration_api.tandem.gates import GATES
from integration_api.tandem.service_clearances import LANE_LABELS, LANES
from tests.drawings.test_svg import read

SVG = "{http://www.w3.org/2000/svg}"
DRAWN = [DrawnGate(g.name, g.label, [(n.code, n.label) for n in g.needs]) for g in GATES]
BEGAN = datetime(2026, 11, 25, 9, tzinfo=UTC)
LETTER = 6.6
"""A letter's width at most, for the size of the words."""


def numbers(node: ET.Element, *names: str) -> list[float]:
    """Attributes as numbers."""
    return [float(node.attrib[name]) for name in names]


@pytest.mark.parametrize("lang", ["de", "en"])
def test_every_need_lies_within_its_gate(lang: str) -> None:
    drawn = read(gates_svg(DRAWN, lang))  # type: ignore[arg-type]
    boxes = [numbers(box, "x", "y", "width", "height") for box in drawn.iter(f"{SVG}rect")]
    assert len(boxes) == len(GATES) == 5
    for words in drawn.iter(f"{SVG}text"):
        x, y = numbers(words, "x", "y")
        end = x + LETTER * len(words.text or "")
        assert any(
            left <= x and end <= left + width and top < y < top + height
            for left, top, width, height in boxes
        ), words.text
    needs = [n.attrib["data-need"] for n in drawn.iter(f"{SVG}g") if "data-need" in n.attrib]
    assert needs == [n.code for g in GATES for n in g.needs]


def test_what_is_missing_is_said_in_words_and_not_by_colour() -> None:
    text = gates_svg(DRAWN, "en", missing={("G3", "work_allowed")})
    assert "○ free access, or a permit on the first day (missing)" in text
    assert text.count("(missing)") == 1
    assert text.count('class="state lit"') == 4


def steps(count: int) -> list[Step]:
    """Steps on all lanes in turn, two hours apart."""
    found = []
    for i in range(count):
        lane = list(LANES)[i % len(LANES)]
        state = list(LANES[lane])[i % len(LANES[lane])]
        at = BEGAN + timedelta(hours=2 * i)
        found.append(Step(lane, at, state, LANES[lane][state]))
    return found


@pytest.mark.parametrize("count", [0, 1, 9, 200])
@pytest.mark.parametrize("lang", ["de", "en"])
def test_no_two_steps_meet_and_the_newest_of_each_lane_is_lit(count: int, lang: str) -> None:
    text = timeline_svg(steps(count), LANE_LABELS, lang)  # type: ignore[arg-type]
    drawn = read(text)
    width, height = map(float, drawn.attrib["viewBox"].split()[2:])
    boxes = sorted(numbers(box, "x", "y", "width", "height") for box in drawn.iter(f"{SVG}rect"))
    assert len(boxes) == count
    assert all(x + w <= width and y + h <= height for x, y, w, h in boxes)
    assert all(a[0] + a[2] <= b[0] for a, b in pairwise(boxes))
    assert text.count('aria-current="step"') == min(count, len(LANES))


def test_words_are_escaped_and_nothing_foreign_is_asked_for() -> None:
    hostile = '<script>&"'
    step = Step("legal_track", BEGAN, hostile, (hostile, hostile))
    gate = DrawnGate(hostile, (hostile, hostile), [(hostile, (hostile, hostile))])
    for text in (timeline_svg([step], LANE_LABELS), gates_svg([gate])):
        assert "<script" not in text
        read(text)
        assert re.findall(r"https?://(?!www\.w3\.org/2000/svg)", text) == []
