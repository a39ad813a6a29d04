"""The demo's people and what is going on with them: labels, no persons, days relative to today."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

CASE_MANAGEMENT = "wuppertal-case-management"
JOBCENTER = "wuppertal-jobcenter"
EMPLOYMENT_AGENCY = "wuppertal-employment-agency"
IMMIGRATION = "wuppertal-immigration-office-employment"
LABOUR_MARKET = "wuppertal-integration-centre-labour-market"
SOCIAL_WELFARE = "wuppertal-social-welfare-office"
ADVICE = "wuppertal-migration-advice"

PLANNED = ("begin_assessment", "plan_goals", "plan_services")
LINKED = (*PLANNED, "link")
MONITORED = (*LINKED, "monitor")


@dataclass(frozen=True, slots=True)
class Move:
    """A step of a referral: how many days ago, by whose key, along which arrow, with what."""

    days_ago: int
    who: str
    arrow: str
    brought: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Referred:
    """A referral of a person to another office."""

    to: str
    topic: str
    moves: Sequence[Move] = ()
    message: str | None = None
    urgency: str = "routine"
    compartments: Sequence[str] = ("core", "case_notes")
    basis: str | None = None
    """Code of a legal basis; without one the referral rests on a consent."""


@dataclass(frozen=True, slots=True)
class Person:
    """A person, the case, and where it stands."""

    label: str
    language: str
    life_area: str
    topic: str
    days_ago: int
    birth: str | None = None
    interpreter: bool = True
    lead: str = f"{CASE_MANAGEMENT}/case_manager_1"
    phase: Sequence[str] = LINKED
    outcome: str | None = None
    referred: Sequence[Referred] = ()
    consent_for: str | None = None
    """An office that a consent names without a referral."""
    revoked: bool = False
    mononym: bool = False
    residence: Mapping[str, Any] | None = None
    """A residence period, recorded by the office of the first referral."""


def _sent(days_ago: int, *moves: Move) -> Sequence[Move]:
    return (Move(days_ago, f"{CASE_MANAGEMENT}/case_manager_1", "send"), *moves)


SECOND = f"{CASE_MANAGEMENT}/case_manager_2"
MANAGER = f"{CASE_MANAGEMENT}/case_manager_1"
DECLINED = {"reason": "not_competent_material", "suggested_recipient_id": JOBCENTER}
PEOPLE: Sequence[Person] = (
    Person(
        "A", "uk", "language", "language_course", 6, "1991-04-17",
        referred=(Referred(JOBCENTER, "language_course", _sent(0),
                           "Bitte um einen Platz im Abendkurs; Kinderbetreuung ist geklärt."),),
    ),
    Person(
        "B", "ar", "work", "job_placement", 12, "1985",
        referred=(Referred(JOBCENTER, "job_placement",
                           _sent(2, Move(1, JOBCENTER, "receive"))),),
    ),
    Person(
        "C", "kmr", "recognition", "recognition_advice", 15, "1979-11",
        referred=(Referred(LABOUR_MARKET, "recognition_advice", _sent(
            5, Move(3, f"{LABOUR_MARKET}/tandem_placement_1", "accept"),
            Move(3, f"{LABOUR_MARKET}/tandem_placement_1", "claim")),
            "Zeugnisse liegen im Original vor, Übersetzungen fehlen noch."),),
    ),
    Person(
        "D", "fa", "work", "work_permit", 30, "1998-02-28", phase=MONITORED,
        referred=(Referred(IMMIGRATION, "work_permit", _sent(
            20, Move(18, IMMIGRATION, "accept"), Move(16, IMMIGRATION, "start")),
            "Ein Betrieb möchte ab dem nächsten Monat beschäftigen.",
            compartments=("core", "residence", "case_notes")),),
        residence={"status_code": "gestattung", "source": "own_decision",
                   "work_annotation": "employment_with_permission_only"},
    ),
    Person(
        "E", "ti", "livelihood", "benefit_application", 25, "2001-09-03",
        referred=(Referred(SOCIAL_WELFARE, "benefit_application", _sent(
            14, Move(12, SOCIAL_WELFARE, "accept"),
            Move(7, SOCIAL_WELFARE, "hold", {"reason": "awaiting_documents", "resume_on": 14}))),),
    ),
    Person(
        "F", "so", "language", "language_course", 60, "1994-06", phase=(*MONITORED, "evaluate"),
        referred=(Referred(JOBCENTER, "language_course", _sent(
            50, Move(48, JOBCENTER, "accept"), Move(45, JOBCENTER, "start"),
            Move(10, JOBCENTER, "complete", {"outcome": "need_met",
                                             "outcome_text": "Kurs begonnen."})),
            "Wunsch: Kurs am Vormittag."),),
    ),
    Person(
        "G", "fr", "work", "job_placement", 18, "1988-12-01", interpreter=False,
        referred=(
            Referred(EMPLOYMENT_AGENCY, "job_placement", _sent(
                9, Move(8, EMPLOYMENT_AGENCY, "decline", DECLINED))),
            Referred(JOBCENTER, "job_placement", _sent(1)),
        ),
    ),
    Person(
        "H", "tr", "legal_advice", "legal_advice", 20, "1969",
        referred=(Referred(ADVICE, "legal_advice", _sent(
            11, Move(9, MANAGER, "withdraw", {"reason": "need_met_elsewhere"}))),),
    ),
    Person(
        "I", "en", "vocational_training", "vocational_training", 40, "2004-01-15",
        interpreter=False,
        referred=(Referred(EMPLOYMENT_AGENCY, "vocational_training", _sent(
            33, Move(31, EMPLOYMENT_AGENCY, "accept"),
            Move(5, EMPLOYMENT_AGENCY, "fail", {"reason": "client_unreachable"}))),),
    ),
    Person(
        "J", "ru", "language", "vocational_language_course", 28, "1976-07",
        referred=(Referred(JOBCENTER, "vocational_language_course", _sent(21)),),
    ),
    Person(
        "K", "ps", "housing", "housing_search", 16, "1990",
        referred=(Referred(SOCIAL_WELFARE, "housing_search", _sent(
            4, Move(3, SECOND, "void", {"reason": "wrong_person"}))),),
    ),
    Person(
        "L", "sq", "work", "job_application_support", 3, "1996-10-10", phase=PLANNED,
        referred=(Referred(JOBCENTER, "job_application_support", (),
                           "Entwurf: Lebenslauf liegt bei, Zeugnisse folgen."),),
    ),
    Person(
        "M", "dar", "legal_advice", "migration_advice", 8, lead=ADVICE, phase=(),
        outcome="advice_only", mononym=True,
    ),
    Person(
        "N", "es", "work", "qualification_measure", 22, "1983-03-30", revoked=True,
        referred=(Referred(LABOUR_MARKET, "qualification_measure", _sent(
            13, Move(12, LABOUR_MARKET, "receive"))),),
    ),
    Person(
        "O", "bg", "health", "health_care", 400, "1958", phase=MONITORED,
        consent_for=SOCIAL_WELFARE,
    ),
    Person(
        "P", "ro", "work", "job_placement", 10, "1987-08-08", interpreter=False,
        lead=f"{JOBCENTER}/case_worker_1", phase=LINKED,
        referred=(Referred(EMPLOYMENT_AGENCY, "job_placement", (
            Move(6, f"{JOBCENTER}/case_worker_1", "send"),
            Move(4, EMPLOYMENT_AGENCY, "accept")), compartments=("core", "placement"),
            basis="jobcenter_employment_agency"),),
    ),
    Person(
        "Q", "pl", "work", "job_placement", 7, "1993",
        lead="koeln-case-management/case_manager_1", phase=("begin_assessment",),
    ),
    Person(
        "R", "vi", "school", "school_place", 2, "2012-05", lead="koeln-case-management", phase=(),
    ),
)  # fmt: skip
