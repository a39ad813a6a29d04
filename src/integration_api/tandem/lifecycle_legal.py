"""The legal track, drawn: whether a person may work, and on what permit."""

from enum import StrEnum
from functools import partial

from integration_api.kernel.lifecycle import Guard, Lifecycle, Transition

from .lifecycle import CLOCK, LEGAL, PARTIES, drawn


class LegalStatus(StrEnum):
    """States of the legal track."""

    NOT_STARTED = "not_started"
    STATUS_CHECK = "status_check"
    NEEDS_FACTS = "needs_facts"
    ACCESS_CLEARED = "access_cleared"
    BLOCKED = "blocked"
    PERMIT_NEEDED = "permit_needed"
    APPLICATION_FILED = "application_filed"
    BA_PENDING = "ba_pending"
    BA_INFO_REQUIRED = "ba_info_required"
    DECISION_PENDING = "decision_pending"
    GRANTED = "granted"
    GRANTED_RESTRICTED = "granted_restricted"
    REFUSED = "refused"
    APPEAL = "appeal"
    ACTIVE = "active"
    RENEWAL_DUE = "renewal_due"
    WITHDRAWN = "withdrawn"
    REVOKED = "revoked"
    EXPIRED = "expired"
    ENDED = "ended"
    CLOSED = "closed"


SPARED = Guard(
    "safe_country_spared",
    "Nach Antragsdatum oder Duldung gilt die Sperre für sichere Herkunftsstaaten hier nicht.",
    "By application or toleration the bar of safe countries of origin does not apply here.",
)
APPLICATION_READY = Guard(
    "application_ready",
    "Für den Antrag fehlt noch etwas (G1): siehe die Gates des Tandemfalls.",
    "Something is missing for the application (G1): see the gates of the tandem case.",
)
BA_ASKED = Guard(
    "ba_asked",
    "Es läuft keine Anfrage bei der Bundesagentur.",
    "No request is with the employment agency.",
)
BA_INSUFFICIENT = Guard(
    "ba_insufficient",
    "Die Bundesagentur hat keine Angaben nachgefordert.",
    "The employment agency has not asked for more information.",
)
BA_SETTLED = Guard(
    "ba_settled",
    "Die Bundesagentur hat nicht zugestimmt, und eine Befreiung ist nicht festgehalten.",
    "The employment agency has not approved, and no exemption is recorded.",
)
WORK_STARTED = Guard(
    "work_started", "Die Arbeit hat noch nicht begonnen.", "Work has not started yet."
)

S = LegalStatus
_arrow = partial(drawn, "legal_track")
PERMITTED = frozenset({S.GRANTED, S.GRANTED_RESTRICTED, S.ACTIVE, S.RENEWAL_DUE})
"""A permit is there; whether it is in force, its dates say."""
CLEARED = frozenset({S.ACCESS_CLEARED, *PERMITTED})
"""Work is allowed, within the permit's terms."""
RUNNING = frozenset({S.APPLICATION_FILED, S.BA_PENDING, S.BA_INFO_REQUIRED, S.DECISION_PENDING})
"""An application is under way."""
CHECKED_AGAIN = frozenset(
    {S.ACCESS_CLEARED, S.PERMIT_NEEDED, S.WITHDRAWN, S.REVOKED, S.EXPIRED, S.ENDED}
)

