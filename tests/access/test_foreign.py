"""Foreign agency, foreign municipality: existing rows and absent ones are the same to them."""

import json
import re
import uuid
from typing import Any

import pytest
from asyncpg import Connection
from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts
from httpx import Response

from tests.access.operations import LISTS, OWN_ONLY, OWNERS, PREPARED, SHARED, Call, reader
from tests.cast import acting, id_of
from tests.clients import Clients
from tests.make import Make

STRANGERS = ["outsider", "koeln"]
BY_REQUEST = re.compile(r'"(request_id|instance)": ?("[^"]*"|null)')


def same_but_request(answer: Response) -> tuple[int, str, dict[str, str]]:
    """Status, body and headers without what differs from request to request."""
    headers = {k: v for k, v in answer.headers.items() if k not in ("x-request-id", "date")}
    headers.pop("content-length", None)  # the path in `instance` has the same length, ids too
    return answer.status_code, BY_REQUEST.sub(r'"\1"', answer.text), headers


async def send(
    clients: Clients, who: str, call: Call, swap: dict[str, str] | None = None
) -> Response:
    """The owner's request, sent by somebody, with some ids swapped."""
    text = json.dumps([call.path, call.body])
    for old, new in (swap or {}).items():
        text = text.replace(old, new)
    path, body = json.loads(text)
    kw: dict[str, Any] = {"etag": call.etag} if call.etag else {}
    if body is not None:
        kw["json"] = body
    return await clients.request(who, call.method, path, **kw)


@pytest.mark.parametrize("stranger", STRANGERS)
@pytest.mark.parametrize("operation", sorted(PREPARED.keys() - OWN_ONLY))
async def test_strangers_cannot_tell_existing_from_absent(
    make: Make, clients: Clients, operation: str, stranger: str
) -> None:
    if operation in SHARED and stranger != "koeln":
        return
    call = await PREPARED[operation](make)
    absent = {i: str(uuid.uuid4()) for i in call.ids}
    desk = OWNERS[operation].partition("/")[2]  # whoever has the owner's role elsewhere
    who = f"{stranger}/{desk}" if desk == "admin" else stranger
    foreign = await send(clients, who, call)
    nothing = await send(clients, who, call, absent)
    assert same_but_request(foreign) == same_but_request(nothing)
    assert foreign.status_code in (404, 409), foreign.text
    mine = await send(clients, OWNERS[operation], call)
    assert mine.status_code in (200, 201), mine.text


OWN_ROWS = {"getMe", "listMembers", "listApiClients"}
"""Everybody finds rows of his own agency there, and none of another."""


@pytest.mark.parametrize("stranger", STRANGERS)
@pytest.mark.parametrize("operation", sorted(LISTS))
async def test_strangers_see_nothing_in_lists(
    make: Make, clients: Clients, operation: str, stranger: str
) -> None:
    scene = await make.scene("sent")
    rows = [scene.person, scene.consent, scene.case, scene.disclosure, scene.referral]
    answer = await clients.get(reader(operation, stranger), LISTS[operation])
    assert answer.status_code == 200
    for row in rows:
        assert row.id not in answer.text
    assert str(id_of("lead")) not in answer.text
    if operation not in OWN_ROWS:
        assert answer.json()["items"] == []


def operation_ids(app: FastAPI) -> set[str]:
    """Every operation of the contract."""
    routes = (context.route for context in iter_route_contexts(app.router.routes))
    return {r.operation_id for r in routes if isinstance(r, APIRoute) and r.operation_id}


PUBLIC = {
    *("listAgencies", "getAgency", "listCodeLists", "getCodeList", "getContract"),
    *("listLifecycles", "getLifecycle", "drawLifecycle"),
}


def test_every_operation_is_in_the_matrix(app: FastAPI) -> None:
    assert operation_ids(app) == {*PREPARED, *LISTS, *OWN_ONLY, *PUBLIC}


async def test_the_policies_alone_hide_rows(make: Make, connection: Connection) -> None:
    scene = await make.scene("sent")
    rows = {
        "person": scene.person,
        "consent": scene.consent,
        '"case"': scene.case,
        "disclosure": scene.disclosure,
        "referral": scene.referral,
    }
    for stranger in ("outsider", "koeln"):
        await connection.execute(acting(stranger))
        for table in rows:
            assert await connection.fetchval(f"select count(*) from ia.{table}") == 0
    await connection.execute(acting("lead"))
    for table, row in rows.items():
        found = await connection.fetchval(
            f"select count(*) from ia.{table} where id = $1", uuid.UUID(row.id)
        )
        assert found == 1
