"""`/v1/agencies/{id}/competences`."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from integration_api.code_lists.served import CACHED
from integration_api.kernel import lists
from integration_api.kernel.concurrency import IfMatch, expected
from integration_api.kernel.db import Amend, Read, Write
from integration_api.kernel.operations import operation
from integration_api.kernel.principal import ANONYMOUS
from integration_api.kernel.scalars import Id
from integration_api.kernel.scopes import Scope

from . import service
from .schemas import (
    CompetenceFilter,
    CompetenceIn,
    CompetenceOut,
    CompetencePage,
    CompetencePatch,
)

router = APIRouter(prefix="/agencies/{id}/competences", tags=["Competences"])


@operation(
    router,
    "GET",
    "",
    id="listCompetences",
    summary="List competences",
    answer=CompetencePage,
    public=True,
    extra=CACHED,
)
async def list_competences(
    request: Request, id: Id, db: Read, narrowed: Annotated[CompetenceFilter, Query()]
) -> Response:
    """What an agency decides, pays or advises, newest record first; with `as_of` of one day."""
    place = lists.place(request, ANONYMOUS, narrowed.cursor, narrowed.limit)
    return await service.list_(db, id, narrowed, place)


@operation(
    router,
    "GET",
    "/{competence_id}",
    id="getCompetence",
    summary="Read a competence",
    answer=CompetenceOut,
    public=True,
    extra=CACHED,
)
async def get_competence(id: Id, competence_id: Id, db: Read) -> Response:
    """One competence of an agency of the public directory."""
    return await service.get(db, id, competence_id)


@operation(
    router,
    "POST",
    "",
    id="createCompetence",
    summary="Record a competence",
    answer=CompetenceOut,
    scope=Scope.COMPETENCES_WRITE,
    status=201,
)
async def create_competence(id: Id, body: CompetenceIn, db: Write) -> Response:
    """Records what the caller's own agency or one of its teams does; once for a service and day."""
    return await service.create(db, id, body)


@operation(
    router,
    "PATCH",
    "/{competence_id}",
    id="endCompetence",
    summary="End a competence",
    answer=CompetenceOut,
    scope=Scope.COMPETENCES_WRITE,
)
async def end_competence(
    id: Id, competence_id: Id, body: CompetencePatch, db: Amend, if_match: IfMatch = None
) -> Response:
    """Says when it ends (JSON merge patch); what changes in it is a new competence from then on."""
    return await service.end(db, id, competence_id, body, expected(if_match))
