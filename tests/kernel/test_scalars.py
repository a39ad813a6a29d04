"""The scalars of the wire take one form each, and publish exactly what they take."""

import re
from datetime import UTC, date, datetime
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, TypeAdapter, ValidationError

from integration_api.kernel import scalars
from integration_api.kernel.scalars import (
    Code,
    Day,
    Flag,
    Id,
    Instant,
    Int,
    LanguageTag,
    PageLimit,
    PartialDate,
    QueryFlag,
    Text,
    in_list,
)

KEYWORDS = {
    "type", "format", "pattern", "minLength", "maxLength", "minimum", "maximum", "examples",
    "description", "x-extensible-enum",
}  # fmt: skip
ID = "01a210ae-f304-7029-9f68-c770c4920f50"


def takes(kind: Any, value: object) -> bool:
    """Whether a request may say this."""
    try:
        TypeAdapter(kind).validate_python(value)
    except ValidationError:
        return False
    return True


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (Day, ["2024-02-29"], ["2023-02-29", "2024-01-02T00:00:00", "２024-01-02", 0, 1.0, True]),
        (
            Instant,
            ["2026-01-02T03:04:05Z", "2026-01-02t03:04:05.123456+02:00"],
            ["2026-01-02T03:04:05", "2026-01-02 03:04:05Z", "2026-01-02T24:00:00Z",
             "2016-12-31T23:59:60Z", "2026-01-02T03:04:05.1234567Z", 0, "1700000000"],
        ),
        (
            Id,
            [ID, ID.upper()],
            [ID.replace("-", ""), f"urn:uuid:{ID}", f"{{{ID}}}", f"{ID}\n", 5, b"x" * 16],
        ),
        (Int, [0, 2**53 - 1, -(2**53 - 1)], [2**53, 1.0, "1", True, None, 10**400]),
        (Flag, [True, False], ["yes", "true", 0, 1]),
        (Text, ["x", " ", "x" * 10_000], ["", "a\x00b", "\ud800", "x" * 10_001, 5, b"x"]),
        (Code, ["ae_18a", "x" * 64], ["", "Ae", "1a", "a-b", "x" * 65, "a\n", 5]),
        (LanguageTag, ["ckb", "zh-Hant-TW", "es-419"], ["", "german", "DE", "de_DE", "de-de"]),
        (PageLimit, ["1", "200", "50"], ["0", "201", "1.0", " 5", "+5", "05", "1_0", "９"]),
        (QueryFlag, ["true", "false"], ["1", "yes", "True", ""]),
    ],
)  # fmt: skip
def test_a_scalar_takes_its_form_and_nothing_else(
    kind: Any, good: list[object], bad: list[object]
) -> None:
    assert [v for v in good if not takes(kind, v)] == []
    assert [v for v in bad if takes(kind, v)] == []


def test_an_instant_comes_out_in_utc() -> None:
    read = TypeAdapter(Instant).validate_python("2026-06-01T12:00:00+02:00")
    assert read == datetime(2026, 6, 1, 10, tzinfo=UTC)
    assert read.utcoffset() == UTC.utcoffset(None)


@pytest.mark.parametrize("edge", ["9999-12-31T23:59:59-01:00", "0001-01-01T00:00:00+01:00"])
def test_an_instant_that_leaves_the_calendar_in_utc_is_refused_and_no_bug(edge: str) -> None:
    with pytest.raises(ValidationError) as refused:
        TypeAdapter(Instant).validate_python(edge)
    assert refused.value.errors()[0]["type"] == "instant_range"


def partial(text: str) -> bool:
    """What is a partial date, told by the calendar of the standard library."""
    form = re.fullmatch(r"([0-9]{4})(?:-([0-9]{2}))?(?:-([0-9]{2}))?", text, re.ASCII)
    if not form or not "1900" <= form[1] <= "2099":
        return False
    try:
        date(int(form[1]), int(form[2] or 1), int(form[3] or 1))
    except ValueError:
        return False
    return True


def test_a_partial_date_is_exactly_a_year_a_month_or_a_day_that_exists() -> None:
    reader = re.compile(TypeAdapter(PartialDate).json_schema()["pattern"])
    wrong = [
        text
        for year in (1899, 1900, 1904, 1999, 2000, 2023, 2024, 2096, 2099, 2100)
        for month in range(14)
        for day in range(33)
        for text in (f"{year}", f"{year}-{month:02}", f"{year}-{month:02}-{day:02}")
        if bool(reader.fullmatch(text)) != partial(text)
    ]
    assert wrong == []
    for text in ("1900-02-29", "2000-02-29", "1994", "94", "1994-1", "1994-01-1", "1994-01-"):
        assert takes(PartialDate, text) == partial(text)


@given(st.from_regex(TypeAdapter(PartialDate).json_schema()["pattern"], fullmatch=True))
def test_whatever_fits_the_published_pattern_of_a_partial_date_is_one(text: str) -> None:
    assert partial(text)


@pytest.mark.parametrize("name", ["Day", "Instant", "Id", "Int", "Flag", "Text", "Code"])
def test_the_schema_of_a_scalar_has_no_keyword_outside_json_schema(name: str) -> None:
    assert set(TypeAdapter(getattr(scalars, name)).json_schema()) <= KEYWORDS


def test_bounds_and_lists_land_in_the_schema() -> None:
    assert TypeAdapter(PageLimit).json_schema() == {
        "type": "integer", "minimum": 1, "maximum": 200
    }  # fmt: skip
    short = TypeAdapter(Annotated[Text, Field(max_length=200)]).json_schema()
    assert short["maxLength"] == 200
    topic = TypeAdapter(Annotated[Code, in_list("topics", "housing")]).json_schema()
    assert (topic["x-extensible-enum"], topic["examples"]) == ("topics", ["housing"])


def test_the_other_order_of_bound_and_form_publishes_a_meaningless_keyword() -> None:
    """The known-bad twin: the order that the scalars avoid."""
    form = scalars._lexical(r"\d+", "integer_form")
    assert not set(TypeAdapter(Annotated[int, form, Field(ge=1)]).json_schema()) <= KEYWORDS
