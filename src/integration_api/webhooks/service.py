"""What the agency that owns an endpoint can do with it."""

from collections.abc import Collection, Sequence
from urllib.parse import urlsplit
from uuid import UUID

import asyncpg

from integration_api.edge.addresses import Reach
from integration_api.edge.once import shown_once
from integration_api.edge.outgoing import LOOPBACK
from integration_api.edge.vault import Vault
from integration_api.kernel import clock, concurrency
from integration_api.kernel.answers import Answer, resource
from integration_api.kernel.db import ReadTx, WriteTx
from integration_api.kernel.ids import uuid7
from integration_api.kernel.lists import Place
from integration_api.kernel.problems import (
    Conflict,
    Finding,
    InvalidCursor,
    UnknownReference,
    Unprocessable,
)
from integration_api.kernel.schemas import changes

from .lifecycle import OWNER, WEBHOOK_ENDPOINT, WebhookEndpointStatus
from .schemas import ReplayWebhooks, WebhookEndpointFilter, WebhookEndpointIn, WebhookEndpointPatch
from .setup import Rules
from .signing import new_secret, sealed
from .statements import (
    ADD_SECRET,
    COUNT,
    COUNT_SECRETS,
    CREATE,
    END_SECRETS,
    GET,
    LOCK,
    MOVE,
    REPLAY,
    ROTATED,
    SEE,
    change,
    list_endpoints,
)

MOST_ENDPOINTS = 200
MOST_SECRETS = 5
"""That sign at the same time; each costs the receiver a comparison."""


async def get(tx: ReadTx, id: UUID) -> Answer:
    """One endpoint of the caller's agency.

    Raises:
        NotFound: there is none.
    """
    return resource(await tx.row(GET, id=id))


async def list_(tx: ReadTx, narrowed: WebhookEndpointFilter, place: Place) -> Answer:
    """One page of endpoints."""
    filters = narrowed.filters()
    statement = list_endpoints(frozenset(filters), place.direction)
    return place.answer(await tx.row(statement, **filters, **place.params))


async def create(tx: WriteTx, given: WebhookEndpointIn, rules: Rules) -> Answer:
    """Add an endpoint with its first secret, whose text is in this answer alone.

    Raises:
        Unprocessable: the address is none that may be called.
        UnknownReference: an event type does not exist.
        Conflict: the agency has too many.
    """
    _must_be_callable(given.url, rules.reach)
    _must_exist(given.types, rules.types)
    row = await tx.row(COUNT)
    if row and row["found"] >= MOST_ENDPOINTS:
        words = (f"Es gibt schon {MOST_ENDPOINTS}.", f"There are {MOST_ENDPOINTS} already.")
        raise Conflict(Finding("too_many", *words))
    id = uuid7()
    await tx.row(CREATE, id=id, **given.model_dump())
    secret = await _add_secret(tx, id, rules.vault)
    location = f"/v1/webhook-endpoints/{id}"
    answer = resource(await tx.row(GET, id=id), status=201, location=location)
    return shown_once(tx, answer, "secret", secret)


async def amend(
    tx: WriteTx, id: UUID, patch: WebhookEndpointPatch, version: int, rules: Rules
) -> Answer:
    """Change address, types or description.

    Raises:
        NotFound, PreconditionFailed.
        Unprocessable, UnknownReference: as `create`.
    """
    values = changes(patch)
    if "url" in values:
        _must_be_callable(values["url"], rules.reach)
    _must_exist(values.get("types", ()), rules.types)
    await concurrency.hold(tx, LOCK, SEE, version, id=id)
    if values:
        await tx.row(change(frozenset(values)), id=id, **values)
    return resource(await tx.row(GET, id=id))


