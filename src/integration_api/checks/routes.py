"""`/v1/eligibility-checks`."""

from typing import Annotated

from fastapi import APIRouter, Response

from integration_api.edge.optional import ANONYMOUSLY, REFUSALS, QuestionTx, question
from integration_api.kernel.operations import operation
from integration_api.kernel.scopes import Scope

from . import service
from .schemas import EligibilityCheckIn, EligibilityCheckOut

router = APIRouter(prefix="/eligibility-checks", tags=["Checks"])
SCOPE = Scope.ELIGIBILITY_CHECKS_WRITE
Question = Annotated[QuestionTx, question(SCOPE)]


@operation(
    router,
    "POST",
    "",
    id="createEligibilityCheck",
    summary="Check what follows from a residence status",
    answer=EligibilityCheckOut,
    scope=SCOPE,
    public=True,
    problems=(*REFUSALS, 404),
    extra=ANONYMOUSLY,
)
async def create_eligibility_check(body: EligibilityCheckIn, db: Question) -> Response:
    """Answers for stated facts, without a key too, or with a key for a visible person.

    Stated facts go before recorded ones. Nothing is stored: with a person, who was read, by whom
    and why; otherwise nothing at all. An `Idempotency-Key` is ignored.
    """
    return await service.eligibility(db, body)
