"""Both logs: what the data protection officer reads, and that nobody else does, by either wall."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import pytest
from asyncpg import Connection, InsufficientPrivilegeError

from integration_api.audit import service
from integration_api.kernel.principal import context_sql
from tests.cast import acting, id_of
from tests.clients import Clients
from tests.conftest import Committed
from tests.make import Make

OFFICER = "lead/officer"
RECORDS, ENTRIES = "/v1/access-records", "/v1/audit-entries"
LOGS = [RECORDS, ENTRIES]


async def read(clients: Clients, path: str, who: str = OFFICER, **narrowed: str) -> list[Any]:
    """The items of one page."""
    query = f"?{urlencode(narrowed)}" if narrowed else ""
    answer = await clients.get(who, path + query)
    assert answer.status_code == 200, answer.text
    items: list[Any] = answer.json()["items"]
    return items


async def test_a_read_is_recorded_with_all_that_must_be_known_of_it(
    make: Make, clients: Clients
) -> None:
    person = await make.person()
    answer = await clients.get("lead/worker_1", f"/v1/persons/{person.id}")
    record, *_ = await read(clients, RECORDS)
    assert record | {"id": None, "at": None} == {
        "id": None,
        "at": None,
        "agency_id": str(id_of("lead")),
        "client_id": str(id_of("lead", "worker_1")),
        "member_id": str(id_of("lead", "worker_1", "member")),
        "purpose": "case_management",
        "operation": "getPerson",
        "resource_id": person.id,
        "subject_ids": [person.id],
        "compartments": record["compartments"],
        "request_id": f"{answer.headers['X-Request-Id'][:8]}" + record["request_id"][8:],
    }
    assert "core" in record["compartments"]
    assert record["request_id"].replace("-", "") == answer.headers["X-Request-Id"]


async def test_a_list_is_one_record_with_everybody_it_showed(make: Make, clients: Clients) -> None:
    persons = {(await make.person()).id for _ in range(3)}
    before = len(await read(clients, RECORDS))
    assert (await clients.get("lead", "/v1/persons")).status_code == 200
    record, *others = await read(clients, RECORDS)
    assert (record["operation"], record["resource_id"]) == ("listPersons", None)
    assert set(record["subject_ids"]) >= persons
    # the officer's own look at three persons is the only other new one
    assert len(others) - before == 1
    assert others[0]["operation"] == "listAccessRecords"
    assert set(others[0]["subject_ids"]) >= persons


async def narrowings(make: Make, clients: Clients) -> Mapping[str, tuple[str, str]]:
    """Filters, each with a value that fits something and one that fits nothing."""
    person = await make.person()
    case = await make.case(person)
    await clients.get("lead/worker_1", f"/v1/cases/{case.id}/notes")
    await clients.get("lead/worker_1", f"/v1/cases/{case.id}")
    nobody = str(id_of("nobody"))
    desk = str(id_of("lead", "worker_1", "member"))
    return {
        "person_id": (person.id, nobody),
        "resource_id": (case.id, nobody),
        "agency_id": (str(id_of("lead")), str(id_of("jobcenter"))),
        "principal_id": (desk, str(id_of("lead", "worker_2", "member"))),
        "at_from": ("2026-01-01T00:00:00Z", "2999-01-01T00:00:00Z"),
        "at_to": ("2999-01-01T00:00:00Z", "2026-01-01T00:00:00Z"),
    }


async def test_records_are_narrowed_by_person_case_agency_principal_and_period(
    make: Make, clients: Clients
) -> None:
    given = await narrowings(make, clients)
    for name, (fits, fits_not) in given.items():
        found = await read(clients, RECORDS, **{name: fits})
        assert found, name
        assert await read(clients, RECORDS, **{name: fits_not}) == [], name
    case = given["resource_id"][0]
    reads = {r["operation"] for r in await read(clients, RECORDS, resource_id=case)}
    assert "getCase" in reads
    both = await read(clients, RECORDS, resource_id=case, person_id=given["person_id"][0])
    assert both
    assert {r["resource_id"] for r in both} == {case}


@pytest.mark.parametrize("path", LOGS)
async def test_pages_go_through_a_log_forwards_and_back(
    make: Make, clients: Clients, path: str
) -> None:
    for _ in range(5):
        person = await make.person()
        await clients.get("lead", f"/v1/persons/{person.id}")
    end = {RECORDS: "at_to", ENTRIES: "recorded_at_to"}[path]
    if path == RECORDS:  # which grows with each look at it
        newest = (await read(clients, path))[0]["at"]
        narrowed = urlencode({end: newest})
    else:
        narrowed = ""
    whole = [i["id"] for i in await read_all(clients, f"{path}?{narrowed}", 200)]
    assert len(whole) >= 4
    assert [i["id"] for i in await read_all(clients, f"{path}?{narrowed}", 2)] == whole
    first = (await clients.get(OFFICER, f"{path}?{narrowed}&limit=2")).json()
    cursor = first["page"]["next_cursor"]
    second = (await clients.get(OFFICER, f"{path}?{narrowed}&limit=2&cursor={cursor}")).json()
    cursor = second["page"]["prev_cursor"]
    back = (await clients.get(OFFICER, f"{path}?{narrowed}&limit=2&cursor={cursor}")).json()
    assert back["items"] == first["items"]
    foreign = await clients.get("jobcenter/officer", f"{path}?{narrowed}&limit=2&cursor={cursor}")
    assert foreign.status_code == 400


async def read_all(clients: Clients, path: str, limit: int) -> list[Any]:
    """Every item, page by page."""
    found: list[Any] = []
    cursor = ""
    while True:
        page = (await clients.get(OFFICER, f"{path}&limit={limit}{cursor}")).json()
        found += page["items"]
        if page["page"]["next_cursor"] is None:
            return found
        cursor = f"&cursor={page['page']['next_cursor']}"


async def test_entries_say_who_changed_what_and_why(make: Make, clients: Clients) -> None:
    scene = await make.scene("sent")
    body = {"reason": "need_met_elsewhere"}
    path = f"/v1/referrals/{scene.referral.id}/withdraw"
    answer = await clients.post("lead/worker_1", path, body, etag=scene.referral.etag)
    assert answer.status_code == 200
    entry, *_ = await read(clients, ENTRIES, object_id=scene.referral.id)
    shown = {n: entry[n] for n in ("action", "object_type", "version", "reason", "sequence")}
    assert shown == {
        "action": "referral.withdrawn",
        "object_type": "referral",
        "version": answer.json().get("version", entry["version"]),
        "reason": "need_met_elsewhere",
        "sequence": None,
    }
    assert entry["actor_id"] == str(id_of("lead", "worker_1", "member"))
    for name, value in {
        "actor_id": entry["actor_id"],
        "action": "referral.withdrawn",
        "agency_id": str(id_of("lead")),
        "recorded_at_from": "2026-01-01T00:00:00Z",
        "recorded_at_to": "2999-01-01T00:00:00Z",
    }.items():
        assert entry in await read(clients, ENTRIES, **{name: value}), name
    assert await read(clients, ENTRIES, action="referral.voided") == []


@pytest.mark.parametrize("path", LOGS)
@pytest.mark.parametrize("who", ["lead", "lead/worker_1", "lead/admin"])
async def test_nobody_but_the_officer_reads_a_log(
    make: Make, clients: Clients, path: str, who: str
) -> None:
    await make.person()
    answer = await clients.get(who, path)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (403, "role_missing")
    answer = await clients.get("lead/bare", path)
    assert answer.json()["missing_scopes"] == ["audit:read"]


@pytest.mark.parametrize("path", LOGS)
async def test_the_officer_states_a_purpose(clients: Clients, path: str) -> None:
    for headers in ({"Processing-Purpose": ""}, {"Processing-Purpose": "case_management"}):
        assert (await clients.get(OFFICER, path, headers=headers)).status_code == 400


@pytest.mark.parametrize("path", LOGS)
async def test_an_officer_reads_what_her_own_controller_did(
    make: Make, clients: Clients, path: str
) -> None:
    scene = await make.scene("accepted")
    await clients.get("jobcenter", f"/v1/referrals/{scene.referral.id}")
    for agency in ("lead", "jobcenter"):
        found = await read(clients, path, f"{agency}/officer")
        assert {r["agency_id"] for r in found} == {str(id_of(agency))}
    assert await read(clients, path, "koeln/officer") == []
    foreign = {"agency_id": str(id_of("jobcenter"))}
    assert await read(clients, path, **foreign) == []


@pytest.mark.parametrize("path", LOGS)
async def test_the_policies_alone_hide_the_logs_from_everybody_else(
    make: Make, clients: Clients, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    await make.person()
    monkeypatch.setattr(service, "must_be_officer", lambda caller: None)
    for who in ("lead", "lead/worker_1", "lead/admin", "koeln/officer"):
        assert await read(clients, path, who) == [], who
    assert await read(clients, path, OFFICER), "the same rows are there for the officer"


def officer(agency: str, **changed: Any) -> str:
    """The context of an agency's officer, or of who would like to be one."""
    said = {"member_id": id_of(agency, "officer", "member"), "agency_id": id_of(agency)} | changed
    here = id_of({"koeln": "koeln"}.get(agency, "wuppertal"))
    return context_sql(here, said["agency_id"], id_of(agency, "officer"), said["member_id"])


