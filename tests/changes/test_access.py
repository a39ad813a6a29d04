"""Access that begins or ends is told once, to whom it concerns, whatever ended it."""

from typing import Any
from uuid import UUID

import pytest

from integration_api.changes.access import BELOW_TANDEM
from integration_api.changes.judging import Judge
from integration_api.kernel.db import Database, pool
from integration_api.worker import round_
from tests.cast import id_of
from tests.changes.test_feed import read, rest, types
from tests.conftest import Committed
from tests.make import Scene

REVOKED = ["case.access_revoked", "person.access_revoked"]
CHANGED = ["case.access_changed", "person.access_changed"]


async def _round(committed: Committed) -> None:
    async with pool(committed.server.dsn("ia_worker", committed.name), 2) as connections:
        await round_(Database(connections))


async def _told(committed: Committed, who: str, after: str) -> tuple[list[str], str]:
    """The types of what an agency is told about access, and the cursor behind it."""
    await committed.number()
    found = await rest(committed, who, after)
    return sorted(t for t in types(found) if ".access_" in t), found["cursor"]


async def _accepted(committed: Committed) -> tuple[Scene, str]:
    start = (await read(committed, "jobcenter", "latest"))["page"]["next_cursor"]
    scene = await committed.make.scene("accepted")
    told, cursor = await _told(committed, "jobcenter", start)
    assert told == CHANGED
    assert (await committed.clients.get("jobcenter", f"/v1/cases/{scene.case.id}")).is_success
    return scene, cursor


async def test_a_revoked_consent_is_told_to_who_loses_access_and_to_nobody_else(
    committed: Committed,
) -> None:
    scene, cursor = await _accepted(committed)
    beside = (await read(committed, "outsider", "latest"))["page"]["next_cursor"]
    where = f"/v1/consents/{scene.consent.id}"
    seen = await committed.clients.get("lead", where)
    ended = await committed.clients.post("lead", f"{where}/revoke", {}, etag=seen.headers["ETag"])
    assert ended.status_code == 200, ended.text
    assert (await committed.clients.get("jobcenter", f"/v1/cases/{scene.case.id}")).is_client_error
    told, cursor = await _told(committed, "jobcenter", cursor)
    assert told == REVOKED
    assert (await _told(committed, "jobcenter", cursor))[0] == []
    assert (await _told(committed, "outsider", beside))[0] == []


async def test_who_lost_access_learns_of_nothing_that_comes_after(committed: Committed) -> None:
    scene, cursor = await _accepted(committed)
    await _end_by_time(committed, scene)
    await _round(committed)
    _, cursor = await _told(committed, "jobcenter", cursor)
    case = await committed.clients.get("lead", f"/v1/cases/{scene.case.id}")
    changed = await committed.clients.patch(
        "lead",
        f"/v1/cases/{scene.case.id}",
        {"concerns": []},
        etag=case.headers["ETag"],
    )
    assert changed.status_code == 200
    await committed.number()
    assert (await rest(committed, "jobcenter", cursor))["items"] == []


async def test_a_change_before_the_loss_is_not_told_after_it(committed: Committed) -> None:
    scene, cursor = await _accepted(committed)
    case = await committed.clients.get("lead", f"/v1/cases/{scene.case.id}")
    await committed.clients.patch(
        "lead", f"/v1/cases/{scene.case.id}", {"concerns": []}, etag=case.headers["ETag"]
    )
    await committed.number()
    assert types(await rest(committed, "jobcenter", cursor)) == ["case.changed"]
    await _end_by_time(committed, scene)
    assert types(await rest(committed, "jobcenter", cursor)) == []


async def _end_by_time(committed: Committed, scene: Scene) -> None:
    """As if the term had run out; no trigger sees it, as none sees the time go by."""
    await _untold(
        committed,
        "update ia.disclosure set valid_to = now() - interval '1 second',"
        " valid_from = now() - interval '1 hour', opened_at = now() - interval '1 hour'"
        " where id = $1",
        scene.disclosure.id,
    )
    await committed.admin.execute(
        "update ia.case_access set valid_to = now() - interval '1 second' where case_id = $1"
        " and valid_to > now() and valid_from > '-infinity'",
        scene.case.id,
    )


async def _untold(committed: Committed, sql: str, *given: Any) -> None:
    admin = committed.admin
    async with admin.transaction():
        await admin.execute("set local session_replication_role = replica")
        assert await admin.execute(sql, *given) == "UPDATE 1"


async def test_a_term_that_ran_out_is_told_once(committed: Committed) -> None:
    scene, cursor = await _accepted(committed)
    await _end_by_time(committed, scene)
    assert (await _told(committed, "jobcenter", cursor))[0] == []
    await _round(committed)
    told, cursor = await _told(committed, "jobcenter", cursor)
    assert told == REVOKED
    await _round(committed)
    assert (await _told(committed, "jobcenter", cursor))[0] == []


