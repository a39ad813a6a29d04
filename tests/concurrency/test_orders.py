"""Requests sent twice, late and in another order: the end is that of some serial order.

Each request of a journey is sent one to four times with its key and what it last saw, all of them
shuffled, some at once. What went well is then done once more, one after the other in the order of
the events, on a fresh scene: both scenes must end alike. `make chaos` does it 200 times.
"""

import asyncio
import os
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import permutations
from typing import Any

import pytest
from httpx import Response

from tests.conftest import Committed
from tests.make import Scene

EXAMPLES = int(os.environ.get("CHAOS_EXAMPLES", "4"))  # noqa: TID251 - a knob of `make chaos`
LANES = 6
"""How many requests are under way at once."""
EVENTS = """select agg_id::text, agg_version, type from ia.outbox
where agg_id::text = any($1) order by id"""
REFUSED = {409, 412}
Numbers = Callable[[str, object], None]


@dataclass(frozen=True)
class Step:
    """A request of the journey; `on` is whose state it has to have seen."""

    name: str
    who: str
    method: str
    path: str
    body: dict[str, Any] | None = None
    on: str | None = None


@dataclass
class Sent:
    """What became of all copies of a step."""

    step: Step
    answers: list[Response] = field(default_factory=list)

    @property
    def won(self) -> bool:
        """Whether it had an effect."""
        return any(a.status_code < 300 for a in self.answers)


CONCERNS = {"concerns": [{"life_area": "housing", "topic": "housing_search"}]}
REFERRAL, CASE = "/v1/referrals/{referral}", "/v1/cases/{case}"
NOTE = {"compartment": "case_notes", "text": "Termin vereinbart."}
JOURNEY = (
    Step("note", "lead/worker_1", "POST", f"{CASE}/notes", NOTE),
    Step("other note", "lead/worker_2", "POST", f"{CASE}/notes", NOTE),
    Step("concerns", "lead", "PATCH", CASE, CONCERNS, "case"),
    Step(
        "accept", "jobcenter", "POST", f"{REFERRAL}/accept", None, "referral",
    ),
    Step(
        "decline", "jobcenter", "POST", f"{REFERRAL}/decline",
        {"reason": "no_capacity"}, "referral",
    ),
    Step(
        "withdraw", "lead", "POST", f"{REFERRAL}/withdraw",
        {"reason": "need_met_elsewhere"}, "referral",
    ),
)  # fmt: skip


async def send(
    committed: Committed, scene: Scene, step: Step, etag: str | None, key: str | None
) -> Response:
    """One copy of a step."""
    path = step.path.format(case=scene.case.id, referral=scene.referral.id)
    given: dict[str, Any] = {"etag": etag, "key": key if step.method == "POST" else None}
    if step.body is not None:
        given["json"] = step.body
    return await committed.clients.request(step.who, step.method, path, **given)


async def shuffled(
    committed: Committed, scene: Scene, dice: random.Random, *, keys: bool = True
) -> list[Sent]:
    """Every step one to four times, in a random order, some at once."""
    sent = [Sent(step) for step in JOURNEY]
    copies = [one for one in sent for _ in range(dice.randint(1, 4))]
    dice.shuffle(copies)
    seen = {"case": scene.case.etag, "referral": scene.referral.etag, None: None}
    lanes, salt = asyncio.Semaphore(LANES), dice.getrandbits(64)

    async def one(of: Sent) -> None:
        async with lanes:
            key = f"{salt:x}-{of.step.name.replace(' ', '-')}" if keys else None
            of.answers.append(await send(committed, scene, of.step, seen[of.step.on], key))

    await asyncio.gather(*(one(copy) for copy in copies))
    return sent


async def serially(committed: Committed, scene: Scene, steps: Sequence[Step]) -> bool:
    """One after the other, each having seen what was before it; whether all went well."""
    for step in steps:
        etag = None
        if step.on:
            etag = (await look(committed, scene, step.on, step.who)).headers["ETag"]
        if (await send(committed, scene, step, etag, None)).status_code >= 300:
            return False
    return True


