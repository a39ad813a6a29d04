"""The public part of the service, which needs no database: code lists and portal."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal

import asyncpg
import httpx
from fastapi import APIRouter, FastAPI

from integration_api.app import LIFECYCLES, PICTURES
from integration_api.code_lists import routes as code_lists
from integration_api.edge import guards, observe
from integration_api.edge.limiter import Limits
from integration_api.kernel import problems
from integration_api.kernel.db import Database
from integration_api.kernel.paging import Cursors
from integration_api.kernel.settings import Settings
from integration_api.portal import routes as portal
from tests import watch

DEMO = {"wuppertal-jobcenter": "ia_demo_12ab34cd_" + "0" * 72, "koeln-case-management": "ia_demo_x"}


def public_app(
    *, demo: dict[str, str] | None = None, environment: Literal["live", "test", "demo"] = "demo"
) -> FastAPI:
    """An app with the public routers, all middleware and problem handlers, and no database."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    app.state.cursors, app.state.lifecycles = (
        Cursors(b"a secret of the tests, 32 bytes long"),
        LIFECYCLES,
    )
    app.state.pictures = PICTURES
    app.state.public_url, app.state.demo = "https://api.example.org", demo
    app.state.settings = Settings(
        environment=environment, security_contact="mailto:sicherheit@example.org"
    )
    v1 = APIRouter(prefix="/v1")
    v1.include_router(code_lists.router)
    app.include_router(v1)
    app.include_router(portal.router)
    problems.install(app)
    app.add_middleware(guards.Guard, limits=Limits("1000000/second", "1000000/second"))
    app.add_middleware(observe.Observe)
    return app


@asynccontextmanager
async def reader(
    *, demo: dict[str, str] | None = None, environment: Literal["live", "test", "demo"] = "demo"
) -> AsyncIterator[httpx.AsyncClient]:
    """A client without a key."""
    app = public_app(demo=demo, environment=environment)
    # the start page does without its form where no database answers
    app.state.db = Database(asyncpg.create_pool(min_size=0))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(
        transport=transport,
        base_url="http://office.test",
        event_hooks={"response": [watch.see]},
    ) as client:
        yield client
