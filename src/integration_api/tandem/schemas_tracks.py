"""What the arrows of both tracks bring, and how a track is shown."""

from datetime import date, datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from integration_api.checks.schemas_kept import KeptCheckOut
from integration_api.kernel.scalars import Code, Day, Id, Int, Text, in_list
from integration_api.kernel.schemas import Out, Schema

from .lifecycle_legal import LEGAL_TRACK, LegalStatus
from .lifecycle_placement import PLACEMENT_TRACK, PlacementStatus
from .schemas import Note

Identity = Annotated[Code, in_list("identity_statuses", "clarified_passport")]
Occupation = Annotated[
    Text,
    Field(
        min_length=5,
        max_length=5,
        pattern=r"^[0-9]{5}$",
        description="Occupation of the German classification (KldB 2010), five digits.",
        examples=["29302"],
    ),
]
Minutes = Annotated[Int, Field(ge=1, le=3600, description="Working time in minutes a week.")]
Place = Annotated[Text, Field(min_length=1, max_length=200)]


class RequestFacts(Schema):
    """What is missing, and until when."""

    missing_facts: Annotated[
        list[Annotated[Code, in_list("missing_facts", "identity_document")]],
        Field(min_length=1, max_length=20, description="What the client is asked for."),
    ]
    facts_due_on: Annotated[Day, Field(description="Last day to hand it in (§ 82(1) AufenthG).")]


class LegalFinding(Schema):
    """What the status check has found, and the law it rests on."""

    legal_basis: Annotated[Note, Field(description="The norm, and why it applies.")]
    identity_status: Annotated[Identity, Field(description="How far the identity is clarified.")]


class Waiting(Schema):
    """A waiting period of stay that runs."""

    policy: Annotated[
        Annotated[Code, in_list("waiting_periods", "reception_from_registration")],
        Field(description="Which; its anchor says what begins it."),
    ]
    began_on: Annotated[Day, Field(description="Day of the event; it does not count itself.")]


class SafeCountry(Schema):
    """What a bar of a safe country of origin rests on: judged, never stored."""

    country: Annotated[
        Annotated[Code, in_list("safe_countries", "ge")], Field(description="The country.")
    ]
    asylum_applied_on: Annotated[Day | None, Field(description="The asylum application.")] = None
    tolerated_from: Annotated[Day | None, Field(description="First day of toleration.")] = None


class BlockAccess(Schema):
    """Why work is prohibited, and what would change it."""

    legal_basis: Annotated[Note, Field(description="The norm, and why it applies.")]
    unblock_conditions: Annotated[Note, Field(description="What would change it.")]
    waiting: Annotated[
        Waiting | None, Field(description="Where waiting changes it: sets `eligible_from`.")
    ] = None
    safe_country: Annotated[
        SafeCountry | None, Field(description="Refused where the law spares the person.")
    ] = None


class FileApplication(Schema):
    """The client's application."""

    application_received_on: Annotated[Day, Field(description="Day of receipt (§ 75 VwGO).")]


class AwaitDecision(Schema):
    """Why the employment agency is not asked, where it is not."""

    ba_exemption: Annotated[
        Note | None,
        Field(description="The norm that exempts; needed where it was not asked."),
    ] = None


class GrantPermit(Schema):
    """The term of the permit."""

    permit_valid_from: Annotated[Day, Field(description="First day.")]
    permit_valid_to: Annotated[Day | None, Field(description="Last day; null: unlimited.")] = None

    @model_validator(mode="after")
    def _term(self) -> Self:
        if self.permit_valid_to and self.permit_valid_to < self.permit_valid_from:
            raise PydanticCustomError("period_order", "ends before it begins")
        return self


class PermitRestrictions(Schema):
    """What the permit is bound to; null: not bound (§ 4a(3) S. 2 AufenthG, § 34 BeschV)."""

    employer_id: Annotated[Id | None, Field(description="Only for this employer.")] = None
    occupation: Occupation | None = None
    weekly_minutes: Annotated[Minutes | None, Field(description="At most so many.")] = None
    place_of_work: Annotated[Place | None, Field(description="Only there.")] = None