_ARROWS: tuple[Transition[LegalStatus], ...] = (
    _arrow(
        "check_status",
        {S.NOT_STARTED, S.NEEDS_FACTS, S.BLOCKED},
        S.STATUS_CHECK,
        LEGAL,
        "Check the status. Periods, identity, passport and waiting times are looked at.",
        ("Status prüfen", "Check status"),
    ),
    _arrow(
        "recheck",
        CHECKED_AGAIN,
        S.STATUS_CHECK,
        LEGAL,
        "Check the status anew. What was found before no longer holds, nor does a clearance.",
        ("Neu prüfen", "Recheck"),
    ),
    _arrow(
        "request_facts",
        {S.STATUS_CHECK},
        S.NEEDS_FACTS,
        LEGAL,
        "Ask for facts. The client is told what is missing, and until when.",
        ("Angaben anfordern", "Ask for facts"),
    ),
    _arrow(
        "clear_access",
        {S.STATUS_CHECK},
        S.ACCESS_CLEARED,
        LEGAL,
        "Find access free. No permit is needed; the legal basis is recorded.",
        ("Zugang frei", "Access is free"),
    ),
    _arrow(
        "require_permit",
        {S.STATUS_CHECK},
        S.PERMIT_NEEDED,
        LEGAL,
        "Find that a permit is needed. It needs a concrete offer; the legal basis is recorded.",
        ("Erlaubnis", "Permit"),
    ),
    _arrow(
        "block",
        {S.STATUS_CHECK},
        S.BLOCKED,
        LEGAL,
        "Find work prohibited. What would change that is recorded, with the legal basis.",
        ("Sperren", "Block"),
        guards=(SPARED,),
    ),
    _arrow(
        "file_application",
        {S.PERMIT_NEEDED, S.RENEWAL_DUE},
        S.APPLICATION_FILED,
        LEGAL,
        "File the application. The declaration is complete, and the day of receipt is recorded.",
        ("Antrag aufnehmen", "File application"),
        guards=(APPLICATION_READY,),
    ),
    _arrow(
        "request_ba_approval",
        {S.APPLICATION_FILED, S.BA_INFO_REQUIRED},
        S.BA_PENDING,
        LEGAL,
        "Wait for the employment agency. A request was transmitted to it.",
        ("BA beteiligen", "Ask employment agency"),
        guards=(BA_ASKED,),
    ),
    _arrow(
        "require_ba_information",
        {S.BA_PENDING},
        S.BA_INFO_REQUIRED,
        LEGAL,
        "Wait for information. The employment agency has said in time that it needs more.",
        ("Nachfrage", "Ask for more"),
        guards=(BA_INSUFFICIENT,),
    ),
    _arrow(
        "await_decision",
        {S.APPLICATION_FILED, S.BA_PENDING},
        S.DECISION_PENDING,
        LEGAL,
        "Go on to the decision. The employment agency has approved, or is not needed.",
        ("Zur Entscheidung", "On to the decision"),
        guards=(BA_SETTLED,),
    ),
    _arrow(
        "grant",
        {S.DECISION_PENDING, S.APPEAL},
        S.GRANTED,
        LEGAL,
        "Grant the permit. Its term is recorded.",
        ("Erteilen", "Grant"),
    ),
    _arrow(
        "grant_restricted",
        {S.DECISION_PENDING, S.APPEAL},
        S.GRANTED_RESTRICTED,
        LEGAL,
        "Grant the permit with restrictions. Employer, occupation, hours or place are bound.",
        ("Beschränkt erteilen", "Grant restricted"),
    ),
    _arrow(
        "refuse",
        {S.DECISION_PENDING},
        S.REFUSED,
        LEGAL,
        "Refuse the permit. For a coded reason.",
        ("Ablehnen", "Refuse"),
        reasons="permit_refusal_reasons",
    ),
    _arrow(
        "appeal",
        {S.REFUSED},
        S.APPEAL,
        LEGAL,
        "Record a remedy. The client has filed it in time.",
        ("Rechtsbehelf", "Appeal"),
    ),
    _arrow(
        "activate",
        {S.GRANTED, S.GRANTED_RESTRICTED, S.RENEWAL_DUE},
        S.ACTIVE,
        LEGAL,
        "Put the permit to use. Work has started on it.",
        ("In Kraft", "Activate"),
        guards=(WORK_STARTED,),
    ),
    _arrow(
        "mark_renewal_due",
        {S.ACTIVE},
        S.RENEWAL_DUE,
        CLOCK,
        "The permit ends before long. The legal team hears of it in time to renew it.",
        ("Verlängerung steht an", "Renewal is due"),
    ),
    _arrow(
        "expire",
        PERMITTED,
        S.EXPIRED,
        CLOCK,
        "The permit has ended. Its last day is over, and a clearance with it.",
        ("Abgelaufen", "Expired"),
    ),
    _arrow(
        "revoke",
        PERMITTED,
        S.REVOKED,
        LEGAL,
        "Revoke the permit. A clearance ends with the same commit.",
        ("Widerrufen", "Revoke"),
        reasons="permit_revocation_reasons",
    ),
    _arrow(
        "withdraw_application",
        RUNNING,
        S.WITHDRAWN,
        LEGAL,
        "Record that the application was withdrawn.",
        ("Antrag zurückgenommen", "Withdraw application"),
    ),
    _arrow(
        "end",
        {S.ACTIVE, S.RENEWAL_DUE},
        S.ENDED,
        LEGAL,
        "End the track's work. The job has ended; a clearance ends with the same commit.",
        ("Beenden", "End"),
    ),
    _arrow(
        "close",
        {
            *(S.REFUSED, S.APPEAL, S.WITHDRAWN, S.REVOKED, S.EXPIRED, S.ENDED),
            *(S.ACCESS_CLEARED, S.ACTIVE),
        },
        S.CLOSED,
        LEGAL,
        "Close the legal track. Nothing is left to do on it.",
        ("Schließen", "Close"),
    ),
)

LEGAL_TRACK: Lifecycle[LegalStatus] = Lifecycle(
    "legal_track",
    LegalStatus,
    (S.NOT_STARTED,),
    _ARROWS,
    labels={
        S.NOT_STARTED: ("nicht begonnen", "not started"),
        S.STATUS_CHECK: ("Statusprüfung", "status check"),
        S.NEEDS_FACTS: ("Angaben fehlen", "needs facts"),
        S.ACCESS_CLEARED: ("Zugang frei", "access cleared"),
        S.BLOCKED: ("gesperrt", "blocked"),
        S.PERMIT_NEEDED: ("Erlaubnis nötig", "permit needed"),
        S.APPLICATION_FILED: ("Antrag liegt vor", "application filed"),
        S.BA_PENDING: ("bei der BA", "with the BA"),
        S.BA_INFO_REQUIRED: ("BA fragt nach", "BA needs more"),
        S.DECISION_PENDING: ("zur Entscheidung", "decision pending"),
        S.GRANTED: ("erteilt", "granted"),
        S.GRANTED_RESTRICTED: ("beschränkt erteilt", "granted restricted"),
        S.REFUSED: ("abgelehnt", "refused"),
        S.APPEAL: ("Rechtsbehelf", "appeal"),
        S.ACTIVE: ("in Kraft", "active"),
        S.RENEWAL_DUE: ("Verlängerung fällig", "renewal due"),
        S.WITHDRAWN: ("zurückgenommen", "withdrawn"),
        S.REVOKED: ("widerrufen", "revoked"),
        S.EXPIRED: ("abgelaufen", "expired"),
        S.ENDED: ("beendet", "ended"),
        S.CLOSED: ("geschlossen", "closed"),
    },
    parties=PARTIES,
    path=(
        *(S.NOT_STARTED, S.STATUS_CHECK, S.PERMIT_NEEDED, S.APPLICATION_FILED, S.BA_PENDING),
        *(S.DECISION_PENDING, S.GRANTED, S.ACTIVE, S.ENDED, S.CLOSED),
    ),
)
