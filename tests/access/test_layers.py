"""Each layer hides alone: the predicates without policies, the policies without predicates.

The known-bad twin has neither, and the same check must fail on it.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio
from asyncpg import Connection
from fastapi import FastAPI

from integration_api.identity.credentials import Credentials
from integration_api.identity.keys import Keys
from integration_api.identity.rights import MACHINE, rights
from integration_api.kernel.db import Call, prepare
from integration_api.kernel.ids import uuid7
from integration_api.kernel.principal import Principal
from integration_api.postgres.launcher import LocalPostgres
from integration_api.tandem.statements import TRACKS
from integration_api.tandem.statements_declarations import MATERIALLY_OTHER
from tests.access.naked import without_predicates
from tests.access.operations_tandem import PROCEDURE
from tests.cast import AGENCIES, acting, id_of
from tests.clients import Clients
from tests.conftest import Nested, OneConnection
from tests.make import Make

STRANGERS = ["outsider", "koeln"]
LISTS = ["persons", "consents", "cases", "disclosures", "referrals", "tandem-cases"]
WORK = [
    *("tandem_case", "legal_track", "placement_track", "employer_declaration"),
    *("ba_approval_request", "tandem_procedure", "start_clearance", "tandem_step"),
]
"""The tables of the tandem, each closed by policies of its own."""


@dataclass(frozen=True)
class World:
    """Where each kind of row is read, by the words of a refusal."""

    paths: dict[str, str]
    tandem: str
    declaration: str


async def world(make: Make) -> World:
    """One row of everything, led by the same agency."""
    scene = await make.scene("sent")
    tandem = await make.tandem()
    request = await make.approval(tandem, "transmitted")
    await make.cleared(tandem)
    path = f"/v1/tandem-cases/{tandem.id}"
    added = await make.clients.post("labour", f"{path}/procedures", PROCEDURE)
    assert added.status_code == 201
    rows = {
        "persons": scene.person,
        "consents": scene.consent,
        "cases": scene.case,
        "disclosures": scene.disclosure,
        "referrals": scene.referral,
        "tandem-cases": tandem,
        "ba-approval-requests": request,
    }
    paths = {noun: f"/v1/{noun}/{row.id}" for noun, row in rows.items()}
    declaration = request.body["declaration_id"]
    paths["employer-declarations"] = f"/v1/employer-declarations/{declaration}"
    for name in ("legal-track", "placement-track", "gates", "timeline", "timeline.svg"):
        paths[name] = f"{path}/{name}"
    for name in ("procedures", "start-clearances"):
        paths[name] = f"{path}/{name}"
    for name in ("employer-declarations", "ba-approval-requests"):
        paths[f"list of {name}"] = f"/v1/{name}?tandem_case_id={tandem.id}"
    return World(paths, tandem.id, declaration)


@pytest_asyncio.fixture
async def above(server: LocalPostgres, database_name: str, app: FastAPI) -> AsyncIterator[Make]:
    """Everything as a superuser, whom no policy binds."""
    connection = await asyncpg.connect(server.dsn("postgres", database_name))
    await prepare(connection)
    outer = connection.transaction()
    await outer.start()
    shared = OneConnection(connection)
    app.state.db, app.state.credentials = Nested(shared), Credentials(Keys(shared))
    async with Clients(app) as clients:
        yield Make(connection, clients)
    await outer.rollback()
    await connection.close()


async def hidden(clients: Clients, name: str, path: str) -> None:
    """The owner finds what is at a path, strangers do not."""
    mine = await clients.get("lead", path)
    assert mine.status_code == 200, mine.text
    if mine.headers["content-type"] == "application/json":
        assert mine.json().get("items") != [], f"nothing is there to be hidden: {name}"
    for stranger in STRANGERS:
        assert (await clients.get(stranger, path)).status_code == 404, f"{stranger} sees {name}"


async def nothing_is_seen(make: Make, made: World) -> None:
    """Strangers find none of the rows, by id or in lists."""
    for name, path in made.paths.items():
        await hidden(make.clients, name, path)
    for stranger in STRANGERS:
        for noun in LISTS:
            listed = (await make.clients.get(stranger, f"/v1/{noun}")).json()["items"]
            assert listed == [], f"{stranger} lists {noun}"


async def test_both_layers_hide(make: Make) -> None:
    await nothing_is_seen(make, await world(make))


async def test_predicates_alone_hide(above: Make) -> None:
    await nothing_is_seen(above, await world(above))


async def test_policies_alone_hide(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    made = await world(make)
    with without_predicates(monkeypatch):
        await nothing_is_seen(make, made)


async def test_with_neither_the_check_fails(above: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """The known-bad twin: what a forgotten predicate on an unprotected table would show."""
    made = await world(above)
    with without_predicates(monkeypatch):
        for name, path in made.paths.items():
            with pytest.raises(AssertionError, match=f"sees {name}"):
                await hidden(above.clients, name, path)


async def test_the_policy_of_every_table_of_the_tandem_hides_alone(
    make: Make, connection: Connection
) -> None:
    await world(make)
    for stranger in STRANGERS:
        await connection.execute(acting(stranger))
        for table in WORK:
            assert await connection.fetchval(f"select count(*) from ia.{table}") == 0, table
    for party in ("lead", "immigration", "labour"):
        await connection.execute(acting(party))
        for table in WORK:
            assert await connection.fetchval(f"select count(*) from ia.{table}") > 0, table


async def test_the_ceiling_of_placement_holds_in_the_predicates_alone(above: Make) -> None:
    """A lead that may never see placement, however it became the lead."""
    made = await world(above)
    await above.connection.execute(
        "update ia.tandem_case set lead_agency_id = $1 where id = $2",
        id_of("enforcement"), UUID(made.tandem),
    )  # fmt: skip
    for name in ("", "/legal-track", "/placement-track", "/gates", "/timeline", "/procedures"):
        path = f"/v1/tandem-cases/{made.tandem}{name}"
        assert (await above.clients.get("labour", path)).status_code == 200
        assert (await above.clients.get("enforcement", path)).status_code == 404, name
    listed = (await above.clients.get("enforcement", "/v1/tandem-cases")).json()["items"]
    assert listed == []


async def test_the_ceiling_of_placement_holds_in_the_policies_alone(
    make: Make, connection: Connection
) -> None:
    await world(make)
    await connection.execute(acting("lead"))
    await connection.execute("set local app.compartments = '{core,residence}'")
    for table in WORK:
        assert await connection.fetchval(f"select count(*) from ia.{table}") == 0, table


def machine(agency: str) -> Principal:
    """The machine of an agency, for statements that no answer shows."""
    city, kind = AGENCIES[agency]
    seen = rights(kind, [MACHINE]).compartments
    ids = (id_of(city), id_of(agency), id_of(agency, "machine"))
    return Principal(*ids, compartments=seen, context_sql=acting(agency))


async def test_what_rules_are_judged_by_is_found_through_the_tandem_case_too(above: Make) -> None:
    made = await world(above)
    database = Nested(OneConnection(above.connection))
    asked = ((TRACKS, made.tandem), (MATERIALLY_OTHER, made.declaration))
    for agency, there in (("labour", True), *((s, False) for s in STRANGERS)):
        async with database.writing(Call(machine(agency), "test", uuid7())) as tx:
            for statement, id in asked:
                assert (await tx.row(statement, id=id) is not None) == there, agency


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


async def recorded(make: Make, *compartments: str) -> str:
    """The address of a fact that is disclosed to the jobcenter with these compartments."""
    person = await make.person("immigration")
    path = f"/v1/persons/{person.id}/residence-facts"
    fact = {"fact": "entered_on", "value": "2026-01-02", "source": "document_seen"}
    assert (await make.clients.post("immigration", path, {"items": [fact]})).status_code == 201
    kinds = list(compartments)
    consent = await make.consent(person, who="immigration", compartments=kinds)
    await make.disclosure(person, consent, who="immigration", compartments=kinds)
    return path


async def test_predicates_alone_hide_facts_without_their_compartment(above: Make) -> None:
    core, both = await recorded(above, "core"), await recorded(above, "core", "residence")
    assert (await above.clients.get("jobcenter", core)).json()["items"] == []
    assert len((await above.clients.get("jobcenter", both)).json()["items"]) == 1
    assert len((await above.clients.get("immigration", core)).json()["items"]) == 1
    await hidden_from_strangers(above.clients, core)


async def hidden_from_strangers(clients: Clients, path: str) -> None:
    """Who has nothing to do with a person finds no list of it."""
    for stranger in STRANGERS:
        assert (await clients.get(stranger, path)).status_code == 404, stranger


async def test_the_policy_of_facts_hides_them_alone(make: Make, connection: Connection) -> None:
    await recorded(make, "core")
    await connection.execute(acting("jobcenter"))
    assert await connection.fetchval("select count(*) from ia.residence_fact") == 0
    await recorded(make, "core", "residence")
    await connection.execute(acting("jobcenter"))
    assert await connection.fetchval("select count(*) from ia.residence_fact") == 1
    await connection.execute("set local app.compartments = '{core}'")
    assert await connection.fetchval("select count(*) from ia.residence_fact") == 0
    for stranger in STRANGERS:
        await connection.execute(acting(stranger))
        assert await connection.fetchval("select count(*) from ia.residence_fact") == 0


async def test_the_policy_of_facts_lets_nobody_write_for_another(
    make: Make, connection: Connection
) -> None:
    await recorded(make, "core")
    await connection.execute(acting("immigration"))
    copy = """insert into ia.residence_fact select gen_random_uuid(), municipality_id, person_id,
      controller_agency_id, fact, value, source, {by}, recorded_at from ia.residence_fact"""
    await connection.execute(copy.format(by="recorded_by_agency_id"))
    for change in (copy.format(by=f"'{id_of('lead')}'"), "update ia.residence_fact set fact = 'x'",
                   "delete from ia.residence_fact"):  # fmt: skip
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with connection.transaction():
                await connection.execute(change)
