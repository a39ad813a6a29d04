"""The placement track, drawn: from the profile over a contract to aftercare."""

from enum import StrEnum
from functools import partial

from integration_api.kernel.lifecycle import Guard, Lifecycle, Transition

from .lifecycle import PARTIES, PLACEMENT, drawn


class PlacementStatus(StrEnum):
    """States of the placement track."""

    NOT_STARTED = "not_started"
    PROFILING = "profiling"
    COMPETENCE_ASSESSED = "competence_assessed"
    MATCHING = "matching"
    OFFER_PENDING = "offer_pending"
    OFFER_CONFIRMED = "offer_confirmed"
    CONTRACT_CONFIRMED = "contract_confirmed"
    STARTED = "started"
    AFTERCARE = "aftercare"
    COMPLETED = "completed"
    PAUSED = "paused"
    NO_MATCH = "no_match"
    DISENGAGED = "disengaged"
    CANCELLED = "cancelled"


DECLARED = Guard(
    "declared",
    "Es gibt keine vollständige, eingereichte Erklärung zum Beschäftigungsverhältnis.",
    "There is no complete, submitted employer declaration.",
)
START_CLEARED = Guard(
    "start_clearance",
    "Ohne gültige Freigabe beginnt niemand zu arbeiten (G3): siehe die Gates des Tandemfalls.",
    "Nobody starts without a valid clearance (G3): see the gates of the tandem case.",
)

S = PlacementStatus
_arrow = partial(drawn, "placement_track")
SEARCHING = frozenset({S.PROFILING, S.COMPETENCE_ASSESSED, S.MATCHING, S.OFFER_PENDING})
OFFERED = frozenset({S.OFFER_PENDING, S.OFFER_CONFIRMED, S.CONTRACT_CONFIRMED})
WORKING = frozenset({S.STARTED, S.AFTERCARE})
"""The person works."""
CONFIRMED = frozenset({S.OFFER_CONFIRMED, S.CONTRACT_CONFIRMED, *WORKING, S.COMPLETED})
"""An offer is confirmed, or more."""

_ARROWS: tuple[Transition[PlacementStatus], ...] = (
    _arrow(
        "start_profiling",
        {S.NOT_STARTED},
        S.PROFILING,
        PLACEMENT,
        "Begin the profile. Languages, education and occupation are taken up.",
        ("Profil beginnen", "Begin profile"),
    ),
    _arrow(
        "assess_competences",
        {S.PROFILING},
        S.COMPETENCE_ASSESSED,
        PLACEMENT,
        "Record the competences. Goal and profile are agreed with the client.",
        ("Kompetenzen erfasst", "Assess competences"),
    ),
    _arrow(
        "start_matching",
        {S.COMPETENCE_ASSESSED, *OFFERED},
        S.MATCHING,
        PLACEMENT,
        "Look for an offer. One that fell through is left behind, and a clearance with it.",
        ("Suchen", "Search"),
    ),
    _arrow(
        "propose_offer",
        {S.MATCHING},
        S.OFFER_PENDING,
        PLACEMENT,
        "Propose an offer. An employer is interested.",
        ("Angebot vorschlagen", "Propose offer"),
    ),
    _arrow(
        "confirm_offer",
        {S.OFFER_PENDING},
        S.OFFER_CONFIRMED,
        PLACEMENT,
        "Confirm the offer. The employer's declaration is complete.",
        ("Angebot bestätigen", "Confirm offer"),
        guards=(DECLARED,),
    ),
    _arrow(
        "confirm_contract",
        {S.OFFER_CONFIRMED},
        S.CONTRACT_CONFIRMED,
        PLACEMENT,
        "Confirm the contract. It is signed on condition of the permit.",
        ("Vertrag bestätigen", "Confirm contract"),
    ),
    _arrow(
        "start_employment",
        {S.CONTRACT_CONFIRMED},
        S.STARTED,
        PLACEMENT,
        "Start employment. Only with a clearance that holds on the first day.",
        ("Arbeit beginnt", "Start employment"),
        guards=(START_CLEARED,),
    ),
    _arrow(
        "begin_aftercare",
        {S.STARTED},
        S.AFTERCARE,
        PLACEMENT,
        "Begin aftercare. The person and the employer are asked how it goes.",
        ("Nachbetreuung", "Begin aftercare"),
    ),
    _arrow(
        "complete_placement",
        WORKING,
        S.COMPLETED,
        PLACEMENT,
        "Complete the placement. Aftercare is done, or waived.",
        ("Abschließen", "Complete"),
    ),
    _arrow(
        "pause",
        SEARCHING,
        S.PAUSED,
        PLACEMENT,
        "Pause. For a coded reason.",
        ("Pausieren", "Pause"),
        reasons="placement_pause_reasons",
    ),
    _arrow(
        "resume",
        {S.PAUSED},
        S.PROFILING,
        PLACEMENT,
        "Go on. The profile is looked at again first.",
        ("Fortsetzen", "Resume"),
    ),
    _arrow(
        "report_no_match",
        {S.MATCHING},
        S.NO_MATCH,
        PLACEMENT,
        "Report that nothing fits. The search ends without an offer.",
        ("Keine passende Stelle", "No match"),
    ),
    _arrow(
        "disengage",
        {*SEARCHING, *OFFERED, *WORKING, S.PAUSED},
        S.DISENGAGED,
        PLACEMENT,
        "Record that the client broke off. A clearance ends with the same commit.",
        ("Abbruch", "Disengage"),
        reasons="placement_end_reasons",
    ),
    _arrow(
        "cancel_placement",
        {S.NOT_STARTED, *SEARCHING, *OFFERED, S.PAUSED},
        S.CANCELLED,
        PLACEMENT,
        "Cancel the placement. Before work began; a clearance ends with the same commit.",
        ("Absagen", "Cancel"),
        reasons="placement_end_reasons",
    ),
)

PLACEMENT_TRACK: Lifecycle[PlacementStatus] = Lifecycle(
    "placement_track",
    PlacementStatus,
    (S.NOT_STARTED,),
    _ARROWS,
    labels={
        S.NOT_STARTED: ("nicht begonnen", "not started"),
        S.PROFILING: ("Profil", "profiling"),
        S.COMPETENCE_ASSESSED: ("Kompetenzen erfasst", "competence assessed"),
        S.MATCHING: ("Stellensuche", "matching"),
        S.OFFER_PENDING: ("Angebot offen", "offer pending"),
        S.OFFER_CONFIRMED: ("Angebot bestätigt", "offer confirmed"),
        S.CONTRACT_CONFIRMED: ("Vertrag bestätigt", "contract confirmed"),
        S.STARTED: ("begonnen", "started"),
        S.AFTERCARE: ("Nachbetreuung", "aftercare"),
        S.COMPLETED: ("abgeschlossen", "completed"),
        S.PAUSED: ("pausiert", "paused"),
        S.NO_MATCH: ("keine Stelle", "no match"),
        S.DISENGAGED: ("abgebrochen", "disengaged"),
        S.CANCELLED: ("abgesagt", "cancelled"),
    },
    parties=PARTIES,
    path=(
        *(S.NOT_STARTED, S.PROFILING, S.COMPETENCE_ASSESSED, S.MATCHING, S.OFFER_PENDING),
        *(S.OFFER_CONFIRMED, S.CONTRACT_CONFIRMED, S.STARTED, S.AFTERCARE, S.COMPLETED),
    ),
)
