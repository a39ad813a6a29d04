"""Foreign agency, foreign municipality: lists and tables are empty to them; see `test_matrix`."""

import uuid

import pytest
from asyncpg import Connection
from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts

from tests.access.operations import LISTS, OWN_ONLY, PREPARED, reader
from tests.cast import acting, id_of
from tests.clients import Clients
from tests.make import Make

STRANGERS = ["outsider", "koeln"]
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
    *("listLifecycles", "getLifecycle", "drawLifecycle", "listSites", "getSite"),
    *("listOffers", "getOffer", "listRulePacks"),
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