class GrantRestricted(GrantPermit):
    """The term of the permit and what it is bound to."""

    permit_restrictions: Annotated[PermitRestrictions, Field(description="What it is bound to.")]


class RefusePermit(Schema):
    """Why it is refused."""

    reason: Annotated[
        Annotated[Code, in_list("permit_refusal_reasons", "ba_refused")],
        Field(description="Coded reason."),
    ]


class RecordAppeal(Schema):
    """The client's remedy."""

    remedy_filed_on: Annotated[Day, Field(description="Day of receipt.")]


class RevokePermit(Schema):
    """Why it is revoked."""

    reason: Annotated[
        Annotated[Code, in_list("permit_revocation_reasons", "conditions_ceased")],
        Field(description="Coded reason."),
    ]


class ConfirmContract(Schema):
    """The contract."""

    contract_signed_on: Annotated[
        Day, Field(description="Day of the last signature; on condition of the permit.")
    ]


class StartEmployment(Schema):
    """The first day of work."""

    started_on: Annotated[Day, Field(description="First day; the clearance has to hold on it.")]


class PausePlacement(Schema):
    """Why it pauses."""

    reason: Annotated[
        Annotated[Code, in_list("placement_pause_reasons", "language_course")],
        Field(description="Coded reason."),
    ]


class EndPlacement(Schema):
    """Why it ends."""

    reason: Annotated[
        Annotated[Code, in_list("placement_end_reasons", "client_withdrew")],
        Field(description="Coded reason."),
    ]


OF_RESIDENCE = Field(
    description="Null also when `redactions` names `residence`.",
    json_schema_extra={"x-compartment": "residence"},
)
Redactions = Annotated[
    list[Annotated[Code, in_list("compartments", "residence")]],
    Field(
        description="What its team keeps to itself: shown to it, and to whom the compartment is"
        " disclosed."
    ),
]


class Restrictions(Out):
    """What a permit is bound to."""

    employer_id: UUID | None
    occupation: str | None
    weekly_minutes: int | None
    place_of_work: str | None


class LegalTrackOut(Out):
    """The legal track of a tandem case."""

    model_config = {"json_schema_extra": {"x-lifecycle": LEGAL_TRACK.openapi()}}

    id: UUID
    tandem_case_id: UUID
    agency_id: Annotated[UUID, Field(description="The team that owns it.")]
    status: LegalStatus
    legal_basis: Annotated[str | None, OF_RESIDENCE]
    identity_status: Annotated[Identity | None, OF_RESIDENCE]
    missing_facts: Annotated[
        list[Annotated[Code, in_list("missing_facts", "identity_document")]] | None, OF_RESIDENCE
    ]
    facts_due_on: date | None
    unblock_conditions: Annotated[str | None, OF_RESIDENCE]
    eligible_from: date | None
    application_received_on: date | None
    ba_exemption: Annotated[str | None, OF_RESIDENCE]
    permit_valid_from: date | None
    permit_valid_to: date | None
    permit_restrictions: Restrictions | None
    remedy_filed_on: Annotated[date | None, OF_RESIDENCE]
    eligibility: Annotated[KeptCheckOut | None, OF_RESIDENCE]
    reason: Annotated[str | None, OF_RESIDENCE]
    redactions: Redactions
    allowed_actions: Annotated[list[str], Field(description="Arrows the caller may fire now.")]
    created_at: datetime
    updated_at: datetime


class PlacementTrackOut(Out):
    """The placement track of a tandem case."""

    model_config = {"json_schema_extra": {"x-lifecycle": PLACEMENT_TRACK.openapi()}}

    id: UUID
    tandem_case_id: UUID
    agency_id: Annotated[UUID, Field(description="The team that owns it.")]
    status: PlacementStatus
    contract_signed_on: date | None
    started_on: date | None
    reason: Annotated[
        str | None,
        Field(
            description="Coded reason of the last move; null too when `redactions` names"
            " `placement`.",
            json_schema_extra={"x-compartment": "placement"},
        ),
    ]
    redactions: Redactions
    allowed_actions: Annotated[list[str], Field(description="Arrows the caller may fire now.")]
    created_at: datetime
    updated_at: datetime
