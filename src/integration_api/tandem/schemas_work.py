"""Employer declarations, requests to the employment agency, procedures, gates, clearances."""

from datetime import date, datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from integration_api.code_lists.service import Language
from integration_api.kernel.scalars import Code, Day, Flag, Id, Int, in_list
from integration_api.kernel.schemas import (
    UNSET,
    Out,
    PageInfo,
    PageQuery,
    Query,
    Schema,
    Unset,
    YesNo,
)

from .lifecycle_approvals import APPROVAL, DECLARATION, ApprovalStatus, DeclarationStatus
from .schemas import Note
from .schemas_tracks import Minutes, Occupation, PermitRestrictions, Place, Restrictions

Purpose = Annotated[Code, in_list("declaration_purposes", "title_application")]
PayPeriod = Annotated[Code, in_list("pay_periods", "month")]
Cents = Annotated[Int, Field(ge=0, le=100_000_000, description="Gross pay in cents.")]
LeaveDays = Annotated[Int, Field(ge=0, le=366, description="Annual leave in days.")]
Policy = Annotated[Code, in_list("deadline_policies", "ba_approval")]


class DeclarationIn(Schema):
    """A draft of an employer's declaration; what is left out can come later."""

    tandem_case_id: Annotated[Id, Field(description="The tandem case it is for.")]
    employer_id: Annotated[Id, Field(description="Who declares.")]
    replaces_id: Annotated[
        Id | None, Field(description="The submitted declaration that this one replaces.")
    ] = None
    purpose: Annotated[Purpose, Field(description="Sets what a complete one needs.")] = (
        "title_application"
    )
    on_behalf: Annotated[
        Flag, Field(description="Recorded by the team from a signed form of the employer.")
    ] = True
    occupation: Occupation | None = None
    job_title: Place | None = None
    place_of_work: Place | None = None
    weekly_minutes: Minutes | None = None
    gross_pay_cents: Cents | None = None
    pay_period: PayPeriod | None = None
    starts_on: Annotated[Day | None, Field(description="First day of work.")] = None
    ends_on: Annotated[Day | None, Field(description="Last day; null: unlimited.")] = None
    temp_agency: Annotated[YesNo | None, Field(description="Temporary agency work.")] = None
    regulated_occupation: Annotated[
        YesNo | None, Field(description="The occupation needs a licence.")
    ] = None
    collective_agreement: YesNo | None = None
    social_insurance: Annotated[YesNo | None, Field(description="Subject to it.")] = None
    annual_leave_days: LeaveDays | None = None
    signed_on: Annotated[Day | None, Field(description="Signature of the employer.")] = None

    @model_validator(mode="after")
    def _term(self) -> Self:
        if self.starts_on and self.ends_on and self.ends_on < self.starts_on:
            raise PydanticCustomError("period_order", "ends before it begins")
        return self


class DeclarationPatch(Schema):
    """Members of a draft that change; null clears."""

    employer_id: Annotated[Id | Unset, UNSET]
    purpose: Annotated[Purpose | Unset, UNSET]
    occupation: Annotated[Occupation | Unset | None, UNSET]
    job_title: Annotated[Place | Unset | None, UNSET]
    place_of_work: Annotated[Place | Unset | None, UNSET]
    weekly_minutes: Annotated[Minutes | Unset | None, UNSET]
    gross_pay_cents: Annotated[Cents | Unset | None, UNSET]
    pay_period: Annotated[PayPeriod | Unset | None, UNSET]
    starts_on: Annotated[Day | Unset | None, UNSET]
    ends_on: Annotated[Day | Unset | None, UNSET]
    temp_agency: Annotated[YesNo | Unset | None, UNSET]
    regulated_occupation: Annotated[YesNo | Unset | None, UNSET]
    collective_agreement: Annotated[YesNo | Unset | None, UNSET]
    social_insurance: Annotated[YesNo | Unset | None, UNSET]
    annual_leave_days: Annotated[LeaveDays | Unset | None, UNSET]
    signed_on: Annotated[Day | Unset | None, UNSET]


class DeclarationOut(Out):
    """An employer's declaration; it cannot be changed once it is submitted."""

    model_config = {"json_schema_extra": {"x-lifecycle": DECLARATION.openapi()}}

    id: UUID
    tandem_case_id: UUID
    employer_id: UUID
    recorded_by_agency_id: UUID
    number: Annotated[int, Field(description="1, 2, … within the tandem case.")]
    replaces_id: UUID | None
    purpose: Purpose
    status: DeclarationStatus
    occupation: str | None
    job_title: str | None
    place_of_work: str | None
    weekly_minutes: int | None
    gross_pay_cents: int | None
    pay_period: PayPeriod | None
    starts_on: date | None
    ends_on: date | None
    temp_agency: YesNo | None
    regulated_occupation: YesNo | None
    collective_agreement: YesNo | None
    social_insurance: YesNo | None
    annual_leave_days: int | None
    signed_on: date | None
    on_behalf: bool
    submitted_at: datetime | None
    created_at: datetime
    updated_at: datetime
    missing: Annotated[list[str], Field(description="Members that a complete one still needs.")]
    allowed_actions: Annotated[list[str], Field(description="Arrows the caller may fire now.")]


class DeclarationPage(Out):
    """One page of declarations."""

    items: list[DeclarationOut]
    page: PageInfo


