"""Imports: the same line twice is one case, a wrong one is told and loses no other."""

from typing import Any

import pytest

from integration_api.imports import service, service_work
from integration_api.kernel.db import Database, pool
from tests.clients import Clients
from tests.conftest import Committed
from tests.imports.sent import (
    CSV,
    HOUSING,
    LANGUAGE,
    NDJSON,
    asked,
    cases,
    line,
    merged,
    ndjson,
    problems,
    put,
    read,
    start,
    waiting,
)
from tests.jobs.running import drain, job
from tests.make import Make

COLUMNS = {
    "external_id": "Aktenzeichen",
    "concerns": [{"life_area": "Bereich", "topic": "Thema"}],
    "participants": [{"person_id": "Person", "role": "Rolle"}],
}


async def test_lines_become_cases_and_again_nothing(committed: Committed) -> None:
    one, two = await committed.make.person(), await committed.make.person()
    content = ndjson([line("A-1", one), line("A-2", two, concerns=()), line("A-3")])
    done = await merged(committed, content)
    assert done.body["status"] == "succeeded"
    assert done.body["counts"] == {"created": 3, "updated": 0, "unchanged": 0, "rejected": 0}
    assert done.body["parts"] == [], "what was merged is not kept"
    found = await cases(committed.clients)
    assert [p["person_id"] for p in found["A-1"]["participants"]] == [one.id]
    assert (found["A-1"]["concerns"], found["A-2"]["concerns"]) == ([LANGUAGE], [])
    again = await merged(committed, content)
    assert again.body["counts"] == {"created": 0, "updated": 0, "unchanged": 3, "rejected": 0}
    more = ndjson([line("A-1", two, concerns=[HOUSING]), line("A-4")])
    third = await merged(committed, more)
    assert third.body["counts"] == {"created": 1, "updated": 1, "unchanged": 0, "rejected": 0}
    changed = (await cases(committed.clients))["A-1"]
    assert [p["person_id"] for p in changed["participants"]] == [one.id, two.id]
    assert changed["concerns"] == [HOUSING]


async def test_every_case_has_its_audit_entry_and_its_event(committed: Committed) -> None:
    content = ndjson(line(f"A-{n}") for n in range(7))
    asked_for = await merged(committed, content)
    await merged(committed, ndjson([line("A-0", concerns=[HOUSING])]))
    rows = await committed.admin.fetch(
        "select a.action, count(*) as n, count(distinct o.event_id) as told from ia.audit_entry a"
        " join ia.outbox o on o.agg_id::text = a.object_id and o.type = a.action"
        " where a.action like 'case.%' and a.canonical::jsonb ->> 'request_id' = any (select"
        "  request_id::text from ia.job) group by 1 order by 1"
    )
    assert [tuple(r) for r in rows] == [("case.changed", 1, 1), ("case.opened", 7, 7)]
    purposes = (
        "select distinct canonical::jsonb ->> 'purpose' from ia.audit_entry where action = $1"
    )
    assert len(await committed.admin.fetch(purposes, "case.opened")) == 1
    assert asked_for.body["job_id"]


