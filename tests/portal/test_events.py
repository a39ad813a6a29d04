"""The catalogue of events: complete, and true of what the operations do."""

import re
from collections import Counter

import pytest
from asyncpg import Connection

from integration_api.app import EVENT_TYPES, LIFECYCLES
from integration_api.kernel.journal import EVERYBODY
from integration_api.portal import catalogue, pages_events, texts
from tests.access.operations import OPEN, OWNERS, PREPARED
from tests.clients import Clients
from tests.make import Make
from tests.portal.public import reader

BY_ARROW = {arrow.event for one in LIFECYCLES for arrow in one.transitions}
CAUSES = pages_events.known()["causes"]
FOLLOWS = pages_events.known()["follows"]
BY = {name for operations in CAUSES.values() for name in operations}
ELSEWHERE = {
    ("testWebhookEndpoint", "webhook.test"): "goes to its endpoint alone, into no feed",
    ("closeTandemCase", "tandem_case.closed_in_place"): "where a team has lost its access",
}
"""What a plain call of an operation does not show."""
_WRITTEN = re.compile(r'""type"": ?""([a-z_.]+)""')


def test_every_event_that_no_arrow_makes_has_its_cause() -> None:
    assert CAUSES.keys() == set(EVENT_TYPES) - BY_ARROW
    assert {name for name, by in CAUSES.items() if not by} == FOLLOWS.keys()
    assert catalogue.operations().keys() >= BY


@pytest.mark.parametrize("lang", ["de", "en"])
async def test_every_event_has_its_entry(lang: str) -> None:
    async with reader() as client:
        page = (await client.get(f"/docs/events?lang={lang}", headers={"Accept": "text/html"})).text
    for one in catalogue.event_types("de" if lang == "de" else "en"):
        assert f'<h3 id="{one.name}">' in page
        assert texts.prose(one.text) in page
        assert one.example["type"] == one.name
        assert f"{one.noun}_id" in one.example["data"]
    assert page.count("<h3 ") == len(EVENT_TYPES)
    assert "<dd></dd>" not in page, "every one has a cause and readers"


def test_the_texts_are_those_of_the_readers_language() -> None:
    german = {one.name: one.text for one in catalogue.event_types("de")}
    english = {one.name: one.text for one in catalogue.event_types("en")}
    assert german.keys() == english.keys() == set(EVENT_TYPES)
    assert [name for name, text in german.items() if text == english[name]] == []


async def written(connection: Connection) -> Counter[str]:
    """How often each type stands in the outbox; ` *` behind those for everybody."""
    rows = await connection.fetch("select line from looking.journal() as t(line)")
    everybody = str(EVERYBODY).strip("'").partition("'")[0]
    return Counter(
        found[1] + " *" * (everybody in row["line"])
        for row in rows
        if (found := _WRITTEN.search(row["line"]))
    )


@pytest.mark.parametrize("operation", sorted(BY - {one for one, _ in ELSEWHERE}))
async def test_an_operation_causes_what_the_catalogue_says(
    operation: str, make: Make, clients: Clients, connection: Connection
) -> None:
    prepared = PREPARED.get(operation) or OPEN[operation]
    call, owner = await prepared(make), OWNERS.get(operation, "lead")
    before = await written(connection)
    answer = await clients.request(
        owner, call.method, call.path, etag=call.etag, key=call.key, **call.sending({})
    )
    assert answer.status_code < 300, answer.text
    new = set(await written(connection) - before)
    claimed = {name for name, by in CAUSES.items() if operation in by}
    told = {one.name: pages_events.told(one) for one in catalogue.event_types()}
    for name in claimed:
        mark = " *" if told[name] == "events_told_everybody" else ""
        assert name + mark in new
    unclaimed = {name.removesuffix(" *") for name in new} - claimed - BY_ARROW - FOLLOWS.keys()
    assert unclaimed == set()
