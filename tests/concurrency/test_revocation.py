"""Reads around revocations: none that starts after the commit sees the row.

`make chaos` makes 10,000 of them.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable

from tests.cast import id_of
from tests.concurrency.rounds import ROUNDS
from tests.conftest import Committed
from tests.make import Made

READERS = 4
BEFORE, AFTER = 2, 3
"""What each reader reads before and after the revocation; others overlap with it."""
Revoke = Callable[[Committed, Made, asyncio.Event], Awaitable[None]]


async def revoke(committed: Committed, consent: Made, over: asyncio.Event) -> None:
    """Through the API, whose answer comes after the commit."""
    path = f"/v1/consents/{consent.id}/revoke"
    answer = await committed.clients.post("lead", path, etag=consent.etag)
    over.set()
    assert answer.status_code == 200, answer.text


async def too_early(committed: Committed, consent: Made, over: asyncio.Event) -> None:
    """The known-bad twin: whoever answers first and commits then."""
    async with committed.admin.transaction():
        await committed.admin.execute(
            "update ia.disclosure set status = 'revoked', revoked_at = now() where consent_id = $1",
            consent.body["id"],
        )
        over.set()
        await asyncio.sleep(0.05)


async def read(
    committed: Committed, paths: list[str], over: asyncio.Event, seen: Counter[tuple[bool, int]]
) -> None:
    """Read until some reads have begun after the revocation; (begun after it?, status)."""
    left, turn = BEFORE + AFTER, 0
    while left:
        after = over.is_set()
        if after or turn < BEFORE:
            left -= 1
        answer = await committed.clients.get("jobcenter", paths[turn % len(paths)])
        seen[(after, answer.status_code)] += 1
        turn += 1


async def around(committed: Committed, rounds: int, end: Revoke) -> Counter[tuple[bool, int]]:
    """Share, read and revoke at the same time, again and again."""
    make, seen = committed.make, Counter[tuple[bool, int]]()
    person = await make.person()
    case = await make.case(person)
    paths = [
        f"/v1/cases/{case.id}",
        f"/v1/persons/{person.id}",
        f"/v1/cases/{case.id}/participants",
    ]
    for _ in range(rounds):
        consent = await make.consent(person)
        await make.disclosure(person, consent, case)
        over = asyncio.Event()
        readers = [read(committed, paths, over, seen) for _ in range(READERS)]
        await asyncio.gather(*readers, end(committed, consent, over))
    return seen


async def test_no_read_that_starts_after_a_revocation_sees_anything(
    committed: Committed, record_property: Callable[[str, object], None]
) -> None:
    seen = await around(committed, ROUNDS, revoke)
    late = sum(n for (after, _), n in seen.items() if after)
    record_property("figures", f"{sum(seen.values())} reads, {late} after, {seen[True, 200]} leaks")
    assert seen[(True, 404)] >= ROUNDS * READERS * AFTER
    assert seen[(False, 200)] > 0, "nobody read while it was shared"
    assert {outcome for outcome in seen if outcome[0]} == {(True, 404)}, seen
    assert sum(seen.values()) >= 20 * ROUNDS


async def test_a_revocation_that_is_answered_before_its_commit_would_be_found(
    committed: Committed,
) -> None:
    seen = await around(committed, 3, too_early)
    assert seen[(True, 200)] > 0, seen


async def test_what_was_revoked_is_gone_from_the_projection(committed: Committed) -> None:
    make = committed.make
    person = await make.person()
    case = await make.case(person)
    consent = await make.consent(person)
    await make.disclosure(person, consent, case)
    rows = "select count(*) from ia.case_access where case_id = $1 and agency_id = $2"
    assert await committed.admin.fetchval(rows, case.body["id"], id_of("jobcenter")) == 1
    await revoke(committed, consent, asyncio.Event())
    assert await committed.admin.fetchval(rows, case.body["id"], id_of("jobcenter")) == 0