async def test_a_wrong_line_is_told_and_loses_no_other(committed: Committed) -> None:
    foreign = await committed.make.person("jobcenter")
    lines: list[Any] = [
        line("A-0"),
        "{not json",
        line("A-2", concerns=[LANGUAGE, {"life_area": "language", "topic": "nothing"}]),
        "",
        line("A-4") | {"nickname": "x"},
        line("Ä 5"),
        {"concerns": []},
        line("A-7", foreign),
        '{"external_id": "A-8", "external_id": "A-9"}',
        "[1]",
        '{"external_id": "A-10", "concerns": ' + "[" * 100 + "]" * 100 + "}",
        '{"external_id": "A-11", "concerns": "' + "x" * 70_000 + '"}',
        line("A-12"),
    ]
    done = await merged(committed, ndjson(lines))
    assert done.body["counts"] == {"created": 2, "updated": 0, "unchanged": 0, "rejected": 10}
    told = await problems(committed.clients, done.id)
    places = [(p["index"], p["line"], p["external_id"], p["status"]) for p in told]
    assert places == [
        (1, 2, None, 400),
        (2, 3, "A-2", 409),
        (3, 5, None, 422),
        (4, 6, None, 422),
        (5, 7, None, 422),
        (6, 8, "A-7", 409),
        (7, 9, None, 400),
        (8, 10, None, 422),
        (9, 11, None, 400),
        (10, 12, None, 413),
    ]
    errors = {p["index"]: p["problem"]["errors"] for p in told}
    assert [(e["pointer"], e["code"]) for e in errors[2]] == [
        ("/concerns/1/topic", "unknown_reference")
    ]
    assert [(e["pointer"], e["code"]) for e in errors[3]] == [("/nickname", "unknown_member")]
    assert [(e["pointer"], e["code"]) for e in errors[4]] == [("/external_id", "wrong_form")]
    assert [(e["pointer"], e["code"]) for e in errors[5]] == [("/external_id", "required")]
    assert [e["pointer"] for e in errors[6]] == ["/participants/0/person_id"]
    kind = told[1]["problem"]["type"]
    assert kind == "https://api.example.org/problems/unknown-reference"
    german = {"Accept-Language": "de"}
    path = f"/v1/imports/{done.id}/problems?limit=1"
    shown = (await committed.clients.get("lead", path, headers=german)).json()
    assert shown["items"][0]["problem"]["title"] != told[0]["problem"]["title"]
    rest = f"{path}&cursor={shown['page']['next_cursor']}"
    assert (await committed.clients.get("lead", rest)).json()["items"] == told[1:2]


async def test_a_table_becomes_cases_too(committed: Committed) -> None:
    person = await committed.make.person()
    head = "Aktenzeichen;Bereich;Thema;Person;Rolle;Bemerkung\r\n"
    one = f'\ufeff{head}A-1;language;language_course;{person.id};client;"zwei\r\nZeilen"\r\n'
    two = f"{head}\r\nA-2;;;;;\r\nA-3;language;;;;\r\nA-4;language;language_course;;;;;zu viel\r\n"
    broken = f'{head}A-5;;;;;\r\nA-6;"offen;;;;\r\n'
    parts = (text.encode() for text in (one, two, broken))
    done = await merged(committed, *parts, csv={"columns": COLUMNS})
    assert done.body["counts"] == {"created": 3, "updated": 0, "unchanged": 0, "rejected": 3}
    found = await cases(committed.clients)
    assert sorted(found) == ["A-1", "A-2", "A-5"]
    assert [p["person_id"] for p in found["A-1"]["participants"]] == [person.id]
    told = await problems(committed.clients, done.id)
    assert [(p["part"], p["line"], p["status"]) for p in told] == [
        (2, 4, 422),
        (2, 5, 400),
        (3, 3, 400),
    ]
    assert told[0]["problem"]["errors"][0]["pointer"] == "/concerns/0/topic"


async def test_a_part_is_looked_at_when_it_comes(clients: Clients) -> None:
    table = await asked(clients, csv={"columns": COLUMNS, "delimiter": ","})
    short = await put(clients, table.id, b"Aktenzeichen,Bereich\n", headers=CSV)
    assert short.status_code == 422
    pointers = [e["pointer"] for e in short.json()["errors"]]
    assert "/csv/columns/concerns/0/topic" in pointers
    one = await asked(clients)
    assert (await put(clients, one.id, b"\xff")).status_code == 400
    assert (await put(clients, one.id, b'"\0"')).status_code == 400
    assert (await put(clients, one.id, b"")).status_code == 400
    assert (
        await put(clients, one.id, b"{}", headers={"Content-Type": "text/xml"})
    ).status_code == 415
    squeezed = NDJSON | {"Content-Encoding": "gzip"}
    assert (await put(clients, one.id, b"{}", headers=squeezed)).status_code == 415
    assert (await put(clients, one.id, b"\n" * (service.MOST_LINES + 1))).status_code == 422
    for n in (0, 51):
        assert (await put(clients, one.id, b"{}", n)).status_code == 404
    large = b" " * (8 * 1024 * 1024)
    assert (await put(clients, one.id, large)).status_code == 200
    assert (await put(clients, one.id, large + b" ")).status_code == 413
    assert (await put(clients, one.id, b"{}", who="lead/worker_1")).status_code == 404


