"""The only wiring: features, drawings, reactions, problem handlers, the app's life."""

import asyncio
import gc
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response

from . import __version__
from .agencies import routes as agencies
from .agencies import routes_clients as api_clients
from .agencies import routes_members as members
from .audit import routes as audit
from .cases import lifecycle as cases_drawn
from .cases import routes as cases
from .cases import routes_notes as notes
from .cases import routes_upsert as cases_upsert
from .changes import routes as changes
from .changes import service as changes_service
from .changes.listening import Bell
from .checks import routes as checks
from .checks import routes_responsibility as responsibility
from .code_lists import routes as code_lists
from .code_lists import service as code_lists_service
from .code_lists import service_loaded as code_lists_loaded
from .code_lists.service import Language
from .competences import routes as competences
from .competences import routes_waiting as waiting_times
from .contract.build import Example, build
from .contract.deprecations import Deprecation, check, deprecations
from .contract.parts import Document
from .contract.terms import terms
from .disclosures import routes as disclosures
from .disclosures import service_break_glass
from .edge import guards, observe, sunset
from .edge.index import Index
from .edge.limiter import Limits
from .edge.vault import Vault
from .employers import routes as employers
from .exports import routes as exports
from .health import routes as health
from .health import service as health_service
from .identity.credentials import credentials
from .imports import routes as imports
from .jobs import lifecycle as jobs_drawn
from .jobs import routes as jobs
from .kernel import clock, problems, reactions
from .kernel.db import LATER, LOST, Database, Pool
from .kernel.idempotency import Replay
from .kernel.lifecycle import Lifecycle
from .kernel.paging import Cursors
from .kernel.reactions import Cause, Reaction
from .kernel.settings import Settings
from .me import routes as me
from .offers import lifecycle as offers_drawn
from .offers import routes as offers
from .persons import lifecycle as persons_drawn
from .persons import routes as persons
from .persons import routes_consents as consents
from .persons import routes_facts as residence_facts
from .persons import routes_periods as periods
from .portal import routes as portal
from .postgres.pooling import Pooling
from .referrals import lifecycle as referrals_drawn
from .referrals import routes as referrals
from .referrals import service as referrals_service
from .rules import lifecycle as rules_drawn
from .rules import routes as rule_packs
from .sites import routes as sites
from .tandem import lifecycle_approvals as approvals_drawn
from .tandem import lifecycle_legal as legal_drawn
from .tandem import lifecycle_placement as placement_drawn
from .tandem import pictures as tandem_pictures
from .tandem import routes as tandem
from .tandem import routes_tracks as tracks
from .tandem import routes_work as tandem_work
from .tandem import service as tandem_service
from .tandem import service_clearances as clearances_service
from .tandem.events import EVENTS as TANDEM_EVENTS
from .tasks import lifecycle as tasks_drawn
from .tasks import routes as tasks
from .versions import routes as versions
from .webhooks import lifecycle as webhooks_drawn
from .webhooks import routes as webhooks
from .webhooks import routes_deliveries as webhook_deliveries
from .webhooks import setup as webhooks_setup

