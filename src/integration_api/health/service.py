"""How the service is: readiness, what waits and for how long; asked rarely, with a deadline.

The numbers are over all municipalities and name nobody. Whoever is not an operator sees states and
ages; the counts stand in `/metrics`, which a proxy keeps inside.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import yaml

from integration_api.kernel import clock
from integration_api.postgres import schema

State = Literal["pass", "warn", "fail"]
READY_SECONDS = 1.0
"""How long an answer about readiness is kept."""
COUNT_SECONDS = 5.0
"""How long the numbers are kept."""
CAP_SECONDS = 1.0
COUNT_CAP_SECONDS = 0.7
"""Less than readiness has: it must not fail because somebody counts."""
COUNT = "select part, waiting, total, oldest_at, now() as at from ia.service_status($1)"


@dataclass(frozen=True, slots=True)
class Rule:
    """From when on a part is a warning or has failed, and how it is called."""

    name: tuple[str, str]
    about: tuple[str, str]
    warn: float | None = None
    fail: float | None = None
    share: float | None = None
    least: int = 0


@dataclass(frozen=True, slots=True)
class Counted:
    """What waits in a part: how many, of how many, and for how many seconds the oldest one."""

    waiting: int
    total: int | None
    seconds: float | None


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the service as everybody may see it; `value` in `unit`, null where unknown."""

    name: str
    state: State
    value: float | None = None
    unit: Literal["s", "%"] | None = None


@lru_cache(maxsize=1)
def rules() -> Mapping[str, Rule]:
    """The parts by name, in the order of the page."""
    text = Path(__file__).with_name("parts.yaml").read_text(encoding="utf-8")
    found: Mapping[str, Any] = yaml.load(text, yaml.CSafeLoader)
    return {
        name: Rule(**entry | {key: tuple(entry[key]) for key in ("name", "about")})
        for name, entry in found.items()
    }


async def readiness(state: Any) -> dict[str, State]:
    """Whether the service can answer; one of all who ask looks, at most once a second."""
    if state.draining:
        return {"draining": "fail"}
    async with state.checking:
        at, checks = state.readiness
        if time.monotonic() - at > READY_SECONDS:
            checks = await _checks(state)
            state.readiness = (time.monotonic(), checks)
    return {"draining": "fail"} if state.draining else dict(checks)


async def _checks(state: Any) -> dict[str, State]:
    try:
        async with asyncio.timeout(CAP_SECONDS), state.probe.acquire(timeout=CAP_SECONDS) as c:
            head = await c.fetchval("select version_num from ia.alembic_version")
    except Exception:  # whatever it was, the database is not there
        return {"database": "fail"}
    # a revision that this version does not know is newer: the schema only grows, so go on serving
    behind = head != schema.head() and head in schema.revisions()
    return {"database": "pass", "schema": "fail" if behind else "pass"}


async def counted(state: Any) -> Mapping[str, Counted]:
    """What waits; empty where the database does not say so in time. One asks for all."""
    async with state.counting:
        at, found = state.counted
        if time.monotonic() - at > COUNT_SECONDS:
            found = await _count(state)
            state.counted = (time.monotonic(), found)
    result: Mapping[str, Counted] = found
    return result


async def _count(state: Any) -> Mapping[str, Counted]:
    cap = COUNT_CAP_SECONDS
    try:
        async with asyncio.timeout(cap), state.probe.acquire(timeout=cap) as connection:
            rows = await connection.fetch(COUNT, clock.today())
    except Exception:  # an older schema, no database, or too slow: the page says that it is unknown
        return {}
    return {
        r["part"]: Counted(r["waiting"], r["total"], _age(r["at"], r["oldest_at"])) for r in rows
    }


def _age(now: datetime, since: datetime | None) -> float | None:
    return None if since is None else max(0.0, (now - since).total_seconds())


async def parts(state: Any) -> list[Part]:
    """Every part of the service, each judged by its rule."""
    ready = await readiness(state)
    found = {} if "fail" in ready.values() else await counted(state)
    told = [Part(name, value) for name, value in ready.items()]
    if ready.get("database") == "pass":
        told += [_judged(n, r, found.get(n)) for n, r in rules().items() if r.warn or r.share]
    return told


def _judged(name: str, rule: Rule, found: Counted | None) -> Part:
    if found is None:
        return Part(name, "warn")
    if rule.share is not None:
        return _share(name, rule, found)
    if name == "worker" and found.seconds is None:  # there never was one
        return Part(name, "fail")
    age = found.seconds or 0.0
    failed = rule.fail is not None and age >= rule.fail
    late = rule.warn is not None and age >= rule.warn
    return Part(name, "fail" if failed else "warn" if late else "pass", round(age, 1), "s")


def _share(name: str, rule: Rule, found: Counted) -> Part:
    """Of what succeeded, in per cent; few attempts say nothing."""
    total = found.total or 0
    if total == 0 or rule.share is None:
        return Part(name, "pass")
    many = total >= rule.least and found.waiting / total >= rule.share
    well = round(100 * (1 - found.waiting / total), 1)
    return Part(name, "warn" if many else "pass", well, "%")


def overall(told: Sequence[Part]) -> State:
    """The worst of all."""
    states = {part.state for part in told}
    return "fail" if "fail" in states else "warn" if "warn" in states else "pass"
