"""Cases by the caller's own numbers: opened where there is none, changed where something differs.

One case of a request and thousands of an import go the same way.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from asyncpg import Record

from integration_api.kernel import clock, concurrency
from integration_api.kernel.answers import Answer, resource
from integration_api.kernel.db import WriteTx
from integration_api.kernel.ids import uuid7
from integration_api.kernel.problems import (
    Conflict,
    GuardNotMet,
    NotYourMoveProblem,
    PreconditionFailed,
    Problem,
    UnknownReference,
)

from .lifecycle import CASE_OPEN, CasePhase
from .schemas import CasePut
from .service import values_of
from .service_notes import take_on
from .statements_upsert import AMEND, ECHO, LOOK, OPEN, REFRESH


class Effect(StrEnum):
    """What a case by its number takes."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A case as another system has it, under its number there."""

    value: str
    values: Mapping[str, Any]
    """`participants` with ids and `concerns`, as `values_of` makes them."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a wanted case takes, or why it cannot be had.

    `version` is there for a case of the caller's own, `new` where nothing has that number.
    """

    effect: Effect | Problem
    id: UUID
    version: int | None
    new: bool


async def judge(tx: WriteTx, system: str, wanted: Sequence[Wanted]) -> list[Verdict]:
    """What each takes, in the order given; what is there and the caller's own is locked.

    Numbers are different from each other.
    """
    lines = [{"n": n, "value": one.value, **one.values} for n, one in enumerate(wanted)]
    rows = await tx.rows(LOOK, system=system, lines=lines)
    return [_verdict(row) for row in sorted(rows, key=lambda row: int(row["n"]))]


def _verdict(row: Record) -> Verdict:
    id = UUID(int=row["case_id"].int) if row["case_id"] else uuid7()
    return Verdict(_effect(row), id, row["version"], row["case_id"] is None)


def _effect(row: Record) -> Effect | Problem:
    """The order of refusals is that of a change."""
    if row["case_id"] and not row["version"]:  # handed on, or not to be seen any more
        return NotYourMoveProblem() if row["seen"] else Conflict()
    if row["unknown"]:
        return UnknownReference(*(f"/participants/{at}/person_id" for at in row["unknown"]))
    if not row["case_id"]:
        return Effect.CREATED
    if not row["differs"]:
        return Effect.UNCHANGED
    return GuardNotMet(CASE_OPEN) if row["status"] == CasePhase.CLOSED.value else Effect.UPDATED


async def refresh(tx: WriteTx) -> None:
    """Let the planner know how many cases there are, after many were opened."""
    await tx.row(REFRESH)


async def carry_out(
    tx: WriteTx, system: str, wanted: Sequence[Wanted], verdicts: Sequence[Verdict]
) -> None:
    """Write what was judged, in the same transaction."""
    both = list(zip(wanted, verdicts, strict=True))
    if new := _lines(both, Effect.CREATED):
        await tx.rows(OPEN, system=system, lines=new, year=clock.today().year)
        await take_on(tx, tx.caller.member_id, *(line["id"] for line in new))
    if other := _lines(both, Effect.UPDATED):
        await tx.rows(AMEND, lines=other)


def _lines(both: Iterable[tuple[Wanted, Verdict]], effect: Effect) -> list[dict[str, Any]]:
    return [
        {"id": verdict.id, "value": one.value, **one.values}
        for one, verdict in both
        if verdict.effect is effect
    ]


async def put(
    tx: WriteTx, system: str, value: str, given: CasePut, *, only_new: bool, version: int | None
) -> Answer:
    """The case of the caller with that number, as given: 201 where it was opened.

    Raises:
        PreconditionFailed: it is there although only a new one is wanted, or in another version.
        UnknownReference: a code or a person does not exist for the caller.
        NotYourMoveProblem: another agency leads it now.
        Conflict: the number is that of a case which the caller does not see any more.
        GuardNotMet: it is closed.
    """
    wanted = [Wanted(value, values_of(given))]
    (verdict,) = await judge(tx, system, wanted)
    _met(verdict, only_new=only_new, version=version)
    if isinstance(verdict.effect, Problem):
        raise verdict.effect
    await carry_out(tx, system, wanted, [verdict])
    row = await tx.row(ECHO, id=verdict.id)
    if verdict.effect is Effect.CREATED:
        return resource(row, status=201, location=f"/v1/cases/{verdict.id}")
    return resource(row)


def _met(verdict: Verdict, *, only_new: bool, version: int | None) -> None:
    """Refuse where the caller's precondition does not hold. Source: RFC 9110 § 13.1."""
    there = verdict.version
    if only_new and there is not None:
        raise PreconditionFailed(current_etag=f'"{there}"')
    if version is not None and verdict.new:
        raise PreconditionFailed(current_etag=None)
    if version is not None and there is not None:
        concurrency.check({"version": there}, version)
