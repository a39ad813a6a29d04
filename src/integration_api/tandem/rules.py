"""What the arrows ask for beyond the drawing, and the status that follows from both tracks."""

from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Integer,
    and_,
    bindparam,
    case,
    func,
    literal_column,
    or_,
)

from integration_api.code_lists.service import attributes, entries
from integration_api.kernel.lifecycle import Guard
from integration_api.kernel.shape import names, one_of

from .facts import TODAY, Facts
from .gates import APPLICATION, INTAKE, START, Condition, Need
from .lifecycle import TandemStatus
from .lifecycle_approvals import APPROVALS, ApprovalStatus
from .lifecycle_legal import (
    APPLICATION_READY,
    BA_ASKED,
    BA_INSUFFICIENT,
    BA_SETTLED,
    RUNNING,
    WORK_STARTED,
    LegalStatus,
)
from .lifecycle_placement import DECLARED, START_CLEARED, WORKING, PlacementStatus

EXEMPT = bindparam("exempt", type_=Boolean())
_A = ApprovalStatus


def _settled(f: Facts) -> ColumnElement[bool]:
    """Approved for this very declaration, also by silence; or exempt, where nobody was asked."""
    unasked = and_(EXEMPT, f.legal.c.status == LegalStatus.APPLICATION_FILED.value)
    approved = one_of(f.approval.c.status, sorted(s.value for s in APPROVALS))
    return or_(unasked, and_(approved, f.approval.c.declaration_id == f.declaration.c.id))


def _is_working(f: Facts) -> ColumnElement[bool]:
    return one_of(f.placement.c.status, sorted(s.value for s in WORKING))


RULES: dict[Guard, Condition] = {
    APPLICATION_READY: APPLICATION.met,
    BA_ASKED: lambda f: f.approval.c.status == _A.TRANSMITTED.value,
    BA_INSUFFICIENT: lambda f: f.approval.c.status == _A.INFO_REQUIRED.value,
    BA_SETTLED: _settled,
    WORK_STARTED: _is_working,
    DECLARED: lambda f: f.declaration.c.id.is_not(None),
    START_CLEARED: START.met,
}


def _lost(code: str) -> Condition:
    """A clearance was lost for this reason while the contract stands, and none came after it."""
    bound = sorted(s.value for s in (PlacementStatus.CONTRACT_CONFIRMED, *WORKING))
    return lambda f: and_(
        f.clearance.c.id.is_(None),
        f.lost.c.invalidated_reason == literal_column(f"'{code}'"),
        one_of(f.placement.c.status, bound),
    )


def _undecided(f: Facts) -> ColumnElement[bool]:
    """The time after which inaction can be sued for is over."""
    months = attributes("deadline_policies", "inaction")["months"]
    term = func.make_interval(0, bindparam("inaction_months", months, type_=Integer()))
    return and_(
        one_of(f.legal.c.status, sorted(s.value for s in RUNNING)),
        f.legal.c.application_received_on + term < TODAY,
    )


_ATTENTION = (
    Need(
        "blocker_flagged",
        ("Ein Team hat ein Hindernis gemeldet", "a team has flagged a blocker"),
        lambda f: f.t.c.blocker.is_not(None),
    ),
    Need(
        "facts_overdue",
        ("Angeforderte Angaben sind überfällig", "facts asked for are overdue"),
        lambda f: and_(
            f.legal.c.status == LegalStatus.NEEDS_FACTS.value, f.legal.c.facts_due_on < TODAY
        ),
    ),
    Need(
        "decision_overdue",
        ("Die Entscheidung ist überfällig", "the decision is overdue"),
        _undecided,
    ),
    *(Need(e.code, (e.de, e.en), _lost(e.code)) for e in entries("invalidation_reasons")),
)
STATUSES: tuple[tuple[TandemStatus, tuple[Need, ...]], ...] = (
    (
        TandemStatus.CLOSED,
        (
            Need(
                "both_teams_closed",
                ("Beide Teams haben geschlossen", "both teams have closed"),
                lambda f: f.t.c.closed_at.is_not(None),
            ),
        ),
    ),
    (TandemStatus.ATTENTION_REQUIRED, _ATTENTION),
    (
        TandemStatus.IN_EMPLOYMENT,
        (Need("work_started", ("Die Arbeit hat begonnen", "work has started"), _is_working),),
    ),
    (
        TandemStatus.CLEARED_TO_START,
        (Need("start_clearance", ("Eine Freigabe gilt", "a clearance holds"), START.met),),
    ),
    (
        TandemStatus.WAITING_EXTERNAL,
        (
            Need(
                "with_the_ba",
                ("Die Bundesagentur ist am Zug", "the employment agency has it"),
                lambda f: one_of(
                    f.approval.c.status, [_A.INFO_REQUIRED.value, _A.TRANSMITTED.value]
                ),
            ),
        ),
    ),
    (
        TandemStatus.BLOCKED_LEGAL,
        (
            Need(
                "legal_track_blocked",
                ("Arbeit ist derzeit nicht erlaubt", "work is prohibited at present"),
                lambda f: f.legal.c.status == LegalStatus.BLOCKED.value,
            ),
        ),
    ),
    (TandemStatus.ACTIVE, (Need("intake_complete", INTAKE.label, INTAKE.met),)),
)
"""The status of a tandem case: the first with a reason that holds; else `open`."""


def _holds(need: Need, facts: Facts) -> ColumnElement[bool]:
    return need.holds(facts).is_(True)


def status(facts: Facts) -> ColumnElement[str]:
    """The derived status."""
    arms = [(or_(*(_holds(n, facts) for n in needs)), s.value) for s, needs in STATUSES]
    return case(
        *((condition, literal_column(f"'{value}'")) for condition, value in arms),
        else_=literal_column(f"'{TandemStatus.OPEN.value}'"),
    )


def status_reasons(facts: Facts) -> ColumnElement[Any]:
    """Why: the reasons of that status, or what an open case still needs."""
    arms = [
        (
            or_(*(_holds(n, facts) for n in needs)),
            names(*((n.code, _holds(n, facts)) for n in needs)),
        )
        for _, needs in STATUSES
    ]
    return case(*arms, else_=INTAKE.missing(facts))
