"""What the preview of a disclosure takes and answers."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from integration_api.cases.schemas import CaseOut, NoteOut
from integration_api.kernel.scalars import Code, Flag, in_list
from integration_api.kernel.schemas import Out
from integration_api.persons.schemas import PersonOut, ResidencePeriodOut
from integration_api.persons.schemas_facts import ResidenceFactOut

from .schemas import DisclosureIn

MOST = 100
"""Residence periods, facts and notes that a preview shows at most, the newest."""

Kinds = list[Annotated[Code, in_list("compartments", "core", "residence")]]


class PreviewIn(DisclosureIn):
    """A disclosure that is not granted yet, and who at the recipient would look."""

    role: Annotated[
        Annotated[Code, in_list("roles", "case_worker")],
        Field(description="Role of who would look; narrows what the recipient's unit may see."),
    ] = "case_worker"
    assigned: Annotated[
        Flag, Field(description="Whether who would look is assigned to person and case.")
    ] = False


class PreviewOut(Out):
    """What the recipient would see, as its own requests would answer, once access is open."""

    recipient_agency_id: UUID
    role: Annotated[Code, in_list("roles", "case_worker")]
    assigned: bool
    withheld: Annotated[
        Kinds,
        Field(description="What the recipient might see but the caller may not, hence not here."),
    ]
    person: Annotated[PersonOut | None, Field(description="Null: the role sees no person.")]
    residence_periods: Annotated[
        list[ResidencePeriodOut], Field(max_length=MOST, description="The newest.")
    ]
    residence_facts: Annotated[
        list[ResidenceFactOut], Field(max_length=MOST, description="Those that count.")
    ]
    case: Annotated[
        CaseOut | None, Field(description="Null: no case is disclosed, or the role sees none.")
    ]
    notes: Annotated[list[NoteOut], Field(max_length=MOST, description="The newest.")]
