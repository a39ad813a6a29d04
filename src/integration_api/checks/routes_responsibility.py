"""`/v1/responsibility-checks`."""

from typing import Annotated

from fastapi import APIRouter, Response

from integration_api.edge.optional import ANONYMOUSLY, REFUSALS, QuestionTx, question
from integration_api.kernel.operations import operation
from integration_api.kernel.scopes import Scope

from . import service_responsibility as service
from .schemas_responsibility import ResponsibilityCheckIn, ResponsibilityCheckOut

router = APIRouter(prefix="/responsibility-checks", tags=["Checks"])
SCOPE = Scope.ELIGIBILITY_CHECKS_WRITE
Question = Annotated[QuestionTx, question(SCOPE)]


@operation(
    router,
    "POST",
    "",
    id="createResponsibilityCheck",
    summary="Check who is responsible",
    answer=ResponsibilityCheckOut,
    scope=SCOPE,
    public=True,
    problems=(*REFUSALS, 404),
    extra=ANONYMOUSLY,
)
async def create_responsibility_check(body: ResponsibilityCheckIn, db: Question) -> Response:
    """Names who decides, pays, promotes, takes part and advises in a concern, and why.

    Facts, place and day count as in an eligibility check, without a key too. What facts leave open
    is named with what is missing; a service without an agency is said. Nothing is stored.
    """
    return await service.responsibility(db, body)
