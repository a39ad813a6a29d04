"""What referrals take and answer."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field

from integration_api.kernel.scalars import Code, Day, Id, Instant, Text, in_list
from integration_api.kernel.schemas import Out, PageInfo, PageQuery, Schema

from .lifecycle import REFERRAL, ReferralStatus

Note = Annotated[Text, Field(max_length=2000)]


class ReferralDirection(StrEnum):
    """Seen from the caller's agency."""

    INCOMING = "incoming"
    OUTGOING = "outgoing"


class HandoverMode(StrEnum):
    """How the person is handed over."""

    REFERRAL = "referral"


class ReferralIn(Schema):
    """A draft; the recipient is the one of the disclosure."""

    case_id: Annotated[Id, Field(description="A case that the caller's agency leads.")]
    person_id: Annotated[Id, Field(description="A participant of the case.")]
    disclosure_id: Annotated[
        Id, Field(description="The disclosure of this person and case to the recipient.")
    ]
    topic: Annotated[
        Annotated[Code, in_list("referral_topics", "language_course")],
        Field(description="What it is about."),
    ]
    urgency: Annotated[
        Annotated[Code, in_list("urgencies", "routine")],
        Field(description="Sets the due date in working days."),
    ] = "routine"
    handover_mode: Annotated[HandoverMode, Field(description="How it is handed over.")] = (
        HandoverMode.REFERRAL
    )
    message: Annotated[
        Note | None,
        Field(description="For the recipient, after acceptance, with the compartment case_notes."),
    ] = None
    replaces_id: Annotated[
        Id | None, Field(description="The own referral that this one replaces.")
    ] = None


class DeclineReferral(Schema):
    """Why it goes back."""

    reason: Annotated[
        Annotated[Code, in_list("decline_reasons", "no_capacity")],
        Field(description="Coded reason."),
    ]
    reason_text: Annotated[Note | None, Field(description="Needed for `other`.")] = None
    suggested_recipient_id: Annotated[
        Id | None, Field(description="The competent agency; needed for `not_competent_*`.")
    ] = None


class HoldReferral(Schema):
    """Why and until when work pauses."""

    reason: Annotated[
        Annotated[Code, in_list("hold_reasons", "awaiting_documents")],
        Field(description="Coded reason."),
    ]
    reason_text: Annotated[Note | None, Field(description="Needed for `other`.")] = None
    resume_on: Annotated[Day, Field(description="Day on which work is taken up again.")]


class CompleteReferral(Schema):
    """What came of it."""

    outcome: Annotated[
        Annotated[Code, in_list("referral_outcomes", "need_met")],
        Field(description="Coded outcome."),
    ]
    outcome_text: Annotated[Note | None, Field(description="Result in a few words.")] = None


class FailReferral(Schema):
    """Why it could not be completed."""

    reason: Annotated[
        Annotated[Code, in_list("failure_reasons", "client_unreachable")],
        Field(description="Coded reason."),
    ]
    reason_text: Annotated[Note | None, Field(description="Needed for `other`.")] = None


class WithdrawReferral(Schema):
    """Why the sender takes it back."""

    reason: Annotated[
        Annotated[Code, in_list("withdraw_reasons", "need_met_elsewhere")],
        Field(description="Coded reason."),
    ]
    reason_text: Annotated[Note | None, Field(description="Needed for `other`.")] = None


class VoidReferral(Schema):
    """What was wrong."""

    reason: Annotated[
        Annotated[Code, in_list("void_reasons", "wrong_person")], Field(description="Coded reason.")
    ]
    reason_text: Annotated[Note | None, Field(description="Needed for `other`.")] = None


class PreviewLanguage(Out):
    """A language of the person."""

    tag: str
    interpreter_needed: bool


class Preview(Out):
    """What the recipient may know before it accepts: no identity."""

    languages: list[PreviewLanguage]


class ReferredName(Out):
    """The name as it was when the referral was sent."""

    kind: Annotated[str, Field(description="`full` or `mononym`.")]
    family_name: str | None
    given_name: str | None
    birth_name: str | None
    mononym: str | None


class ReferredPerson(Out):
    """The person as it was when the referral was sent."""

    name: ReferredName
    birth_date: str | None
    birth_date_estimated: bool
    languages: list[PreviewLanguage]


class ReferralOut(Out):
    """A referral as the caller's side may see it."""

    model_config = {"json_schema_extra": {"x-lifecycle": REFERRAL.openapi()}}

    id: UUID
    sender_agency_id: UUID
    recipient_agency_id: UUID
    responsible_agency_id: Annotated[
        UUID, Field(description="Who has the matter now: the sender until acceptance.")
    ]
    topic: Annotated[Code, in_list("referral_topics", "language_course")]
    urgency: Annotated[Code, in_list("urgencies", "routine")]
    handover_mode: HandoverMode
    status: ReferralStatus
    due_at: Annotated[
        datetime | None, Field(description="End of the last working day for an answer.")
    ]
    overdue: Annotated[bool, Field(description="Unanswered after `due_at`.")]
    preview: Annotated[Preview | None, Field(description="Frozen when sent; null in a draft.")]
    case_id: Annotated[UUID | None, Field(json_schema_extra={"x-compartment": "core"})]
    case_reference: Annotated[str | None, Field(json_schema_extra={"x-compartment": "core"})]
    person_id: Annotated[UUID | None, Field(json_schema_extra={"x-compartment": "core"})]
    person: Annotated[
        ReferredPerson | None,
        Field(description="Frozen when sent.", json_schema_extra={"x-compartment": "core"}),
    ]
    message: Annotated[str | None, Field(json_schema_extra={"x-compartment": "case_notes"})]
    disclosure_id: UUID
    claimed_by: Annotated[UUID | None, Field(description="Member of the recipient who has it.")]
    claimed_at: datetime | None
    reason: Annotated[str | None, Field(description="Coded reason of the last move.")]
    reason_text: str | None
    resume_on: date | None
    suggested_recipient_id: UUID | None
    outcome: Annotated[Code, in_list("referral_outcomes", "need_met")] | None
    outcome_text: str | None
    replaces_id: UUID | None
    redactions: Annotated[
        list[Annotated[Code, in_list("compartments", "core")]],
        Field(description="Compartments left out because the caller may not see them."),
    ]
    allowed_actions: Annotated[list[str], Field(description="Arrows the caller may fire now.")]
    created_at: datetime
    updated_at: datetime
    sent_at: datetime | None
    received_at: datetime | None
    decided_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None


class ReferralPage(Out):
    """One page of referrals."""

    items: list[ReferralOut]
    page: PageInfo


class ReferralFilter(PageQuery):
    """Narrows referrals."""

    direction: Annotated[
        ReferralDirection, Field(description="To or from the caller's agency.")
    ] = ReferralDirection.INCOMING
    status: Annotated[
        list[ReferralStatus] | None, Field(max_length=12, description="In any of these states.")
    ] = None
    due_at_from: Annotated[Instant | None, Field(description="Due at or after.")] = None
    due_at_to: Annotated[Instant | None, Field(description="Due before.")] = None
    case_id: Annotated[Id | None, Field(description="Only of this case.")] = None
