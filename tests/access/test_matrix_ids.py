"""Every place in which the contract takes an id: one of others is like one that nobody has."""

import uuid
from typing import Any

import pytest

from tests import watch
from tests.access.seam import OWNERS, PREPARED, Call, reader
from tests.access.stage import Stage, same_but_request

FOREIGN = {
    "aggregate_id": "endpoint",  # of a test event, which is about the endpoint
    "endpoint_id": "endpoint",
    "case_id": "case",
    "consent_id": "consent",
    "declaration_id": "declaration",
    "disclosure_id": "disclosure",
    "employer_id": "employer",
    "key_id": "key",
    "member_ids": "member",
    "object_id": "case",
    "person_id": "person",
    "principal_id": "member",
    "resource_id": "case",
    "release_id": "consent",
    "site_id": "site",
    "site_ids": "site",
    "tandem_case_id": "tandem",
    "replaces_id": "replaced",
    "corrects_id": "period",
    "actor_id": "member",
    "agency_id": "agency",
    "issuing_agency_id": "agency",
    "legal_agency_id": "agency",
    "placement_agency_id": "agency",
    "recipient_agency_id": "agency",
    "recipient_agency_ids": "agency",
    "suggested_recipient_id": "agency",
    "parent_id": "agency",
    "unit_id": "agency",
    "municipality_id": "municipality",
}
"""What an id by that name is of."""
PUBLIC_FILTERS = {"listAgencies", "listSites", "listOffers"}
BESIDE: dict[str, Any] = {
    "guardian": {"relation": "parent"},
    "permit_restrictions": {"weekly_minutes": 2400},
    "restrictions": {"weekly_minutes": 2400},
    "units": [{"valid_from": "2026-01-01"}],
}
"""What an optional part needs beside its id."""


def follow(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema behind a reference."""
    while "$ref" in schema:
        found: Any = watch.document()
        for step in schema["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        schema = found
    return schema


def places(schema: dict[str, Any], way: tuple[str, ...] = ()) -> set[tuple[str, ...]]:
    """Where ids stand in a body, at any depth; `[]` is an element of a list."""
    schema = follow(schema)
    found = {way} if schema.get("format") == "uuid" else set()
    for name, inner in schema.get("properties", {}).items():
        found |= places(inner, (*way, name))
    if "items" in schema:
        found |= places(schema["items"], (*way, "[]"))
    for kind in ("anyOf", "oneOf", "allOf"):
        for inner in schema.get(kind, []):
            found |= places(inner, way)
    return found


def body_places() -> list[tuple[str, tuple[str, ...]]]:
    """(operation, where) for each id in a body of the contract."""
    return sorted(
        (op["operationId"], way)
        for item in watch.document()["paths"].values()
        for op in item.values()
        for content in op.get("requestBody", {}).get("content", {}).values()
        for way in places(content["schema"])
    )


def query_places() -> list[tuple[str, str, str]]:
    """(operation, path, name) for each id in a query of the contract."""
    return sorted(
        (op["operationId"], path, parameter["name"])
        for path, item in watch.document()["paths"].items()
        for op in item.values()
        for parameter in map(follow, op.get("parameters", []))
        if parameter["in"] == "query" and follow(parameter["schema"]).get("format") == "uuid"
    )


def name_of(way: tuple[str, ...]) -> str:
    """The name of the id at a place."""
    return next(step for step in reversed(way) if step != "[]")


def put(body: Any, way: tuple[str, ...], value: str) -> Any:
    """A copy of a body with an id at a place that may not be there yet."""
    if not way:
        return value
    step, rest = way[0], way[1:]
    if step == "[]":
        items = list(body or [])
        return [put(items[0] if items else None, rest, value), *items[1:]]
    kept: dict[str, Any] = dict(body or {})
    whole = BESIDE.get(step, {}) if rest else {}
    return kept | {step: put(kept.get(step, whole), rest, value)}


SEEN_BY_ALL_TEAMS = {"tandem_case_id", "declaration_id"}
"""Ids of tandem cases: both teams work on those of every lead, hence a stranger tries them."""
IN_AN_EMERGENCY = {"breakGlass"}
"""What every agency of the municipality may take: only another municipality is a stranger."""


@pytest.mark.parametrize(("operation", "way"), body_places(), ids=str)
async def test_an_id_of_others_in_a_body_is_like_one_that_nobody_has(
    foreign: dict[str, str], stage: Stage, operation: str, way: tuple[str, ...]
) -> None:
    replaced = {"replaced": foreign["referral" if "Referral" in operation else "declaration"]}
    call: Call = await PREPARED[operation](stage.make)
    name = name_of(way)
    who = "koeln" if name in SEEN_BY_ALL_TEAMS else OWNERS[operation]
    if operation in IN_AN_EMERGENCY:
        who = f"koeln/{who.partition('/')[2]}"
    answers = []
    for value in ((foreign | replaced)[FOREIGN[name]], str(uuid.uuid4())):
        tried = Call(call.method, call.path, put(call.body, way, value), call.etag)
        answers.append(same_but_request(await stage.send(who, tried)))
    assert answers[0] == answers[1]
    assert answers[0][0] in (403, 404, 409), answers[0]


@pytest.mark.parametrize(("operation", "path", "name"), query_places(), ids=str)
async def test_an_id_of_others_in_a_query_is_like_one_that_nobody_has(
    foreign: dict[str, str], stage: Stage, operation: str, path: str, name: str
) -> None:
    if operation in PUBLIC_FILTERS:
        return
    who = "koeln" if name in SEEN_BY_ALL_TEAMS else "lead"
    beside = {"direction": "outgoing"} if operation == "listReferrals" else {}
    answers = []
    for value in (foreign[FOREIGN[name]], str(uuid.uuid4())):
        query = {name: value, **beside}
        answer = await stage.clients.get(reader(operation, who), f"/v1{path}", params=query)
        answers.append(same_but_request(answer))
    assert answers[0] == answers[1]
    assert answers[0][0] in (200, 404)


def test_every_name_of_an_id_is_known() -> None:
    """A new place for an id fails here until somebody says what a foreign one is."""
    names = {name_of(way) for _, way in body_places()} | {name for *_, name in query_places()}
    assert len(body_places()) > 25
    assert names - FOREIGN.keys() == set()
    assert FOREIGN.keys() - names == set(), "no operation takes these any more"
    assert {"expand", "fields", "include"} & {
        follow(p)["name"]
        for item in watch.document()["paths"].values()
        for op in item.values()
        for p in op.get("parameters", [])
    } == set(), "an answer that can be widened needs rows in the matrix for it"
