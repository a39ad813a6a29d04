"""`/v1/jobs`."""

from fastapi import APIRouter, Request, Response

from integration_api.kernel.concurrency import IfMatch, expected
from integration_api.kernel.db import OwnRead, Write
from integration_api.kernel.operations import operation, transition
from integration_api.kernel.problems import language
from integration_api.kernel.scalars import Id
from integration_api.kernel.scopes import Scope

from . import service
from .lifecycle import JOB
from .refusals import shown
from .schemas import JobOut

router = APIRouter(prefix="/jobs", tags=["Jobs"])


def told(request: Request) -> service.Told:
    """Why a job may have failed, in the language of the request."""
    return shown(request.app.state.public_url, language(request))


@operation(
    router,
    "GET",
    "/{id}",
    id="getJob",
    summary="Read a job",
    answer=JobOut,
    scope=Scope.JOBS_READ,
    problems=(410,),
)
async def get_job(request: Request, id: Id, db: OwnRead) -> Response:
    """A job that the caller asked for; while it is not over, `Retry-After` says when to look.

    A day after its end it is 410.
    """
    return await service.get(db, id, told(request))


@transition(router, JOB, "cancel", scope=Scope.JOBS_WRITE, answer=JobOut)
async def cancel_job(request: Request, id: Id, db: Write, if_match: IfMatch = None) -> Response:
    """Cancels; see the drawing."""
    return await service.cancel(db, id, expected(if_match), told(request))