async def test_a_disclosure_that_begins_later_is_told_when_it_begins(
    committed: Committed,
) -> None:
    start = (await read(committed, "jobcenter", "latest"))["page"]["next_cursor"]
    make = committed.make
    person = await make.person()
    consent = await make.consent(person)
    case = await make.case(person)
    given = await make.disclosure(person, consent, case, opening="immediately")
    told, cursor = await _told(committed, "jobcenter", start)
    assert told == CHANGED
    ahead = "valid_from = now() + interval '1 hour', opened_at = now() + interval '1 hour'"
    await committed.admin.execute(f"update ia.disclosure set {ahead} where id = $1", given.id)
    told, cursor = await _told(committed, "jobcenter", cursor)
    assert told == REVOKED
    await _round(committed)
    assert (await _told(committed, "jobcenter", cursor))[0] == []
    begun = "valid_from = now() - interval '1 second', opened_at = now() - interval '1 second'"
    await _untold(committed, f"update ia.disclosure set {begun} where id = $1", given.id)
    await _round(committed)
    assert (await _told(committed, "jobcenter", cursor))[0] == CHANGED
    assert (await committed.clients.get("jobcenter", f"/v1/cases/{case.id}")).is_success


async def test_of_two_disclosures_one_ends_and_access_stays(committed: Committed) -> None:
    scene, cursor = await _accepted(committed)
    second = await committed.make.disclosure(scene.person, scene.consent, scene.case)
    told, cursor = await _told(committed, "jobcenter", cursor)
    assert told == CHANGED
    answer = await committed.clients.post(
        "lead", f"/v1/disclosures/{second.id}/revoke", {}, etag=second.etag
    )
    assert answer.status_code == 200, answer.text
    assert (await _told(committed, "jobcenter", cursor))[0] == CHANGED
    assert (await committed.clients.get("jobcenter", f"/v1/cases/{scene.case.id}")).is_success


@pytest.mark.parametrize("who", ["lead", "jobcenter"])
async def test_a_case_is_told_to_all_who_see_it(committed: Committed, who: str) -> None:
    scene, _ = await _accepted(committed)
    start = (await read(committed, who, "latest"))["page"]["next_cursor"]
    case = await committed.clients.get("lead", f"/v1/cases/{scene.case.id}")
    person = await committed.clients.get("lead", f"/v1/persons/{scene.person.id}")
    await committed.clients.patch(
        "lead", f"/v1/cases/{scene.case.id}", {"concerns": []}, etag=case.headers["ETag"]
    )
    await committed.clients.patch(
        "lead",
        f"/v1/persons/{scene.person.id}",
        {"languages": []},
        etag=person.headers["ETag"],
    )
    await committed.number()
    assert types(await rest(committed, who, start)) == ["case.changed", "person.changed"]


async def test_the_directory_is_told_to_everybody_of_the_municipality(
    committed: Committed,
) -> None:
    starts = {
        who: (await read(committed, who, "latest"))["page"]["next_cursor"]
        for who in ("jobcenter", "outsider", "koeln")
    }
    await committed.make.site()
    await committed.make.offer()
    await committed.make.offer("publish")
    await committed.number()
    found = {who: types(await rest(committed, who, at)) for who, at in starts.items()}
    public = ["site.created", "offer.created", "offer.published"]
    assert found == {"jobcenter": public, "outsider": public, "koeln": []}


async def _below(committed: Committed, who: str, after: str) -> set[str]:
    """The nouns below a tandem case that an agency is told of."""
    told = types(await rest(committed, who, after))
    return {one.partition(".")[0] for one in told} & {table.name for table in BELOW_TANDEM}


async def test_what_is_below_a_tandem_case_is_told_to_who_sees_the_tandem_case(
    committed: Committed,
) -> None:
    everybody = ("lead", "immigration", "labour", "jobcenter", "outsider", "koeln")
    start = {w: (await read(committed, w, "latest"))["page"]["next_cursor"] for w in everybody}
    tandem = await committed.make.tandem()
    await committed.make.approval(tandem)
    path = f"/v1/tandem-cases/{tandem.id}/legal-track"
    seen = await committed.clients.get("immigration", path)
    moved = await committed.clients.post(
        "immigration", f"{path}/check-status", {}, etag=seen.headers["ETag"]
    )
    assert moved.status_code == 200, moved.text
    await committed.number()
    told = {who: await _below(committed, who, after) for who, after in start.items()}
    parts = {"legal_track", "employer_declaration", "ba_approval_request"}
    for who in ("lead", "immigration", "labour"):
        assert parts <= told.pop(who), who
    assert set.union(*told.values()) == set()
    await _loses_the_case(committed, tandem.id, "labour")
    assert await _below(committed, "labour", start["labour"]) == set()
    assert parts <= await _below(committed, "immigration", start["immigration"])


async def test_webhooks_judge_what_is_below_a_tandem_case_as_the_feed_does(
    committed: Committed,
) -> None:
    tandem = await committed.make.tandem()
    declared = await committed.make.declaration(tandem)
    body = await committed.admin.fetchval(
        "select body from ia.outbox where agg_id = $1 limit 1", UUID(declared.id)
    )
    city, about = id_of("wuppertal"), ("employer_declaration", UUID(declared.id), body)
    async with pool(committed.server.dsn("ia_app", committed.name), 1) as connections:
        judge = Judge(Database(connections))
        assert await judge(city, id_of("labour"), *about)
        assert not await judge(city, id_of("outsider"), *about)
        await _loses_the_case(committed, tandem.id, "labour")
        assert not await judge(city, id_of("labour"), *about)


async def _loses_the_case(committed: Committed, tandem_id: str, who: str) -> None:
    ended = await committed.admin.execute(
        "update ia.case_access set valid_to = now() - interval '1 second',"
        " valid_from = least(valid_from, now() - interval '1 hour')"
        " where case_id = (select case_id from ia.tandem_case where id = $1) and agency_id = $2",
        UUID(tandem_id),
        id_of(who),
    )
    assert ended == "UPDATE 1"
