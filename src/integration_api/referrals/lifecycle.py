"""The referral, drawn: the only place that names its states and arrows."""

from enum import StrEnum

from integration_api.kernel.lifecycle import SYSTEM, Guard, Lifecycle, Transition


class ReferralStatus(StrEnum):
    """States of a referral."""

    DRAFT = "draft"
    SENT = "sent"
    RECEIVED = "received"
    ACCEPTED = "accepted"
    IN_PROGRESS = "in_progress"
    ON_HOLD = "on_hold"
    COMPLETED = "completed"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    NOT_COMPLETED = "not_completed"
    EXPIRED = "expired"
    ENTERED_IN_ERROR = "entered_in_error"


class ReferralParty(StrEnum):
    """Who moves a referral."""

    SENDER = "sender"
    RECIPIENT = "recipient"


DISCLOSURE_VALID = Guard(
    "disclosure_valid",
    "Die Übermittlung, auf der die Vermittlung beruht, gilt nicht oder nicht mehr.",
    "The disclosure under the referral does not hold, or holds no longer.",
)
RECIPIENT_ACTIVE = Guard(
    "recipient_active",
    "Die empfangende Stelle arbeitet nicht mehr.",
    "The receiving agency no longer works.",
)
NO_OTHER_OPEN = Guard(
    "no_other_open_referral",
    "Es gibt schon eine offene Vermittlung dieses Falls an diese Stelle zu diesem Thema.",
    "There is an open referral of this case to this agency on this topic already.",
)
SECOND_PERSON = Guard(
    "second_person",
    "Eine zweite Person der übermittelnden Stelle muss das bestätigen.",
    "A second person of the sending agency has to confirm this.",
)
TEXT_FOR_OTHER = Guard(
    "text_for_other",
    "Der Grund „Sonstiges“ braucht einen Text.",
    "The reason `other` needs a text.",
)
NAMES_COMPETENT = Guard(
    "names_competent_agency",
    "Wer sich für unzuständig hält, nennt die zuständige Stelle.",
    "Who is not competent names the agency that is.",
)
MEMBER_CLAIMS = Guard(
    "member_claims",
    "Nur eine Person der empfangenden Stelle kann übernehmen.",
    "Only a person of the receiving agency can claim.",
)
CLAIM_FREE = Guard(
    "claim_free",
    "Jemand anderes hat die Vermittlung schon übernommen.",
    "Somebody else has claimed the referral already.",
)
STILL_OPEN = Guard("referral_open", "Die Vermittlung ist beendet.", "The referral has ended.")
CASE_LED = Guard(
    "person_takes_part",
    "Die Person nimmt am Fall nicht teil, oder die Übermittlung gilt für anderes.",
    "The person takes no part in the case, or the disclosure is for something else.",
)

S = ReferralStatus
SENDER = frozenset({ReferralParty.SENDER})
RECIPIENT = frozenset({ReferralParty.RECIPIENT})
CLOCK = frozenset({SYSTEM})
WORKED = {S.ACCEPTED, S.IN_PROGRESS, S.ON_HOLD}
OPEN = frozenset({S.SENT, S.RECEIVED, *WORKED})
"""Open towards the recipient: one at a time for a case, recipient and topic."""
PENDING = frozenset({S.DRAFT, *OPEN})
"""What keeps a case from closing."""
SHOWN = frozenset({*WORKED, S.COMPLETED, S.NOT_COMPLETED})
"""Where the recipient sees whom the referral is about, as long as the disclosure holds."""


def _arrow(
    name: str,
    sources: set[ReferralStatus],
    target: ReferralStatus,
    by: frozenset[str],
    doc: str,
    labels: tuple[str, str],
    *,
    event: str | None = None,
    reasons: str | None = None,
    guards: tuple[Guard, ...] = (),
) -> Transition[ReferralStatus]:
    return Transition(
        name,
        frozenset(sources),
        target,
        frozenset(map(str, by)),
        f"referral.{event or target.value}",
        doc,
        label_de=labels[0],
        label_en=labels[1],
        reasons=reasons,
        guards=guards,
    )