async def look(committed: Committed, scene: Scene, on: str, who: str = "lead") -> Response:
    """The case or the referral."""
    path = {"case": CASE, "referral": REFERRAL}[on]
    return await committed.clients.get(
        who, path.format(case=scene.case.id, referral=scene.referral.id)
    )


async def end(committed: Committed, scene: Scene) -> dict[str, Any]:
    """What is left, without what differs between two scenes: ids and moments."""
    case, referral = [await look(committed, scene, on) for on in ("case", "referral")]
    notes = await committed.clients.get("lead/worker_1", f"/v1/cases/{scene.case.id}/notes")
    theirs = await look(committed, scene, "case", "jobcenter")
    concerns = [(c["life_area"], c["topic"]) for c in case.json()["concerns"]]
    return {
        "case": (case.json()["status"], case.headers["ETag"].partition(".")[0], concerns),
        "referral": (referral.json()["status"], referral.headers["ETag"].partition(".")[0]),
        "notes": sorted(note["text"] for note in notes.json()["items"]),
        "seen by the recipient": theirs.status_code,
        "events": await events(committed, scene),
    }


async def events(committed: Committed, scene: Scene) -> list[tuple[str, int, str]]:
    """What happened to the case and to the referral, each in its order; news of access has none."""
    names = {scene.case.id: "case", scene.referral.id: "referral"}
    rows = await committed.admin.fetch(EVENTS, list(names))
    return sorted((names[r["agg_id"]], r["agg_version"] or 0, r["type"]) for r in rows)


def orders(sent: list[Sent]) -> Iterator[tuple[Step, ...]]:
    """The orders in which the steps that went well may have been done; the likely one first."""

    def version(one: Sent) -> int:
        tag = next(a for a in one.answers if a.status_code < 300).headers.get("ETag", '"0"')
        return int(tag.strip('"').partition(".")[0])

    won = [one.step for one in sorted((o for o in sent if o.won), key=version)]
    yield from permutations(won)


def each_copy_is_told_the_same(sent: list[Sent]) -> None:
    """A repetition has the answer of the first, or a refusal where it came too late."""
    for one in sent:
        statuses = {a.status_code for a in one.answers}
        assert statuses <= {200, 201} | REFUSED, (one.step.name, statuses)
        if one.step.method == "POST":
            good = {a.content for a in one.answers if a.status_code < 300}
            assert len(good) <= 1, one.step.name
            assert not good or 412 not in statuses, (one.step.name, statuses)


async def ends_alike(committed: Committed, dice: random.Random, *, keys: bool = True) -> int:
    """One example; how many requests it took.

    Raises:
        AssertionError: there is no serial order of what went well that ends in the same way.
    """
    ours = await committed.make.scene("sent")
    sent = await shuffled(committed, ours, dice, keys=keys)
    each_copy_is_told_the_same(sent)
    wanted, others = await end(committed, ours), []
    for steps in orders(sent):
        fresh = await committed.make.scene("sent")
        if await serially(committed, fresh, steps):
            others.append(await end(committed, fresh))
            if others[-1] == wanted:
                return sum(len(one.answers) for one in sent)
    raise AssertionError(f"no serial order ends in {wanted}, but in {others[:2]}")


async def test_whatever_the_order_the_end_is_that_of_a_serial_one(
    committed: Committed, record_property: Numbers
) -> None:
    requests = 0
    for seed in range(EXAMPLES):
        requests += await ends_alike(committed, random.Random(seed))  # noqa: S311 - no secret
    record_property("figures", f"{EXAMPLES} journeys, {requests} requests, 0 divergences")


async def test_without_keys_a_repetition_would_be_an_effect(committed: Committed) -> None:
    """The known-bad twin."""
    dice = random.Random(1)  # noqa: S311 - no secret
    with pytest.raises(AssertionError):
        await ends_alike(committed, dice, keys=False)