FEATURES: tuple[APIRouter, ...] = (
    agencies.router,
    sites.router,
    offers.router,
    members.router,
    api_clients.router,
    competences.router,
    waiting_times.router,
    code_lists.router,
    rule_packs.router,
    checks.router,
    responsibility.router,
    employers.router,
    persons.router,
    periods.router,
    residence_facts.router,
    consents.router,
    disclosures.router,
    cases.router,
    cases_upsert.router,
    notes.router,
    referrals.router,
    tandem.router,
    tracks.router,
    *tandem_work.routers,
    tasks.router,
    jobs.router,
    exports.router,
    imports.router,
    me.router,
    audit.router,
    changes.router,
    webhooks.router,
    webhook_deliveries.router,
)
LIFECYCLES: tuple[Lifecycle[Any], ...] = (
    referrals_drawn.REFERRAL,
    cases_drawn.CASE,
    persons_drawn.CONSENT,
    persons_drawn.DISCLOSURE,
    legal_drawn.LEGAL_TRACK,
    placement_drawn.PLACEMENT_TRACK,
    approvals_drawn.DECLARATION,
    approvals_drawn.APPROVAL,
    tasks_drawn.TASK,
    rules_drawn.RULE_PACK,
    offers_drawn.OFFER,
    jobs_drawn.JOB,
    webhooks_drawn.WEBHOOK_ENDPOINT,
)
PICTURES: Mapping[str, Callable[[Language], str]] = {"tandem_gates": tandem_pictures.gates}
"""Drawings that are no lifecycle, by name."""
EVENTS: Mapping[str, str] = {
    "agency.created": "An agency was added to the directory.",
    "agency.changed": "An agency of the directory was changed.",
    "site.created": "A site was added to the directory.",
    "site.changed": "A site of the directory was changed.",
    "member.created": "A member was added to an agency.",
    "member.changed": "Function, roles, last day or login of a member were changed.",
    "api_client.created": "A client with a key was added to an agency.",
    "api_client.key_added": "A client was given its next key.",
    "api_client.key_revoked": "A key of a client ended.",
    "api_client.revoked": "A client ended with all of its keys.",
    "competence.recorded": "A competence of an agency was recorded.",
    "competence.changed": "The end of a competence was changed.",
    "waiting_time.observed": "A waiting time was observed at an agency.",
    "employer.recorded": "An employer was recorded.",
    "employer.changed": "An employer was changed.",
    **persons_drawn.EVENTS,
    **cases_drawn.EVENTS,
    **referrals_drawn.EVENTS,
    **TANDEM_EVENTS,
    **tasks_drawn.EVENTS,
    **rules_drawn.EVENTS,
    **offers_drawn.EVENTS,
    **jobs_drawn.EVENTS,
    **webhooks_drawn.EVENTS,
}
PARTS_OF: Mapping[str, str] = {
    "case_note": "case",
    "residence_fact": "person",
    "residence_period": "person",
    "legal_track": "tandem_case",
    "placement_track": "tandem_case",
    "employer_declaration": "tandem_case",
    "ba_approval_request": "tandem_case",
    "tandem_procedure": "tandem_case",
    "start_clearance": "tandem_case",
}
"""What is a part of what: events of it name both."""
EVENT_TYPES = frozenset(EVENTS) | {t.event for one in LIFECYCLES for t in one.transitions}
TAGS: Mapping[str, str] = {
    "Members": "Who works for an agency: functions and roles, no names; who logs in as them.",
    "API clients": "Programs that act for an agency: what they may do, and their keys.",
    "Waiting times": "How long one waits at an agency: observations, each with its day.",
    "Consents": "What a person allows: which agency may have which data, for what, until when.",
}
"""Tags whose noun lives in the folder of another; the others are told by their package."""
REACTIONS: Mapping[Cause, tuple[Reaction, ...]] = {
    Cause.DISCLOSURE_ENDED: (
        referrals_service.withdraw_for_disclosure,
        clearances_service.invalidate_for_disclosure,
    ),
    Cause.CASE_CLOSING: (referrals_service.refuse_if_pending, tandem_service.refuse_if_open),
    Cause.REVIEW_REFUSED: (service_break_glass.end_refused,),
}