class OfTandem(PageQuery):
    """Of one tandem case."""

    tandem_case_id: Annotated[Id, Field(description="Only of this tandem case.")]


class ApprovalIn(Schema):
    """A draft of a request to the employment agency."""

    declaration_id: Annotated[Id, Field(description="A submitted declaration.")]
    deadline_policy: Annotated[Policy, Field(description="Sets how long silence may last.")] = (
        "ba_approval"
    )


class TransmitApproval(Schema):
    """When it went out."""

    transmitted_on: Annotated[Day, Field(description="Day of transmission; not in the future.")]


class RequireInformation(Schema):
    """When the employment agency said that it needs more."""

    information_received_on: Annotated[Day, Field(description="Day of receipt here.")]


class ApproveRequest(Schema):
    """When the approval came."""

    decided_on: Annotated[Day, Field(description="Day of receipt here.")]


class ApproveRestricted(ApproveRequest):
    """When it came, and what it is bound to."""

    restrictions: Annotated[PermitRestrictions, Field(description="§ 34 BeschV.")]


class RefuseApproval(ApproveRequest):
    """When the refusal came, and why."""

    reason: Annotated[
        Annotated[Code, in_list("ba_refusal_reasons", "working_conditions")],
        Field(description="Coded reason."),
    ]


class ApprovalOut(Out):
    """A request for the approval of the employment agency; an approval permits nobody to work."""

    model_config = {"json_schema_extra": {"x-lifecycle": APPROVAL.openapi()}}

    id: UUID
    tandem_case_id: UUID
    declaration_id: UUID
    agency_id: UUID
    deadline_policy: Policy
    deadline_policy_version: str | None
    status: ApprovalStatus
    transmitted_on: date | None
    due_on: Annotated[date | None, Field(description="Last day for an answer.")]
    deemed_from: Annotated[date | None, Field(description="From then silence is approval.")]
    information_received_on: date | None
    decided_on: date | None
    deemed_at: datetime | None
    restrictions: Restrictions | None
    reason: str | None
    created_at: datetime
    updated_at: datetime
    allowed_actions: Annotated[list[str], Field(description="Arrows the caller may fire now.")]


class ApprovalPage(Out):
    """One page of requests."""

    items: list[ApprovalOut]
    page: PageInfo


class ProcedureIn(Schema):
    """A procedure beside the tandem case, or its result."""

    kind: Annotated[
        Annotated[Code, in_list("procedure_kinds", "recognition_procedure")],
        Field(description="Which procedure."),
    ]
    competent_authority: Annotated[Note, Field(description="Who decides.")]
    result: Annotated[
        Annotated[Code, in_list("recognition_results", "licence_granted")] | None,
        Field(description="Null as long as it runs."),
    ] = None
    result_on: Annotated[Day | None, Field(description="Day of the result.")] = None

    @model_validator(mode="after")
    def _dated(self) -> Self:
        if (self.result is None) != (self.result_on is None):
            raise PydanticCustomError("both_or_neither", "a result has a day")
        return self


class ProcedureOut(Out):
    """A procedure as it was recorded; the newest result counts."""

    id: UUID
    tandem_case_id: UUID
    recorded_by_agency_id: UUID
    kind: Annotated[Code, in_list("procedure_kinds", "recognition_procedure")]
    competent_authority: str
    result: Annotated[Code, in_list("recognition_results", "licence_granted")] | None
    result_on: date | None
    created_at: datetime


class ProcedurePage(Out):
    """One page of procedures."""

    items: list[ProcedureOut]
    page: PageInfo


class GateOut(Out):
    """A gate between the tracks."""

    name: Annotated[str, Field(description="G0 to G4.")]
    code: str
    met: bool
    missing: Annotated[list[str], Field(description="Codes of what is missing.")]


class GatesOut(Out):
    """All gates of a tandem case."""

    tandem_case_id: UUID
    judged_for: Annotated[date, Field(description="The first day of work that G3 is judged for.")]
    gates: list[GateOut]


class Drawn(Query):
    """How a picture is drawn."""

    lang: Annotated[
        Language | None, Field(description="Of its labels; default: Accept-Language.")
    ] = None


class StepOut(Out):
    """A lane reached a state."""

    lane: Annotated[str, Field(description="The lifecycle: `legal_track`, `placement_track`, …")]
    status: str
    at: datetime


class TimelineOut(Out):
    """The newest two hundred steps of a tandem case, oldest first."""

    tandem_case_id: UUID
    steps: list[StepOut]


class ClearanceOut(Out):
    """A start clearance: bound to what the declaration says, and ended by any material change."""

    id: UUID
    tandem_case_id: UUID
    declaration_id: Annotated[
        UUID, Field(description="Employer, occupation, hours, place and period stand there.")
    ]
    agency_id: UUID
    valid_from: date
    valid_to: Annotated[date | None, Field(description="Last day; null: unlimited.")]
    facts_sha256: Annotated[str, Field(description="Hash of the facts that were checked.")]
    invalidated_at: datetime | None
    invalidated_reason: Annotated[Code, in_list("invalidation_reasons", "permit_revoked")] | None
    created_at: datetime


class ClearancePage(Out):
    """One page of clearances."""

    items: list[ClearanceOut]
    page: PageInfo
