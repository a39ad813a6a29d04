"""A cursor opens for its list, its filters and its caller, for a day, and for nobody else."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration_api.kernel.paging import Cursors, page_body
from integration_api.kernel.problems import InvalidCursor

SECRET = b"a secret of the tests, long enough for HKDF"
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
ID = UUID("01a210ae-f304-7029-9f68-c770c4920f50")
CURSORS = Cursors(SECRET, lambda: NOW)
MINE = b"client|/v1/persons|status=open"

instants = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001
values = st.one_of(
    instants, st.dates(), st.uuids(), st.text(max_size=30), st.integers(-(2**63), 2**63 - 1),
    st.booleans(), st.none(),
)  # fmt: skip


@given(st.lists(values, max_size=3), st.sampled_from(["next", "prev"]), st.binary(max_size=32))
def test_what_was_sealed_comes_back_with_its_types(
    sealed: list[Any], direction: str, binding: bytes
) -> None:
    text = CURSORS.seal(tuple(sealed), binding=binding, direction=direction)
    assert CURSORS.open(text, binding=binding) == (tuple(sealed), direction)
    opened, _ = CURSORS.open(text, binding=binding)
    assert [type(v) for v in opened] == [type(v) for v in sealed]


@given(st.data())
def test_no_flipped_bit_opens(data: st.DataObject) -> None:
    text = CURSORS.seal((NOW, ID), binding=MINE, direction="next")
    at = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.characters(codec="ascii").filter(lambda c: c != text[at]))
    with pytest.raises(InvalidCursor):
        CURSORS.open(text[:at] + other + text[at + 1 :], binding=MINE)


@given(st.text(max_size=80))
def test_garbage_is_no_cursor(text: str) -> None:
    with pytest.raises(InvalidCursor):
        CURSORS.open(text, binding=MINE)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda text: (CURSORS, text, MINE + b"&q=1"),
        lambda text: (CURSORS, text + "=", MINE),
        lambda text: (CURSORS, text + "A" * 2000, MINE),
        lambda text: (CURSORS, text[:20], MINE),
        lambda text: (Cursors(b"another secret of the same length....", lambda: NOW), text, MINE),
        lambda text: (Cursors(SECRET, lambda: NOW + timedelta(hours=24)), text, MINE),
    ],
    ids=["other filters", "padded", "too long", "cut", "other secret", "expired"],
)
def test_a_cursor_of_something_else_is_refused(wrong: Any) -> None:
    text = CURSORS.seal((NOW, ID), binding=MINE, direction="next")
    cursors, shown, binding = wrong(text)
    with pytest.raises(InvalidCursor):
        cursors.open(shown, binding=binding)
    assert CURSORS.open(text, binding=MINE)[0] == (NOW, ID)  # the same cursor, used rightly


def test_a_cursor_lives_for_a_day() -> None:
    text = CURSORS.seal((ID,), binding=MINE, direction="prev")
    almost = Cursors(SECRET, lambda: NOW + timedelta(hours=23, minutes=59))
    assert almost.open(text, binding=MINE) == ((ID,), "prev")


def test_a_cursor_shows_nothing_and_no_two_are_alike() -> None:
    one, two = (CURSORS.seal(("Musterfrau",), binding=MINE, direction="next") for _ in range(2))
    assert one != two
    assert "Musterfrau" not in one
    assert set(one) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    assert len(CURSORS.seal((NOW, ID), binding=MINE, direction="next")) < 250


def test_what_does_not_compare_exactly_is_never_sealed() -> None:
    with pytest.raises(TypeError):
        CURSORS.seal((0.1,), binding=MINE, direction="next")


def test_the_envelope_is_json_around_the_items() -> None:
    body = page_body('[{"name":"Ä"}]'.encode(), "abc", None, 50)
    assert json.loads(body) == {
        "items": [{"name": "Ä"}],
        "page": {"next_cursor": "abc", "prev_cursor": None, "limit": 50},
    }


def test_a_date_stays_a_date() -> None:
    text = CURSORS.seal((date(2026, 1, 2),), binding=MINE, direction="next")
    assert type(CURSORS.open(text, binding=MINE)[0][0]) is date
