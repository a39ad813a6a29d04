"""The recorded facts of a person: one logged statement, nothing beyond what the caller sees."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest

from integration_api.identity.rights import MACHINE, rights
from integration_api.kernel.db import Call, Database
from integration_api.kernel.ids import uuid7
from integration_api.kernel.principal import Principal
from integration_api.kernel.problems import NotFound
from integration_api.persons.service_facts import recorded_facts
from tests.cast import AGENCIES, acting, id_of
from tests.clients import Clients
from tests.conftest import SAVEPOINTS, OneConnection
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
    database = Database(OneConnection(make.connection), SAVEPOINTS)
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
    database = Database(OneConnection(make.connection), SAVEPOINTS)
    async with database.writing(Call(machine("immigration"), "case_management", uuid7())) as tx:
        assert await recorded_facts(tx, UUID(person.id), DAY) == {"born_on": date(1990, 5, 17)}
