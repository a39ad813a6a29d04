"""What disclosures take and answer."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from integration_api.kernel.scalars import Code, Id, Instant, Int, Text, in_list
from integration_api.kernel.schemas import Out, PageInfo, PageQuery, Schema
from integration_api.persons.lifecycle import DISCLOSURE, DisclosureStatus


class Opening(StrEnum):
    """When the recipient's access begins."""

    IMMEDIATELY = "immediately"
    ON_ACCEPTANCE = "on_acceptance"


class DisclosureDirection(StrEnum):
    """Seen from the caller's agency."""

    GRANTED = "granted"
    RECEIVED = "received"


class ConsentGround(Schema):
    """The disclosure rests on a consent."""

    kind: Annotated[Literal["consent"], Field(description="Ground of the disclosure.")]
    consent_id: Annotated[Id, Field(description="An effective consent of the person.")]
    release_id: Annotated[
        Id | None,
        Field(
            description="An effective release from confidentiality beside it; needed for"
            " compartments with `needs_release`."
        ),
    ] = None


class LegalGround(Schema):
    """The disclosure rests on a law."""

    kind: Annotated[Literal["transfer_basis"], Field(description="Ground of the disclosure.")]
    transfer_basis: Annotated[
        Annotated[Code, in_list("transfer_bases", "course_data")],
        Field(description="The legal basis."),
    ]
    request_reference: Annotated[
        Annotated[Text, Field(min_length=1, max_length=120)] | None,
        Field(description="The request, where the basis carries a transfer on request only."),
    ] = None


Compartments = Annotated[
    list[Annotated[Code, in_list("compartments", "core", "residence")]],
    Field(min_length=1, max_length=8, description="Kinds of data; `core` is always among them."),
]


class DisclosureIn(Schema):
    """A disclosure to be granted."""

    person_id: Annotated[Id, Field(description="Whose data.")]
    case_id: Annotated[Id | None, Field(description="The case that is disclosed with it.")] = None
    recipient_agency_id: Annotated[Id, Field(description="Who may see it.")]
    ground: Annotated[
        ConsentGround | LegalGround, Field(discriminator="kind", description="Consent or law.")
    ]
    purpose: Annotated[
        Annotated[Code, in_list("purposes", "referral_handling")], Field(description="What for.")
    ]
    compartments: Compartments
    opening: Annotated[
        Opening,
        Field(description="`on_acceptance`: access begins when a referral under it is accepted."),
    ] = Opening.IMMEDIATELY
    valid_from: Annotated[Instant | None, Field(description="Default: at once.")] = None
    valid_to: Annotated[
        Instant | None, Field(description="Default: the consent's end, or open under a law.")
    ] = None
    kept_days: Annotated[
        Int,
        Field(ge=0, le=365, description="Days of access after the referral under it has ended."),
    ] = 30

    @model_validator(mode="after")
    def _period(self) -> Self:
        if self.valid_from and self.valid_to and self.valid_to <= self.valid_from:
            raise PydanticCustomError("period_order", "ends before it begins")
        return self


class DisclosureOut(Out):
    """A disclosure as both sides see it."""

    model_config = {"json_schema_extra": {"x-lifecycle": DISCLOSURE.openapi()}}

    id: UUID
    person_id: Annotated[UUID | None, Field(description="Null for a recipient while not live.")]
    case_id: Annotated[UUID | None, Field(description="Null for a recipient while not live.")]
    grantor_agency_id: UUID
    recipient_agency_id: UUID
    consent_id: Annotated[UUID | None, Field(description="Null for the recipient.")]
    release_id: Annotated[UUID | None, Field(description="Null for the recipient.")]
    transfer_basis: Annotated[Code, in_list("transfer_bases", "course_data")] | None
    request_reference: str | None
    emergency_reason: Annotated[
        Annotated[Code, in_list("emergency_reasons", "danger_to_life")] | None,
        Field(description="Why the recipient took it itself, without consent or basis."),
    ]
    justification: Annotated[
        str | None, Field(description="The recipient's own words, in an emergency.")
    ]
    purpose: Annotated[Code, in_list("purposes", "referral_handling")]
    compartments: list[Annotated[Code, in_list("compartments", "core")]]
    opening: Opening
    valid_from: datetime
    valid_to: Annotated[datetime | None, Field(description="Null: open end.")]
    opened_at: Annotated[datetime | None, Field(description="Null: not yet open.")]
    closes_at: Annotated[datetime | None, Field(description="Null: no end is in sight.")]
    kept_days: int
    status: DisclosureStatus
    live: Annotated[bool, Field(description="Opens data to the recipient now.")]
    revoked_at: datetime | None
    allowed_actions: Annotated[list[str], Field(description="Arrows the caller may fire now.")]
    created_at: datetime
    updated_at: datetime


class DisclosurePage(Out):
    """One page of disclosures."""

    items: list[DisclosureOut]
    page: PageInfo


class DisclosureFilter(PageQuery):
    """Narrows disclosures."""

    direction: Annotated[DisclosureDirection | None, Field(description="Granted or received.")] = (
        None
    )
    person_id: Annotated[Id | None, Field(description="Only this person's.")] = None
    case_id: Annotated[Id | None, Field(description="Only this case's.")] = None
    status: Annotated[DisclosureStatus | None, Field(description="Only in this state.")] = None
