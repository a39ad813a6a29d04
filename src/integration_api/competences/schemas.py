"""What competences and waiting times take and answer."""

from datetime import date, datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from integration_api.kernel.scalars import Code, Day, Instant, Int, QueryFlag, Text, in_list
from integration_api.kernel.schemas import UNSET, Out, PageInfo, PageQuery, Schema, Unset

Service = Annotated[
    Annotated[Code, in_list("services", "employment_permit_decision")],
    Field(description="What the agency does."),
]
Kind = Annotated[
    Annotated[Code, in_list("waiting_time_kinds", "days_to_appointment")],
    Field(description="From what to what the days are counted."),
]
Method = Annotated[
    Annotated[Code, in_list("observation_methods", "counted")],
    Field(description="How it was found out."),
]
Ags = Annotated[
    Text,
    Field(
        min_length=8,
        max_length=8,
        pattern=r"^(0[1-9]|1[0-6])[0-9]{6}$",
        description="Amtlicher Gemeindeschlüssel, 8 digits.",
        examples=["05124000"],
    ),
]
Area = Annotated[
    list[Ags], Field(max_length=100, description="Where; empty: in the whole municipality.")
]
AppliesWhen = Annotated[
    dict[Code, Any] | None,
    Field(
        description="For whom: a condition in the language of the rule packs, over their facts and"
        " answers; null: for everybody.",
        examples=[{"status_group_in": ["tolerated", "asylum_seeker"]}],
    ),
]
Basis = Annotated[Text, Field(min_length=1, max_length=200, examples=["§ 71(1) AufenthG"])]
ValidFrom = Annotated[Day, Field(description="First day.", examples=["2026-01-01"])]
ValidTo = Annotated[Day | None, Field(description="First day without it; null: open.")]


class CompetenceIn(Schema):
    """What an agency does, where, for whom, by which law."""

    service: Service
    area: Area = []
    applies_when: AppliesWhen = None
    legal_basis: Annotated[
        list[Basis],
        Field(max_length=20, description="Sections of the law; empty: those of the service."),
    ] = []
    valid_from: ValidFrom
    valid_to: ValidTo = None

    @model_validator(mode="after")
    def _period(self) -> Self:
        if self.valid_to and self.valid_to <= self.valid_from:
            raise PydanticCustomError("period_order", "ends before it begins")
        return self


class CompetencePatch(Schema):
    """The end of a competence: what changes ends, and another one follows."""

    valid_to: Annotated[ValidTo | Unset, UNSET]


class CompetenceOut(Out):
    """What an agency does, where, for whom, by which law, and since when."""

    id: UUID
    agency_id: UUID
    service: Service
    jurisdiction: Annotated[
        Annotated[Code, in_list("jurisdictions", "foreign_employment")],
        Field(description="Law under which the service is done."),
    ]
    area: list[str]
    applies_when: AppliesWhen
    legal_basis: list[str]
    valid_from: date
    valid_to: date | None
    created_at: datetime
    updated_at: datetime


class CompetencePage(Out):
    """One page of the competences of an agency."""

    items: list[CompetenceOut]
    page: PageInfo


class CompetenceFilter(PageQuery):
    """Narrows the competences of an agency."""

    as_of: Annotated[
        Day | None, Field(description="Only those that hold on this day.", examples=["2026-11-25"])
    ] = None
    service: Annotated[Service | None, Field(description="Only this service.")] = None


class WaitingTimeIn(Schema):
    """How long one waits at an agency, as it was observed at an instant."""

    service: Service
    kind: Kind
    days: Annotated[Int, Field(ge=0, le=3650, description="Calendar days; the median of several.")]
    method: Method
    sample_size: Annotated[
        Annotated[Int, Field(ge=1, le=1_000_000)] | None,
        Field(description="How many waits it was taken from, where they were counted."),
    ] = None
    observed_at: Annotated[
        Instant | None, Field(description="When it was so; absent: now. Never in the future.")
    ] = None


class WaitingTimeOut(Out):
    """An observation; it stays as it was made."""

    id: UUID
    agency_id: UUID
    service: Service
    kind: Kind
    days: int
    method: Method
    sample_size: int | None
    observed_at: datetime
    recorded_at: datetime


class WaitingTimePage(Out):
    """One page of observations, newest first."""

    items: list[WaitingTimeOut]
    page: PageInfo


class WaitingTimeFilter(PageQuery):
    """Narrows the observations of an agency."""

    service: Annotated[Service | None, Field(description="Only of this service.")] = None
    kind: Annotated[Kind | None, Field(description="Only of this kind.")] = None
    current: Annotated[
        QueryFlag | None, Field(description="`true`: only the newest of each service and kind.")
    ] = None
