"""Golden answers of the demo, typed by hand: who is responsible in Wuppertal, and in Köln.

S2: a nurse from abroad · S4: an asylum seeker in the fourth month · S6: a volunteer asks.
"""

from typing import Any

import pytest

from integration_api.code_lists.service import entries
from tests.running import demo

WUPPERTAL, KOELN = {"ags": "05124000"}, {"ags": "05315000"}
TOLERATED = {"status_code": "duldung_60a"}
RECOGNISED = {
    "status_code": "ae_25_2_gfk",
    "title_first_issued_on": "2024-06-03",
    "born_on": "1990-01-01",
    "able_to_work": True,
}
IN_PROCEDURE = {
    "status_code": "gestattung",
    "permission_to_stay_began_on": "2026-08-10",
    "asylum_registered_on": "2026-08-10",
}
GOLDEN: dict[str, list[str]] = {
    "work_access": [
        "decides employment_permit_decision immigration-office-employment",
        "participates ba_approval ba-labour-market-admission ?",
        "pays asylum_benefits_payment social-welfare-office",
        "promotes employment_agency_promotion employment-agency-integration-point",
        "advises labour_market_advice integration-centre-labour-market",
        "advises migration_advice migration-advice",
    ],
    "job_search": [
        "promotes employment_agency_promotion employment-agency-integration-point",
        "advises labour_market_advice integration-centre-labour-market",
    ],
    "training_access": [
        "decides employment_permit_decision immigration-office-employment",
        "decides training_stay_decision immigration-office-employment",
        "participates training_registration training-registry",
        "promotes training_placement employment-agency",
        "advises labour_market_advice integration-centre-labour-market",
    ],
    "fast_track_81a": [
        "decides fast_track_81a skilled-migration-centre",
        "participates ba_approval ba-labour-market-admission",
        "participates federal_recognition_decision chamber-recognition-office",
        "participates health_profession_recognition_decision recognition-authority",
        "participates visa_issuance diplomatic-mission",
        "advises employer_advice integration-centre-labour-market",
    ],
    "labour_rights": [
        "advises labour_rights_advice fair-integration-advice",
        "advises migration_advice migration-advice",
    ],
    "recognition": [
        "decides federal_recognition_decision chamber-recognition-office",
        "decides health_profession_recognition_decision recognition-authority",
        "decides certificate_assessment foreign-education-assessment",
        "promotes employment_agency_promotion employment-agency-integration-point",
        "advises recognition_advice recognition-advice",
        "advises labour_market_advice integration-centre-labour-market",
    ],
    "language_course": [
        "decides integration_course_admission federal-migration-office",
        "decides integration_course_by_social_office social-welfare-office",
        "participates integration_course_provision course-provider",
        "advises migration_advice migration-advice",
    ],
    "vocational_language_course": [
        "decides vocational_language_course federal-migration-office",
        "promotes employment_agency_promotion employment-agency-integration-point",
        "advises labour_market_advice integration-centre-labour-market",
    ],
    "livelihood": [
        "pays asylum_benefits_payment social-welfare-office",
        "advises migration_advice migration-advice",
    ],
    "housing": [
        "decides reception_accommodation housing-office",
        "decides housing_placement housing-office",
        "pays housing_benefit_payment housing-office",
        "pays asylum_benefits_payment social-welfare-office",
        "advises migration_advice migration-advice",
    ],
    "school": [
        "decides school_placement school-office",
        "participates health_examination health-office",
        "advises migration_advice migration-advice",
    ],
    "health": [
        "pays asylum_health_care social-welfare-office",
        "participates health_examination health-office",
        "advises migration_advice migration-advice",
    ],
    "residence_title": [
        "decides residence_title_decision immigration-office",
        "advises migration_advice migration-advice",
    ],
    "asylum": [
        "decides asylum_decision federal-migration-office",
        "participates residence_title_decision immigration-office",
        "advises migration_advice migration-advice",
    ],
    "family_reunion": [
        "decides visa_issuance diplomatic-mission",
        "participates family_reunion_decision immigration-office",
        "advises migration_advice migration-advice",
    ],
    "naturalisation": [
        "decides naturalisation_decision naturalisation-office",
        "advises migration_advice migration-advice",
    ],
    "registration": ["decides civil_registration registration-office"],
    "unaccompanied_minor": [
        "decides youth_welfare_care youth-office",
        "participates school_placement school-office",
        "participates health_examination health-office",
    ],
    "many_questions": [
        "advises case_management case-management",
        "advises migration_advice migration-advice",
    ],
}
"""By concern, of a tolerated person in Wuppertal; `?`: facts are missing."""


