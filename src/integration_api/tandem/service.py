"""What can be done with tandem cases."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import asyncpg
from asyncpg import Record

from integration_api.cases.lifecycle import CASE_OPEN, CasePhase
from integration_api.cases.statements import HOLD as HOLD_CASE
from integration_api.code_lists.service import attributes, must_know
from integration_api.kernel import clock, concurrency
from integration_api.kernel.answers import Answer, resource
from integration_api.kernel.db import LoggedReadTx, WriteTx
from integration_api.kernel.ids import uuid7
from integration_api.kernel.lists import Place
from integration_api.kernel.problems import (
    GuardNotMet,
    NotFound,
    NotYourMoveProblem,
    UnknownReference,
)
from integration_api.kernel.statements import Query

from .access import COMPARTMENT, parties
from .lifecycle import (
    BLOCKER_FREE,
    BLOCKER_OWN,
    CASE_OPEN_TANDEM,
    DISCLOSED_TO_TEAMS,
    LEAD_MAY_SEE,
    NO_OTHER_OPEN,
    NOT_CLOSED_YET,
    SAME_OUTCOME,
    TANDEM_OPEN,
    TEAM_BEGINS,
    TRACKS_ENDED,
    TandemParty,
)
from .lifecycle_legal import LEGAL_TRACK
from .lifecycle_placement import PLACEMENT_TRACK
from .schemas import TandemCaseIn
from .statements import (
    CREATE,
    FACTS,
    GET,
    LOCK,
    STILL_OPEN,
    TRACKS,
    list_tandem_cases,
)
from .statements_acts import AUDIENCE, acknowledge, act, close, created, echo
from .statements_declarations import SEE_EMPLOYER

TEAMS = tuple(p.value for p in TandemParty)


def when() -> dict[str, Any]:
    """The day that a status is asked for; of the first day of work the declaration tells."""
    return {"today": clock.today(), "day": None}


async def get(tx: LoggedReadTx, id: UUID) -> Answer:
    """One tandem case.

    Raises:
        NotFound: absent or not visible.
    """
    return resource(await tx.row(GET, id=id, **when()))


async def list_(tx: LoggedReadTx, place: Place) -> Answer:
    """One page of the visible tandem cases."""
    statement = list_tandem_cases(place.direction)
    return place.answer(await tx.row(statement, **when(), **place.params))


async def create(tx: WriteTx, given: TandemCaseIn) -> Answer:
    """Open a tandem case with both tracks, in a case that the caller's agency leads.

    Raises:
        UnknownReference: a code, the case, person or a team does not exist for the caller.
        GuardNotMet: the caller may never see placement, the case is closed, the person is not
            disclosed to both teams, or another tandem case of this person is open in the case.
    """
    must_know("tandem_goals", given.goal, "/goal")
    if COMPARTMENT not in tx.caller.compartments:
        raise GuardNotMet(LEAD_MAY_SEE)
    values, held = given.model_dump(), None
    if given.case_id:
        held = await tx.row(HOLD_CASE, case_id=given.case_id)
        if held is None:
            raise UnknownReference("/case_id")
    asked = {n: v for n, v in values.items() if n not in ("goal", "language")}
    facts = await tx.row(FACTS, **asked)
    assert facts is not None
    _judge(facts, given, tx.caller.agency_id)
    if held and held["status"] == CasePhase.CLOSED.value:
        raise GuardNotMet(CASE_OPEN)
    id = uuid7()
    ids = {"id": id, "legal_track_id": uuid7(), "placement_track_id": uuid7()}
    try:
        await tx.row(CREATE, **ids, **values)
    except asyncpg.UniqueViolationError as e:
        raise GuardNotMet(NO_OTHER_OPEN) from e
    row = await tx.row(created(), id=id, **when())
    return tx.answer(resource(row, status=201, location=f"/v1/tandem-cases/{id}"))


async def acknowledge_(tx: WriteTx, id: UUID, version: int) -> Answer:
    """Take note of a tandem case as one of its teams; again changes nothing.

    Raises:
        NotFound, PreconditionFailed, NotYourMoveProblem, GuardNotMet.
    """
    team, row = await _held(tx, id, version)
    if row[f"{team}_acknowledged_at"]:
        return await _done(tx, echo("acknowledgeTandemCase"), id)
    _must_be_open(row)
    return await _done(tx, acknowledge(team), id)


async def flag_blocker(tx: WriteTx, id: UUID, version: int, blocker: str) -> Answer:
    """Say what stands in the way, or say it anew; nobody overwrites the other team's blocker.

    Raises:
        NotFound, PreconditionFailed, NotYourMoveProblem.
        GuardNotMet: it is closed, or a blocker of the other team stands.
    """
    _, row = await _held(tx, id, version)
    _must_be_open(row)
    if row["blocker_agency_id"] not in (None, tx.caller.agency_id):
        raise GuardNotMet(BLOCKER_FREE)
    return await _done(tx, act("flagBlockerTandemCase"), id, blocker=blocker)


async def clear_blocker(tx: WriteTx, id: UUID, version: int) -> Answer:
    """Take a blocker back; who flagged it does, or the other team once that one is gone.

    Raises:
        NotFound, PreconditionFailed, NotYourMoveProblem.
        GuardNotMet: it is closed, there is none, or who flagged it still has access.
    """
    _, row = await _held(tx, id, version)
    _must_be_open(row)
    by = row["blocker_agency_id"]
    if by != tx.caller.agency_id and (by is None or by in await _audience(tx, id)):
        raise GuardNotMet(BLOCKER_OWN)
    return await _done(tx, act("clearBlockerTandemCase"), id)


async def close_(tx: WriteTx, id: UUID, version: int, outcome: str) -> Answer:
    """Close as a team, and as the lead in place of teams that have lost their access.

    When both sides are closed, the tandem case is (G4). Again with the same outcome changes
    nothing.

    Raises:
        NotFound, PreconditionFailed, UnknownReference.
        NotYourMoveProblem: the caller is no team, nor the lead where a team is gone.
        GuardNotMet: the track of a team that is there has not ended, or a team has closed with
            another outcome.
    """
    must_know("tandem_outcomes", outcome, "/outcome")
    row = await _locked(tx, id, version)
    seeing = await _audience(tx, id)
    lost = {team for team in TEAMS if row[f"{team}_agency_id"] not in seeing}
    mine = parties(tx.caller, row)
    in_place = lost - mine if row["lead_agency_id"] == tx.caller.agency_id else set()
    if not (mine or in_place):
        raise NotYourMoveProblem
    left = {team for team in mine | in_place if not row[f"{team}_closed_at"]}
    if not left and row["outcome"] == outcome:
        return await _done(tx, echo("closeTandemCase"), id)
    _must_be_open(row)
    tracks = await tx.row(TRACKS, id=id)
    assert tracks is not None
    closed_for = {team for team in TEAMS if row[f"{team}_closed_in_place"]}
    if running(tracks) - lost - closed_for:
        raise GuardNotMet(TRACKS_ENDED)
    if row["outcome"] not in (None, outcome):
        raise GuardNotMet(SAME_OUTCOME)
    statement = close(tuple(sorted(left)), tuple(sorted(in_place & left)))
    return await _done(tx, statement, id, outcome=outcome)


async def reopen(tx: WriteTx, id: UUID, version: int) -> Answer:
    """Take a closing back, of one team or of both.

    Raises:
        NotFound, PreconditionFailed, NotYourMoveProblem.
        GuardNotMet: no team has closed; another tandem case of the person is open by now.
    """
    _, row = await _held(tx, id, version)
    if row["outcome"] is None:
        raise GuardNotMet(NOT_CLOSED_YET)
    try:
        return await _done(tx, act("reopenTandemCase"), id)
    except asyncpg.UniqueViolationError as e:
        raise GuardNotMet(NO_OTHER_OPEN) from e


async def refuse_if_open(tx: WriteTx, closing: Mapping[str, Any]) -> None:
    """Reaction: a case with an open tandem case does not close.

    Raises:
        GuardNotMet: it has one.
    """
    if await tx.row(STILL_OPEN, case_id=closing["case_id"]):
        raise GuardNotMet(CASE_OPEN_TANDEM)


def running(tracks: Record) -> set[str]:
    """The teams whose track is in a state that an arrow still leaves."""
    over = {
        "legal": {s.value for s in LEGAL_TRACK.final},
        "placement": {s.value for s in PLACEMENT_TRACK.final},
    }
    return {team for team in TEAMS if tracks[f"{team}_status"] not in over[team]}


def of_visible(row: Record | None, place: Place) -> Answer:
    """The page of what stands below a tandem case.

    Raises:
        NotFound: the tandem case is absent or not visible.
    """
    if row is None or not row["there"]:
        raise NotFound
    return place.answer(row)


async def of_team(tx: WriteTx, id: UUID, team: str, pointer: str | None = None) -> Record:
    """The locked tandem case, for one of its teams.

    Raises:
        NotFound, or UnknownReference where it stands in a body: absent or not visible.
        NotYourMoveProblem: the caller is not that team.
        GuardNotMet: it is closed.
    """
    row = await tx.row(LOCK, id=id)
    if row is None:
        raise UnknownReference(pointer) if pointer else NotFound
    if team not in parties(tx.caller, row):
        raise NotYourMoveProblem
    _must_be_open(row)
    return row


async def held_below(
    tx: WriteTx, above: Query, own: Query, id: UUID, version: int, team: str
) -> Record:
    """A row below a tandem case, under the tandem case's lock, in the order of refusals.

    Raises:
        NotFound, PreconditionFailed, NotYourMoveProblem, GuardNotMet.
    """
    found = await tx.row(above, id=id)
    if found is None:
        raise NotFound
    tandem = await tx.row(LOCK, id=found["id"])
    row = await tx.row(own, id=id)
    if tandem is None or row is None:
        raise NotFound
    concurrency.check(row, version)
    if team not in parties(tx.caller, tandem):
        raise NotYourMoveProblem
    _must_be_open(tandem)
    return row


async def must_be_known(tx: WriteTx, bound: Mapping[str, Any] | None, pointer: str) -> None:
    """The employer to which a permit or an approval is bound is one of the municipality.

    Raises:
        UnknownReference: absent and of another municipality are the same.
    """
    employer = bound["employer_id"] if bound else None
    if employer:
        await concurrency.exists(tx, SEE_EMPLOYER, f"{pointer}/employer_id", employer_id=employer)


async def _locked(tx: WriteTx, id: UUID, version: int) -> Record:
    row = await tx.row(LOCK, id=id)
    if row is None:
        raise NotFound
    concurrency.check(row, version)
    return row


async def _held(tx: WriteTx, id: UUID, version: int) -> tuple[str, Record]:
    """The team that the caller is, and the locked row."""
    row = await _locked(tx, id, version)
    teams = parties(tx.caller, row)
    if not teams:
        raise NotYourMoveProblem
    return next(iter(teams)), row


async def _audience(tx: WriteTx, id: UUID) -> set[UUID]:
    """The parties that may see the tandem case now."""
    row = await tx.row(AUDIENCE, id=id)
    assert row is not None
    return set(row["seeing"])


def _must_be_open(row: Record) -> None:
    if row["closed_at"]:
        raise GuardNotMet(TANDEM_OPEN)


async def _done(tx: WriteTx, statement: Any, id: UUID, **values: Any) -> Answer:
    return tx.answer(resource(await tx.row(statement, id=id, **when(), **values)))


def _judge(facts: Record, given: TandemCaseIn, me: UUID) -> None:
    if given.case_id and facts["participant"] is None:
        raise UnknownReference("/person_id")
    if given.employer_id and facts["employer"] is None:
        raise UnknownReference("/employer_id")
    for team in TEAMS:
        kind = facts[f"{team}_type"]
        if kind is None or attributes("agency_types", kind).get("tandem") != team:
            raise UnknownReference(f"/{team}_agency_id")
    if given.case_id is None and me not in (given.legal_agency_id, given.placement_agency_id):
        raise GuardNotMet(TEAM_BEGINS)
    if given.case_id and not facts["disclosed"]:
        raise GuardNotMet(DISCLOSED_TO_TEAMS)
