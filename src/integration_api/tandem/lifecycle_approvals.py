"""Declarations and requests for the approval of the employment agency, drawn."""

from enum import StrEnum
from functools import partial

from integration_api.kernel.lifecycle import Guard, Lifecycle

from .lifecycle import CLOCK, LEGAL, PARTIES, PLACEMENT, drawn


class DeclarationStatus(StrEnum):
    """States of an employer declaration."""

    DRAFT = "draft"
    SUBMITTED = "submitted"


class ApprovalStatus(StrEnum):
    """States of a request for the approval of the employment agency."""

    DRAFT = "draft"
    TRANSMITTED = "transmitted"
    INFO_REQUIRED = "info_required"
    APPROVED = "approved"
    APPROVED_RESTRICTED = "approved_restricted"
    REFUSED = "refused"
    DEEMED_APPROVED = "deemed_approved"
    WITHDRAWN = "withdrawn"


COMPLETE = Guard(
    "declaration_complete",
    "Der Erklärung fehlen Angaben: siehe `missing`.",
    "The declaration is incomplete: see `missing`.",
)
DECLARATION_DRAFT = Guard(
    "declaration_draft",
    "Eine eingereichte Erklärung ist unveränderlich: eine neue ersetzt sie.",
    "A submitted declaration cannot be changed: a new one replaces it.",
)
DECLARATION_SUBMITTED = Guard(
    "declaration_submitted", "Die Erklärung ist nicht eingereicht.", "It is not submitted."
)
ONE_REQUEST = Guard(
    "no_other_request",
    "Zu diesem Tandemfall läuft schon eine Anfrage bei der Bundesagentur.",
    "A request of this tandem case is with the employment agency already.",
)
EMPLOYER_ALLOWED = Guard(
    "employer_not_excluded",
    "Der Betrieb ist von Zustimmungen ausgeschlossen (§ 36(4) BeschV).",
    "The employer is excluded from approvals (§ 36(4) BeschV).",
)
NOT_AHEAD = Guard("not_in_future", "Der Tag liegt in der Zukunft.", "The day is in the future.")
NO_CLEARANCE = Guard(
    "no_standing_clearance", "Es gibt schon eine gültige Freigabe.", "A clearance stands already."
)
IN_TIME = Guard(
    "within_deadline",
    "Die Frist ist abgelaufen: Schweigen gilt als Zustimmung, die Uhr schreibt sie.",
    "The deadline is over: silence counts as approval, which the clock writes.",
)

D, A = DeclarationStatus, ApprovalStatus
ASKED = frozenset({A.DRAFT, A.TRANSMITTED, A.INFO_REQUIRED})
"""Not decided yet."""
APPROVALS = frozenset({A.APPROVED, A.APPROVED_RESTRICTED, A.DEEMED_APPROVED})
"""The employment agency's approval is there; it is no permit."""

DECLARATION: Lifecycle[DeclarationStatus] = Lifecycle(
    "employer_declaration",
    DeclarationStatus,
    (D.DRAFT,),
    (
        drawn(
            "employer_declaration",
            "submit",
            {D.DRAFT},
            D.SUBMITTED,
            PLACEMENT,
            "Submit the declaration. It is complete, signed, and cannot be changed from then on.",
            ("Einreichen", "Submit"),
            guards=(COMPLETE,),
        ),
    ),
    labels={D.DRAFT: ("Entwurf", "draft"), D.SUBMITTED: ("eingereicht", "submitted")},
    parties=PARTIES,
)

_arrow = partial(drawn, "ba_approval_request")
APPROVAL: Lifecycle[ApprovalStatus] = Lifecycle(
    "ba_approval_request",
    ApprovalStatus,
    (A.DRAFT,),
    (
        _arrow(
            "transmit",
            {A.DRAFT, A.INFO_REQUIRED},
            A.TRANSMITTED,
            LEGAL,
            "Transmit the request. From this day the deadline runs, anew after more information.",
            ("Übermitteln", "Transmit"),
        ),
        _arrow(
            "require_information",
            {A.TRANSMITTED},
            A.INFO_REQUIRED,
            LEGAL,
            "Record that more is needed. Received in time it stops the deadline, and only it does.",
            ("Angaben nachgefordert", "More is needed"),
            guards=(IN_TIME,),
        ),
        _arrow(
            "approve",
            {A.TRANSMITTED, A.INFO_REQUIRED},
            A.APPROVED,
            LEGAL,
            "Record the approval. It is internal; it permits nobody to work.",
            ("Zugestimmt", "Approve"),
            guards=(IN_TIME,),
        ),
        _arrow(
            "approve_restricted",
            {A.TRANSMITTED, A.INFO_REQUIRED},
            A.APPROVED_RESTRICTED,
            LEGAL,
            "Record an approval with restrictions. The permit takes them over.",
            ("Beschränkt zugestimmt", "Approve restricted"),
            guards=(IN_TIME,),
        ),
        _arrow(
            "refuse",
            {A.TRANSMITTED, A.INFO_REQUIRED},
            A.REFUSED,
            LEGAL,
            "Record the refusal. Received in time, for a coded reason.",
            ("Abgelehnt", "Refuse"),
            reasons="ba_refusal_reasons",
            guards=(IN_TIME,),
        ),
        _arrow(
            "withdraw",
            ASKED,
            A.WITHDRAWN,
            LEGAL,
            "Withdraw the request. Nothing follows from it any more.",
            ("Zurückziehen", "Withdraw"),
            guards=(IN_TIME,),
        ),
        _arrow(
            "deem",
            {A.TRANSMITTED},
            A.DEEMED_APPROVED,
            CLOCK,
            "Silence counts as approval. The deadline is over and nobody has answered.",
            ("Zustimmung gilt als erteilt", "Deemed approved"),
        ),
    ),
    labels={
        A.DRAFT: ("Entwurf", "draft"),
        A.TRANSMITTED: ("übermittelt", "transmitted"),
        A.INFO_REQUIRED: ("Angaben fehlen", "info required"),
        A.APPROVED: ("zugestimmt", "approved"),
        A.APPROVED_RESTRICTED: ("beschränkt zugestimmt", "approved restricted"),
        A.REFUSED: ("abgelehnt", "refused"),
        A.DEEMED_APPROVED: ("gilt als erteilt", "deemed approved"),
        A.WITHDRAWN: ("zurückgezogen", "withdrawn"),
    },
    parties=PARTIES,
)
