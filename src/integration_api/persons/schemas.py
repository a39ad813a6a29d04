"""What persons and residence periods take and answer."""

from datetime import date, datetime
from typing import Annotated, Literal, Self
from unicodedata import normalize
from uuid import UUID

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from integration_api.kernel.scalars import (
    Code,
    Day,
    Flag,
    Id,
    LanguageTag,
    PartialDate,
    Text,
    in_list,
)
from integration_api.kernel.schemas import UNSET, Out, PageInfo, Schema, Unset


def _composed(text: str) -> str:
    """NFC, so that the same name is the same text (DIN 91379)."""
    return normalize("NFC", text)


NamePart = Annotated[
    Text,
    Field(max_length=120, description="As written in the document; kept in NFC."),
    AfterValidator(_composed),
]


class FullName(Schema):
    """A name of family and given name."""

    kind: Annotated[Literal["full"], Field(description="Form of the name.")]
    family_name: NamePart
    given_name: NamePart | None = None
    birth_name: NamePart | None = None


class Mononym(Schema):
    """A name of one part; it is never split."""

    kind: Annotated[Literal["mononym"], Field(description="Form of the name.")]
    mononym: NamePart


class Language(Schema):
    """A language that the person speaks."""

    tag: Annotated[LanguageTag, Field(description="BCP 47, e.g. `kmr` or `ckb`, not `ku`.")]
    interpreter_needed: Annotated[Flag, Field(description="Whether an interpreter is needed.")] = (
        False
    )


Name = Annotated[
    FullName | Mononym, Field(discriminator="kind", description="Name; a mononym is one.")
]
BirthDate = Annotated[
    PartialDate | None,
    Field(description="`YYYY`, `YYYY-MM` or `YYYY-MM-DD`; 1 January is often a placeholder."),
]
Estimated = Annotated[Flag, Field(description="Whether the birth date is estimated.")]
Languages = Annotated[list[Language], Field(max_length=20, description="Languages, best first.")]


class Address(Schema):
    """Where the person lives."""

    street: Annotated[
        Annotated[Text, Field(min_length=1, max_length=200)] | None,
        Field(description="Street and house number; null: of no fixed abode."),
    ] = None
    postal_code: Annotated[
        Annotated[Text, Field(min_length=5, max_length=5, pattern=r"^[0-9]{5}$")],
        Field(description="Five digits.", examples=["42103"]),
    ]
    town: Annotated[Text, Field(min_length=1, max_length=100, description="Town.")]
    protected: Annotated[
        Flag,
        Field(
            description="Whether it must stay hidden (§ 51 BMG, a women's shelter): then only"
            " assigned members of the controlling agency see it, and no disclosure opens it."
        ),
    ] = False


AddressIn = Annotated[
    Address | None,
    Field(description="Null: not known. A given one takes the place of the one before."),
]


class PersonIn(Schema):
    """A person as first recorded; the caller's agency becomes its controller."""

    name: Name
    birth_date: BirthDate = None
    birth_date_estimated: Estimated = False
    languages: Languages = []
    address: AddressIn = None


class PersonPatch(Schema):
    """Changes of a person (RFC 7396)."""

    name: Name | Unset = UNSET
    birth_date: BirthDate | Unset = UNSET
    birth_date_estimated: Estimated | Unset = UNSET
    languages: Languages | Unset = UNSET
    address: AddressIn | Unset = UNSET


class NameOut(Out):
    """A name in one of its two forms."""

    kind: Annotated[str, Field(description="`full` or `mononym`.")]
    family_name: str | None
    given_name: str | None
    birth_name: str | None
    mononym: str | None


class LanguageOut(Out):
    """A language that the person speaks."""

    tag: str
    interpreter_needed: bool


class AddressOut(Out):
    """Where the person lives."""

    street: str | None
    postal_code: str
    town: str
    protected: bool


