"""An export holds what GET gives, and nothing of anybody else; it is logged, sealed, and ends."""

import asyncio
import hashlib
import json
from typing import Any
from uuid import UUID

import pytest
from asyncpg import Record
from httpx import Response
from sqlalchemy import select, true

from integration_api.exports import content, service, service_work
from integration_api.exports import statements_types as types
from integration_api.exports.refusals import ExportOutdated
from integration_api.exports.schemas import ResourceType
from integration_api.exports.statements_types import TYPES
from integration_api.kernel.db import Call
from integration_api.kernel.ids import uuid7
from integration_api.persons.models import person
from integration_api.persons.statements import answer as person_answer
from tests.cast import KEYS, id_of
from tests.clients import guard_of
from tests.conftest import Committed
from tests.jobs.running import drain, lines

PATHS = {
    "agency": "agencies",
    "case": "cases",
    "offer": "offers",
    "person": "persons",
    "referral": "referrals",
    "site": "sites",
    "tandem_case": "tandem-cases",
    "task": "tasks",
}
TOKEN = "Kanarienvogel"


async def export(committed: Committed, who: str = "lead", **body: Any) -> str:
    """The id of a new export that is there."""
    key = f"export-{await committed.admin.fetchval('select count(*) from ia.job')}"
    asked = await committed.clients.post(who, "/v1/exports", body, key=key)
    assert asked.status_code == 202, asked.text
    assert await drain(committed) == 1
    id: str = asked.json()["id"]
    done = (await committed.clients.get(who, f"/v1/jobs/{id}")).json()
    assert done["status"] == "succeeded", done
    return id


async def content_of(committed: Committed, id: str, who: str = "lead") -> Response:
    """The content, or why there is none."""
    return await committed.clients.get(who, f"/v1/exports/{id}/content")


async def exported(committed: Committed, who: str = "lead", **body: Any) -> bytes:
    """The content of a new export."""
    found = await content_of(committed, await export(committed, who, **body), who)
    assert found.status_code == 200, found.text
    return found.content


async def full(committed: Committed) -> None:
    """Something of every type, for several agencies."""
    make = committed.make
    await make.scene("accepted")
    await make.scene("sent")
    await make.tandem()
    await make.task()
    await make.site()
    await make.offer("publish")


SEEN_BY = {
    "lead": {"referral", "tandem_case", "task"},
    "lead/worker_1": {"referral", "tandem_case", "task"},
    "jobcenter": {"referral"},
    "immigration": {"tandem_case"},
    "labour": {"tandem_case"},
}
"""What each of them sees beside the directory, persons and cases."""


@pytest.mark.parametrize("who", SEEN_BY)
async def test_each_line_is_what_get_gives(
    committed: Committed, who: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service_work, "BATCH", 3)
    await full(committed)
    found = await exported(committed, who)
    seen = set()
    for row in found.splitlines(keepends=True):
        read = json.loads(row)
        seen.add(read["type"])
        got = await committed.clients.get(who, f"/v1/{PATHS[read['type']]}/{read['id']}")
        assert got.status_code == 200, read
        assert row == content.line(read["type"], read["id"], read["version"], got.content)
        assert got.headers["ETag"].startswith(f'"{read["version"]}.')
    places = [(one["type"], one["id"]) for one in lines(found.decode())]
    assert places == sorted(set(places))
    assert seen >= {"agency", "offer", "site", "person", "case"} | SEEN_BY[who]


async def test_everything_that_the_lists_show_is_in_it(committed: Committed) -> None:
    await full(committed)
    for who in ("lead", "jobcenter", "labour"):
        found = {
            (one["type"], one["id"]) for one in lines((await exported(committed, who)).decode())
        }
        listed = set()
        for kind in ("case", "person", "tandem_case", "task"):
            page = await committed.clients.get(who, f"/v1/{PATHS[kind]}?limit=200")
            listed |= {(kind, one["id"]) for one in page.json()["items"]}
        for way in ("incoming", "outgoing"):
            page = await committed.clients.get(who, f"/v1/referrals?limit=200&direction={way}")
            listed |= {("referral", one["id"]) for one in page.json()["items"]}
        directory = {"agency", "offer", "site"}
        assert {place for place in found if place[0] not in directory} == listed
        assert listed


async def test_it_says_how_long_it_is_and_what_its_hash_is(committed: Committed) -> None:
    await full(committed)
    id = await export(committed)
    told = (await committed.clients.get("lead", f"/v1/exports/{id}")).json()
    found = await content_of(committed, id)
    assert found.headers["Content-Type"] == "application/x-ndjson"
    assert told["bytes"] == len(found.content)
    assert told["lines"] == len(found.content.splitlines())
    assert told["sha256"] == hashlib.sha256(found.content).hexdigest()
    assert told["content_url"] == f"/v1/exports/{id}/content"
    plain = {"Accept-Encoding": "identity"}
    whole = await committed.clients.get("lead", told["content_url"], headers=plain)
    assert whole.headers["Content-Length"] == str(told["bytes"])
    known = {"If-None-Match": whole.headers["ETag"]}
    again = await committed.clients.get("lead", told["content_url"], headers=known)
    assert (again.status_code, again.content) == (304, b"")


