"""How a team moves its track."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from integration_api.checks.kept import kept
from integration_api.code_lists.service import must_know
from integration_api.kernel import clock, concurrency
from integration_api.kernel.answers import Answer, resource
from integration_api.kernel.db import LoggedReadTx, WriteTx
from integration_api.kernel.operations import camel
from integration_api.kernel.problems import GuardNotMet

from .access import parties
from .deadlines import eligible_from, spared
from .lifecycle import TANDEM_OPEN
from .lifecycle_legal import SPARED
from .rules import RULES
from .service import must_be_known
from .statements_clearances import INVALIDATE
from .statements_tracks import JUDGED, Track, get, lock, move, see

LISTED = {"missing_facts": "missing_facts", "identity_status": "identity_statuses"}
"""Members of the bodies that hold codes, with their lists."""

INVALIDATES = {
    "revoke": "permit_revoked",
    "end": "job_ended",
    "recheck": "status_rechecked",
    "start_matching": "offer_withdrawn",
    "disengage": "placement_ended",
    "cancel_placement": "placement_ended",
}
"""The arrows after which a clearance no longer holds, and why."""

CHECKS = frozenset({"check_status", "recheck"})
"""The arrows with which the rules are asked about the client."""


async def read(tx: LoggedReadTx, track: Track, id: UUID) -> Answer:
    """The track of a tandem case.

    Raises:
        NotFound: the tandem case is absent or not visible.
    """
    return resource(await tx.row(get(track), id=id))


async def advance(
    tx: WriteTx,
    track: Track,
    id: UUID,
    arrow: str,
    version: int,
    brought: Mapping[str, Any] | None = None,
) -> Answer:
    """Move a track along one arrow, under the lock of its tandem case.

    Raises:
        NotFound, PreconditionFailed, NotYourMove, TransitionNotAllowed.
        UnknownReference: a code is unknown.
        GuardNotMet: the tandem case is closed, or a gate is not passed.
    """
    values = dict(brought or {})
    _codes(track, arrow, values)
    bar = _waiting_and_bar(values) if arrow == "block" else None
    row = await concurrency.hold(tx, lock(track), see(track), version, id=id)
    status = track.lifecycle.states(row["status"])
    target = track.lifecycle.target(arrow, status, parties(tx.caller, row))
    if row["closed_at"]:
        raise GuardNotMet(TANDEM_OPEN)
    if bar and spared(**bar):
        raise GuardNotMet(SPARED)
    await must_be_known(tx, values.get("permit_restrictions"), "/permit_restrictions")
    await _guard(tx, track, id, arrow, values)
    if arrow in CHECKS:
        values["eligibility"] = await _checked(tx, track, arrow, row["person_id"])
    moved = await tx.row(move(track, arrow), id=id, target=target.value, **values)
    if why := INVALIDATES.get(arrow):
        await tx.rows(INVALIDATE, tandem_case_id=id, why=why)
    return tx.answer(resource(moved))


async def _checked(
    tx: WriteTx, track: Track, arrow: str, person_id: UUID | None
) -> dict[str, Any] | None:
    """What the rules answer today; nothing where nobody is known yet."""
    if person_id is None:
        return None
    return await kept(tx, person_id, clock.today(), camel(arrow, track.lifecycle.name))


async def _guard(
    tx: WriteTx, track: Track, id: UUID, arrow: str, brought: Mapping[str, Any]
) -> None:
    guards = [g for g in track.lifecycle[arrow].guards if g in RULES]
    if not guards:
        return
    day = brought.get("started_on") or clock.today()
    exempt = bool(brought.get("ba_exemption"))
    judged = await tx.row(JUDGED, id=id, today=clock.today(), day=day, exempt=exempt)
    assert judged is not None
    for guard in guards:
        if not judged[guard.name]:
            raise GuardNotMet(guard)


def _waiting_and_bar(values: dict[str, Any]) -> dict[str, Any] | None:
    """Work out when waiting is over, for known codes; the bar is judged later, never stored."""
    waiting: dict[str, Any] | None = values.pop("waiting")
    bar: dict[str, Any] | None = values.pop("safe_country")
    if waiting:
        must_know("waiting_periods", waiting["policy"], "/waiting/policy", waiting["began_on"])
    if bar:
        must_know("safe_countries", bar["country"], "/safe_country/country")
    values["eligible_from"] = waiting and eligible_from(waiting["policy"], waiting["began_on"])
    return bar


def _codes(track: Track, arrow: str, values: Mapping[str, Any]) -> None:
    if "reason" in values:
        must_know(str(track.lifecycle[arrow].reasons), values["reason"], "/reason")
    for member, name in LISTED.items():
        given = values.get(member)
        if isinstance(given, list):
            for place, code in enumerate(given):
                must_know(name, code, f"/{member}/{place}")
        elif given is not None:
            must_know(name, given, f"/{member}")
