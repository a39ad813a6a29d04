"""What residence facts take and answer."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Literal, Self, TypeAlias
from uuid import UUID

from pydantic import Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from integration_api.kernel.scalars import Code, Day, Text, in_list
from integration_api.kernel.schemas import Out, PageInfo, Schema
from integration_api.rules.facts import FACTS

RECORDED = {n: f for n, f in FACTS.items() if f.recorded and f.compartment == "residence"}
"""The facts that are kept with a person, by name."""
NATIONALITIES = "nationalities"
DAYS = tuple(n for n, f in RECORDED.items() if f.kind == "day")
CODED = tuple(n for n, f in RECORDED.items() if f.kind == "code")
FLAGS = tuple(n for n, f in RECORDED.items() if f.kind == "flags")
if TYPE_CHECKING:
    DayFact: TypeAlias = str
    CodedFact: TypeAlias = str
    FlagFact: TypeAlias = str
else:  # the names are data, which a type checker cannot know
    DayFact, CodedFact, FlagFact = Literal[DAYS], Literal[CODED], Literal[FLAGS]


def _once(codes: list[str]) -> list[str]:
    """A code that is there twice counts once."""
    return list(dict.fromkeys(codes))


Source = Annotated[
    Annotated[Code, in_list("residence_sources", "document_seen")],
    Field(description="How it is known."),
]


class DayFactIn(Schema):
    """A day on which something happened."""

    fact: Annotated[DayFact, Field(description="What happened.", examples=["asylum_registered_on"])]
    value: Annotated[Day | None, Field(description="The day; null: it never was.")]
    source: Source


class CodedFactIn(Schema):
    """What is one of several, such as the status of identification."""

    fact: Annotated[CodedFact, Field(description="What it is about.")]
    value: Annotated[Code, Field(description="A code of the list of the same matter.")]
    source: Source


class FlagFactIn(Schema):
    """Particulars; which of them hold, and none of the others."""

    fact: Annotated[FlagFact, Field(description="Particulars of what.")]
    value: Annotated[
        list[Code], Field(max_length=20, description="Those that hold; an empty list: none.")
    ]
    source: Source

    _once = field_validator("value")(_once)


class NationalitiesIn(Schema):
    """Of which states the person is a national, the first one first."""

    fact: Annotated[Literal["nationalities"], Field(description="The nationalities.")]
    value: Annotated[
        list[
            Annotated[
                Text,
                Field(min_length=3, max_length=3, pattern="^[0-9]{3}$"),
                in_list(NATIONALITIES, "423"),
            ]
        ],
        Field(min_length=1, max_length=20, description="Keys of the Federal Statistical Office."),
    ]
    source: Source

    _once = field_validator("value")(_once)


ResidenceFactIn = Annotated[
    DayFactIn | CodedFactIn | FlagFactIn | NationalitiesIn, Field(discriminator="fact")
]


class ResidenceFactsIn(Schema):
    """Facts that are recorded together, each once."""

    items: Annotated[
        list[ResidenceFactIn],
        Field(min_length=1, max_length=50, description="All of them are recorded, or none."),
    ]

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if len({item.fact for item in self.items}) != len(self.items):
            raise PydanticCustomError("fact_twice", "a fact is there twice")
        return self


class ResidenceFactOut(Out):
    """A recorded fact; never overwritten, the newest record of a fact counts."""

    id: UUID
    person_id: UUID
    fact: Annotated[str, Field(description="The fact.", examples=["asylum_registered_on"])]
    value: Annotated[
        str | list[str] | None,
        Field(description="A day (null: it never was), one code, or codes in their order."),
    ]
    source: Annotated[Code, in_list("residence_sources", "document_seen")]
    recorded_by_agency_id: UUID
    recorded_at: datetime


class ResidenceFactsOut(Out):
    """The facts that were recorded together."""

    items: list[ResidenceFactOut]


class ResidenceFactPage(Out):
    """One page of the facts that count, the newest record first."""

    items: list[ResidenceFactOut]
    page: PageInfo
