"""What an emergency access takes; it answers the disclosure."""

from typing import Annotated

from pydantic import Field

from integration_api.kernel.scalars import Code, Id, Text, in_list
from integration_api.kernel.schemas import Schema


class BreakGlassIn(Schema):
    """What is taken without consent or basis, and why."""

    person_id: Annotated[Id, Field(description="Whose data.")]
    case_id: Annotated[
        Id | None,
        Field(description="The person's case, led by the agency that controls the person's data."),
    ] = None
    reason: Annotated[
        Annotated[Code, in_list("emergency_reasons", "danger_to_life")],
        Field(description="Why; says which compartments open, and for how long."),
    ]
    justification: Annotated[
        Text,
        Field(
            min_length=20,
            max_length=1000,
            description="What happened, in own words, for the review; no health data.",
            examples=["Person liegt bewusstlos im Wartebereich, Notärztin ist gerufen."],
        ),
    ]
