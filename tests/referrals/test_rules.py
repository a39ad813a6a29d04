"""What a referral shows, to whom, when; its guards; its clock."""

from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from integration_api.kernel import clock
from integration_api.kernel.db import Database, pool
from integration_api.worker import round_
from tests.cast import id_of
from tests.clients import Clients
from tests.conftest import Committed
from tests.days import NEXT_WEEK
from tests.make import Make, made


async def test_the_recipient_sees_a_preview_until_it_accepts(make: Make, clients: Clients) -> None:
    scene = await make.scene("sent")
    path = f"/v1/referrals/{scene.referral.id}"
    before = (await clients.get("jobcenter", path)).json()
    assert before["redactions"] == ["core", "case_notes"]
    assert before["preview"] == {"languages": [{"tag": "uk", "interpreter_needed": True}]}
    for hidden in ("person", "person_id", "case_id", "case_reference", "message"):
        assert before[hidden] is None
    assert (await clients.get("jobcenter", f"/v1/persons/{scene.person.id}")).status_code == 404
    accepted = await clients.post("jobcenter", f"{path}/accept", etag=scene.referral.etag)
    after = accepted.json()
    assert after["redactions"] == []
    assert after["person"]["name"]["family_name"] == scene.person.body["name"]["family_name"]
    assert after["case_reference"] == scene.case.body["reference"]
    assert "case_reference" not in after["person"]
    assert after["message"] == "Bitte um einen Platz im Abendkurs."
    assert after["responsible_agency_id"] == str(id_of("jobcenter"))
    assert (await clients.get("jobcenter", f"/v1/cases/{after['case_id']}")).status_code == 200


async def test_without_the_compartment_the_message_stays_hidden(
    make: Make, clients: Clients
) -> None:
    scene = await make.scene()
    narrow = await make.disclosure(
        scene.person, scene.consent, scene.case, opening="on_acceptance", compartments=["core"]
    )
    body = {n: scene.referral.body[n] for n in ("case_id", "person_id", "message")}
    body |= {"disclosure_id": narrow.id, "topic": "housing_search"}
    draft = made(await clients.post("lead", "/v1/referrals", body))
    accepted = await make.brought(draft, "accepted")
    assert accepted.body["message"] is None
    assert accepted.body["redactions"] == ["case_notes"]


async def test_what_was_sent_is_frozen(make: Make, clients: Clients) -> None:
    scene = await make.scene("sent")
    path = f"/v1/persons/{scene.person.id}"
    changed = {"name": {"kind": "mononym", "mononym": "Umbenannt"}}
    await clients.patch("lead", path, changed, etag=scene.person.etag)
    accepted = await clients.post(
        "jobcenter", f"/v1/referrals/{scene.referral.id}/accept", etag=scene.referral.etag
    )
    frozen = accepted.json()["person"]["name"]["family_name"]
    assert frozen == scene.person.body["name"]["family_name"]
    assert (await clients.get("jobcenter", path)).json()["name"]["mononym"] == "Umbenannt"


async def test_one_open_referral_per_case_recipient_and_topic(make: Make, clients: Clients) -> None:
    scene = await make.scene("sent")
    body = {n: scene.referral.body[n] for n in ("case_id", "person_id", "disclosure_id", "topic")}
    second = made(await clients.post("lead", "/v1/referrals", body))
    path = f"/v1/referrals/{second.id}/send"
    answer = await clients.post("lead", path, etag=second.etag)
    assert (answer.status_code, answer.json()["guard"]) == (409, "no_other_open_referral")
    other = made(await clients.post("lead", "/v1/referrals", body | {"topic": "housing_search"}))
    sent = await clients.post("lead", f"/v1/referrals/{other.id}/send", etag=other.etag)
    assert sent.status_code == 200
    first = f"/v1/referrals/{scene.referral.id}/withdraw"
    reason = {"reason": "replaced"}
    await clients.post("lead", first, reason, etag=scene.referral.etag)
    assert (await clients.post("lead", path, etag=second.etag)).status_code == 200


@pytest.mark.parametrize(
    ("sent_at", "urgency", "due"),
    [
        # Wednesday, over Christmas: 24 December is a working day, 25 and 26 are holidays
        ("2026-12-23T09:00:00+01:00", "routine", "2026-12-31T23:00:00Z"),
        ("2026-12-23T09:00:00+01:00", "urgent", "2026-12-24T23:00:00Z"),
        # Friday evening in Berlin, already Saturday nowhere
        ("2026-11-27T23:30:00+01:00", "routine", "2026-12-04T23:00:00Z"),
        # summer time ends on 25 October 2026
        ("2026-10-22T09:00:00+02:00", "routine", "2026-10-29T23:00:00Z"),
    ],
)
async def test_the_due_date_counts_working_days(
    make: Make, clients: Clients, sent_at: str, urgency: str, due: str
) -> None:
    scene = await make.scene(urgency=urgency)
    with clock.moved(datetime.fromisoformat(sent_at) - datetime.now(UTC)):  # noqa: TID251
        answer = await clients.post(
            "lead", f"/v1/referrals/{scene.referral.id}/send", etag=scene.referral.etag
        )
    found = datetime.fromisoformat(answer.json()["due_at"])
    assert found == datetime.fromisoformat(due)


