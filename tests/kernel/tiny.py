"""A tiny application behind the real guards: enough routes to be refused in every way."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

import httpx
from fastapi import APIRouter, Depends, FastAPI, Header, Query, Response
from pydantic import Field

from integration_api.edge import guards, observe
from integration_api.edge.limiter import Limits
from integration_api.kernel import problems
from integration_api.kernel.lifecycle import NotYourMove, TransitionNotAllowed
from integration_api.kernel.scalars import Code, Day, Flag, Id, Int, PartialDate, QueryFlag, Text
from integration_api.kernel.schemas import UNSET, PageQuery, Schema, Unset, changes
from integration_api.kernel.schemas import Query as NoParameters

ID = "01a210ae-f304-7029-9f68-c770c4920f50"
URL = "https://api.example.org"
KEY = {"Authorization": "Bearer known"}
JSON = {"Content-Type": "application/json"}


class Part(Schema):
    """A nested object."""

    name: Annotated[Text, Field(max_length=8)]
    count: Int = 1


class Thing(Schema):
    """A body with every scalar."""

    part: Part
    tags: Annotated[tuple[Code, ...], Field(max_length=2)] = ()
    day: Day | None = None
    born: PartialDate | None = None
    sure: Flag = False


class ThingPatch(Schema):
    """A merge patch."""

    part: Part | Unset = UNSET
    day: Annotated[Day | None, Field(description="A day.")] | Unset = UNSET


class Dry(NoParameters):
    """A query parameter beside a body."""

    dry: QueryFlag = False


class ThingFilter(PageQuery):
    """Query parameters in a model."""

    tag: Code | None = None


async def known(authorization: Annotated[str | None, Header()] = None) -> None:
    """401 without a key, 403 with one that may do nothing."""
    if authorization is None:
        raise problems.Unauthenticated
    if authorization == "Bearer poor":
        raise problems.MissingScope(missing_scopes=["things:write"])


router = APIRouter(prefix="/things", dependencies=[Depends(known)])
open_router = APIRouter(prefix="/open")


@router.get("")
async def list_things(narrowed: Annotated[ThingFilter, Query()]) -> dict[str, Any]:
    return narrowed.filters()


@router.post("/{id}")
async def change(id: Id, body: Thing, asked: Annotated[Dry, Query()]) -> dict[str, Any]:
    return {"name": body.part.name, "dry": asked.dry}


@router.patch("/{id}")
async def patch(id: Id, body: ThingPatch) -> dict[str, Any]:
    return changes(body)


@router.post("/{id}/go")
async def go(id: Id, _: Annotated[NoParameters, Query()]) -> dict[str, Any]:
    return {"went": True}


@router.get("/{id}")
async def get(id: Id, _: Annotated[NoParameters, Query()]) -> dict[str, Any]:
    raise problems.NotFound


@open_router.get("/big")
async def big() -> Response:
    return Response("x" * 4000, media_type="text/plain", headers={"Cache-Control": "max-age=60"})


@open_router.get("/small")
async def small() -> dict[str, Any]:
    return {"small": True}


@open_router.get("/bug")
async def bug() -> None:
    raise LookupError("Erika Musterfrau")


@open_router.get("/slow")
async def slow() -> None:
    await asyncio.sleep(60)


@open_router.get("/moves/{kind}")
async def moves(kind: str) -> None:
    if kind == "other":
        raise NotYourMove("accept")
    raise TransitionNotAllowed("accept", "draft", ["send", "void"])


def build(**guard: Any) -> FastAPI:
    """The application with its middleware, as the real one puts it together."""
    app = FastAPI(redirect_slashes=False, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.public_url = URL
    v1 = APIRouter(prefix="/v1")
    v1.include_router(router)
    v1.include_router(open_router)
    app.include_router(v1)
    problems.install(app)
    guard = {"limits": Limits("1000000/second", "1000000/second")} | guard
    app.add_middleware(guards.Guard, **guard)
    app.add_middleware(observe.Observe)
    return app


@asynccontextmanager
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """HTTP without a socket."""
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url=URL) as made:
        yield made