async def test_nothing_of_anybody_else_is_in_it(committed: Committed) -> None:
    name = {"kind": "full", "family_name": TOKEN, "given_name": "A"}
    person = await committed.make.person(name=name)
    case = await committed.make.case(person)
    tandem = await committed.make.tandem()
    canaries = [TOKEN, person.id, case.id, tandem.id]
    mine = (await exported(committed)).decode()
    assert all(canary in mine for canary in canaries)
    for who in ("outsider", "koeln", "youth"):
        found = (await exported(committed, who)).decode()
        assert found
        assert not [canary for canary in canaries if canary in found], who
    there = {one["id"] for one in lines((await exported(committed, "koeln")).decode())}
    assert there == {str(id_of("koeln"))}


async def test_without_visible_everything_would_be_in_it(
    committed: Committed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The known-bad twin has neither predicate nor policy; the same canary finds it."""
    name = {"kind": "full", "family_name": TOKEN, "given_name": "A"}
    await committed.make.person(name=name)
    await committed.admin.execute("alter table ia.person disable row level security")
    assert TOKEN not in (await exported(committed, "koeln")).decode()  # the predicate alone
    await committed.admin.execute("alter table ia.person enable row level security")
    open_ = {**TYPES, ResourceType.PERSON: naked(TYPES[ResourceType.PERSON])}
    monkeypatch.setattr(service_work, "TYPES", open_)
    assert TOKEN not in (await exported(committed, "koeln")).decode()  # the policy alone
    await committed.admin.execute("alter table ia.person disable row level security")
    assert TOKEN in (await exported(committed, "koeln")).decode()


def naked(one: Any) -> Any:
    """The type of persons without its predicates."""
    ids = types._ids(select(person.c.id))
    answer = select(*person_answer(person))
    return types.Exported(one.scope, ids, types._documents(answer, person, true()))


async def test_a_type_without_its_scope_is_not_exported(committed: Committed) -> None:
    await committed.admin.execute(
        "update ia.api_client set scopes = array_remove(scopes, 'persons:read')"
        " where agency_id = $1",
        id_of("lead"),
    )
    await full(committed)
    body = {"types": ["person", "case"]}
    refused = await committed.clients.post("lead/worker_1", "/v1/exports", body, key="export-1")
    assert (refused.status_code, refused.json()["missing_scopes"]) == (403, ["persons:read"])
    kinds = {one["type"] for one in lines((await exported(committed, "lead/worker_1")).decode())}
    assert "case" in kinds
    assert "person" not in kinds


async def records(committed: Committed, operation: str) -> list[Record]:
    """The access records of an operation."""
    return await committed.admin.fetch(
        "select * from ia.access_record where operation = $1 order by id", operation
    )


async def test_whom_it_shows_is_recorded_part_by_part(
    committed: Committed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service_work, "BATCH", 2)
    persons = [await committed.make.person() for _ in range(5)]
    id = await export(committed, types=["person", "agency"])
    made = await records(committed, "createExport")
    assert [len(r["subjects"]) for r in made] == [2, 2, 1]  # the agencies show nobody
    assert await records(committed, "getExportContent") == []
    assert (await content_of(committed, id)).status_code == 200
    read = await records(committed, "getExportContent")
    for rows in (made, read):
        assert {str(s) for r in rows for s in r["subjects"]} == {p.id for p in persons}
        assert {str(r["resource_id"]) for r in rows} == {id}
        assert {r["purpose"] for r in rows} == {"case_management"}
        assert {r["client_id"] for r in rows} == {id_of("lead", "machine")}
        assert all("core" in r["compartments"] for r in rows)


async def test_what_is_stored_is_sealed(committed: Committed) -> None:
    person = await committed.make.person(name={"kind": "mononym", "mononym": TOKEN})
    id = await export(committed, types=["person"])
    assert person.id in (await content_of(committed, id)).text
    (sealed,) = await committed.admin.fetch("select sealed from ia.export_part")
    assert TOKEN.encode() not in sealed["sealed"]
    await committed.admin.execute("update ia.export_part set sealed = set_byte(sealed, 20, 0)")
    assert (await content_of(committed, id)).status_code == 410


async def disclosed(committed: Committed) -> tuple[str, Any]:
    """An export of the Jobcenter with somebody who was disclosed to it, and the disclosure."""
    make = committed.make
    person = await make.person()
    disclosure = await make.disclosure(person, await make.consent(person))
    await make.person("jobcenter")
    id = await export(committed, "jobcenter", types=["person"])
    found = await content_of(committed, id, "jobcenter")
    assert person.id in found.text
    return id, disclosure


ENDS = {
    "revoked": None,
    "over": "update ia.disclosure set valid_to = now()",
    "closed": "update ia.disclosure set closes_at = now()",
}


@pytest.mark.parametrize("how", ENDS)
async def test_an_export_ends_with_an_access_under_it(committed: Committed, how: str) -> None:
    id, disclosure = await disclosed(committed)
    if sql := ENDS[how]:
        await committed.admin.execute(sql)
    else:
        path = f"/v1/disclosures/{disclosure.id}/revoke"
        revoked = await committed.clients.post("lead", path, etag=disclosure.etag)
        assert revoked.status_code == 200
    for path in (f"/v1/exports/{id}", f"/v1/exports/{id}/content"):
        gone = await committed.clients.get("jobcenter", path)
        assert (gone.status_code, gone.json()["title"]) == (410, "Export outdated")
    again = await content_of(committed, await export(committed, "jobcenter"), "jobcenter")
    assert disclosure.body["person_id"] not in again.text


async def test_an_export_ends_with_a_person_that_goes_to_another_agency(
    committed: Committed,
) -> None:
    person = await committed.make.person()
    id = await export(committed, types=["person"])
    assert person.id in (await content_of(committed, id)).text
    await committed.admin.execute("update ia.person set controller_agency_id = $1", id_of("youth"))
    assert (await content_of(committed, id)).status_code == 410


async def test_an_export_ends_with_the_rights_of_its_client(committed: Committed) -> None:
    await committed.make.person()
    id = await export(committed, types=["person"])
    await committed.admin.execute(
        "update ia.api_client set scopes = array_remove(scopes, 'persons:write')"
    )
    assert (await content_of(committed, id)).status_code == 200  # the key is still known
    committed.app.state.credentials.forget()
    assert (await content_of(committed, id)).status_code == 410


async def test_an_access_that_ends_cuts_the_content_off(
    committed: Committed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service_work, "BATCH", 1)
    make = committed.make
    for _ in range(3):
        person = await make.person()
        await make.disclosure(person, await make.consent(person))
    id = await export(committed, "jobcenter", types=["person"])
    whole = await content_of(committed, id, "jobcenter")
    assert len(lines(whole.text)) == 3
    state, caller = committed.app.state, await caller_of(committed, "jobcenter")
    call = Call(caller, "case_management", uuid7(), resource_id=UUID(id))
    found = await service.open_(state.db, call, UUID(id), state.vault, lambda: None)
    sent = [await anext(found.parts)]
    await committed.admin.execute("update ia.disclosure set valid_to = now()")
    with pytest.raises(ExportOutdated):
        await anext(found.parts)
    assert len(sent) == 1
    assert len(b"".join(sent)) < found.length


async def caller_of(committed: Committed, who: str) -> Any:
    """The principal of a machine."""
    return await committed.app.state.credentials.find(KEYS[f"{who}/machine"].key)


@pytest.mark.parametrize("extended", [True, False], ids=["each its own", "the twin: one for all"])
async def test_each_part_has_the_time_of_a_request(
    committed: Committed, monkeypatch: pytest.MonkeyPatch, extended: bool
) -> None:

    monkeypatch.setattr(service_work, "BATCH", 1)
    for _ in range(4):
        await committed.make.person()
    id = await export(committed, types=["person"])
    parts = service._parts

    async def slowly(*given: Any) -> Any:
        if not extended:
            given = (*given[:-1], lambda: None)
        async for part in parts(*given):
            await asyncio.sleep(0.2)
            yield part

    monkeypatch.setattr(service, "_parts", slowly)
    monkeypatch.setattr(guard_of(committed.app), "deadline", 0.5)
    found = content_of(committed, id)
    if extended:
        assert len(lines((await found).text)) == 4
    else:
        whole = (await committed.clients.get("lead", f"/v1/exports/{id}")).json()["bytes"]
        with pytest.raises(Exception):  # noqa: B017 - how it breaks off is the server's
            assert len((await found).content) == whole


def test_a_document_on_several_lines_becomes_one() -> None:
    pretty = json.dumps({"a": {"b": "x\ny"}}, indent=2).encode()
    made = content.line("case", "1", 2, pretty)
    assert made.count(b"\n") == 1
    read = json.loads(made)
    assert read == {"type": "case", "id": "1", "version": 2, "resource": {"a": {"b": "x\ny"}}}
    assert content.unpack(content.pack(made)) == made
