"""What tandem cases take and answer."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from integration_api.kernel.scalars import Code, Id, LanguageTag, Text, in_list
from integration_api.kernel.schemas import Out, PageInfo, PageQuery, Schema

from .lifecycle import TandemParty, TandemStatus
from .lifecycle_legal import LEGAL_TRACK, LegalStatus
from .lifecycle_placement import PLACEMENT_TRACK, PlacementStatus

Note = Annotated[Text, Field(min_length=1, max_length=2000)]
Outcome = Annotated[Code, in_list("tandem_outcomes", "placed_employment")]


class TandemCaseIn(Schema):
    """A tandem case for a person of a case, or one that an employer began; its two teams."""

    case_id: Annotated[
        Id | None,
        Field(description="A case that the caller's agency leads; null: an employer began it."),
    ] = None
    person_id: Annotated[
        Id | None, Field(description="A participant of the case; null without a case.")
    ] = None
    employer_id: Annotated[Id | None, Field(description="Who asked; needed without a case.")] = None
    goal: Annotated[
        Annotated[Code, in_list("tandem_goals", "employment")],
        Field(description="What the person is looking for."),
    ]
    language: Annotated[
        LanguageTag | None, Field(description="In which the person is advised; needed for G0.")
    ] = None
    legal_agency_id: Annotated[
        Id, Field(description="The immigration office's employment team; owns the legal track.")
    ]
    placement_agency_id: Annotated[
        Id,
        Field(description="The integration centre's labour-market team; owns the placement track."),
    ]

    @model_validator(mode="after")
    def _subject(self) -> Self:
        if (self.case_id is None) != (self.person_id is None):
            raise PydanticCustomError("both_or_neither", "a person comes with a case")
        if self.case_id is None and self.employer_id is None:
            raise PydanticCustomError("both_or_neither", "without a case an employer is needed")
        return self


class FlagBlocker(Schema):
    """What stands in the way."""

    blocker: Annotated[Note, Field(description="In a few words, for the other team.")]


class CloseTandemCase(Schema):
    """What came of it."""

    outcome: Annotated[Outcome, Field(description="Both teams close with the same outcome.")]


class LegalTrackRef(Out):
    """Where the legal track stands."""

    model_config = {"json_schema_extra": {"x-lifecycle": LEGAL_TRACK.openapi()}}

    status: LegalStatus
    version: int


class PlacementTrackRef(Out):
    """Where the placement track stands."""

    model_config = {"json_schema_extra": {"x-lifecycle": PLACEMENT_TRACK.openapi()}}

    status: PlacementStatus
    version: int


class TandemCaseOut(Out):
    """A tandem case; its status follows from the tracks and is never set."""

    id: UUID
    case_id: UUID | None
    person_id: Annotated[
        UUID | None,
        Field(
            description="Null where the caller may not see the person, or there is none.",
            json_schema_extra={"x-compartment": "core"},
        ),
    ]
    employer_id: Annotated[UUID | None, Field(description="Who asked, where an employer began it.")]
    goal: Annotated[Code, in_list("tandem_goals", "employment")]
    language: str | None
    lead_agency_id: UUID
    legal_agency_id: UUID
    placement_agency_id: UUID
    status: Annotated[TandemStatus, Field(description="Derived: the first that fits.")]
    status_reasons: Annotated[list[str], Field(description="Why it has this status.")]
    legal_track: LegalTrackRef
    placement_track: PlacementTrackRef
    blocker: Annotated[str | None, Field(description="What a team has flagged.")]
    outcome: Outcome | None
    closed_in_place_of: Annotated[
        list[TandemParty],
        Field(description="Teams that lost their access and for which the lead has closed."),
    ]
    redactions: Annotated[
        list[Annotated[Code, in_list("compartments", "core")]],
        Field(description="Compartments left out because the caller may not see them."),
    ]
    allowed_actions: Annotated[
        list[str], Field(description="What the caller may do beside moving its track.")
    ]
    legal_acknowledged_at: datetime | None
    placement_acknowledged_at: datetime | None
    legal_closed_at: datetime | None
    placement_closed_at: datetime | None
    closed_at: datetime | None
    created_at: datetime
    updated_at: datetime


class TandemCasePage(Out):
    """One page of tandem cases."""

    items: list[TandemCaseOut]
    page: PageInfo


class TandemCaseFilter(PageQuery):
    """Which page."""
