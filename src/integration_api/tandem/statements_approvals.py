"""The compiled statements of requests for the approval of the employment agency."""

from typing import Any

from sqlalchemy import Date, Text, Uuid, bindparam
from sqlalchemy.dialects.postgresql import JSONB

from integration_api.kernel.lists import Direction, variants
from integration_api.kernel.operations import camel
from integration_api.kernel.statements import ME, Effect, Personal

from .lifecycle_approvals import APPROVAL
from .models_work import ba_approval_request
from .statements import ID
from .statements_below import add, answer_of, change, listed, step

GET_APPROVAL = Personal(
    "getBaApprovalRequest",
    answer_of(ba_approval_request, ba_approval_request, APPROVAL).where(
        ba_approval_request.c.id == ID
    ),
)


@variants
def list_approvals(direction: Direction) -> Personal:
    """One page of the BA requests of a tandem case, newest first."""
    return listed("listBaApprovalRequests", ba_approval_request, APPROVAL, direction)


def _create_approval() -> Effect:
    r = ba_approval_request
    values = {
        "declaration_id": bindparam("declaration_id", type_=Uuid()),
        "deadline_policy": bindparam("deadline_policy", type_=Text()),
        "agency_id": ME.agency,
        "status": APPROVAL.initial[0].value,
    }
    new, parts = add(r, values, r.name, f"{r.name}.drafted")
    return Effect("createBaApprovalRequest", answer_of(r, new, APPROVAL), *parts)


CREATE_APPROVAL = _create_approval()
_DECIDED = {"decided_on": bindparam("decided_on", type_=Date())}
BRINGS: dict[str, dict[str, Any]] = {
    "transmit": {
        **{n: bindparam(n, type_=Date()) for n in ("transmitted_on", "due_on", "deemed_from")},
        "deadline_policy_version": bindparam("deadline_policy_version", type_=Text()),
    },
    "require_information": {
        "information_received_on": bindparam("information_received_on", type_=Date())
    },
    "approve": _DECIDED,
    "approve_restricted": {
        **_DECIDED,
        "restrictions": bindparam("restrictions", type_=JSONB(none_as_null=True)),
    },
    "refuse": {**_DECIDED, "reason": bindparam("reason", type_=Text())},
    "withdraw": {},
}
"""What each arrow of the legal team brings beside the new status."""


@variants
def move_approval(arrow: str) -> Effect:
    """One arrow: the new state, what it brings, audit entry, event, answer."""
    r, drawn = ba_approval_request, APPROVAL[arrow]
    values = BRINGS[arrow] | {"status": bindparam("target", type_=Text())}
    moved, parts = change(r, r.name, drawn.event, r.c.id == ID, values)
    return Effect(camel(arrow, r.name), answer_of(r, moved, APPROVAL), *parts, step(r.name, moved))
