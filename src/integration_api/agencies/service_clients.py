"""What the administration of an agency can do with its API clients and their keys.

It hands out what the roles that it may grant can do between them, and nothing else; a client that
may do more, or speaks for a person, is the operator's to give a key.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from uuid import UUID

from integration_api.code_lists.service import must_know
from integration_api.edge.once import shown_once
from integration_api.identity.keys import new_key
from integration_api.identity.rights import by_operator, grantable, purposes, scopes
from integration_api.kernel import clock, concurrency
from integration_api.kernel.answers import Answer, resource
from integration_api.kernel.db import ReadTx, WriteTx
from integration_api.kernel.ids import uuid7
from integration_api.kernel.lists import Place
from integration_api.kernel.problems import Conflict, Finding, UnknownReference

from .access import must_administer, operators
from .schemas_clients import ApiClientFilter, ApiClientIn
from .statements_clients import (
    ADD_KEY,
    COUNT_LIVE,
    CREATE,
    GET,
    KEY_REVOKED,
    LOCK,
    REVOKE_KEY,
    REVOKED,
    ROTATED,
    SEE,
    list_clients,
)
from .statements_members import SEE_AGENCY

LIVE_KEYS = 2  # one in use and its successor


async def get(tx: ReadTx, id: UUID) -> Answer:
    """One client of the own agency or its teams.

    Raises:
        NotFound: there is none.
    """
    return resource(await tx.row(GET, id=id))


async def list_(tx: ReadTx, narrowed: ApiClientFilter, place: Place) -> Answer:
    """One page of clients."""
    filters = narrowed.filters()
    statement = list_clients(frozenset(filters), place.direction)
    return place.answer(await tx.row(statement, **filters, **place.params))


async def create(tx: WriteTx, given: ApiClientIn, environment: str) -> Answer:
    """Add a client with its first key, whose text is in this answer alone.

    Raises:
        NotYourMoveProblem: the caller does not administer, or a scope or purpose is beyond it.
        UnknownReference: no such agency of the caller's, no such purpose.
    """
    must_administer(tx.caller)
    for place, purpose in enumerate(given.purposes):
        must_know("purposes", purpose, f"/purposes/{place}")
    _within("scopes", given.scopes, scopes(grantable()))
    _within("purposes", given.purposes, purposes(grantable()))
    id, agency = uuid7(), given.agency_id or tx.caller.agency_id
    await concurrency.exists(tx, SEE_AGENCY, "/agency_id", id=agency)
    values = {"name": given.name, "scopes": sorted(set(given.scopes))}
    values |= {"purposes": list(dict.fromkeys(given.purposes))}
    await tx.row(CREATE, id=id, agency_id=agency, **values)
    key = await _add_key(tx, id, given.key_days, environment)
    location = f"/v1/api-clients/{id}"
    return shown_once(
        tx, resource(await tx.row(GET, id=id), status=201, location=location), "key", key
    )


async def rotate(tx: WriteTx, id: UUID, version: int, days: int, environment: str) -> Answer:
    """Give a client its next key; the old one works on until it is revoked.

    Raises:
        NotFound, PreconditionFailed.
        NotYourMoveProblem: the caller does not administer, or the client is the operator's.
        Conflict: it is revoked, or has two live keys.
    """
    await _hold(tx, id, version, gives=True)
    live = await tx.row(COUNT_LIVE, id=id)
    if live and live["live"] >= LIVE_KEYS:
        words = ("Hat schon zwei gültige Schlüssel.", "Has two live keys already.")
        raise Conflict(Finding("two_live_keys", *words))
    key = await _add_key(tx, id, days, environment)
    return shown_once(tx, resource(await tx.row(ROTATED, id=id)), "key", key)


async def revoke_key(tx: WriteTx, id: UUID, version: int, key_id: UUID) -> Answer:
    """End one key of a client; it is felt within 30 seconds everywhere.

    Raises:
        NotFound, PreconditionFailed, NotYourMoveProblem, Conflict: as `revoke`.
        UnknownReference: no key of this client that is not revoked.
    """
    await _hold(tx, id, version)
    if await tx.row(REVOKE_KEY, id=id, key_id=key_id) is None:
        raise UnknownReference("/key_id")
    return tx.answer(resource(await tx.row(KEY_REVOKED, id=id)))


async def revoke(tx: WriteTx, id: UUID, version: int) -> Answer:
    """End a client with all of its keys and its login.

    Raises:
        NotFound, PreconditionFailed.
        NotYourMoveProblem: the caller does not administer, or the client oversees the agency.
        Conflict: it is revoked already.
    """
    await _hold(tx, id, version)
    return tx.answer(resource(await tx.row(REVOKED, id=id)))


async def _hold(tx: WriteTx, id: UUID, version: int, *, gives: bool = False) -> None:
    """Lock a client that lives and is the administration's to change, or to `give` a key."""
    must_administer(tx.caller)
    row = await concurrency.hold(tx, LOCK, SEE, version, id=id)
    beyond = row["member_id"] or not scopes(grantable()).issuperset(row["scopes"])
    if (gives and beyond) or any(by_operator(role) for role in row["roles"] or ()):
        raise operators()
    if row["revoked_at"]:
        words = ("Ist schon widerrufen.", "Is revoked already.")
        raise Conflict(Finding("revoked", *words))


def _within(name: str, given: Sequence[str], most: Iterable[str]) -> None:
    for place, one in enumerate(given):
        if one not in most:
            raise operators(f"/{name}/{place}")


async def _add_key(tx: WriteTx, id: UUID, days: int, environment: str) -> str:
    text, hashed = new_key(environment)
    ends = clock.now() + timedelta(days=days)
    await tx.row(ADD_KEY, id=id, key_id=uuid7(), hashed=hashed, expires_at=ends)
    return text
