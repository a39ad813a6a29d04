"""What can be done with procedures, gates and start clearances."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from integration_api.code_lists.service import Language, must_know
from integration_api.drawings.timeline import Step, timeline_svg
from integration_api.kernel.answers import Answer, etag, resource
from integration_api.kernel.db import LoggedReadTx, WriteTx
from integration_api.kernel.ids import uuid7
from integration_api.kernel.lifecycle import Label
from integration_api.kernel.lists import Place
from integration_api.kernel.problems import GuardNotMet

from .lifecycle import LANE_STATES, TANDEM_LANE
from .lifecycle_approvals import APPROVAL, NO_CLEARANCE
from .lifecycle_legal import LEGAL_TRACK
from .lifecycle_placement import PLACEMENT_TRACK, START_CLEARED
from .schemas_work import ProcedureIn
from .service import of_team, of_visible, when
from .statements_clearances import (
    CLEAR_START,
    CLEARING,
    CREATE_PROCEDURE,
    GATES_OF,
    INVALIDATE_DISCLOSED,
    TIMELINE,
    list_clearances,
    list_procedures,
)

SVG = "image/svg+xml"
LANES: dict[str, dict[str, Label]] = {
    **{
        one.name: {s.value: label for s, label in one.labels.items()}
        for one in (LEGAL_TRACK, PLACEMENT_TRACK, APPROVAL)
    },
    TANDEM_LANE: LANE_STATES,
}
LANE_LABELS = {
    LEGAL_TRACK.name: ("Rechtsstrang", "Legal track"),
    PLACEMENT_TRACK.name: ("Vermittlungsstrang", "Placement track"),
    APPROVAL.name: ("Bundesagentur", "Employment agency"),
    TANDEM_LANE: ("Tandemfall", "Tandem case"),
}


async def gates(tx: LoggedReadTx, id: UUID) -> Answer:
    """Every gate of a tandem case.

    Raises:
        NotFound: absent or not visible.
    """
    return resource(await tx.row(GATES_OF, id=id, **when()))


async def timeline(tx: LoggedReadTx, id: UUID) -> Answer:
    """What happened on the lanes of a tandem case.

    Raises:
        NotFound: absent or not visible.
    """
    return resource(await tx.row(TIMELINE, id=id))


async def drawn_timeline(tx: LoggedReadTx, id: UUID, lang: Language) -> Answer:
    """The same as a picture, the present state of each lane lit up.

    Raises:
        NotFound: absent or not visible.
    """
    answer = await timeline(tx, id)
    steps = [
        Step(
            one["lane"],
            datetime.fromisoformat(one["at"]),
            one["status"],
            LANES[one["lane"]][one["status"]],
        )
        for one in orjson.loads(answer.body)["steps"]
    ]
    silent = {TANDEM_LANE} - {step.lane for step in steps}
    lanes = {lane: label for lane, label in LANE_LABELS.items() if lane not in silent}
    picture = timeline_svg(steps, lanes, lang).encode()
    return Answer(picture, 200, {"ETag": etag(len(steps), picture)}, SVG)


async def procedures(tx: LoggedReadTx, id: UUID, place: Place) -> Answer:
    """One page of the procedures beside a tandem case.

    Raises:
        NotFound: the tandem case is absent or not visible.
    """
    row = await tx.row(list_procedures(place.direction), tandem_case_id=id, **place.params)
    return of_visible(row, place)


async def record(tx: WriteTx, id: UUID, given: ProcedureIn) -> Answer:
    """Record a procedure or its result, as the placement team.

    Raises:
        NotFound, NotYourMoveProblem, GuardNotMet, UnknownReference.
    """
    must_know("procedure_kinds", given.kind, "/kind")
    if given.result:
        must_know("recognition_results", given.result, "/result")
    await of_team(tx, id, "placement")
    row = await tx.row(CREATE_PROCEDURE, id=uuid7(), tandem_case_id=id, **given.model_dump())
    return tx.answer(resource(row, status=201))


async def clearances(tx: LoggedReadTx, id: UUID, place: Place) -> Answer:
    """One page of the clearances of a tandem case.

    Raises:
        NotFound: the tandem case is absent or not visible.
    """
    row = await tx.row(list_clearances(place.direction), tandem_case_id=id, **place.params)
    return of_visible(row, place)


async def issue(tx: WriteTx, id: UUID) -> Answer:
    """Clear the start for what the newest declaration says, as the legal team.

    Raises:
        NotFound, NotYourMoveProblem.
        GuardNotMet: G3 is not met; a clearance stands already.
    """
    await of_team(tx, id, "legal")
    facts = await tx.row(CLEARING, id=id, **when())
    assert facts is not None
    if facts["standing"]:
        raise GuardNotMet(NO_CLEARANCE)
    if facts["missing"]:
        raise GuardNotMet(START_CLEARED)
    names = ("declaration_id", "valid_from", "valid_to", "facts_sha256")
    values = {n: facts[n] for n in names}
    row = await tx.row(CLEAR_START, id=uuid7(), tandem_case_id=id, **values)
    return tx.answer(resource(row, status=201))


async def invalidate_for_disclosure(tx: WriteTx, ended: Mapping[str, Any]) -> None:
    """Reaction: a disclosure ended, so a clearance of its person in its case ends too."""
    await tx.rows(INVALIDATE_DISCLOSED, disclosure_ids=ended["disclosure_ids"])
