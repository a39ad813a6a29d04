"""Random sequences of both teams never start anybody without a clearance that holds."""

import asyncio
from collections import Counter
from datetime import date
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from integration_api.kernel.lifecycle import SYSTEM
from integration_api.tandem.lifecycle_legal import LEGAL_TRACK, PERMITTED
from integration_api.tandem.lifecycle_placement import PLACEMENT_TRACK
from tests.days import day
from tests.make import TRACK_BODIES, Made, Make

VERBS = [
    (who, lifecycle.name.removesuffix("_track"), arrow.name)
    for who, lifecycle in (("immigration", LEGAL_TRACK), ("labour", PLACEMENT_TRACK))
    for arrow in lifecycle.transitions
    if SYSTEM not in arrow.by
]
WORK = [
    ("labour", "work", "declare"),
    ("immigration", "work", "clear"),
    ("clock", "work", "silence"),
]
START = ("labour", "placement", "start_employment")
ACTIONS = [*VERBS, *WORK, *[START] * 8]
"""Starting often, for most of what random hands do ends elsewhere."""
GRANTED = {s.value for s in PERMITTED}


outcomes: Counter[int] = Counter()


class Walk:
    """One tandem case and what random hands do to it."""

    def __init__(self, make: Make, tandem: Made) -> None:
        self.make, self.tandem = make, tandem

    async def step(self, who: str, track: str, verb: str) -> None:
        """One action; whatever it answers, it is never a 5xx."""
        clients = self.make.clients
        if verb == "declare":
            await self.make.declaration(self.tandem)
            return
        path = f"/v1/tandem-cases/{self.tandem.id}"
        if verb == "silence":
            await self.silence()
            return
        if verb == "clear":
            answer = await clients.post(who, f"{path}/start-clearances")
            assert answer.status_code in (201, 409), answer.text
            return
        etag = (await clients.get(who, f"{path}/{track}-track")).headers["ETag"]
        where = f"{path}/{track}-track/{verb.replace('_', '-')}"
        answer = await clients.post(who, where, TRACK_BODIES.get(verb), etag=etag)
        assert answer.status_code in (200, 409), answer.text
        if verb == "start_employment":
            outcomes[answer.status_code] += 1
            if answer.status_code == 200:
                await self.started()

    async def silence(self) -> None:
        """The deadline of a request goes by; the legal track does not move by itself."""
        path = f"/v1/tandem-cases/{self.tandem.id}/legal-track"
        before = (await self.make.clients.get("labour", path)).json()
        listed = f"/v1/ba-approval-requests?tandem_case_id={self.tandem.id}"
        if not (await self.make.clients.get("labour", listed)).json()["items"]:
            asked = await self.make.approval(self.tandem, "transmitted")
            await self.make.connection.execute("select looking.deem($1)", asked.body["id"])
        assert (await self.make.clients.get("labour", path)).json() == before

    async def owned(self) -> None:
        """Both tracks are there, each with its owner."""
        path = f"/v1/tandem-cases/{self.tandem.id}"
        whole = (await self.make.clients.get("lead", path)).json()
        for track in ("legal", "placement"):
            seen = (await self.make.clients.get("lead", f"{path}/{track}-track")).json()
            assert seen["agency_id"] == whole[f"{track}_agency_id"]

    async def started(self) -> None:
        """Who started had a clearance and a permit, or free access, on the first day."""
        clients, path = self.make.clients, f"/v1/tandem-cases/{self.tandem.id}"
        first = day(TRACK_BODIES["start_employment"]["started_on"])
        items = (await clients.get("labour", f"{path}/start-clearances")).json()["items"]
        standing = [c for c in items if c["invalidated_at"] is None]
        assert len(standing) == 1
        assert date.fromisoformat(standing[0]["valid_from"]) <= first
        legal: dict[str, Any] = (await clients.get("labour", f"{path}/legal-track")).json()
        assert legal["status"] in {*GRANTED, "access_cleared"}


async def walk(make: Make, actions: list[tuple[str, str, str]], *, cleared: bool) -> None:
    """A sequence in a transaction of its own, with a head start now and then."""
    outer = make.connection.transaction()
    await outer.start()
    try:
        tandem = await make.tandem()
        if cleared:
            await make.cleared(tandem)
        for action in actions:
            await Walk(make, tandem).step(*action)
        await Walk(make, tandem).owned()
    finally:
        await outer.rollback()


async def test_nobody_starts_without_a_clearance(make: Make) -> None:
    loop = asyncio.get_running_loop()

    @settings(max_examples=25)
    @given(st.lists(st.sampled_from(ACTIONS), min_size=5, max_size=25), st.booleans())
    def run(actions: list[tuple[str, str, str]], cleared: bool) -> None:
        going = walk(make, actions, cleared=cleared)
        asyncio.run_coroutine_threadsafe(going, loop).result(120)

    await asyncio.to_thread(run)
    assert outcomes[200] > 0, "the walk never came to the start"
    assert outcomes[409] > 0
