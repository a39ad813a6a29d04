"""The bases of what goes in and out: requests refuse what they do not know, answers are whole."""

from enum import StrEnum
from typing import Annotated, Any, NoReturn

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, PydanticOmit, core_schema

from .scalars import PageLimit


class Schema(BaseModel):
    """A request body or a part of one: unknown members are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class YesNo(StrEnum):
    """An answer that may be missing; null: not known, or not answered yet."""

    YES = "yes"
    NO = "no"


class Out(BaseModel):
    """An answer as the contract shows it; Postgres builds the bytes, nothing runs through it.

    Every member is required: answers carry all of their members, null where there is nothing.
    """

    model_config = ConfigDict(json_schema_serialization_defaults_required=True, frozen=True)


class Query(BaseModel):
    """Query parameters of an operation: unknown ones are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def filters(self) -> dict[str, Any]:
        """What narrows the list: every parameter that has a value, the page's own left out."""
        narrowing = [n for n in type(self).model_fields if n not in ("cursor", "limit")]
        return {n: getattr(self, n) for n in narrowing if getattr(self, n) is not None}


class PageQuery(Query):
    """Which page of a list is asked for."""

    cursor: Annotated[
        str | None,
        Field(
            min_length=1,
            max_length=1024,
            pattern=r"^[A-Za-z0-9_-]+$",
            description="`next_cursor` or `prev_cursor` of the page before; absent: first page.",
        ),
    ] = None
    limit: Annotated[PageLimit, Field(description="Most items on the page.")] = 50


class PageInfo(Out):
    """Where the neighbours of a page are."""

    next_cursor: Annotated[str | None, Field(description="Null on the last page.")]
    prev_cursor: Annotated[str | None, Field(description="Null on the first page.")]
    limit: Annotated[int, Field(description="Most items on the page.")]


class Unset:
    """What a member of a merge patch is when it was not sent; no request can say it."""

    @classmethod
    def __get_pydantic_core_schema__(cls, _: Any, __: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(_never)

    @classmethod
    def __get_pydantic_json_schema__(cls, _: CoreSchema, __: GetJsonSchemaHandler) -> NoReturn:
        raise PydanticOmit  # the contract shows the other members of the union alone


_UNSET = Unset()
UNSET: Any = Field(default_factory=lambda: _UNSET)
"""Default of every member of an `XPatch` model: absent keeps, null clears (RFC 7396)."""


def changes(patch: BaseModel) -> dict[str, Any]:
    """The members that were sent, by name, as plain values; null among them means: clear."""
    return patch.model_dump(include=patch.model_fields_set)


def _never(_: object) -> Unset:
    raise PydanticCustomError("unset", "cannot be sent")
