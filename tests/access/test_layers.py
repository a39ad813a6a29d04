"""Each layer hides alone: the predicates without policies, the policies without predicates.

The known-bad twin has neither, and the same check must fail on it.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from fastapi import FastAPI
from sqlalchemy import Select, select

from integration_api.cases import service as cases
from integration_api.cases import statements as case_statements
from integration_api.cases.models import case
from integration_api.disclosures import service as disclosures
from integration_api.disclosures import statements as disclosure_statements
from integration_api.identity.credentials import Credentials
from integration_api.identity.keys import Keys
from integration_api.kernel.db import Database, prepare
from integration_api.kernel.statements import Personal
from integration_api.persons import service as persons
from integration_api.persons import service_consents as consents
from integration_api.persons import statements as person_statements
from integration_api.persons import statements_consents as consent_statements
from integration_api.persons.models import consent, disclosure, person
from integration_api.postgres.launcher import LocalPostgres
from integration_api.referrals import service as referrals
from integration_api.referrals import statements as referral_statements
from integration_api.referrals.models import referral
from integration_api.tandem import service as tandem
from integration_api.tandem import statements as tandem_statements
from integration_api.tandem.models import tandem_case
from tests.clients import Clients
from tests.conftest import SAVEPOINTS, OneConnection
from tests.make import Make, Scene

STRANGERS = ["outsider", "koeln"]


def open_select(module: Any, table: Any) -> Select[Any]:
    """The document of a noun by id, with no predicate on who asks."""
    if hasattr(module, "answer"):
        chosen: Select[Any] = module.answer(table)
    else:
        made = (getattr(module, "answer_of", None) or module._answer)(table)
        chosen = made if isinstance(made, Select) else select(*made)
    return chosen.where(table.c.id == module.ID)


NAKED: list[tuple[Any, str, Personal]] = [
    (persons, "persons", Personal("t", open_select(person_statements, person))),
    (
        consents,
        "consents",
        Personal("t", open_select(consent_statements, consent)),
    ),
    (
        disclosures,
        "disclosures",
        Personal("t", open_select(disclosure_statements, disclosure)),
    ),
    (cases, "cases", Personal("t", open_select(case_statements, case))),
    (
        referrals,
        "referrals",
        Personal("t", open_select(referral_statements, referral)),
    ),
    (
        tandem,
        "tandem-cases",
        Personal("t", open_select(tandem_statements, tandem_case)),
    ),
]


@contextmanager
def without_predicates(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The services read by id alone."""
    with monkeypatch.context() as patched:
        for service, _, statement in NAKED:
            patched.setattr(service, "GET", statement)
        yield


@pytest_asyncio.fixture
async def above(server: LocalPostgres, database_name: str, app: FastAPI) -> AsyncIterator[Make]:
    """Everything as a superuser, whom no policy binds."""
    connection = await asyncpg.connect(server.dsn("postgres", database_name))
    await prepare(connection)
    outer = connection.transaction()
    await outer.start()
    shared = OneConnection(connection)
    app.state.db, app.state.credentials = Database(shared, SAVEPOINTS), Credentials(Keys(shared))
    async with Clients(app) as clients:
        yield Make(connection, clients)
    await outer.rollback()
    await connection.close()


async def nothing_is_seen(make: Make, scene: Scene) -> None:
    """Strangers find none of the rows of a scene."""
    clients = make.clients
    rows = {
        "persons": scene.person,
        "consents": scene.consent,
        "cases": scene.case,
        "disclosures": scene.disclosure,
        "referrals": scene.referral,
        "tandem-cases": await make.tandem(),
    }
    for noun, row in rows.items():
        path = f"/v1/{noun}/{row.id}"
        assert (await clients.get("lead", path)).status_code == 200
        for stranger in STRANGERS:
            answer = await clients.get(stranger, path)
            assert answer.status_code == 404, f"{stranger} sees {noun}"
    for stranger in STRANGERS:
        for noun in rows:
            listed = (await clients.get(stranger, f"/v1/{noun}")).json()["items"]
            assert listed == [], f"{stranger} lists {noun}"


async def test_both_layers_hide(make: Make) -> None:
    await nothing_is_seen(make, await make.scene("sent"))


async def test_predicates_alone_hide(above: Make) -> None:
    await nothing_is_seen(above, await above.scene("sent"))


async def test_policies_alone_hide(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = await make.scene("sent")
    with without_predicates(monkeypatch):
        await nothing_is_seen(make, scene)


async def test_with_neither_the_check_fails(above: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """The known-bad twin: what a forgotten predicate on an unprotected table would show."""
    scene = await above.scene("sent")
    with without_predicates(monkeypatch), pytest.raises(AssertionError, match="sees persons"):
        await nothing_is_seen(above, scene)


async def test_a_pooled_connection_without_a_context_sees_nothing(make: Make) -> None:
    await make.scene("sent")
    for table in ("person", '"case"', "referral", "disclosure", "consent", "case_access"):
        assert await make.connection.fetchval(f"select count(*) from ia.{table}") == 0


async def test_the_application_cannot_read_keys_or_the_read_log(make: Make) -> None:
    for sql in (
        "select * from ia.api_key",
        "select secret_sha256 from ia.api_key",
        "update ia.api_key set expires_at = 'infinity'",
        "update ia.api_key set secret_sha256 = '\\x00'",
        "update ia.api_client set scopes = '{}'",
        "update ia.api_client set subject = 'x'",
        "update ia.member set agency_id = id",
        "delete from ia.member",
        "select * from ia.access_record",
        "delete from ia.access_record",
        "select * from ia.audit_entry",
        "update ia.audit_entry set canonical = '{}'",
        "delete from ia.outbox",
        "truncate ia.audit_entry",
        "set role ia_owner",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with make.connection.transaction():
                await make.connection.execute(sql)
