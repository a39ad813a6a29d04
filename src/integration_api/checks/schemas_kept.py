"""How a kept check is shown."""

from datetime import date
from typing import Annotated

from pydantic import Field

from integration_api.kernel.scalars import Code, in_list
from integration_api.kernel.schemas import Out

from .schemas import EligibilityAnswerOut


class KeptCheckOut(Out):
    """What the rules answered for the recorded facts, kept as it was: orientation, no decision."""

    as_of: Annotated[date, Field(description="The day asked about.")]
    facts_sha256: Annotated[str, Field(description="Hash of the facts and the day.")]
    facts_used: Annotated[list[str], Field(description="Names of the recorded facts.")]
    redactions: Annotated[
        list[Annotated[Code, in_list("compartments", "residence")]],
        Field(description="Compartments whose facts the team could not see."),
    ]
    answers: list[EligibilityAnswerOut]