@pytest.mark.parametrize("arrow", ["decline", "hold", "fail"])
async def test_other_needs_a_text(make: Make, clients: Clients, arrow: str) -> None:
    status = "sent" if arrow == "decline" else "accepted"
    scene = await make.scene(status)
    path = f"/v1/referrals/{scene.referral.id}/{arrow}"
    body = {"reason": "other"} | ({"resume_on": NEXT_WEEK} if arrow == "hold" else {})
    answer = await clients.post("jobcenter", path, body, etag=scene.referral.etag)
    assert (answer.status_code, answer.json()["guard"]) == (409, "text_for_other")
    told = await clients.post(
        "jobcenter",
        path,
        body | {"reason_text": "Umzug der Dienststelle"},
        etag=scene.referral.etag,
    )
    assert told.status_code == 200


async def test_who_is_not_competent_names_who_is(make: Make, clients: Clients) -> None:
    scene = await make.scene("sent")
    path = f"/v1/referrals/{scene.referral.id}/decline"
    body = {"reason": "not_competent_material"}
    answer = await clients.post("jobcenter", path, body, etag=scene.referral.etag)
    assert (answer.status_code, answer.json()["guard"]) == (409, "names_competent_agency")
    foreign = body | {"suggested_recipient_id": str(id_of("koeln"))}
    unknown = await clients.post("jobcenter", path, foreign, etag=scene.referral.etag)
    assert unknown.status_code == 409
    named = body | {"suggested_recipient_id": str(id_of("employment"))}
    declined = await clients.post("jobcenter", path, named, etag=scene.referral.etag)
    assert declined.json()["suggested_recipient_id"] == str(id_of("employment"))
    assert declined.json()["responsible_agency_id"] == str(id_of("lead"))


async def test_voiding_needs_a_second_person_and_masks(make: Make, clients: Clients) -> None:
    scene = await make.scene("accepted")
    path = f"/v1/referrals/{scene.referral.id}"
    body = {"reason": "wrong_person"}
    for alone in ("lead", "lead/worker_1"):
        answer = await clients.post(alone, f"{path}/void", body, etag=scene.referral.etag)
        assert (answer.status_code, answer.json()["guard"]) == (409, "second_person")
    done = await clients.post("lead/worker_2", f"{path}/void", body, etag=scene.referral.etag)
    assert done.status_code == 200
    for who in ("lead", "jobcenter"):
        seen = (await clients.get(who, path)).json()
        assert (seen["person"], seen["message"]) == (None, None)
    assert (await clients.get("jobcenter", f"/v1/persons/{scene.person.id}")).status_code == 404


@pytest.mark.parametrize("end", ["withdrawn", "entered_in_error"])
async def test_what_was_taken_back_shows_nothing_to_the_recipient(
    make: Make, clients: Clients, end: str
) -> None:
    scene = await make.scene(end)
    told = (await clients.get("jobcenter", f"/v1/referrals/{scene.referral.id}")).json()
    assert (told["status"], told["preview"], told["reason"]) == (end, None, None)
    known = (await clients.get("lead", f"/v1/referrals/{scene.referral.id}")).json()
    assert known["reason"] is not None


async def test_a_member_claims_and_releases(make: Make, clients: Clients) -> None:
    scene = await make.scene("sent")
    path = f"/v1/referrals/{scene.referral.id}"
    machine = await clients.post("jobcenter", f"{path}/claim", etag=scene.referral.etag)
    assert machine.json()["guard"] == "member_claims"
    mine = await clients.post("jobcenter/worker_1", f"{path}/claim", etag=scene.referral.etag)
    assert mine.json()["claimed_by"] == str(id_of("jobcenter", "worker_1", "member"))
    assert mine.json()["status"] == "sent"
    tag = mine.headers["ETag"]
    other = await clients.post("jobcenter/worker_2", f"{path}/claim", etag=tag)
    assert (other.status_code, other.json()["guard"]) == (409, "claim_free")
    sender = await clients.post("lead/worker_1", f"{path}/claim", etag=tag)
    assert sender.status_code == 403
    counted = (await clients.get("jobcenter/worker_1", "/v1/me")).json()["counts"]
    assert counted["mine"] == {"count": 1, "more": False}
    free = await clients.post("jobcenter/worker_2", f"{path}/release", etag=tag)
    assert free.json()["claimed_by"] is None


