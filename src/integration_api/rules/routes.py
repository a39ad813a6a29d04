"""`/v1/rule-packs`."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from integration_api.code_lists.served import CACHED
from integration_api.edge.optional import ANONYMOUSLY, REFUSALS, PublicRead
from integration_api.kernel import lists
from integration_api.kernel.concurrency import IfMatch, expected
from integration_api.kernel.db import Amend, Write
from integration_api.kernel.operations import operation, transition
from integration_api.kernel.scalars import Id
from integration_api.kernel.scopes import Scope

from . import service
from .lifecycle import RULE_PACK
from .schemas import RulePackFilter, RulePackIn, RulePackOut, RulePackPage, RulePackPatch

router = APIRouter(prefix="/rule-packs", tags=["Rule packs"])
WRITE = Scope.RULE_PACKS_WRITE
OPEN = {**CACHED, **ANONYMOUSLY}


@operation(
    router,
    "GET",
    "",
    id="listRulePacks",
    summary="List rule packs",
    answer=RulePackPage,
    public=True,
    problems=REFUSALS,
    extra=OPEN,
)
async def list_rule_packs(
    request: Request, db: PublicRead, narrowed: Annotated[RulePackFilter, Query()]
) -> Response:
    """Rule packs without their rules, newest first; with a key also drafts of the municipality."""
    place = lists.place(request, db.caller, narrowed.cursor, narrowed.limit)
    return await service.list_(db, narrowed, place)


@operation(
    router,
    "GET",
    "/{id}",
    id="getRulePack",
    summary="Read a rule pack",
    answer=RulePackOut,
    public=True,
    problems=REFUSALS,
    extra=OPEN,
)
async def get_rule_pack(id: Id, db: PublicRead) -> Response:
    """One rule pack with all its rules; a draft is read by its own municipality alone."""
    return await service.get(db, id)


@operation(
    router,
    "POST",
    "",
    id="createRulePack",
    summary="Draft a rule pack",
    answer=RulePackOut,
    scope=WRITE,
    status=201,
)
async def create_rule_pack(body: RulePackIn, db: Write) -> Response:
    """Writes a draft of the caller's municipality; all that is wrong with its rules is told."""
    return await service.create(db, body)


@operation(
    router,
    "PATCH",
    "/{id}",
    id="updateRulePack",
    summary="Change a draft of a rule pack",
    answer=RulePackOut,
    scope=WRITE,
)
async def update_rule_pack(
    id: Id, body: RulePackPatch, db: Amend, if_match: IfMatch = None
) -> Response:
    """Changes a draft (JSON merge patch); `rules` are replaced as a whole."""
    return await service.amend(db, id, body, expected(if_match))


@transition(router, RULE_PACK, "submit", scope=WRITE, answer=RulePackOut)
async def submit(id: Id, db: Write, if_match: IfMatch = None) -> Response:
    """Submits; see the drawing."""
    return await service.advance(db, id, "submit", expected(if_match))


@transition(router, RULE_PACK, "return", scope=WRITE, answer=RulePackOut)
async def return_(id: Id, db: Write, if_match: IfMatch = None) -> Response:
    """Returns; see the drawing."""
    return await service.advance(db, id, "return", expected(if_match))


@transition(router, RULE_PACK, "release", scope=WRITE, answer=RulePackOut)
async def release(id: Id, db: Write, if_match: IfMatch = None) -> Response:
    """Releases; see the drawing."""
    return await service.advance(db, id, "release", expected(if_match))


@transition(router, RULE_PACK, "hold", scope=WRITE, answer=RulePackOut)
async def hold(id: Id, db: Write, if_match: IfMatch = None) -> Response:
    """Holds; see the drawing."""
    return await service.advance(db, id, "hold", expected(if_match))


@transition(router, RULE_PACK, "resume", scope=WRITE, answer=RulePackOut)
async def resume(id: Id, db: Write, if_match: IfMatch = None) -> Response:
    """Resumes; see the drawing."""
    return await service.advance(db, id, "resume", expected(if_match))