async def rotate(tx: WriteTx, id: UUID, version: int, rules: Rules) -> Answer:
    """Give an endpoint its next secret; the one before signs beside it for 24 hours.

    Raises:
        NotFound, PreconditionFailed.
        Conflict: it was rotated too often within 24 hours.
    """
    await concurrency.hold(tx, LOCK, SEE, version, id=id)
    row = await tx.row(COUNT_SECRETS, id=id)
    if row and row["found"] >= MOST_SECRETS:
        words = ("Heute schon zu oft gewechselt.", "Was rotated too often today.")
        raise Conflict(Finding("too_many_secrets", *words))
    await tx.row(END_SECRETS, id=id)
    secret = await _add_secret(tx, id, rules.vault)
    await tx.row(ROTATED, id=id)
    return shown_once(tx, resource(await tx.row(GET, id=id)), "secret", secret)


async def advance(tx: WriteTx, id: UUID, arrow: str, version: int) -> Answer:
    """Disable or enable.

    Raises:
        NotFound, PreconditionFailed, TransitionNotAllowed.
    """
    row = await concurrency.hold(tx, LOCK, SEE, version, id=id)
    WEBHOOK_ENDPOINT.target(arrow, WebhookEndpointStatus(row["status"]), OWNER)
    await tx.row(MOVE[arrow], id=id)
    return tx.answer(resource(await tx.row(GET, id=id)))


async def replay(tx: WriteTx, id: UUID, given: ReplayWebhooks, rules: Rules) -> Answer:
    """Have the events of a time queued again; the worker does it, in their order.

    Raises:
        NotFound: there is no such endpoint.
        Conflict: a replay is being queued already, or the time has not begun.
        UnknownReference: `after` is no cursor of the feed of this agency.
        CursorExpired, FeedEpochChanged: nobody can go on from there (410).
    """
    resource(await tx.row(GET, id=id))  # before anything is written: 404
    now = clock.now()
    until = min(given.to_at or now, now)
    at = await _number(tx, given.after, rules) if given.after else 0
    if given.from_at is not None and until <= given.from_at:
        words = ("Hat noch nicht begonnen.", "Has not begun yet.")
        raise Conflict(Finding("not_begun", *words, pointer="/from_at"))
    try:
        await tx.row(REPLAY, id=id, from_at=given.from_at, to_at=until, at_seq=at)
    except asyncpg.UniqueViolationError as e:
        words = ("Eine Wiederholung läuft schon.", "A replay is under way already.")
        raise Conflict(Finding("replay_under_way", *words)) from e
    return tx.answer(resource(await tx.row(GET, id=id)))


async def _number(tx: WriteTx, after: str, rules: Rules) -> int:
    """The number after which a cursor begins; one in a body is like any other reference."""
    try:
        return await rules.number(tx, after)
    except InvalidCursor as e:
        raise UnknownReference("/after") from e


def _must_be_callable(url: str, reach: Reach) -> None:
    """Refuse what could never be sent to, in clear words; the guard is at the connection."""
    parts = urlsplit(url)
    here = reach.loopback and parts.hostname in LOOPBACK
    if parts.scheme != "https" and not here:
        words = ("Nur https.", "Only https.")
        raise Unprocessable(Finding("scheme_not_allowed", *words, pointer="/url"))
    try:
        port = parts.port or 443
    except ValueError:  # beyond 65535
        port = 0
    if port not in reach.ports and not (here and port):
        words = ("An diesen Port wird nicht gesendet.", "This port is not sent to.")
        raise Unprocessable(Finding("port_not_allowed", *words, pointer="/url"))


def _must_exist(types: Sequence[str], known: Collection[str]) -> None:
    if missing := [place for place, one in enumerate(types) if one not in known]:
        raise UnknownReference(*(f"/types/{place}" for place in missing))


async def _add_secret(tx: WriteTx, id: UUID, vault: Vault) -> str:
    text = new_secret()
    kept = {"sealed": sealed(vault, text, id), "key_id": vault.key_id}
    await tx.row(ADD_SECRET, id=id, secret_id=uuid7(), **kept)
    return text
