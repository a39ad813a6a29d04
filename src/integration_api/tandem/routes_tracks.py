"""`/v1/tandem-cases/{id}/legal-track` and `…/placement-track`: each moved by its own team."""

from typing import Any

from fastapi import APIRouter, Response

from integration_api.kernel.concurrency import IfMatch, expected
from integration_api.kernel.db import LoggedRead, Write
from integration_api.kernel.operations import operation, transition
from integration_api.kernel.scalars import Id
from integration_api.kernel.schemas import Schema
from integration_api.kernel.scopes import Scope

from . import schemas_tracks as schemas
from . import service_tracks as service
from .statements_tracks import LEGAL, PLACEMENT, Track

router = APIRouter(prefix="/tandem-cases", tags=["Tandem"])
ANSWERS: dict[str, Any] = {
    LEGAL.lifecycle.name: schemas.LegalTrackOut,
    PLACEMENT.lifecycle.name: schemas.PlacementTrackOut,
}
BODIES: dict[str, type[Schema]] = {
    "request_facts": schemas.RequestFacts,
    "clear_access": schemas.LegalFinding,
    "require_permit": schemas.LegalFinding,
    "block": schemas.BlockAccess,
    "file_application": schemas.FileApplication,
    "await_decision": schemas.AwaitDecision,
    "grant": schemas.GrantPermit,
    "grant_restricted": schemas.GrantRestricted,
    "refuse": schemas.RefusePermit,
    "appeal": schemas.RecordAppeal,
    "revoke": schemas.RevokePermit,
    "confirm_contract": schemas.ConfirmContract,
    "start_employment": schemas.StartEmployment,
    "pause": schemas.PausePlacement,
    "disengage": schemas.EndPlacement,
    "cancel_placement": schemas.EndPlacement,
}
"""What the arrows with a body take; both tracks have their own verbs."""


def _register(track: Track, path: str) -> None:
    """A reading operation and one for each arrow of a team."""
    kind = ANSWERS[track.lifecycle.name]
    words = track.lifecycle.name.replace("_", " ")

    @operation(
        router,
        "GET",
        f"/{{id}}{path}",
        id="get" + "".join(w.capitalize() for w in track.lifecycle.name.split("_")),
        summary=f"Read the {words}",
        answer=kind,
        scope=Scope.TANDEM_READ,
        description=f"The {words} of a tandem case, with a version and an ETag of its own.",
    )
    async def read(id: Id, db: LoggedRead) -> Response:
        return await service.read(db, track, id)

    for arrow in track.lifecycle.transitions:
        if not arrow.by <= {"system"}:
            (_with_body if arrow.name in BODIES else _plain)(track, path, arrow.name)


def _plain(track: Track, path: str, arrow: str) -> None:
    kind = ANSWERS[track.lifecycle.name]

    @transition(router, track.lifecycle, arrow, scope=Scope.TANDEM_WRITE, answer=kind, under=path)
    async def move(id: Id, db: Write, if_match: IfMatch = None) -> Response:
        return await service.advance(db, track, id, arrow, expected(if_match))


def _with_body(track: Track, path: str, arrow: str) -> None:
    kind = ANSWERS[track.lifecycle.name]

    async def move(id: Id, body: Any, db: Write, if_match: IfMatch = None) -> Response:
        given = body.model_dump()
        return await service.advance(db, track, id, arrow, expected(if_match), given)

    move.__annotations__["body"] = BODIES[arrow]
    transition(router, track.lifecycle, arrow, scope=Scope.TANDEM_WRITE, answer=kind, under=path)(
        move
    )


_register(LEGAL, "/legal-track")
_register(PLACEMENT, "/placement-track")
