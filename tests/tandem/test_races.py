"""Both teams and the clock at once: one winner a version, dense versions, nothing lost."""

import asyncio
import random
from collections import Counter
from datetime import date, timedelta
from typing import Any

import pytest

from integration_api.kernel import clock
from integration_api.kernel.db import Database
from integration_api.kernel.statements import Change
from integration_api.tandem import service_tracks
from integration_api.tandem.statements_tracks import LEGAL, Track, lock
from integration_api.worker import round_
from tests.clients import Clients
from tests.conftest import Committed
from tests.make import Made
from tests.tandem.test_story import FINDING, working

ACTIONS = 1_000
CASES = 10
LEGAL_VERBS: list[tuple[str, dict[str, Any] | None]] = [
    ("check-status", None),
    ("recheck", None),
    ("require-permit", FINDING),
    ("clear-access", FINDING),
]
PLACEMENT_VERBS = ["start-profiling", "assess-competences", "start-matching", "propose-offer"]


async def act(clients: Clients, tandem: Made, rng: random.Random) -> int:
    """A team reads its track and fires an arrow on the version that it saw."""
    who, track = rng.choice([("immigration", "legal"), ("labour", "placement")])
    path = f"/v1/tandem-cases/{tandem.id}/{track}-track"
    etag = (await clients.get(who, path)).headers["ETag"]
    verb, body = rng.choice(LEGAL_VERBS) if track == "legal" else (
        rng.choice(PLACEMENT_VERBS), None
    )  # fmt: skip
    return (await clients.post(who, f"{path}/{verb}", body, etag=etag)).status_code


async def versions(committed: Committed, noun: str) -> dict[str, list[int]]:
    """The versions of the events of each aggregate of a noun, in order."""
    rows = await committed.admin.fetch(
        "select agg_id, array_agg(agg_version order by agg_version) as seen from ia.outbox"
        " where agg_type = $1 group by agg_id",
        noun,
    )
    return {str(r["agg_id"]): list(r["seen"]) for r in rows}


async def test_a_thousand_actions_on_ten_tandem_cases(committed: Committed) -> None:
    rng = random.Random(4711)  # noqa: S311 - the same actions each time
    tandems = [await committed.make.tandem() for _ in range(CASES)]
    statuses: Counter[int] = Counter()
    gate = asyncio.Semaphore(24)

    async def one(tandem: Made) -> None:
        async with gate:
            statuses[await act(committed.clients, tandem, rng)] += 1

    await asyncio.gather(*(one(tandems[i % CASES]) for i in range(ACTIONS)))
    assert set(statuses) <= {200, 409, 412}, statuses
    assert statuses[200] > 0
    assert statuses.total() == ACTIONS
    moved = 0
    for noun in ("legal_track", "placement_track"):
        rows = await committed.admin.fetch(f"select id, version from ia.{noun}")
        events = await versions(committed, noun)
        for row in rows:
            seen = events.get(str(row["id"]), [])
            assert seen == list(range(2, row["version"] + 1)), noun
            moved += len(seen)
    assert moved == statuses[200]
    orphans = await committed.admin.fetchval(
        "select count(*) from ia.tandem_case t where not exists (select 1 from ia.legal_track l"
        " where l.tandem_case_id = t.id) or not exists (select 1 from ia.placement_track p"
        " where p.tandem_case_id = t.id)"
    )
    assert orphans == 0


async def test_without_the_lock_a_version_would_have_two_winners(
    committed: Committed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The known-bad twin: read, check, write; the unique versions of events catch it at last."""

    def unlocked(track: Track) -> Change:
        made, locked = Change.__new__(Change), lock(track)
        made.sql = locked.sql.split(" FOR NO KEY UPDATE")[0]
        made.order, made.constants = locked.order, locked.constants
        assert made.sql != locked.sql
        return made

    tandem = await committed.make.tandem()
    path = f"/v1/tandem-cases/{tandem.id}/legal-track"
    monkeypatch.setattr(service_tracks, "lock", unlocked)
    outcomes: Counter[tuple[int, ...]] = Counter()
    for _ in range(50):
        etag = (await committed.clients.get("immigration", path)).headers["ETag"]
        answers = await asyncio.gather(
            *(committed.clients.post("immigration", f"{path}/check-status", etag=etag)
              for _ in range(4))
        )  # fmt: skip
        outcomes[tuple(sorted(a.status_code for a in answers))] += 1
        await committed.admin.execute(
            f"update ia.{LEGAL.table.name} set status = 'not_started', version = version + 1"
        )
        if any(o != (200, 412, 412, 412) for o in outcomes):
            break
    assert set(outcomes) != {(200, 412, 412, 412)}


async def test_two_workers_at_once_write_each_fiction_once(committed: Committed) -> None:
    requests = [
        await committed.make.approval(await committed.make.tandem(), "transmitted")
        for _ in range(6)
    ]
    days = date.fromisoformat(requests[0].body["deemed_from"]) - clock.today()
    async with working(committed) as one, working(committed) as two:
        with clock.moved(days):
            moved = await asyncio.gather(*(round_(w) for w in (one, two, one, two)))
            assert await round_(one) == 0
    assert sum(moved) == len(requests)
    for request in requests:
        types = await committed.admin.fetch(
            "select type from ia.outbox where agg_id = $1 order by agg_version",
            request.body["id"],
        )
        assert [r["type"] for r in types].count("ba_approval_request.deemed_approved") == 1


async def caught_up(committed: Committed, rounds: list[int]) -> list[tuple[Any, ...]]:
    """What the clock leaves behind when its rounds come on these days from now."""
    make = committed.make
    await make.approval(await make.tandem(), "transmitted")
    permitted = await make.tandem()
    await make.cleared(permitted)
    await make.put_track(permitted, "placement", "started")
    await make.put_track(permitted, "legal", "active")
    until = clock.today()
    await committed.admin.execute(
        "update ia.legal_track set permit_valid_to = $1 where status = 'active'",
        date.fromordinal(until.toordinal() + 190),
    )
    async with working(committed) as database:
        for day in rounds:
            with clock.moved(timedelta(days=day)):
                await round_(Database(database.pool))
    rows = await committed.admin.fetch(
        "select status from ia.ba_approval_request union all"
        " select status from ia.legal_track where permit_valid_to is not null union all"
        " select invalidated_reason from ia.start_clearance order by 1"
    )
    return [tuple(r) for r in rows]


EXPECTED = [("deemed_approved",), ("expired",), ("permit_expired",)]


@pytest.mark.parametrize(
    "rounds",
    [list(range(0, 200, 1)), [*range(14), *range(17, 190), 194], [200]],
    ids=["every day", "three days of downtime", "once at the end"],
)
async def test_catching_up_equals_running_all_the_time(
    committed: Committed, rounds: list[int]
) -> None:
    assert await caught_up(committed, rounds) == EXPECTED
