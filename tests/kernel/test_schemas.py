"""Requests refuse what they do not know; a patch tells absent from null; answers are whole."""

from typing import Annotated, Any

import pytest
from pydantic import Field, ValidationError

from integration_api.kernel.scalars import Day, Text
from integration_api.kernel.schemas import (
    UNSET,
    Out,
    PageInfo,
    PageQuery,
    Query,
    Schema,
    Unset,
    changes,
)


class Inner(Schema):
    """A part."""

    name: Text
    note: Text = "none"


class InnerPatch(Schema):
    """Changes of something."""

    inner: Inner | Unset = UNSET
    day: Annotated[Day | None, Field(description="A day.")] | Unset = UNSET
    names: Annotated[list[Text], Field(max_length=2)] | Unset = UNSET


class InnerOut(Out):
    """An answer."""

    name: str
    note: str | None = None


@pytest.mark.parametrize("base", [Schema, Query])
def test_unknown_members_are_refused(base: type[Schema] | type[Query]) -> None:
    with pytest.raises(ValidationError) as refused:
        base.model_validate({"bogus": 1})
    assert refused.value.errors()[0]["type"] == "extra_forbidden"


@pytest.mark.parametrize(
    ("sent", "changed"),
    [
        ({}, {}),
        ({"day": None}, {"day": None}),
        ({"names": ["a"]}, {"names": ["a"]}),
        ({"inner": {"name": "a"}}, {"inner": {"name": "a", "note": "none"}}),
    ],
)
def test_changes_holds_what_was_sent_and_nested_defaults(
    sent: dict[str, Any], changed: dict[str, Any]
) -> None:
    assert changes(InnerPatch.model_validate(sent)) == changed


@pytest.mark.parametrize("sent", [{"inner": None}, {"names": None}, {"names": ["a", "b", "c"]}])
def test_null_clears_only_what_may_be_null(sent: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        InnerPatch.model_validate(sent)


def test_no_request_can_say_unset() -> None:
    values: tuple[object, ...] = ("unset", "UNSET", {}, 0)
    for value in values:
        with pytest.raises(ValidationError):
            InnerPatch.model_validate({"day": value})


def test_the_contract_does_not_show_unset() -> None:
    shown = InnerPatch.model_json_schema()["properties"]
    assert shown["names"]["type"] == "array"
    assert shown["day"]["anyOf"] == [{"format": "date", "type": "string"}, {"type": "null"}]
    assert "default" not in shown["day"]
    assert "required" not in InnerPatch.model_json_schema()


def test_an_answer_carries_every_member() -> None:
    assert InnerOut.model_json_schema(mode="serialization")["required"] == ["name", "note"]
    assert PageInfo.model_json_schema(mode="serialization")["required"] == [
        "next_cursor", "prev_cursor", "limit"
    ]  # fmt: skip


def test_filters_leave_out_the_page_and_what_was_not_asked() -> None:
    class Narrowed(PageQuery):
        tag: Text | None = None
        kind: Text = "all"

    assert Narrowed.model_validate({"cursor": "abc", "limit": "5"}).filters() == {"kind": "all"}
    assert Narrowed.model_validate({"tag": "x"}).filters() == {"tag": "x", "kind": "all"}
