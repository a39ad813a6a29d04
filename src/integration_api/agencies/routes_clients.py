"""`/v1/api-clients`."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from integration_api.identity.credentials import Environment, Forgetting
from integration_api.kernel import lists
from integration_api.kernel.concurrency import IfMatch, expected
from integration_api.kernel.db import OwnRead, Write
from integration_api.kernel.operations import operation
from integration_api.kernel.scalars import Id
from integration_api.kernel.scopes import Scope

from . import service_clients as service
from .schemas_clients import (
    ApiClientFilter,
    ApiClientIn,
    ApiClientKeyOut,
    ApiClientOut,
    ApiClientPage,
    RevokeKey,
    RotateKey,
)

router = APIRouter(prefix="/api-clients", tags=["API clients"])


@operation(
    router,
    "GET",
    "",
    id="listApiClients",
    summary="List API clients",
    answer=ApiClientPage,
    scope=Scope.CLIENTS_READ,
)
async def list_clients(
    request: Request, db: OwnRead, narrowed: Annotated[ApiClientFilter, Query()]
) -> Response:
    """Clients of the caller's agency and its teams with their keys, newest first."""
    place = lists.place(request, db.caller, narrowed.cursor, narrowed.limit)
    return await service.list_(db, narrowed, place)


@operation(
    router,
    "GET",
    "/{id}",
    id="getApiClient",
    summary="Read an API client",
    answer=ApiClientOut,
    scope=Scope.CLIENTS_READ,
)
async def get_client(id: Id, db: OwnRead) -> Response:
    """A client of the caller's agency or of one of its teams, with its keys."""
    return await service.get(db, id)


@operation(
    router,
    "POST",
    "",
    id="createApiClient",
    summary="Add an API client",
    answer=ApiClientKeyOut,
    scope=Scope.CLIENTS_WRITE,
    status=201,
)
async def create_client(body: ApiClientIn, db: Write, environment: Environment) -> Response:
    """Adds a machine client with its first key; by the administration of the agency alone.

    It may be given what the roles that the administration grants can do between them.
    """
    return await service.create(db, body, environment)


@operation(
    router,
    "POST",
    "/{id}/rotate-key",
    id="rotateKeyApiClient",
    summary="Give an API client its next key",
    answer=ApiClientKeyOut,
    scope=Scope.CLIENTS_WRITE,
)
async def rotate_key(
    id: Id, body: RotateKey, db: Write, environment: Environment, if_match: IfMatch = None
) -> Response:
    """Adds a key beside the one in use: two live at most. Revoke the old one when it is idle."""
    return await service.rotate(db, id, expected(if_match), body.key_days, environment)


@operation(
    router,
    "POST",
    "/{id}/revoke-key",
    id="revokeKeyApiClient",
    summary="Revoke a key",
    answer=ApiClientOut,
    scope=Scope.CLIENTS_WRITE,
)
async def revoke_key(
    id: Id, body: RevokeKey, db: Write, _: Forgetting, if_match: IfMatch = None
) -> Response:
    """Ends one key of a client; it is felt within 30 seconds everywhere."""
    return await service.revoke_key(db, id, expected(if_match), body.key_id)


@operation(
    router,
    "POST",
    "/{id}/revoke",
    id="revokeApiClient",
    summary="Revoke an API client",
    answer=ApiClientOut,
    scope=Scope.CLIENTS_WRITE,
)
async def revoke_client(id: Id, db: Write, _: Forgetting, if_match: IfMatch = None) -> Response:
    """Ends a client with all of its keys; it is felt within 30 seconds everywhere."""
    return await service.revoke(db, id, expected(if_match))
