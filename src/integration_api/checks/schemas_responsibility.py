"""What a responsibility check takes and answers."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from integration_api.agencies.schemas import ContactPointOut
from integration_api.competences.schemas import WaitingTimeOut
from integration_api.kernel.scalars import Code, LanguageTag, in_list
from integration_api.kernel.schemas import Out
from integration_api.sites.schemas import SiteMetOut

from .schemas import EligibilityAnswerOut, ExplanationOut, FactUsedOut, PlaceOut, QuestionIn

Concern = Annotated[
    Annotated[Code, in_list("concerns", "work_access")],
    Field(description="What somebody wants to know."),
]
Audience = Annotated[
    Annotated[Code, in_list("audiences", "person")], Field(description="Who asks.")
]
Service = Annotated[
    Annotated[Code, in_list("services", "employment_permit_decision")],
    Field(description="What is needed in the matter."),
]
Function = Annotated[
    Annotated[Code, in_list("responsibility_functions", "decides")],
    Field(description="What the service is in the matter."),
]


class ResponsibilityCheckIn(QuestionIn):
    """A question: who is responsible for a concern, for these facts, at this place, on this day."""

    concern: Concern
    audience: Audience = "person"
    languages: Annotated[
        list[LanguageTag],
        Field(
            max_length=10,
            description="Languages spoken: ways to reach an agency in one of them come first.",
        ),
    ] = []


class AgencyAboveOut(Out):
    """The agency that a team belongs to."""

    id: UUID
    slug: str
    name: str


class AgencyNamedOut(Out):
    """An agency of the public directory."""

    id: UUID
    slug: str
    name: str
    type: Annotated[
        Annotated[Code, in_list("agency_types", "jobcenter")], Field(description="Kind of agency.")
    ]
    parent: Annotated[AgencyAboveOut | None, Field(description="The agency it is a team of.")]


class ResponsibleOut(Out):
    """An agency that is responsible, or may be, for one service."""

    position: Annotated[int, Field(description="Place in the order of the concern, from 1.")]
    function: Function
    service: Service
    agency: AgencyNamedOut
    competence_id: Annotated[UUID, Field(description="The row of the directory that says so.")]
    certain: Annotated[
        bool, Field(description="False: facts are missing, or the agency itself has to judge.")
    ]
    depends_on_missing_facts: Annotated[
        list[str], Field(description="Facts that would decide whether it is this one.")
    ]
    legal_basis: list[str]
    because: ExplanationOut
    contact_points: list[ContactPointOut]
    sites: Annotated[list[SiteMetOut], Field(description="Where it is met in person on that day.")]
    waiting_times: Annotated[
        list[WaitingTimeOut], Field(description="The newest observation of each kind.")
    ]


class UnansweredOut(Out):
    """A service that the matter takes and for which the directory names no agency."""

    function: Function
    service: Service
    certain: Annotated[bool, Field(description="False: facts are missing to know if it applies.")]
    legal_basis: Annotated[str | None, Field(description="The law that knows it.")]
    because: ExplanationOut


class SeatOut(Out):
    """An agency in its service."""

    service: Service
    agency_id: UUID
    certain: bool


class ResponsibilityChangeOut(Out):
    """The next day on which somebody else is responsible."""

    on: date
    begins: list[SeatOut]
    ends: list[SeatOut]


class ResponsibilityCheckOut(Out):
    """Who is responsible for the concern on that day: orientation, never a decision."""

    as_of: date
    orientation_only: Literal[True]
    municipality: PlaceOut
    person_id: UUID | None
    concern: Concern
    audience: Audience
    facts_used: list[FactUsedOut]
    redactions: Annotated[
        list[Code], Field(description="Compartments whose recorded facts the caller may not see.")
    ]
    answers: Annotated[
        list[EligibilityAnswerOut], Field(description="What the rules answer to it meanwhile.")
    ]
    agencies: Annotated[
        list[ResponsibleOut], Field(description="In the order of the concern; certain ones first.")
    ]
    unanswered: list[UnansweredOut]
    missing_facts: Annotated[list[str], Field(description="Facts that would make it certain.")]
    next_change: ResponsibilityChangeOut | None
