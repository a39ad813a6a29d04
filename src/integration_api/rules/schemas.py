"""What rule packs take and answer."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, StringConstraints

from integration_api.kernel.scalars import Day, Id, QueryFlag, Text
from integration_api.kernel.schemas import UNSET, Out, PageInfo, PageQuery, Schema, Unset

from .lifecycle import RULE_PACK, RulePackStatus

MOST_RULES = 200


class RuleSet(StrEnum):
    """What a pack answers; one released pack of each answers in a municipality."""

    LABOUR_MARKET_ACCESS = "labour_market_access"
    LIVELIHOOD = "livelihood"
    PROMOTION = "promotion"
    COURSE_ACCESS = "course_access"
    TRAINING_STAY = "training_stay"


Edition = Annotated[
    Text,
    Field(
        min_length=1,
        max_length=40,
        pattern=r"^[0-9A-Za-z][0-9A-Za-z._-]*$",
        description="Version of the pack, new for each change of what it says.",
        examples=["2026.2"],
    ),
]
Name = Annotated[str, StringConstraints(min_length=1, max_length=64)]
Words = Annotated[Text, Field(min_length=1, max_length=200)]
LawAsOf = Annotated[Day, Field(description="The day whose law was read.")]
Source = Annotated[Words, Field(description="Where the law was read.")]
RuleDocument = Annotated[
    dict[Name, Any],
    Field(
        description="One rule: `id`, `version`, `valid_from`, `valid_to`, `priority`, `when`,"
        " `unless_review`, `then`, `legal_basis`, `explanation`. A condition in `when` is read by"
        " the engine, and all that is wrong with it is told at once.",
    ),
]
Derived = Annotated[
    dict[Name, Any],
    Field(description="Days that rules ask for by a name: how each follows from facts."),
]
Amends = Annotated[
    Edition | None,
    Field(description="Of a bill: the version whose rules these go before; null: a whole pack."),
]
Rules = Annotated[list[RuleDocument], Field(min_length=1, max_length=MOST_RULES)]


class TitleIn(Schema):
    """What the pack is called."""

    de: Annotated[Words, Field(description="German.")]
    en: Annotated[Words, Field(description="English.")]


class RulePackIn(Schema):
    """A draft of the caller's municipality."""

    code: Annotated[RuleSet, Field(description="What it answers.")]
    version: Edition
    title: TitleIn
    law_as_of: LawAsOf
    source: Source
    amends: Amends = None
    derive: Derived = {}
    rules: Rules


class RulePackPatch(Schema):
    """Members of a draft that change."""

    version: Annotated[Edition | Unset, UNSET]
    title: Annotated[TitleIn | Unset, UNSET]
    law_as_of: Annotated[LawAsOf | Unset, UNSET]
    source: Annotated[Source | Unset, UNSET]
    amends: Annotated[Amends | Unset, UNSET]
    derive: Annotated[Derived | Unset, UNSET]
    rules: Annotated[Rules | Unset, UNSET]


class TitleOut(Out):
    """What the pack is called."""

    de: str
    en: str


class RulePackSummaryOut(Out):
    """A rule pack without its rules."""

    id: UUID
    municipality_id: Annotated[
        UUID | None, Field(description="Whose it is; null: it came with the service.")
    ]
    agency_id: Annotated[UUID | None, Field(description="Whose rule editor drafted it.")]
    code: RuleSet
    version: str
    title: TitleOut
    law_as_of: Annotated[date, Field(description="The day whose law was read.")]
    source: Annotated[str, Field(description="Where the law was read.")]
    amends: Annotated[
        str | None, Field(description="Of a bill: the version whose rules it goes before.")
    ]
    status: RulePackStatus
    submitted_at: datetime | None
    released_by: Annotated[str | None, Field(description="Role of who answers for it.")]
    released_at: datetime | None
    superseded_at: datetime | None
    rule_count: int
    allowed_actions: Annotated[list[str], Field(description="Arrows the caller may fire now.")]
    created_at: datetime
    updated_at: datetime


class RulePackOut(RulePackSummaryOut):
    """What follows from a residence status, as rules with validity and legal basis."""

    model_config = {"json_schema_extra": {"x-lifecycle": RULE_PACK.openapi()}}

    derive: Annotated[dict[str, Any], Field(description="Days that rules ask for by a name.")]
    rules: Annotated[
        list[dict[str, Any]], Field(description="In the order in which they were written.")
    ]


class RulePackPage(Out):
    """One page of rule packs."""

    items: list[RulePackSummaryOut]
    page: PageInfo


class RulePackFilter(PageQuery):
    """Narrows rule packs."""

    code: Annotated[RuleSet | None, Field(description="Only of this rule set.")] = None
    status: Annotated[RulePackStatus | None, Field(description="Only in this state.")] = None
    municipality_id: Annotated[
        Id | None, Field(description="Only this municipality's own packs.")
    ] = None
    shipped: Annotated[
        QueryFlag | None,
        Field(description="`true`: only those that came with the service; `false`: the others."),
    ] = None
