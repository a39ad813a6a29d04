"""Two at once, on real connections with committed data: one winner, one effect, nothing lost."""

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from httpx import Response

from integration_api.kernel.db import Brackets, Database, pool
from integration_api.referrals import service
from tests.cast import id_of
from tests.concurrency.rounds import CASES, CROWD, ROUNDS
from tests.conftest import Committed
from tests.make import Made


async def at_once(*requests: Any) -> list[Response]:
    """Let requests start together from a barrier."""
    barrier = asyncio.Barrier(len(requests))

    async def one(request: Any) -> Response:
        await barrier.wait()
        answer: Response = await request()
        return answer

    return list(await asyncio.gather(*(one(r) for r in requests)))


async def reset(committed: Committed, referral: Made) -> None:
    """Put a referral back to `sent`, as the database's superuser, with a version of its own."""
    await committed.admin.execute(
        "update ia.referral set status = 'sent', decided_at = null, version = version + 1"
        " where id = $1",
        referral.body["id"],
    )


async def accept_twice(committed: Committed, referral: Made) -> list[Response]:
    """Two clerks of the recipient accept what both of them see."""
    path = f"/v1/referrals/{referral.id}"
    seen = (await committed.clients.get("jobcenter", path)).headers["ETag"]

    def clerk(who: str) -> Any:
        return lambda: committed.clients.post(who, f"{path}/accept", etag=seen)

    return await at_once(clerk("jobcenter/worker_1"), clerk("jobcenter/worker_2"))


async def test_of_two_accepts_exactly_one_wins(committed: Committed) -> None:
    scene = await committed.make.scene("sent")
    for _ in range(ROUNDS):
        answers = await accept_twice(committed, scene.referral)
        assert sorted(a.status_code for a in answers) == [200, 412]
        winner, loser = sorted(answers, key=lambda a: a.status_code)
        current = winner.headers["ETag"].split(".")[0].strip('"')
        assert loser.json()["current_etag"] == f'"{current}"'
        assert loser.headers["ETag"] == f'"{current}"'
        await reset(committed, scene.referral)


async def test_of_a_crowd_exactly_one_wins(
    committed: Committed, record_property: Callable[[str, object], None]
) -> None:
    """A hundred who accept the same at once, for each of some referrals, all at the same time."""
    scenes = [await committed.make.scene("sent") for _ in range(CASES)]
    async with pool(committed.server.dsn("ia_app", committed.name), 8) as connections:
        committed.app.state.db = Database(connections, wait=60)  # who waits is not refused here

        def clerk(referral: Made, number: int) -> Any:
            who = f"jobcenter/worker_{number % 2 + 1}"
            path = f"/v1/referrals/{referral.id}/accept"
            return lambda: committed.clients.post(who, path, etag=referral.etag)

        answers = await at_once(*(clerk(s.referral, n) for s in scenes for n in range(CROWD)))
    told = Counter(answer.status_code for answer in answers)
    record_property("figures", f"{len(answers)} at once: {dict(told)}")
    assert told == {200: CASES, 412: CASES * (CROWD - 1)}
    ids = [s.referral.body["id"] for s in scenes]
    events = "select agg_version from ia.outbox where agg_id = $1 order by id"
    for id_ in ids:
        versions = [row["agg_version"] for row in await committed.admin.fetch(events, id_)]
        assert versions == list(range(1, len(versions) + 1))