@pytest.mark.parametrize("verb", ["claim", "release"])
async def test_what_has_ended_is_in_nobodys_queue(make: Make, clients: Clients, verb: str) -> None:
    ended = (await make.scene("completed")).referral
    path = f"/v1/referrals/{ended.id}/{verb}"
    answer = await clients.post("jobcenter/worker_1", path, etag=ended.etag)
    assert (answer.status_code, answer.json()["guard"]) == (409, "referral_open")


async def test_after_the_end_the_recipient_reads_on_for_the_days_agreed(
    make: Make, clients: Clients
) -> None:
    scene = await make.scene("completed")
    assert (await clients.get("jobcenter", f"/v1/cases/{scene.case.id}")).status_code == 200
    disclosed = (await clients.get("lead", f"/v1/disclosures/{scene.disclosure.id}")).json()
    closes = datetime.fromisoformat(disclosed["closes_at"])
    assert timedelta(days=29) < closes - clock.now() <= timedelta(days=30)


async def test_a_withdrawal_ends_access_at_once(make: Make, clients: Clients) -> None:
    scene = await make.scene("in_progress")
    path = f"/v1/cases/{scene.case.id}"
    assert (await clients.get("jobcenter", path)).status_code == 200
    await clients.post(
        "lead",
        f"/v1/referrals/{scene.referral.id}/withdraw",
        {"reason": "client_withdrew"},
        etag=scene.referral.etag,
    )
    assert (await clients.get("jobcenter", path)).status_code == 404


async def test_a_disclosure_stays_open_as_long_as_one_referral_needs_it(
    make: Make, clients: Clients
) -> None:
    scene = await make.scene("accepted")
    body = {n: scene.referral.body[n] for n in ("case_id", "person_id", "disclosure_id")}
    path = f"/v1/cases/{scene.case.id}"
    for topic, end in (("housing_search", "declined"), ("childcare", "withdrawn")):
        draft = made(await clients.post("lead", "/v1/referrals", body | {"topic": topic}))
        await make.brought(draft, end)
        assert (await clients.get("jobcenter", path)).status_code == 200
    other = made(await clients.post("lead", "/v1/referrals", body | {"topic": "health_care"}))
    await make.brought(other, "completed")
    done = {"outcome": "need_met"}
    ref = f"/v1/referrals/{scene.referral.id}"
    await clients.post("jobcenter", f"{ref}/complete", done, etag=scene.referral.etag)
    assert (await clients.get("jobcenter", path)).status_code == 200
    for one in (scene.referral.id, other.id):
        seen = await clients.get("lead", f"/v1/referrals/{one}")
        await clients.post(
            "lead/worker_2",
            f"/v1/referrals/{one}/void",
            {"reason": "duplicate_entry"},
            etag=seen.headers["ETag"],
        )
    assert (await clients.get("jobcenter", path)).status_code == 404


async def test_lists_filter_by_direction_status_and_due_date(make: Make, clients: Clients) -> None:
    sent = (await make.scene("sent")).referral
    accepted = (await make.scene("accepted")).referral
    draft = (await make.scene()).referral

    async def listed(who: str, query: str) -> set[str]:
        answer = await clients.get(who, f"/v1/referrals?{query}")
        return {r["id"] for r in answer.json()["items"]}

    assert await listed("jobcenter", "direction=incoming") == {sent.id, accepted.id}
    assert await listed("lead", "direction=outgoing") == {sent.id, accepted.id, draft.id}
    assert await listed("lead", "direction=incoming") == set()
    assert await listed("jobcenter", "status=sent&status=received") == {sent.id}
    due = datetime.fromisoformat(sent.body["due_at"])
    after = (due + timedelta(seconds=1)).isoformat().replace("+00:00", "Z")
    assert await listed("jobcenter", f"status=sent&due_at_to={after}") == {sent.id}
    same = due.isoformat().replace("+00:00", "Z")
    assert await listed("jobcenter", f"status=sent&due_at_to={same}") == set()
    assert await listed("lead", f"direction=outgoing&case_id={draft.body['case_id']}") == {draft.id}


async def test_the_clock_returns_unanswered_referrals_to_the_sender(committed: Committed) -> None:
    late = (await committed.make.scene("sent")).referral
    answered = (await committed.make.scene("accepted")).referral
    async with pool(committed.server.dsn("ia_worker", committed.name), 2) as connections:
        database = Database(connections)
        assert await round_(database) == 0
        with clock.moved(timedelta(days=15)):
            assert await round_(database) == 1
            assert await round_(database) == 0
    row = (await committed.clients.get("lead", f"/v1/referrals/{late.id}")).json()
    assert (row["status"], row["responsible_agency_id"]) == ("expired", str(id_of("lead")))
    kept = (await committed.clients.get("lead", f"/v1/referrals/{answered.id}")).json()
    assert kept["status"] == "accepted"
    events = await committed.admin.fetch(
        "select type, agg_version from ia.outbox where agg_id = $1 order by agg_version", row["id"]
    )
    assert [e["type"] for e in events] == ["referral.created", "referral.sent", "referral.expired"]
    assert [e["agg_version"] for e in events] == [1, 2, 3]