REFERRAL: Lifecycle[ReferralStatus] = Lifecycle(
    "referral",
    ReferralStatus,
    (S.DRAFT,),
    (
        _arrow(
            "send",
            {S.DRAFT},
            S.SENT,
            SENDER,
            "Send the referral. Freezes what is disclosed, sets the due date, opens a preview.",
            ("Senden", "Send"),
            guards=(DISCLOSURE_VALID, RECIPIENT_ACTIVE, NO_OTHER_OPEN),
        ),
        _arrow(
            "receive",
            {S.SENT},
            S.RECEIVED,
            RECIPIENT,
            "Confirm receipt. A technical receipt; it is no acceptance.",
            ("Eingang bestätigen", "Confirm receipt"),
        ),
        _arrow(
            "accept",
            {S.SENT, S.RECEIVED},
            S.ACCEPTED,
            RECIPIENT,
            "Accept the referral. The receiving agency takes the matter on and sees the person.",
            ("Annehmen", "Accept"),
            guards=(DISCLOSURE_VALID,),
        ),
        _arrow(
            "decline",
            {S.SENT, S.RECEIVED},
            S.DECLINED,
            RECIPIENT,
            "Decline the referral. It goes back to the sender with a reason.",
            ("Ablehnen", "Decline"),
            reasons="decline_reasons",
            guards=(TEXT_FOR_OTHER, NAMES_COMPETENT),
        ),
        _arrow(
            "start",
            {S.ACCEPTED},
            S.IN_PROGRESS,
            RECIPIENT,
            "Start work. The first step with the person is under way.",
            ("Beginnen", "Start"),
            event="started",
        ),
        _arrow(
            "hold",
            {S.ACCEPTED, S.IN_PROGRESS},
            S.ON_HOLD,
            RECIPIENT,
            "Put on hold. Work pauses for a reason until a day.",
            ("Zurückstellen", "Put on hold"),
            event="held",
            reasons="hold_reasons",
            guards=(TEXT_FOR_OTHER,),
        ),
        _arrow(
            "resume",
            {S.ON_HOLD},
            S.IN_PROGRESS,
            RECIPIENT,
            "Resume work. The pause is over.",
            ("Fortsetzen", "Resume"),
            event="resumed",
        ),
        _arrow(
            "complete",
            WORKED,
            S.COMPLETED,
            RECIPIENT,
            "Complete the referral. The outcome closes the loop to the sender.",
            ("Abschließen", "Complete"),
            reasons="referral_outcomes",
        ),
        _arrow(
            "fail",
            WORKED,
            S.NOT_COMPLETED,
            RECIPIENT,
            "Give the referral back. It could not be completed, for a reason.",
            ("Nicht abgeschlossen", "Could not complete"),
            event="failed",
            reasons="failure_reasons",
            guards=(TEXT_FOR_OTHER,),
        ),
        _arrow(
            "withdraw",
            set(PENDING),
            S.WITHDRAWN,
            SENDER,
            "Withdraw the referral. Ends the recipient's access at once.",
            ("Zurückziehen", "Withdraw"),
            reasons="withdraw_reasons",
            guards=(TEXT_FOR_OTHER,),
        ),
        _arrow(
            "revoke",
            set(PENDING),
            S.WITHDRAWN,
            CLOCK,
            "The disclosure ended. The referral under it ends with the same commit.",
            ("Übermittlung endete", "Disclosure ended"),
        ),
        _arrow(
            "expire",
            {S.SENT, S.RECEIVED},
            S.EXPIRED,
            CLOCK,
            "No answer in time. The referral is back on the sender's worklist.",
            ("Frist abgelaufen", "Expired"),
        ),
        _arrow(
            "void",
            set(S) - {S.ENTERED_IN_ERROR},
            S.ENTERED_IN_ERROR,
            SENDER,
            "Mark as entered in error. Masks the content; a second person of the sender does it.",
            ("Als Irrtum kennzeichnen", "Mark as error"),
            event="voided",
            reasons="void_reasons",
            guards=(SECOND_PERSON, TEXT_FOR_OTHER),
        ),
    ),
    labels={
        S.DRAFT: ("Entwurf", "draft"),
        S.SENT: ("gesendet", "sent"),
        S.RECEIVED: ("eingegangen", "received"),
        S.ACCEPTED: ("angenommen", "accepted"),
        S.IN_PROGRESS: ("in Bearbeitung", "in progress"),
        S.ON_HOLD: ("zurückgestellt", "on hold"),
        S.COMPLETED: ("abgeschlossen", "completed"),
        S.DECLINED: ("abgelehnt", "declined"),
        S.WITHDRAWN: ("zurückgezogen", "withdrawn"),
        S.NOT_COMPLETED: ("nicht abgeschlossen", "not completed"),
        S.EXPIRED: ("verfristet", "expired"),
        S.ENTERED_IN_ERROR: ("irrtümlich", "entered in error"),
    },
    parties={
        ReferralParty.SENDER: ("übermittelnde Stelle", "sending agency"),
        ReferralParty.RECIPIENT: ("empfangende Stelle", "receiving agency"),
        SYSTEM: ("das System", "the system"),
    },
)
EVENTS = {
    "referral.created": "A draft was written.",
    "referral.claimed": "A member of the recipient took it on.",
    "referral.released": "A member of the recipient gave it back to the queue.",
}
