"""What the directory takes and answers."""

from datetime import date, datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from integration_api.kernel.scalars import Code, Day, Id, LanguageTag, Text, in_list
from integration_api.kernel.schemas import UNSET, Out, PageInfo, PageQuery, Schema, Unset

Slug = Annotated[
    Text,
    Field(
        max_length=63,
        pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$",
        description="Name in addresses; unique in the municipality.",
        examples=["wuppertal-jobcenter"],
    ),
]
Name = Annotated[
    Text,
    Field(max_length=200, description="Name as people know it.", examples=["Jobcenter Wuppertal"]),
]
AgencyType = Annotated[
    Annotated[Code, in_list("agency_types", "jobcenter")], Field(description="Kind of agency.")
]
Jurisdictions = Annotated[
    list[Annotated[Code, in_list("jurisdictions", "basic_income_support")]],
    Field(max_length=30, description="Jurisdictions (Rechtskreise) in which it works."),
]


class ContactPoint(Schema):
    """One way to reach an agency; a function, never a person."""

    channel: Annotated[
        Annotated[Code, in_list("contact_channels", "hotline")],
        Field(description="Kind of contact."),
    ]
    value: Annotated[
        Text,
        Field(
            max_length=200,
            description="Number (E.164), address or link.",
            examples=["+49 202 74763333"],
        ),
    ]
    label: Annotated[
        Text,
        Field(max_length=200, description="What it is for.", examples=["Allgemeine Auskünfte"]),
    ]
    languages: Annotated[
        list[LanguageTag], Field(max_length=20, description="Languages spoken there (BCP 47).")
    ] = []


ContactPoints = Annotated[
    list[ContactPoint], Field(max_length=20, description="Ways to reach the agency.")
]
ActiveFrom = Annotated[Day, Field(description="First day of work.", examples=["2026-01-01"])]
ActiveTo = Annotated[Day | None, Field(description="First day on which it works no more.")]


def _ordered(start: date | None, end: date | None) -> None:
    if start and end and end <= start:
        raise PydanticCustomError("period_order", "ends before it begins")


class AgencyIn(Schema):
    """A new agency of the caller's municipality."""

    slug: Slug
    name: Name
    type: AgencyType
    jurisdictions: Jurisdictions = []
    parent_id: Annotated[Id | None, Field(description="The agency it is a team of.")] = None
    contact_points: ContactPoints = []
    active_from: ActiveFrom
    active_to: ActiveTo = None

    @model_validator(mode="after")
    def _period(self) -> Self:
        _ordered(self.active_from, self.active_to)
        return self


class AgencyPatch(Schema):
    """Changes of an agency (RFC 7396): absent keeps, null clears."""

    name: Name | Unset = UNSET
    jurisdictions: Jurisdictions | Unset = UNSET
    contact_points: ContactPoints | Unset = UNSET
    active_to: ActiveTo | Unset = UNSET


class MunicipalityOut(Out):
    """The municipality (Kommune) an agency works for."""

    id: Annotated[UUID, Field(description="Immutable key of the municipality.")]
    slug: Annotated[str, Field(description="Name in addresses.")]
    name: Annotated[str, Field(description="Name of the municipality.")]
    ags: Annotated[str | None, Field(description="Amtlicher Gemeindeschlüssel of today, 8 digits.")]


class ContactPointOut(Out):
    """One way to reach an agency."""

    channel: Code
    value: str
    label: str
    languages: list[str]


class AgencyOut(Out):
    """An agency of the public directory."""

    id: UUID
    slug: str
    name: str
    type: Annotated[
        Annotated[Code, in_list("agency_types", "jobcenter")], Field(description="Kind of agency.")
    ]
    jurisdictions: list[Annotated[Code, in_list("jurisdictions", "basic_income_support")]]
    municipality: MunicipalityOut
    parent_id: Annotated[UUID | None, Field(description="The agency it is a team of.")]
    contact_points: list[ContactPointOut]
    active_from: Annotated[date, Field(description="First day of work.")]
    active_to: Annotated[date | None, Field(description="First day on which it works no more.")]
    created_at: Annotated[datetime, Field(description="UTC.")]
    updated_at: Annotated[datetime, Field(description="UTC, last change.")]


class AgencyPage(Out):
    """One page of agencies."""

    items: list[AgencyOut]
    page: PageInfo


Sought = Annotated[
    Text,
    Field(
        max_length=100,
        description="Words, of which each has to be there, be it as a part of a word: `kurs` finds"
        " a Sprachkurs. Case, accents and umlauts do not matter: `Mueller` finds Müller.",
        examples=["sprach kurs"],
    ),
]


class AgencyFilter(PageQuery):
    """Narrows the directory."""

    municipality_id: Annotated[Id | None, Field(description="Only this municipality.")] = None
    ags: Annotated[
        str | None,
        Field(
            max_length=8,
            pattern=r"^(0[1-9]|1[0-6])[0-9]{6}$",
            description="Only the municipality with this AGS.",
        ),
    ] = None
    slug: Annotated[Slug | None, Field(description="Only the agency with this slug.")] = None
    type: Annotated[
        Annotated[Code, in_list("agency_types", "jobcenter")] | None,
        Field(description="Only this kind."),
    ] = None
    parent_id: Annotated[Id | None, Field(description="Only the teams of this agency.")] = None
    q: Annotated[Sought | None, Field(description="Only what is called so.")] = None