async def test_a_disclosure_that_lapses_ends_its_referral(committed: Committed) -> None:
    lapsing = await committed.make.scene("accepted")
    kept = (await committed.make.scene("accepted")).referral
    await committed.admin.execute(
        "update ia.disclosure set valid_from = now() - interval '2 days',"
        " valid_to = now() - interval '1 day' where id = $1",
        lapsing.disclosure.body["id"],
    )
    async with pool(committed.server.dsn("ia_worker", committed.name), 2) as connections:
        assert await round_(Database(connections)) == 1
    row = (await committed.clients.get("lead", f"/v1/referrals/{lapsing.referral.id}")).json()
    assert (row["status"], row["reason"]) == ("withdrawn", "disclosure_ended")
    path = f"/v1/referrals/{lapsing.referral.id}"
    told = (await committed.clients.get("jobcenter", path)).json()
    assert (told["status"], told["reason"], told["person"]) == ("withdrawn", None, None)
    other = (await committed.clients.get("lead", f"/v1/referrals/{kept.id}")).json()
    assert other["status"] == "accepted"


async def test_access_goes_on_under_a_later_disclosure(committed: Committed) -> None:
    scene = await committed.make.scene()
    first = await committed.make.disclosure(scene.person, scene.consent, scene.case)
    second = await committed.make.disclosure(scene.person, scene.consent, scene.case)
    path = f"/v1/cases/{scene.case.id}"
    sql = "update ia.disclosure set valid_from = $2, opened_at = $2, valid_to = $3 where id = $1"
    now = clock.now()
    hour = timedelta(hours=1)
    await committed.admin.execute(sql, first.body["id"], now - 3 * hour, now + hour)
    await committed.admin.execute(sql, second.body["id"], now + 2 * hour, now + 9 * hour)
    assert (await committed.clients.get("jobcenter", path)).status_code == 200
    # the first one lapses; the second begins only after a gap, in which nothing is open
    await committed.admin.execute("alter table ia.disclosure disable trigger user")
    await committed.admin.execute(sql, first.body["id"], now - 3 * hour, now - 2 * hour)
    await committed.admin.execute(sql, second.body["id"], now - hour, now + 9 * hour)
    await committed.admin.execute("alter table ia.disclosure enable trigger user")
    await committed.admin.execute(
        "update ia.case_access set valid_to = now() - interval '2 hours'"
        " where valid_to < 'infinity'"
    )
    assert (await committed.clients.get("jobcenter", path)).status_code == 404
    async with pool(committed.server.dsn("ia_worker", committed.name), 2) as connections:
        await round_(Database(connections))
    assert (await committed.clients.get("jobcenter", path)).status_code == 200


async def test_the_worker_can_do_nothing_else(committed: Committed) -> None:
    await committed.make.scene("sent")
    worker = await asyncpg.connect(committed.server.dsn("ia_worker", committed.name))
    try:
        for sql in (
            "select * from ia.person",
            'select * from ia."case"',
            "select message from ia.referral",
            "update ia.referral set topic = 'x'",
            "delete from ia.referral",
            "update ia.outbox set body = '{}'",
            "select * from ia.audit_entry",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await worker.execute(sql)
        assert await worker.execute("delete from ia.outbox") == "DELETE 0"  # none is old
        assert await worker.fetchval("select count(id) from ia.referral") == 0
    finally:
        await worker.close()


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
async def test_the_first_and_last_day_are_days(make: Make, clients: Clients, day: str) -> None:
    """The driver would store them as the infinities."""
    scene = await make.scene("accepted")
    answer = await clients.post(
        "jobcenter",
        f"/v1/referrals/{scene.referral.id}/hold",
        {"reason": "awaiting_documents", "resume_on": day},
        etag=scene.referral.etag,
    )
    assert (answer.status_code, answer.json()["resume_on"]) == (200, day)


@pytest.mark.parametrize("instant", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"])
async def test_an_instant_that_would_be_infinite_is_refused(
    make: Make, clients: Clients, instant: str
) -> None:
    scene = await make.scene()
    body = {
        "person_id": scene.person.id,
        "recipient_agency_ids": [],
        "instrument": "data_processing",
        "granted_at": instant,
        "informed_at": instant,
    }
    answer = await clients.post("lead", "/v1/consents", body)
    assert answer.status_code == 422
    refused = {e["pointer"] for e in answer.json()["errors"] if e["code"] == "out_of_range"}
    assert refused == {"/granted_at", "/informed_at"}
