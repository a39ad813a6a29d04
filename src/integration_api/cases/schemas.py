"""What cases take and answer."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from integration_api.kernel.scalars import Code, Id, Text, in_list
from integration_api.kernel.schemas import UNSET, Out, PageInfo, PageQuery, Schema, Unset

from .lifecycle import CASE, CasePhase

System = Annotated[
    Code, Field(description="Name of the foreign system.", examples=["jobcenter_file"])
]
Value = Annotated[
    Text,
    Field(
        max_length=64,
        pattern=r"^[A-Za-z0-9._~-]{1,64}$",
        description="Technical key there; never a name or a birth date.",
        examples=["A-4711"],
    ),
]


class Concern(Schema):
    """What the case is about, in one life area (Anliegen)."""

    life_area: Annotated[
        Annotated[Code, in_list("life_areas", "language")], Field(description="Life area.")
    ]
    topic: Annotated[
        Annotated[Code, in_list("referral_topics", "language_course")],
        Field(description="Topic in it."),
    ]


class ExternalId(Schema):
    """The number of the case in the caller's own system."""

    system: System
    value: Value


class ParticipantIn(Schema):
    """A person who takes part in the case."""

    person_id: Annotated[Id, Field(description="A person the caller may see.")]
    role: Annotated[
        Annotated[Code, in_list("participant_roles", "client")],
        Field(description="Role in the case."),
    ]


Concerns = Annotated[list[Concern], Field(max_length=30, description="What the case is about.")]
ExternalIds = Annotated[list[ExternalId], Field(max_length=10, description="Own numbers.")]


class CasePut(Schema):
    """What a case is about and who takes part, as the caller's own system has it."""

    participants: Annotated[
        list[ParticipantIn], Field(max_length=20, description="Who takes part.")
    ] = []
    concerns: Concerns = []


class CaseIn(CasePut):
    """A case to be opened; the caller's agency leads it."""

    external_ids: ExternalIds = []


class CaseLine(CasePut):
    """One case of an import, by its number in the caller's own system."""

    external_id: Value


class CasePatch(Schema):
    """Changes of a case (RFC 7396)."""

    concerns: Concerns | Unset = UNSET


class ParticipantOut(Out):
    """A person in a case; the name is there where the person is visible to the caller."""

    id: UUID
    person_id: Annotated[UUID | None, Field(description="Null where the person is not visible.")]
    role: Annotated[Code, in_list("participant_roles", "client")]
    created_at: datetime


class ConcernOut(Out):
    """What the case is about."""

    life_area: Annotated[Code, in_list("life_areas", "language")]
    topic: Annotated[Code, in_list("referral_topics", "language_course")]


class ExternalIdOut(Out):
    """The number of the case in the caller's own system."""

    system: str
    value: str


class CaseOut(Out):
    """A case as far as the caller may see it."""

    model_config = {"json_schema_extra": {"x-lifecycle": CASE.openapi()}}

    id: UUID
    reference: Annotated[
        str,
        Field(
            description="Number for the phone, with a check digit.", examples=["W-2026-004711-1"]
        ),
    ]
    lead_agency_id: UUID
    status: CasePhase
    outcome: Annotated[Code, in_list("case_outcomes", "goals_reached")] | None
    reason: Annotated[
        str | None, Field(description="Coded reason of the last move, if it had one.")
    ]
    concerns: list[ConcernOut]
    life_areas: Annotated[
        list[Annotated[Code, in_list("life_areas", "language")]],
        Field(description="Life areas of the concerns."),
    ]
    participants: Annotated[
        list[ParticipantOut], Field(description="The first 20; more by their list.")
    ]
    external_ids: Annotated[
        list[ExternalIdOut], Field(description="Numbers of the caller's agency.")
    ]
    assigned_member_ids: Annotated[
        list[UUID], Field(description="Members of the caller's agency who work on it.")
    ]
    redactions: Annotated[
        list[Annotated[Code, in_list("compartments", "core")]],
        Field(
            description="Compartments left out because the caller may not see them: `core` for"
            " participants, the others for concerns in their life areas, told whether there are"
            " any or not."
        ),
    ]
    allowed_actions: Annotated[list[str], Field(description="Arrows the caller may fire now.")]
    opened_at: datetime
    closed_at: datetime | None
    updated_at: datetime


class CasePage(Out):
    """One page of cases."""

    items: list[CaseOut]
    page: PageInfo


class ParticipantPage(Out):
    """One page of participants."""

    items: list[ParticipantOut]
    page: PageInfo


class CaseFilter(PageQuery):
    """Narrows cases."""

    status: Annotated[CasePhase | None, Field(description="Only in this phase.")] = None
    external_system: Annotated[System | None, Field(description="With `external_id`.")] = None
    external_id: Annotated[Value | None, Field(description="With `external_system`.")] = None

    @model_validator(mode="after")
    def _both(self) -> Self:
        if (self.external_system is None) != (self.external_id is None):
            raise PydanticCustomError(
                "both_or_neither", "external_system and external_id go together"
            )
        return self


class ReasonedMove(Schema):
    """A step back or aside."""

    reason: Annotated[
        Annotated[Code, in_list("reassessment_reasons", "situation_changed")],
        Field(description="Why."),
    ]


class CloseCase(Schema):
    """The end of a case."""

    outcome: Annotated[
        Annotated[Code, in_list("case_outcomes", "goals_reached")],
        Field(description="What came of it."),
    ]


class ReopenCase(Schema):
    """Why a closed case goes on."""

    reason: Annotated[
        Annotated[Code, in_list("reopen_reasons", "closed_by_mistake")], Field(description="Why.")
    ]


class AssignCase(Schema):
    """Who of the own agency works on the case."""

    member_ids: Annotated[
        list[Id],
        Field(max_length=20, description="Members of the own agency; takes the place of before."),
    ]


class NoteVisibility(StrEnum):
    """For whom a note is."""

    AGENCY = "agency"
    CASE = "case"


class NoteIn(Schema):
    """A note to be added; it is never changed."""

    compartment: Annotated[
        Annotated[Code, in_list("compartments", "case_notes")],
        Field(description="What kind of data it holds: who may not see that, never sees the note."),
    ]
    visibility: Annotated[
        NoteVisibility,
        Field(
            description="`agency`: the own agency alone. `case`: the lead and every agency to which"
            " the case is disclosed with this compartment."
        ),
    ] = NoteVisibility.AGENCY
    text: Annotated[Text, Field(min_length=1, max_length=10_000, description="The note.")]


class NoteOut(Out):
    """A note on a case."""

    id: UUID
    case_id: UUID
    agency_id: Annotated[UUID, Field(description="Whose note it is.")]
    member_id: Annotated[
        UUID | None, Field(description="Who wrote it; null for a machine, and for other agencies.")
    ]
    compartment: Annotated[Code, in_list("compartments", "case_notes")]
    visibility: NoteVisibility
    text: str
    created_at: datetime


class NotePage(Out):
    """One page of notes, newest first."""

    items: list[NoteOut]
    page: PageInfo