RECORD_PAGE = "select * from ia.read_access_records(" + "null, " * 8 + "false, 10)"
ENTRY_PAGE = "select * from ia.read_audit_entries(" + "null, " * 8 + "false, 10)"


@pytest.mark.parametrize("page", [RECORD_PAGE, ENTRY_PAGE])
async def test_the_reading_functions_answer_an_officer_in_office_alone(
    make: Make, connection: Connection, page: str
) -> None:
    await make.person()
    seen = {}
    contexts = {
        "officer": officer("lead"),
        "of another agency": officer("lead", agency_id=id_of("jobcenter")),
        "clerk": officer("lead", member_id=id_of("lead", "worker_1", "member")),
        "machine": acting("lead"),
    }
    for who, context in contexts.items():
        await connection.execute(context)
        seen[who] = len(await connection.fetch(page))
    assert seen.pop("officer") > 0
    assert set(seen.values()) == {0}, seen


async def test_an_officer_out_of_office_reads_nothing(
    make: Make, clients: Clients, connection: Connection
) -> None:
    await make.person()
    await connection.execute(officer("lead"))
    assert await connection.fetch(RECORD_PAGE)
    member = id_of("lead", "officer", "member")
    await connection.execute("update ia.member set active_to = current_date where id = $1", member)
    assert await connection.fetch(RECORD_PAGE) == []