async def test_a_part_takes_the_place_of_one_with_its_number(clients: Clients) -> None:
    one = await asked(clients)
    first = await put(clients, one.id, b"{}\n", 2)
    second = await put(clients, one.id, b"{}\n{}\n", 2)
    assert (first.json()["lines"], second.json()["lines"]) == (1, 2)
    assert (await start(clients, one.id)).json()["guard"] == "import_parts_there"
    await put(clients, one.id, b"{}", 1)
    assert [p["n"] for p in (await read(clients, one.id)).body["parts"]] == [1, 2]
    assert (await start(clients, one.id)).status_code == 202
    assert (await start(clients, one.id)).json()["guard"] == "import_not_started"
    assert (await put(clients, one.id, b"{}")).json()["guard"] == "import_not_started"


async def test_a_dry_run_writes_nothing(committed: Committed) -> None:
    await merged(committed, ndjson([line("A-1")]))
    before = await committed.admin.fetchval(
        "select count(*) from ia.outbox where type like 'case.%'"
    )
    lines = [line("A-1"), line("A-2"), line("A-1", concerns=[HOUSING]), "x"]
    done = await merged(committed, ndjson(lines), dry_run=True)
    assert done.body["counts"] == {"created": 1, "updated": 1, "unchanged": 1, "rejected": 1}
    assert len(await problems(committed.clients, done.id)) == 1
    assert sorted(await cases(committed.clients)) == ["A-1"]
    after = await committed.admin.fetchval(
        "select count(*) from ia.outbox where type like 'case.%'"
    )
    assert after == before


async def test_who_may_not_write_cases_may_not_import_them(make: Make, clients: Clients) -> None:
    client = await make.api_client(scopes=["imports:read", "imports:write"])
    headers = {"Authorization": f"Bearer {client.body['key']}"}
    given: dict[str, Any] = {"key": "may-not-write", "headers": headers}
    answer = await clients.post(None, "/v1/imports", {"system": "own_file"}, **given)
    assert (answer.status_code, answer.json()["missing_scopes"]) == (403, ["cases:write"])
    one = await asked(clients)
    for who in ("lead/worker_1", "jobcenter", "koeln"):
        for path in (f"/v1/imports/{one.id}", f"/v1/imports/{one.id}/problems"):
            assert (await clients.get(who, path)).status_code == 404
        assert (await start(clients, one.id, who)).status_code == 404


async def test_there_is_room_for_ten_that_were_not_started(clients: Clients) -> None:
    for _ in range(service.MOST):
        await asked(clients)
    body = {"system": "own_file"}
    full = await clients.post("lead", "/v1/imports", body, key="eleventh")
    assert (full.status_code, full.json()["guard"]) == (409, "imports_started")


async def test_too_many_wrong_lines_end_it_and_it_goes_on_when_started_again(
    committed: Committed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service_work, "BATCH", 4)
    monkeypatch.setattr(service_work, "MOST_PROBLEMS", 5)
    content = ndjson([line("A-1"), *["x"] * 9, line("A-2")])
    one = await waiting(committed.clients, content)
    await drain(committed)
    failed = await read(committed.clients, one.id)
    assert failed.body["status"] == "failed"
    assert failed.body["counts"]["created"] == 1
    shown = (await committed.clients.get("lead", f"/v1/jobs/{one.body['job_id']}")).json()
    assert shown["problem"]["type"].endswith("/import-too-faulty")
    monkeypatch.setattr(service_work, "MOST_PROBLEMS", 100)
    assert (await start(committed.clients, one.id)).status_code == 202
    await drain(committed)
    done = await read(committed.clients, one.id)
    assert done.body["counts"] == {"created": 2, "updated": 0, "unchanged": 0, "rejected": 9}
    assert [p["index"] for p in await problems(committed.clients, one.id)] == list(range(1, 10))


