"""`/v1/employer-declarations`, `/v1/ba-approval-requests`, gates, procedures, clearances."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from integration_api.kernel import lists
from integration_api.kernel.concurrency import IfMatch, expected
from integration_api.kernel.db import Amend, LoggedRead, Write
from integration_api.kernel.operations import operation, transition
from integration_api.kernel.problems import language
from integration_api.kernel.scalars import Id
from integration_api.kernel.schemas import PageQuery, Schema
from integration_api.kernel.scopes import Scope

from . import schemas_work as schemas
from . import service_approvals as approvals
from . import service_clearances as clearances
from . import service_declarations as declarations
from .lifecycle_approvals import APPROVAL, DECLARATION

of_tandem = APIRouter(prefix="/tandem-cases", tags=["Tandem"])
declared = APIRouter(prefix="/employer-declarations", tags=["Tandem"])
asked = APIRouter(prefix="/ba-approval-requests", tags=["Tandem"])


class SvgResponse(Response):
    """A picture."""

    media_type = clearances.SVG


routers = (of_tandem, declared, asked)
READ, WRITE = Scope.TANDEM_READ, Scope.TANDEM_WRITE


@operation(
    of_tandem,
    "GET",
    "/{id}/gates",
    id="getGates",
    summary="Read the gates of a tandem case",
    answer=schemas.GatesOut,
    scope=READ,
)
async def get_gates(id: Id, db: LoggedRead) -> Response:
    """What is missing between the tracks; a move that needs a gate is refused with its name."""
    return await clearances.gates(db, id)


@operation(
    of_tandem,
    "GET",
    "/{id}/timeline",
    id="getTimeline",
    summary="Read the timeline of a tandem case",
    answer=schemas.TimelineOut,
    scope=READ,
)
async def get_timeline(id: Id, db: LoggedRead) -> Response:
    """What happened on both tracks and at the employment agency; the newest 200 steps."""
    return await clearances.timeline(db, id)


@operation(
    of_tandem,
    "GET",
    "/{id}/timeline.svg",
    id="drawTimeline",
    summary="Draw the timeline of a tandem case",
    answer=None,
    scope=READ,
    response=SvgResponse,
)
async def draw_timeline(
    request: Request, id: Id, db: LoggedRead, narrowed: Annotated[schemas.Drawn, Query()]
) -> Response:
    """The timeline as a picture, the present state of each lane lit up."""
    return await clearances.drawn_timeline(db, id, narrowed.lang or language(request))


@operation(
    of_tandem,
    "GET",
    "/{id}/procedures",
    id="listProcedures",
    summary="List procedures of a tandem case",
    answer=schemas.ProcedurePage,
    scope=READ,
)
async def list_procedures(
    request: Request, id: Id, db: LoggedRead, asked: Annotated[PageQuery, Query()]
) -> Response:
    """Procedures beside the tandem case, newest first; the newest result counts."""
    place = lists.place(request, db.caller, asked.cursor, asked.limit)
    return await clearances.procedures(db, id, place)


@operation(
    of_tandem,
    "POST",
    "/{id}/procedures",
    id="recordProcedure",
    summary="Record a procedure",
    answer=schemas.ProcedureOut,
    scope=WRITE,
    status=201,
)
async def record_procedure(id: Id, body: schemas.ProcedureIn, db: Write) -> Response:
    """The placement team records a procedure or its result; what was recorded stays."""
    return await clearances.record(db, id, body)


@operation(
    of_tandem,
    "GET",
    "/{id}/start-clearances",
    id="listStartClearances",
    summary="List start clearances",
    answer=schemas.ClearancePage,
    scope=READ,
)
async def list_clearances(
    request: Request, id: Id, db: LoggedRead, asked: Annotated[PageQuery, Query()]
) -> Response:
    """Clearances of the tandem case, newest first; at most one stands."""
    place = lists.place(request, db.caller, asked.cursor, asked.limit)
    return await clearances.clearances(db, id, place)


@operation(
    of_tandem,
    "POST",
    "/{id}/start-clearances",
    id="issueStartClearance",
    summary="Issue a start clearance",
    answer=schemas.ClearanceOut,
    scope=WRITE,
    status=201,
)
async def issue_clearance(id: Id, db: Write) -> Response:
    """The legal team clears the start for the newest declaration, once G3 is met."""
    return await clearances.issue(db, id)


@operation(
    declared,
    "GET",
    "",
    id="listEmployerDeclarations",
    summary="List employer declarations",
    answer=schemas.DeclarationPage,
    scope=READ,
    problems=(404,),
)
async def list_declarations(
    request: Request, db: LoggedRead, narrowed: Annotated[schemas.OfTandem, Query()]
) -> Response:
    """Declarations of a tandem case, newest first."""
    place = lists.place(request, db.caller, narrowed.cursor, narrowed.limit)
    return await declarations.list_(db, narrowed.tandem_case_id, place)


@operation(
    declared,
    "GET",
    "/{id}",
    id="getEmployerDeclaration",
    summary="Read an employer declaration",
    answer=schemas.DeclarationOut,
    scope=READ,
)
async def get_declaration(id: Id, db: LoggedRead) -> Response:
    """A declaration; `missing` says what a complete one still needs."""
    return await declarations.get(db, id)


@operation(
    declared,
    "POST",
    "",
    id="createEmployerDeclaration",
    summary="Record an employer declaration",
    answer=schemas.DeclarationOut,
    scope=WRITE,
    status=201,
)
async def create_declaration(body: schemas.DeclarationIn, db: Write) -> Response:
    """Records a draft; a change of a submitted one is a new one that replaces it."""
    return await declarations.create(db, body)


@operation(
    declared,
    "PATCH",
    "/{id}",
    id="updateEmployerDeclaration",
    summary="Change a draft of a declaration",
    answer=schemas.DeclarationOut,
    scope=WRITE,
)
async def update_declaration(
    id: Id, body: schemas.DeclarationPatch, db: Amend, if_match: IfMatch = None
) -> Response:
    """Changes a draft (JSON merge patch)."""
    return await declarations.amend(db, id, body, expected(if_match))


@transition(declared, DECLARATION, "submit", scope=WRITE, answer=schemas.DeclarationOut)
async def submit_declaration(id: Id, db: Write, if_match: IfMatch = None) -> Response:
    """Submits; see the drawing."""
    return await declarations.submit(db, id, expected(if_match))


@operation(
    asked,
    "GET",
    "",
    id="listBaApprovalRequests",
    summary="List BA approval requests",
    answer=schemas.ApprovalPage,
    scope=READ,
    problems=(404,),
)
async def list_approvals(
    request: Request, db: LoggedRead, narrowed: Annotated[schemas.OfTandem, Query()]
) -> Response:
    """Requests of a tandem case to the employment agency, newest first."""
    place = lists.place(request, db.caller, narrowed.cursor, narrowed.limit)
    return await approvals.list_(db, narrowed.tandem_case_id, place)


@operation(
    asked,
    "GET",
    "/{id}",
    id="getBaApprovalRequest",
    summary="Read a BA approval request",
    answer=schemas.ApprovalOut,
    scope=READ,
)
async def get_approval(id: Id, db: LoggedRead) -> Response:
    """A request with its deadline; an approval, also by silence, permits nobody to work."""
    return await approvals.get(db, id)


@operation(
    asked,
    "POST",
    "",
    id="createBaApprovalRequest",
    summary="Draft a BA approval request",
    answer=schemas.ApprovalOut,
    scope=WRITE,
    status=201,
)
async def create_approval(body: schemas.ApprovalIn, db: Write) -> Response:
    """The legal team drafts a request for a submitted declaration; one at a time."""
    return await approvals.create(db, body)


def _asked(arrow: str, takes: type[Schema] | None) -> None:
    """Register an arrow of a request, with the body that it takes."""
    register: Any = transition(asked, APPROVAL, arrow, scope=WRITE, answer=schemas.ApprovalOut)

    async def plain(id: Id, db: Write, if_match: IfMatch = None) -> Response:
        return await approvals.advance(db, id, arrow, expected(if_match))

    async def bodied(id: Id, body: Any, db: Write, if_match: IfMatch = None) -> Response:
        given = body.model_dump()
        return await approvals.advance(db, id, arrow, expected(if_match), given)

    bodied.__annotations__["body"] = takes
    register(bodied if takes else plain)


_asked("transmit", schemas.TransmitApproval)
_asked("require_information", schemas.RequireInformation)
_asked("approve", schemas.ApproveRequest)
_asked("approve_restricted", schemas.ApproveRestricted)
_asked("refuse", schemas.RefuseApproval)
_asked("withdraw", None)