async def test_without_the_lock_both_would_win(
    committed: Committed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The known-bad twin: read, check, write. The check above must fail on it."""
    from integration_api.kernel.statements import Change
    from integration_api.referrals import statements_moves

    unlocked = Change.__new__(Change)
    locked = statements_moves.LOCK
    unlocked.sql = locked.sql.split(" FOR NO KEY UPDATE")[0]
    unlocked.order, unlocked.constants = locked.order, locked.constants
    assert unlocked.sql != locked.sql
    monkeypatch.setattr(service, "LOCK", unlocked)
    scene = await committed.make.scene("sent")
    outcomes: Counter[tuple[int, ...]] = Counter()
    for _ in range(ROUNDS):
        outcomes[
            tuple(sorted(a.status_code for a in await accept_twice(committed, scene.referral)))
        ] += 1
        await reset(committed, scene.referral)
        if outcomes[(200, 200)] or any(500 in o or 409 in o for o in outcomes):
            break
    assert set(outcomes) != {(200, 412)}


async def test_one_key_on_four_connections_has_one_effect(committed: Committed) -> None:
    body = {"name": {"kind": "mononym", "mononym": "Wiederholt"}}
    for number in range(10):
        key = f"four-at-once-{number}"

        def send(key: str = key) -> Any:
            return committed.clients.post("lead", "/v1/persons", body, key=key)

        answers = await at_once(send, send, send, send)
        assert {a.status_code for a in answers} == {201}
        assert len({a.content for a in answers}) == 1
        assert sum("idempotent-replayed" in a.headers for a in answers) == 3
        assert len({a.headers["ETag"] for a in answers}) == 1
    rows = await committed.admin.fetchval(
        "select count(*) from ia.person where mononym = 'Wiederholt'"
    )
    assert rows == 10


async def test_without_keys_four_requests_have_four_effects(committed: Committed) -> None:
    """The known-bad twin of the key."""
    body = {"name": {"kind": "mononym", "mononym": "Vierfach"}}

    def send() -> Any:
        return committed.clients.post("lead", "/v1/persons", body)

    await at_once(send, send, send, send)
    rows = await committed.admin.fetchval(
        "select count(*) from ia.person where mononym = 'Vierfach'"
    )
    assert rows == 4


async def test_a_revoked_consent_and_an_accept_never_leave_access(committed: Committed) -> None:
    for _ in range(max(5, ROUNDS // 5)):
        scene = await committed.make.scene("sent")
        referral, consent = scene.referral, scene.consent

        def accept(r: Made = referral) -> Any:
            return committed.clients.post("jobcenter", f"/v1/referrals/{r.id}/accept", etag=r.etag)

        def revoke(c: Made = consent) -> Any:
            return committed.clients.post("lead", f"/v1/consents/{c.id}/revoke", etag=c.etag)

        accepted, revoked = await at_once(accept, revoke)
        assert revoked.status_code == 200
        assert accepted.status_code in (200, 409, 412), accepted.text
        for path in (f"/v1/persons/{scene.person.id}", f"/v1/cases/{scene.case.id}"):
            assert (await committed.clients.get("jobcenter", path)).status_code == 404
        after = await committed.clients.get("jobcenter", f"/v1/referrals/{referral.id}")
        assert after.json()["status"] == "withdrawn"
        assert after.json()["person"] is None


async def test_two_revocations_at_once_leave_no_access_to_the_case(committed: Committed) -> None:
    """Each must see that the other one ended; the known-bad form read before it waited."""
    for _ in range(max(10, ROUNDS // 5)):
        scene = await committed.make.scene()
        both = [
            await committed.make.disclosure(scene.person, scene.consent, scene.case)
            for _ in range(2)
        ]
        path = f"/v1/cases/{scene.case.id}"
        assert (await committed.clients.get("jobcenter", path)).status_code == 200

        def revoke(d: Made) -> Any:
            ended = f"/v1/disclosures/{d.id}/revoke"
            return lambda: committed.clients.post("lead", ended, etag=d.etag)

        answers = await at_once(*(revoke(d) for d in both))
        assert [a.status_code for a in answers] == [200, 200]
        assert (await committed.clients.get("jobcenter", path)).status_code == 404
        assert (await committed.clients.get("jobcenter", "/v1/cases")).json()["items"] == []


async def test_closing_a_case_and_a_new_referral_never_both_happen(committed: Committed) -> None:
    for _ in range(max(5, ROUNDS // 5)):
        scene = await committed.make.scene("withdrawn")
        case = await committed.clients.get("lead", f"/v1/cases/{scene.case.id}")
        other = await committed.make.disclosure(
            scene.person, scene.consent, scene.case, opening="on_acceptance"
        )
        body = {
            "case_id": scene.case.id,
            "person_id": scene.person.id,
            "disclosure_id": other.id,
            "topic": "housing_search",
        }

        def close(tag: str = case.headers["ETag"], id_: str = scene.case.id) -> Any:
            outcome = {"outcome": "advice_only"}
            return committed.clients.post("lead", f"/v1/cases/{id_}/close", outcome, etag=tag)

        def write(body: dict[str, str] = body) -> Any:
            return committed.clients.post("lead", "/v1/referrals", body)

        closed, written = await at_once(close, write)
        assert sorted((closed.status_code, written.status_code)) in ([200, 409], [201, 409])


async def test_two_workers_expire_each_referral_once(committed: Committed) -> None:
    from integration_api.worker import round_

    scenes = [await committed.make.scene("sent") for _ in range(12)]
    await committed.admin.execute("update ia.referral set due_at = now() - interval '1 hour'")
    dsn = committed.server.dsn("ia_worker", committed.name)
    async with pool(dsn, 4) as connections:
        one, two = Database(connections), Database(connections)
        moved = await asyncio.gather(round_(one), round_(two))
    assert sum(moved) == len(scenes)
    events = await committed.admin.fetch(
        "select agg_id, count(*) as n from ia.outbox where type = 'referral.expired' group by 1"
    )
    assert sorted(e["n"] for e in events) == [1] * len(scenes)
    for scene in scenes:
        row = await committed.clients.get("lead", f"/v1/referrals/{scene.referral.id}")
        assert row.json()["status"] == "expired"
        assert row.json()["responsible_agency_id"] == str(id_of("lead"))


async def test_an_answer_that_was_lost_is_given_again(committed: Committed) -> None:
    """SIGKILL between commit and answer looks like this to the client."""
    body = {"name": {"kind": "mononym", "mononym": "Verloren"}}
    first = await committed.clients.post("lead", "/v1/persons", body, key="lost-answer-1")
    again = await committed.clients.post("lead", "/v1/persons", body, key="lost-answer-1")
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers["Location"] == first.headers["Location"]


async def test_a_terminated_backend_is_a_503_and_loses_nothing(committed: Committed) -> None:
    person = await committed.make.person()
    await committed.admin.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'ia_app'"
        " and datname = current_database()"
    )
    answers = [await committed.clients.get("lead", f"/v1/persons/{person.id}") for _ in range(12)]
    assert {a.status_code for a in answers} <= {200, 503}
    assert answers[-1].status_code == 200


async def test_an_exhausted_pool_is_a_fast_503(committed: Committed) -> None:
    class Exhausted:
        def acquire(self, *, timeout: float | None = None) -> Any:
            raise TimeoutError

    committed.app.state.db = Database(Exhausted(), Brackets())
    answer = await committed.clients.get("lead", "/v1/persons")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