SCANS = (
    "select coalesce(sum(seq_scan), 0) as seq, coalesce(sum(idx_scan), 0) as idx"
    " from pg_stat_xact_user_tables where relname in ('access_record', 'audit_entry')"
)


@pytest.mark.parametrize("page", [RECORD_PAGE, ENTRY_PAGE])
async def test_a_page_is_read_by_an_index(committed: Committed, page: str) -> None:
    admin = committed.admin
    for table, columns, values in (
        ("access_record", "at, agency_id, client_id, purpose, request_id, operation, subjects,"
         " compartments", "now() - i * interval '1 minute', $1, $1, '', $1, '', '{}', '{}'"),
        ("audit_entry", "recorded_at, canonical", "now() - i * interval '1 minute',"
         " json_build_object('agency_id', $1::uuid, 'n', i)::text"),
    ):  # fmt: skip
        await admin.execute(
            f"insert into ia.{table} (municipality_id, {columns})"
            f" select m.id, {values} from ia.municipality m, generate_series(1, 20000) i",
            id_of("lead"),
        )
        await admin.execute(f"analyze ia.{table}")
    async with admin.transaction():
        await admin.execute(officer("lead") + "set local plan_cache_mode = force_generic_plan")
        before = dict((await admin.fetch(SCANS))[0])
        assert len(await admin.fetch(page)) == 10
        after = dict((await admin.fetch(SCANS))[0])
        assert after["seq"] == before["seq"]
        assert after["idx"] > before["idx"]
        await admin.execute("set local enable_indexscan = off; set local enable_bitmapscan = off")
        await admin.execute("discard plans")
        await admin.fetch(page)
        assert (await admin.fetch(SCANS))[0]["seq"] > after["seq"], "a scan would be seen"


@pytest.mark.parametrize(
    "sql",
    [
        "select 1 from ia.access_record",
        "select 1 from ia.audit_entry",
        "select 1 from ia.audit_head",
        "update ia.audit_entry set hash = null, n = null",
        "delete from ia.audit_entry",
        "truncate ia.audit_entry",
        "insert into ia.audit_head values (gen_random_uuid(), 1, '', now(), '', '')",
        "update ia.access_record set purpose = 'advice'",
        "delete from ia.access_record",
        "select ia.end_access_records(6, 1)",
        "set role ia_officer",
        "set role ia_retention",
    ],
)
async def test_the_application_adds_to_the_logs_and_nothing_else(
    make: Make, connection: Connection, sql: str
) -> None:
    await make.person()
    await connection.execute(officer("lead"))
    with pytest.raises(InsufficientPrivilegeError):
        async with connection.transaction():
            await connection.execute(sql)


async def test_the_officer_reads_the_records_of_the_team(
    make: Make, clients: Clients, connection: Connection
) -> None:
    team = await make.agency()
    columns = "at, municipality_id, agency_id, client_id, purpose, request_id, operation"
    of, by = UUID(team.id), id_of("lead", "machine")
    await connection.execute(context_sql(id_of("wuppertal"), of, by))
    await connection.execute(
        f"insert into ia.access_record ({columns}, subjects, compartments) values"
        " (now(), $1, $2, $3, 'advice', $3, 'getPerson', '{}', '{}')",
        id_of("wuppertal"), of, by,
    )  # fmt: skip
    found = await read(clients, RECORDS, agency_id=team.id)
    assert [r["agency_id"] for r in found] == [team.id]
    assert await read(clients, RECORDS, "jobcenter/officer") == []
