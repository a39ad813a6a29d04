"""The phases of a case. Source: standards of case management (DGCC), KIM NRW."""

from enum import StrEnum

from integration_api.kernel.lifecycle import Guard, Lifecycle, Transition


class CasePhase(StrEnum):
    """Phases; `closed` is the end unless the case is reopened."""

    CLARIFICATION = "clarification"
    ASSESSMENT = "assessment"
    GOAL_PLANNING = "goal_planning"
    SERVICE_PLANNING = "service_planning"
    LINKING = "linking"
    MONITORING = "monitoring"
    REASSESSMENT = "reassessment"
    EVALUATION = "evaluation"
    CLOSED = "closed"


class CaseParty(StrEnum):
    """Who moves a case."""

    LEAD = "lead"


CASE_OPEN = Guard(
    "case_open",
    "Der Fall ist abgeschlossen und nimmt nichts Neues auf.",
    "The case is closed and takes nothing new.",
)
NO_OPEN_REFERRALS = Guard(
    "no_open_referrals",
    "Der Fall hat offene Vermittlungen; sie müssen zuerst enden.",
    "The case has open referrals, which must end first.",
)
OUTCOME_FITS = Guard(
    "outcome_fits_phase",
    "Aus der Klärung wird nur mit „nur Beratung“, „nicht angezeigt“ oder „verwiesen“ geschlossen.",
    "From clarification a case closes with `advice_only`, `not_indicated` or `referred` only.",
)
P = CasePhase
LEAD = frozenset({CaseParty.LEAD})


def _arrow(
    name: str,
    sources: set[CasePhase],
    target: CasePhase,
    event: str,
    doc: str,
    labels: tuple[str, str],
    reasons: str | None = None,
    guards: tuple[Guard, ...] = (),
) -> Transition[CasePhase]:
    return Transition(
        name,
        frozenset(sources),
        target,
        LEAD,
        f"case.{event}",
        doc,
        label_de=labels[0],
        label_en=labels[1],
        reasons=reasons,
        guards=guards,
    )


CASE: Lifecycle[CasePhase] = Lifecycle(
    "case",
    CasePhase,
    (P.CLARIFICATION,),
    (
        _arrow(
            "begin_assessment",
            {P.CLARIFICATION},
            P.ASSESSMENT,
            "assessment_begun",
            "Begin the assessment. The case is indicated; need and resources are looked at.",
            ("Assessment beginnen", "Begin assessment"),
        ),
        _arrow(
            "plan_goals",
            {P.ASSESSMENT},
            P.GOAL_PLANNING,
            "goals_planned",
            "Plan goals. Goals are agreed with the person.",
            ("Ziele planen", "Plan goals"),
        ),
        _arrow(
            "plan_services",
            {P.GOAL_PLANNING},
            P.SERVICE_PLANNING,
            "services_planned",
            "Plan services. The service chain is put together.",
            ("Hilfen planen", "Plan services"),
        ),
        _arrow(
            "link",
            {P.SERVICE_PLANNING},
            P.LINKING,
            "linked",
            "Link to services. Referrals go out.",
            ("Vermitteln", "Link"),
        ),
        _arrow(
            "monitor",
            {P.LINKING, P.REASSESSMENT},
            P.MONITORING,
            "monitored",
            "Monitor. The chain runs and is watched.",
            ("Überprüfen", "Monitor"),
        ),
        _arrow(
            "reassess",
            {P.MONITORING},
            P.REASSESSMENT,
            "reassessed",
            "Reassess. Something has changed.",
            ("Neu einschätzen", "Reassess"),
            "reassessment_reasons",
        ),
        _arrow(
            "return_to_assessment",
            {P.MONITORING},
            P.ASSESSMENT,
            "returned_to_assessment",
            "Return to the assessment. The need has to be looked at anew.",
            ("Zurück zum Assessment", "Return to assessment"),
            "reassessment_reasons",
        ),
        _arrow(
            "return_to_goals",
            {P.MONITORING},
            P.GOAL_PLANNING,
            "returned_to_goals",
            "Return to goal planning. The goals no longer fit.",
            ("Zurück zur Zielplanung", "Return to goals"),
            "reassessment_reasons",
        ),
        _arrow(
            "evaluate",
            {P.MONITORING},
            P.EVALUATION,
            "evaluated",
            "Evaluate. The work is looked back on with the person.",
            ("Auswerten", "Evaluate"),
        ),
        _arrow(
            "close",
            {P.CLARIFICATION, P.EVALUATION},
            P.CLOSED,
            "closed",
            "Close the case. Needs an outcome; a closed case takes nothing new.",
            ("Abschließen", "Close"),
            "case_outcomes",
            (NO_OPEN_REFERRALS, OUTCOME_FITS),
        ),
        _arrow(
            "reopen",
            {P.CLOSED},
            P.EVALUATION,
            "reopened",
            "Reopen the case. It goes on where it was looked back on.",
            ("Wieder öffnen", "Reopen"),
            "reopen_reasons",
        ),
    ),
    labels={
        P.CLARIFICATION: ("Klärung", "clarification"),
        P.ASSESSMENT: ("Assessment", "assessment"),
        P.GOAL_PLANNING: ("Zielplanung", "goal planning"),
        P.SERVICE_PLANNING: ("Hilfeplanung", "service planning"),
        P.LINKING: ("Vermittlung", "linking"),
        P.MONITORING: ("Überprüfung", "monitoring"),
        P.REASSESSMENT: ("Neueinschätzung", "reassessment"),
        P.EVALUATION: ("Auswertung", "evaluation"),
        P.CLOSED: ("abgeschlossen", "closed"),
    },
    parties={CaseParty.LEAD: ("fallführende Stelle", "lead agency")},
)
EVENTS = {
    "case.opened": "A case was opened.",
    "case.changed": "Concerns or numbers of a case were changed.",
    "case.participant_added": "A person was added to a case.",
    "case.assigned": "Who of the own agency works on a case was changed.",
    "case.access_changed": "What the agency may see of a case has changed.",
    "case.access_revoked": "The agency may not see a case any more.",
    "case_note.added": "A note was added to a case.",
}