class CurrentResidence(Out):
    """The residence period of today, as recorded."""

    id: UUID
    status_code: Annotated[Code, in_list("residence_status_codes", "ae_18a")]
    valid_from: date
    valid_to: Annotated[
        date | None,
        Field(description="First day without the status, also where law continues it."),
    ]
    work_annotation: Annotated[Code, in_list("work_annotations", "employment_allowed")]


Redactions = Annotated[
    list[Annotated[Code, in_list("compartments", "residence")]],
    Field(
        description="Compartments left out because the caller may not see them; whether there is"
        " anything in them is not told."
    ),
]


class PersonOut(Out):
    """A person as far as the caller may see it."""

    id: UUID
    controller_agency_id: Annotated[
        UUID, Field(description="The agency responsible for the record.")
    ]
    name: NameOut
    birth_date: Annotated[str | None, Field(description="Partial date.")]
    birth_date_estimated: bool
    languages: list[LanguageOut]
    address: Annotated[
        AddressOut | None,
        Field(
            description="Null when none is recorded, or when it is protected and `redactions`"
            " names `safety`.",
            json_schema_extra={"x-compartment": "safety"},
        ),
    ]
    current_residence: Annotated[
        CurrentResidence | None,
        Field(
            description="Null when none is recorded, or when `redactions` names `residence`.",
            json_schema_extra={"x-compartment": "residence"},
        ),
    ]
    redactions: Redactions
    created_at: datetime
    updated_at: datetime


class PersonPage(Out):
    """One page of persons."""

    items: list[PersonOut]
    page: PageInfo


class ResidencePeriodIn(Schema):
    """A period of residence status; a correction is a new period that names the old one."""

    status_code: Annotated[
        Annotated[Code, in_list("residence_status_codes", "ae_18a")],
        Field(description="Status of the law."),
    ]
    valid_from: Annotated[Day, Field(description="First day.", examples=["2026-09-15"])]
    valid_to: Annotated[Day | None, Field(description="First day after the period.")] = None
    document_valid_to: Annotated[
        Day | None, Field(description="Expiry of the document; says nothing of the status.")
    ] = None
    issuing_agency_id: Annotated[Id | None, Field(description="The agency that issued it.")] = None
    work_annotation: Annotated[
        Annotated[Code, in_list("work_annotations", "employment_allowed")],
        Field(description="What the document says about work (§ 4a(3) AufenthG)."),
    ]
    work_annotation_text: Annotated[
        Annotated[Text, Field(max_length=500)] | None,
        Field(description="The annotation's own words."),
    ] = None
    source: Annotated[
        Annotated[Code, in_list("residence_sources", "document_seen")],
        Field(description="How it is known."),
    ]
    corrects_id: Annotated[Id | None, Field(description="The period that this one corrects.")] = (
        None
    )

    @model_validator(mode="after")
    def _period(self) -> Self:
        if self.valid_to and self.valid_to <= self.valid_from:
            raise PydanticCustomError("period_order", "ends before it begins")
        return self


class ResidencePeriodOut(Out):
    """A recorded period; never overwritten."""

    id: UUID
    person_id: UUID
    status_code: Annotated[Code, in_list("residence_status_codes", "ae_18a")]
    code_list_version: Annotated[str, Field(description="Version of the list of status codes.")]
    legal_norm: Annotated[str | None, Field(description="The section behind the code.")]
    valid_from: date
    valid_to: date | None
    document_valid_to: date | None
    issuing_agency_id: UUID | None
    work_annotation: Annotated[Code, in_list("work_annotations", "employment_allowed")]
    work_annotation_text: str | None
    source: Annotated[Code, in_list("residence_sources", "document_seen")]
    corrects_id: UUID | None
    corrected_by_id: Annotated[UUID | None, Field(description="The period that corrects this one.")]
    recorded_by_agency_id: UUID
    recorded_at: datetime


class ResidencePeriodPage(Out):
    """One page of residence periods, newest record first."""

    items: list[ResidencePeriodOut]
    page: PageInfo
