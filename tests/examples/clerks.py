"""Clerks of several agencies who write at random over HTTP, while the service comes and goes."""

import asyncio
import random
from collections import Counter
from typing import Any

import asyncpg
import httpx

from tests.access.operations import OWNERS, PREPARED
from tests.cast import AGENCIES
from tests.clients import Clients
from tests.conftest import Committed
from tests.contract.test_declared import send
from tests.make import Make

NOUNS = ("cases", "referrals", "tandem-cases", "consents", "disclosures", "tasks", "offers")
"""What a clerk looks through for something that may be done."""
REFUSED = "refused"
INSIDE = ("Export", "Job")
"""Recipes that move the worker themselves, inside the process of a test."""
RECIPES = sorted(
    o for o in PREPARED if not o.startswith(("get", "list")) and not any(i in o for i in INSIDE)
)


class Remote(Clients):
    """Requests to a server somewhere else; counts how it answered."""

    def __init__(self, url: str) -> None:
        self.answered = Counter[int]()
        hooks = {"response": [self._count]}
        self._http = httpx.AsyncClient(base_url=url, timeout=20, event_hooks=hooks)

    async def _count(self, answer: httpx.Response) -> None:
        self.answered[answer.status_code] += 1


class Clerk:
    """Carries out operations; what was refused, or never answered, is left."""

    def __init__(self, make: Make, dice: random.Random, done: Counter[str]) -> None:
        self._make, self._clients, self._dice = make, make.clients, dice
        self._done = done

    async def work(self, stop: asyncio.Event) -> None:
        """Something new, or something that lies there, until `stop` is set."""
        while not stop.is_set():
            try:
                await (self._new() if self._dice.random() < 0.6 else self._old())
            except httpx.TransportError:
                await asyncio.sleep(0.2)
            except (AssertionError, KeyError, ValueError):
                self._done[REFUSED] += 1  # a recipe that somebody else, or the fire, came across

    async def _new(self) -> None:
        """An operation on rows of its own."""
        operation = self._dice.choice(RECIPES)
        call = await PREPARED[operation](self._make)
        self._tell(operation, await send(self._clients, OWNERS[operation], call))

    async def _old(self) -> None:
        """One of the actions that something allows, whoever is at it besides."""
        who, noun = self._dice.choice(list(AGENCIES)), self._dice.choice(NOUNS)
        answer = await self._clients.get(who, f"/v1/{noun}", params={"limit": "100"})
        items = answer.json()["items"] if answer.status_code == 200 else []
        items = [one for one in items if one.get("allowed_actions")]
        if not items:
            return
        one: dict[str, Any] = self._dice.choice(items)
        path = f"/v1/{noun}/{one['id']}"
        etag = (await self._clients.get(who, path)).headers.get("ETag")
        verb = self._dice.choice(one["allowed_actions"])
        action = f"{path}/{verb.replace('_', '-')}"
        self._tell(f"{noun} {verb}", await self._clients.post(who, action, etag=etag))

    def _tell(self, operation: str, answer: httpx.Response) -> None:
        self._done[operation if answer.is_success else REFUSED] += 1


async def busy(
    town: Committed, url: str, count: int, done: Counter[str], stop: asyncio.Event
) -> Counter[int]:
    """Let `count` clerks work; `done` is what they did, the answer how they were answered."""
    seeds = random.Random(20261126)  # noqa: S311 - no secret
    async with Remote(url) as clients:
        connections = [
            await asyncpg.connect(town.server.dsn("postgres", town.name)) for _ in range(count)
        ]
        clerks = [
            Clerk(Make(connection, clients), random.Random(seeds.random()), done)  # noqa: S311
            for connection in connections
        ]
        await asyncio.gather(*(clerk.work(stop) for clerk in clerks))
        for connection in connections:
            await connection.close()
        return clients.answered
