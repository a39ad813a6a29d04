"""The recorded facts of a person: one logged statement, nothing beyond what the caller sees."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest

from integration_api.identity.rights import MACHINE, rights
from integration_api.kernel.db import Call
from integration_api.kernel.ids import uuid7
from integration_api.kernel.principal import Principal
from integration_api.kernel.problems import NotFound
from integration_api.persons.service_facts import recorded_facts
from integration_api.rules.facts import typed
from tests.cast import AGENCIES, acting, id_of
from tests.clients import Clients
from tests.conftest import Nested, OneConnection
from tests.make import Made, Make

DAY = date(2026, 11, 25)
PERIOD = {
    "status_code": "duldung_60a",
    "valid_from": "2026-01-15",
    "document_valid_to": "2026-12-31",
    "work_annotation": "employment_with_permission_only",
    "source": "document_seen",
}


def machine(agency: str) -> Principal:
    """The machine of an agency, for what no operation answers."""
    city, kind = AGENCIES[agency]
    ids = (id_of(city), id_of(agency), id_of(agency, "machine"))
    seen = rights(kind, [MACHINE]).compartments
    return Principal(*ids, compartments=seen, context_sql=acting(agency))


async def facts(make: Make, agency: str, person: Made, day: date = DAY) -> dict[str, Any]:
    """What that agency reads."""
    database = Nested(OneConnection(make.connection))
    async with database.logged(Call(machine(agency), "case_management", uuid7())) as tx:
        return await recorded_facts(tx, UUID(person.id), day, operation="getStory")


async def period(clients: Clients, person: Made, **changed: Any) -> str:
    """A recorded period of a person of the immigration office."""
    path = f"/v1/persons/{person.id}/residence-periods"
    made = await clients.post("immigration", path, PERIOD | changed)
    assert made.status_code == 201
    return str(made.json()["id"])


async def test_the_period_of_the_day_and_the_one_before_it(make: Make, clients: Clients) -> None:
    person = await make.person("immigration", birth_date="1990-05-17")
    await period(clients, person, status_code="gestattung", valid_from="2025-03-01")
    wrong = await period(clients, person)
    await period(clients, person, corrects_id=wrong, document_valid_to="2027-01-31")
    assert await facts(make, "immigration", person) == {
        "born_on": date(1990, 5, 17),
        "status_code": "duldung_60a",
        "prior_status_code": "gestattung",
        "work_annotation": "employment_with_permission_only",
        "document_valid_to": date(2027, 1, 31),
    }
    earlier = await facts(make, "immigration", person, date(2025, 12, 1))
    assert (earlier["status_code"], "prior_status_code" in earlier) == ("gestattung", False)


async def test_what_is_not_known_is_absent(make: Make, clients: Clients) -> None:
    person = await make.person("immigration")
    assert await facts(make, "immigration", person) == {}
    await period(clients, person, work_annotation="unknown", document_valid_to=None)
    assert await facts(make, "immigration", person) == {"status_code": "duldung_60a"}


async def test_without_the_compartment_the_birth_date_alone_is_read(
    make: Make, clients: Clients
) -> None:
    person = await make.person("immigration", birth_date="1990-05-17")
    await period(clients, person)
    consent = await make.consent(person, who="immigration")
    await make.disclosure(person, consent, who="immigration")
    assert await facts(make, "jobcenter", person) == {"born_on": date(1990, 5, 17)}
    with pytest.raises(NotFound):
        await facts(make, "outsider", person)


async def test_each_read_is_logged_with_what_it_showed(make: Make, clients: Clients) -> None:
    person = await make.person("immigration")
    before = await make.connection.fetchval("select count(*) from looking.reads()")
    await facts(make, "immigration", person)
    (row,) = (await make.connection.fetch("select * from looking.reads()"))[before:]
    assert (row["operation"], row["compartments"]) == ("getStory", ["core", "residence"])
    assert [str(s) for s in row["subjects"]] == [person.id]


async def test_a_transaction_that_writes_reads_them_too(make: Make, clients: Clients) -> None:
    person = await make.person("immigration", birth_date="1990-05-17")
    database = Nested(OneConnection(make.connection))
    async with database.writing(Call(machine("immigration"), "case_management", uuid7())) as tx:
        assert await recorded_facts(tx, UUID(person.id), DAY) == {"born_on": date(1990, 5, 17)}


async def record(clients: Clients, person: Made, **values: Any) -> None:
    """Facts of a person of the immigration office."""
    items = [{"fact": n, "value": v, "source": "document_seen"} for n, v in values.items()]
    path = f"/v1/persons/{person.id}/residence-facts"
    made = await clients.post("immigration", path, {"items": items})
    assert made.status_code == 201, made.text


async def test_facts_come_as_rules_take_them(make: Make, clients: Clients) -> None:
    person = await make.person("immigration")
    await record(clients, person, asylum_registered_on="2026-08-01", toleration_flags=[])
    await record(
        clients,
        person,
        asylum_registered_on="2026-08-10",
        first_tolerated_on=None,
        nationalities=["475", "163"],
        identity_status="being_clarified",
        procedure_flags=["non_cooperation"],
    )
    read = await facts(make, "immigration", person)
    assert read == {
        "asylum_registered_on": date(2026, 8, 10),
        "first_tolerated_on": None,
        "nationalities": frozenset({"sy", "tr"}),
        "identity_status": "being_clarified",
        "procedure_flags": frozenset({"non_cooperation"}),
        "toleration_flags": frozenset(),
    }
    assert typed(read) == read


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        (["997"], frozenset()),
        (["423", "997"], frozenset({"af"})),
        (["150"], frozenset({"xk"})),
        (["998"], None),
        (["423", "999"], None),
    ],
)
async def test_who_is_stateless_has_no_nationality_and_unclear_is_not_known(
    make: Make, clients: Clients, codes: list[str], expected: frozenset[str] | None
) -> None:
    person = await make.person("immigration")
    await record(clients, person, nationalities=codes)
    assert (await facts(make, "immigration", person)).get("nationalities") == expected


async def test_facts_are_not_read_without_the_compartment(make: Make, clients: Clients) -> None:
    person = await make.person("immigration")
    await record(clients, person, entered_on="2026-01-02")
    await make.disclosure(person, await make.consent(person, who="immigration"), who="immigration")
    assert await facts(make, "jobcenter", person) == {}
    assert await facts(make, "immigration", person) == {"entered_on": date(2026, 1, 2)}