def check(**asked: Any) -> dict[str, Any]:
    """The answer of the demo to anybody."""
    body = WUPPERTAL | {"as_of": "2026-11-22"} | asked
    answer = demo().request(None, "POST", "/v1/responsibility-checks", json=body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def said(answer: dict[str, Any], city: str = "wuppertal") -> list[str]:
    """Function, service and office of each agency; `?` where it is not certain."""
    return [
        f"{a['function']} {a['service']} {a['agency']['slug'].removeprefix(f'{city}-')}"
        + ("" if a["certain"] else " ?")
        for a in answer["agencies"]
    ]


def test_there_is_a_golden_answer_for_every_concern() -> None:
    assert GOLDEN.keys() == {entry.code for entry in entries("concerns")}


@pytest.mark.parametrize("concern", GOLDEN)
def test_a_tolerated_person_in_wuppertal_learns_who_is_responsible(concern: str) -> None:
    answer = check(concern=concern, facts=TOLERATED)
    assert said(answer) == GOLDEN[concern]
    assert answer["unanswered"] == []
    assert [a["position"] for a in answer["agencies"]] == list(range(1, len(GOLDEN[concern]) + 1))


@pytest.mark.parametrize("concern", GOLDEN)
def test_koeln_answers_for_koeln(concern: str) -> None:
    answer = check(concern=concern, facts=TOLERATED, **KOELN, audience="association")
    assert answer["municipality"]["slug"] == "koeln"
    assert all(a["agency"]["slug"].startswith("koeln-") for a in answer["agencies"])
    known = {u["service"] for u in answer["unanswered"]}
    assert known <= {"status_independent_advice"}, "the desk that Köln does not have is said"


def test_the_fast_track_is_not_the_task_of_the_city() -> None:
    answer = check(concern="fast_track_81a", audience="employer")
    first = answer["agencies"][0]
    assert first["agency"]["type"] == "skilled_migration_centre"
    assert first["certain"] is True
    assert "§ 71(1) S. 5 AufenthG" in first["legal_basis"]


def test_an_asylum_seeker_of_the_fourth_month_is_with_the_social_welfare_office() -> None:
    answer = check(concern="work_access", facts=IN_PROCEDURE, as_of="2026-11-24")
    assert said(answer)[0] == "decides employment_permit_decision immigration-office-employment"
    paying = [a for a in answer["agencies"] if a["function"] == "pays"]
    assert [a["agency"]["slug"] for a in paying] == ["wuppertal-social-welfare-office"]
    assert paying[0]["because"]["de_simple"].startswith("Diese Stelle zahlt Geld")


def test_the_office_that_pays_follows_from_the_status_and_not_from_the_address() -> None:
    tolerated = check(concern="livelihood", facts=TOLERATED)
    recognised = check(concern="livelihood", facts=RECOGNISED)
    assert said(tolerated)[0] == "pays asylum_benefits_payment social-welfare-office"
    assert said(recognised)[0] == "pays basic_income_payment jobcenter-zebera"


def test_without_a_status_all_that_may_pay_are_named_and_what_would_decide() -> None:
    answer = check(concern="livelihood")
    paying = [a for a in answer["agencies"] if a["function"] == "pays"]
    assert len(paying) >= 4
    assert not any(a["certain"] for a in paying)
    assert all("status_code" in a["depends_on_missing_facts"] for a in paying)
    assert "status_code" in answer["missing_facts"]


def test_health_insurance_is_said_to_be_nobodys_in_the_directory() -> None:
    answer = check(concern="health", facts=RECOGNISED)
    assert [u["service"] for u in answer["unanswered"]] == ["health_insurance_membership"]
