"""An emergency access: taken by the recipient itself, short, told to the controller, reviewed."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from integration_api.cases.service_notes import take_on
from integration_api.code_lists.service import attributes, entries, must_know
from integration_api.kernel import clock
from integration_api.kernel.answers import Answer, resource
from integration_api.kernel.calendar import add_working_days
from integration_api.kernel.db import WriteTx
from integration_api.kernel.ids import uuid7
from integration_api.kernel.problems import GuardNotMet, NotYourMoveProblem, UnknownReference
from integration_api.kernel.reactions import Cause, react
from integration_api.persons.lifecycle import NOT_TAKEN_TWICE

from .schemas_break_glass import BreakGlassIn
from .statements import REVOKE
from .statements_break_glass import TAKE, TAKEN


async def take(tx: WriteTx, given: BreakGlassIn) -> Answer:
    """Open to the caller's agency what the reason names, as far as unit and roles allow it at all.

    The controller is told at once and owes a review; neither side can delete the entry.

    Raises:
        UnknownReference: no such reason; no such person of another agency, or not in that case.
        NotYourMoveProblem: no person is at the desk, or it sees no persons.
        GuardNotMet: one stands already, or the last one was refused not long ago.

    Source: Art. 6(1)(d), Art. 9(2)(c) GDPR, § 34 StGB.
    """
    must_know("emergency_reasons", given.reason, "/reason")
    said = attributes("emergency_reasons", given.reason)
    opened = [c for c in said["compartments"] if c in tx.caller.compartments]
    if tx.caller.member_id is None or "core" not in opened:
        raise NotYourMoveProblem
    if await tx.row(TAKEN, person_id=given.person_id, barred=barred_since()):
        raise GuardNotMet(NOT_TAKEN_TWICE)
    id = uuid7()
    row = await tx.row(
        TAKE,
        id=id,
        task_id=uuid7(),
        compartments=opened,
        hours=said["hours"],
        due_on=add_working_days(clock.today(), said["review_working_days"]),
        **given.model_dump(),
    )
    if row is None:
        raise UnknownReference("/case_id" if given.case_id else "/person_id")
    if given.case_id:
        await take_on(tx, tx.caller.member_id, given.case_id)
    answer = resource(row, status=201, location=f"/v1/disclosures/{id}")
    answer.shown = (given.person_id,)
    return tx.answer(answer)


def barred_since() -> datetime:
    """From when on a refused access bars the next one."""
    days = max(int(e.attributes.get("barred_days", 0)) for e in entries("review_outcomes"))
    return clock.now() - timedelta(days=days)


async def end_refused(tx: WriteTx, row: Mapping[str, Any]) -> None:
    """End an emergency access that was not justified, if its term has not ended it."""
    if moved := await tx.row(REVOKE, id=row["disclosure_id"]):
        await react(tx, Cause.DISCLOSURE_ENDED, {"disclosure_ids": moved["ended"]})
