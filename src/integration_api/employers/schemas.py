"""What employers take and answer."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from integration_api.kernel.scalars import Day, Text
from integration_api.kernel.schemas import UNSET, Out, PageInfo, PageQuery, Schema, Unset

Short = Annotated[Text, Field(min_length=1, max_length=200)]
EstablishmentNumber = Annotated[
    Text,
    Field(
        min_length=8,
        max_length=8,
        pattern=r"^[0-9]{8}$",
        description="Betriebsnummer, eight digits (§ 18i SGB IV); unique in the municipality.",
        examples=["12345678"],
    ),
]
ExcludedUntil = Annotated[
    Day | None, Field(description="Last day of an exclusion from approvals (§ 36(4) BeschV).")
]


class EmployerIn(Schema):
    """A company."""

    name: Annotated[Short, Field(description="Name of the company.")]
    establishment_number: EstablishmentNumber | None = None
    sector: Annotated[Short | None, Field(description="What it does.")] = None
    place: Annotated[Short | None, Field(description="Where it is.")] = None
    contact_email: Annotated[Short | None, Field(description="Of a function, no person.")] = None
    contact_phone: Annotated[Short | None, Field(description="Of a function, no person.")] = None
    ba_excluded_until: ExcludedUntil = None


class EmployerPatch(Schema):
    """Members that change; null clears."""

    name: Annotated[Short | Unset, UNSET]
    establishment_number: Annotated[EstablishmentNumber | Unset | None, UNSET]
    sector: Annotated[Short | Unset | None, UNSET]
    place: Annotated[Short | Unset | None, UNSET]
    contact_email: Annotated[Short | Unset | None, UNSET]
    contact_phone: Annotated[Short | Unset | None, UNSET]
    ba_excluded_until: Annotated[ExcludedUntil | Unset, UNSET]


class EmployerOut(Out):
    """A company as every agency of the municipality sees it."""

    id: UUID
    recorded_by_agency_id: UUID
    name: str
    establishment_number: str | None
    sector: str | None
    place: str | None
    contact_email: str | None
    contact_phone: str | None
    ba_excluded_until: date | None
    created_at: datetime
    updated_at: datetime


class EmployerPage(Out):
    """One page of employers."""

    items: list[EmployerOut]
    page: PageInfo


class EmployerFilter(PageQuery):
    """Narrows employers."""

    establishment_number: Annotated[
        EstablishmentNumber | None, Field(description="The one with this number.")
    ] = None
