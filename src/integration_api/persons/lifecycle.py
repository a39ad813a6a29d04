"""How consents and disclosures end."""

from enum import StrEnum

from integration_api.kernel.lifecycle import Guard, Lifecycle, Transition


class ConsentStatus(StrEnum):
    """States of a consent; its term is judged apart from them."""

    GRANTED = "granted"
    REVOKED = "revoked"


class ConsentParty(StrEnum):
    """Who moves a consent."""

    CONTROLLER = "controller"


CONSENT: Lifecycle[ConsentStatus] = Lifecycle(
    "consent",
    ConsentStatus,
    (ConsentStatus.GRANTED,),
    (
        Transition(
            "revoke",
            frozenset({ConsentStatus.GRANTED}),
            ConsentStatus.REVOKED,
            frozenset({ConsentParty.CONTROLLER}),
            "consent.revoked",
            "Revoke a consent. Ends every disclosure that rests on it and the open referrals under"
            " those, with the same commit. Source: Art. 7(3) GDPR.",
            label_de="Widerrufen",
            label_en="Revoke",
        ),
    ),
    labels={
        ConsentStatus.GRANTED: ("erteilt", "granted"),
        ConsentStatus.REVOKED: ("widerrufen", "revoked"),
    },
    parties={ConsentParty.CONTROLLER: ("verantwortliche Stelle", "controller")},
)


class DisclosureStatus(StrEnum):
    """States of a disclosure; its term is judged apart from them."""

    ACTIVE = "active"
    REVOKED = "revoked"


class DisclosureParty(StrEnum):
    """Who stands in a disclosure."""

    GRANTOR = "grantor"
    RECIPIENT = "recipient"


DISCLOSURE: Lifecycle[DisclosureStatus] = Lifecycle(
    "disclosure",
    DisclosureStatus,
    (DisclosureStatus.ACTIVE,),
    (
        Transition(
            "revoke",
            frozenset({DisclosureStatus.ACTIVE}),
            DisclosureStatus.REVOKED,
            frozenset({DisclosureParty.GRANTOR}),
            "disclosure.revoked",
            "Revoke a disclosure. Ends the recipient's access and the open referrals under it with"
            " the same commit.",
            label_de="Widerrufen",
            label_en="Revoke",
        ),
    ),
    labels={
        DisclosureStatus.ACTIVE: ("wirksam", "active"),
        DisclosureStatus.REVOKED: ("widerrufen", "revoked"),
    },
    parties={
        DisclosureParty.GRANTOR: ("übermittelnde Stelle", "granting agency"),
        DisclosureParty.RECIPIENT: ("empfangende Stelle", "receiving agency"),
    },
)

CONSENT_EFFECTIVE = Guard(
    "consent_effective",
    "Die Einwilligung deckt Person, empfangende Stelle, Zweck, Datenarten und Zeitraum nicht"
    " oder ist nicht wirksam.",
    "The consent is not effective, or does not cover person, recipient, purpose, compartments and"
    " term.",
)
CONSENT_GIVEN = Guard(
    "consent_given",
    "Die Einwilligung liegt in der Zukunft, oder ihr Beginn liegt zu weit voraus.",
    "The consent lies ahead, or its beginning is too far ahead.",
)
FORM_FITS = Guard(
    "form_fits",
    "In dieser Form ist die Einwilligung für einen der Datenbereiche nicht wirksam.",
    "In this form the consent does not hold for one of the compartments.",
)
GUARDIAN_NEEDED = Guard(
    "guardian_consents",
    "Die Person ist minderjährig: es braucht die Einwilligung der gesetzlichen Vertretung.",
    "The person is a minor: a guardian must consent.",
)
RELEASE_COVERS = Guard(
    "release_covers",
    "Einer der Datenbereiche unterliegt der Schweigepflicht: es braucht eine wirksame Entbindung"
    " für diese Stelle und diese Datenbereiche.",
    "One of the compartments is bound to secrecy: an effective release for this agency and these"
    " compartments is needed.",
)
REQUEST_NAMED = Guard(
    "request_named",
    "Diese Rechtsgrundlage trägt nur eine Übermittlung auf Ersuchen: das Ersuchen ist zu nennen.",
    "This legal basis carries a transfer on request only: the request must be named.",
)
BASIS_APPLIES = Guard(
    "transfer_basis_applies",
    "Die Rechtsgrundlage trägt diese Übermittlung nicht: Stellen, Datenarten oder Geltung passen"
    " nicht.",
    "The legal basis does not carry this transfer: agencies, compartments or validity do not fit.",
)
RECIPIENT_MAY_SEE = Guard(
    "recipient_may_see",
    "Stellen dieser Art sehen einen der Datenbereiche nie, auch nicht mit Einwilligung.",
    "Agencies of this kind never see one of the compartments, not even with a consent.",
)
NOT_TAKEN_TWICE = Guard(
    "emergency_not_taken_twice",
    "Ein Notzugriff besteht schon, oder der letzte wurde vor Kurzem als nicht gerechtfertigt"
    " beendet.",
    "An emergency access stands already, or the last one was ended as not justified not long ago.",
)
BIRTH_NOT_AHEAD = Guard(
    "birth_date_not_ahead",
    "Das Geburtsdatum liegt in der Zukunft.",
    "The birth date lies ahead.",
)
ADDRESS_PROTECTED = Guard(
    "address_protected",
    "Die Anschrift ist geschützt: nur wer der Person zugeordnet ist, ändert sie.",
    "The address is protected: only a member assigned to the person changes it.",
)
FACT_DAY_PLAUSIBLE = Guard(
    "fact_day_plausible",
    "Der Tag liegt in der Zukunft, zu weit darin, oder vor dem Jahr 1900.",
    "The day lies ahead, or too far ahead, or before the year 1900.",
)
EVENTS = {
    "person.created": "A person was recorded.",
    "person.access_changed": "What the agency may see of a person has changed.",
    "person.access_revoked": "The agency may not see a person any more.",
    "person.changed": "A person's record was changed.",
    "residence_period.recorded": "A residence period was recorded.",
    "residence_fact.recorded": "A fact about a person's residence was recorded.",
    "consent.granted": "A consent was recorded.",
    "disclosure.granted": "A disclosure was granted.",
    "disclosure.taken": "An agency took in an emergency what was not disclosed to it.",
}