def create_app(
    settings: Settings,
    *,
    dsn: str,
    secret: bytes,
    demo: Mapping[str, str] | None = None,
    ending: Sequence[Deprecation] | None = None,
) -> FastAPI:
    """The application on the database at `dsn`; `secret` seals, `demo` names its keys.

    `ending` are the deprecated operations; those of the table where nothing is given.

    Raises:
        ValueError: what is deprecated, or its successor, does not exist, or ends too soon.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            await _connect(app, dsn, stack)
            await _warm(app)
            gc.freeze()  # what was loaded stays: looking through it again would only take time
            app.state.started = True
            yield
            app.state.draining = True

    app = FastAPI(
        title="Integration API",
        version=__version__,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        separate_input_output_schemas=False,
        openapi_tags=[{"name": name, "description": text} for name, text in TAGS.items()],
    )
    _furnish(app, settings, secret, demo)
    app.state.ending = deprecations() if ending is None else tuple(ending)
    for router in FEATURES:
        app.include_router(router, prefix="/v1")
    for router in (health.router, portal.router, versions.router):
        app.include_router(router)
    app.router.routes.insert(0, Index(list(app.router.routes)))
    problems.install(app)
    app.exception_handler(Replay)(_replayed)
    reactions.wire(REACTIONS)
    _guard(app, settings)
    return app


def _furnish(
    app: FastAPI, settings: Settings, secret: bytes, demo: Mapping[str, str] | None
) -> None:
    """What handlers find in the state of the application."""
    state = app.state
    state.settings, state.public_url, state.demo = settings, settings.public_url, demo
    state.cursors, state.lifecycles, state.pictures = Cursors(secret), LIFECYCLES, PICTURES
    state.vault = Vault.of(secret, settings)
    state.webhooks = webhooks_setup.rules(settings, secret, EVENT_TYPES, _number(state.cursors))
    state.bell, state.event_types = Bell(lambda: state.draining), EVENT_TYPES
    state.started, state.draining, state.readiness = False, False, (0.0, {})
    state.counted = (-health_service.COUNT_SECONDS, {})
    state.checking, state.counting = asyncio.Lock(), asyncio.Lock()


async def _connect(app: FastAPI, dsn: str, stack: AsyncExitStack) -> None:
    """The pools, and what follows the database for as long as the application lives."""
    settings: Settings = app.state.settings
    way = Pooling(settings, dsn)
    main = await stack.enter_async_context(way.pool(settings.pool_size))
    app.state.probe = await stack.enter_async_context(way.probe())
    app.state.db = Database(main, way.brackets, settings.pool_wait_seconds)
    app.state.db.asking = asking = way.asking(main)
    if not settings.durable_access_records:
        app.state.db.recording = LATER
    app.state.credentials = credentials(asking, settings)
    stack.push_async_callback(app.state.credentials.close)
    await _follow(app, way.direct, stack)
    if app.state.demo is not None:
        stack.callback(asyncio.create_task(_follow_demo_clock(asking)).cancel)


def _number(cursors: Cursors) -> webhooks_setup.Number:
    """After which event a cursor of the feed begins."""
    return partial(changes_service.number_of, cursors)


def _guard(app: FastAPI, settings: Settings) -> None:
    app.add_middleware(
        guards.Guard,
        limits=Limits(settings.caller_rate, settings.address_rate),
        deadline=settings.request_deadline_seconds,
        forms=portal.FORMS,
        uploads=(imports.PART,),
    )
    if ending := app.state.ending:
        check(ending, sunset.operations(app))
        told = {one.operation: (one.headers(settings.public_url), one.successor) for one in ending}
        app.add_middleware(sunset.Sunset, notices=sunset.notices(app, told))
    app.add_middleware(observe.Observe)


async def _replayed(_: Request, replay: Exception) -> Response:
    assert isinstance(replay, Replay)
    return replay.answer


async def _warm(app: FastAPI) -> None:
    """The first request builds all routes, which takes long: let it be ours."""
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": "/v1/me",
        "raw_path": b"/v1/me",
        "root_path": "",
        "query_string": b"",
        "headers": [],
        "client": ("127.0.0.1", 0),
        "server": ("127.0.0.1", 0),
        "state": {},
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(_: Any) -> None:
        """The answer, a 401, is for nobody."""

    await app(scope, receive, send)


async def _follow(app: FastAPI, dsn: str, stack: AsyncExitStack) -> None:
    """Loaded code lists, and the ring when events are numbered."""
    lists = code_lists_loaded.Loaded()
    await lists.look(app.state.db)
    for work in (lists.follow(app.state.db), app.state.bell.listen(dsn)):
        stack.callback(asyncio.create_task(work).cancel)


async def _follow_demo_clock(connections: Pool) -> None:
    while True:
        with suppress(*LOST, TimeoutError):
            async with connections.acquire(timeout=1) as connection:
                await clock.follow(connection)
        await asyncio.sleep(1)


def contract(
    examples: Mapping[str, Example], ending: Sequence[Deprecation] | None = None
) -> Document:
    """The contract of this application, in English; `ending` as in `create_app`."""
    codes = {name: list(found.entries) for name, found in code_lists_service.lists().items()}
    app = create_app(Settings(), dsn="", secret=bytes(32), ending=ending)
    return build(
        app,
        lifecycles=LIFECYCLES,
        events=EVENTS,
        parts_of=PARTS_OF,
        examples=examples,
        code_lists=codes,
        deprecations=app.state.ending,
        terms=terms(),
    )