async def test_what_was_written_when_it_is_cancelled_stays(
    committed: Committed, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = await waiting(committed.clients, ndjson(line(f"A-{n}") for n in range(6)))
    job_id = one.body["job_id"]
    written = service_work._written
    batches = 0

    async def cancelled(merge: Any, batch: Any) -> int:
        nonlocal batches
        if batches == 1:
            path = f"/v1/jobs/{job_id}"
            etag = (await committed.clients.get("lead", path)).headers["ETag"]
            answer = await committed.clients.post("lead", f"{path}/cancel", etag=etag)
            assert answer.status_code == 200
        batches += 1
        return await written(merge, batch)

    monkeypatch.setattr(service_work, "BATCH", 2)
    monkeypatch.setattr(service_work, "_written", cancelled)
    await drain(committed)
    assert (await job(committed, job_id))["status"] == "cancelled"
    assert sorted(await cases(committed.clients)) == ["A-0", "A-1"]
    monkeypatch.setattr(service_work, "_written", written)
    assert (await start(committed.clients, one.id)).status_code == 202
    await drain(committed)
    done = await read(committed.clients, one.id)
    assert (done.body["status"], done.body["counts"]["created"]) == ("succeeded", 6)


async def test_rights_that_ended_end_it(committed: Committed) -> None:
    one = await waiting(committed.clients, ndjson([line("A-1")]))
    await committed.admin.execute(
        "update ia.api_client set scopes = array_remove(scopes, 'cases:write')"
        " where id = (select client_id from ia.import where id = $1)",
        one.id,
    )
    await drain(committed)
    assert (await job(committed, one.body["job_id"]))["problem"] == "job-rights-ended"
    assert await committed.admin.fetchval('select count(*) from ia."case"') == 0


async def test_what_is_over_is_deleted(committed: Committed) -> None:
    done = await merged(committed, ndjson([line("A-1"), "x"]))
    never = await asked(committed.clients)
    await put(committed.clients, never.id, b"{}")
    at_work = await waiting(committed.clients, b"{}")
    await committed.admin.execute(
        "update ia.import set created_at = created_at - interval '8 days'"
    )
    async with pool(committed.server.dsn("ia_worker", committed.name), 1) as connections:
        assert await service_work.end_over(Database(connections)) == 2
    left = await committed.admin.fetch("select id::text from ia.import")
    assert [r["id"] for r in left] == [at_work.id]
    assert await committed.admin.fetchval("select count(*) from ia.import_problem") == 0
    assert done.id != never.id


@pytest.mark.parametrize(("lines", "counted"), [(3, False), (4, True)])
async def test_what_fills_the_tables_is_counted_and_a_few_lines_are_not(
    committed: Committed, monkeypatch: pytest.MonkeyPatch, lines: int, counted: bool
) -> None:
    known = """select reltuples from pg_class where oid = 'ia."case"'::regclass"""
    monkeypatch.setattr(service_work, "BATCH", 2)
    monkeypatch.setattr(service_work, "FIRST_COUNT", 4)
    before = await committed.admin.fetchval(known)
    await merged(committed, ndjson(line(f"A-{n}") for n in range(lines)))
    assert (await committed.admin.fetchval(known) == before) is not counted


async def test_nobody_waits_for_who_counts_already(
    committed: Committed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service_work, "FIRST_COUNT", 1)
    async with committed.admin.transaction():
        await committed.admin.execute('lock table ia."case" in share update exclusive mode')
        done = await merged(committed, ndjson([line("A-1")]))
    assert (done.body["status"], done.body["counts"]["created"]) == ("succeeded", 1)
