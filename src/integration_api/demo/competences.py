"""Who does what in the demo, and how long one waits there: the same in kind in both cities.

The authorities of Land and federation work for several municipalities and are one agency in each.
Numbers are invented.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from asyncpg import Connection
from sqlalchemy import Table, bindparam, insert

from integration_api.agencies import administration
from integration_api.agencies.administration import NewAgency
from integration_api.code_lists.service import attributes, label, lists
from integration_api.competences.models import agency_competence, waiting_time
from integration_api.kernel import clock
from integration_api.kernel.statements import Change

from .house import OFFICES, OPENED, id_of

REFUGEES = {"status_group_in": ["protection", "temporary_protection"]}
IN_PROCEDURE = {"status_group_in": ["asylum_seeker", "tolerated"]}
BASIS = {"fast_track_81a": ["§ 81a AufenthG", "§ 71(1) S. 5 AufenthG"]}
"""Where more than the law of the service says why it is this agency."""


@dataclass(frozen=True, slots=True)
class Partner:
    """An agency of the directory that does not work with the service itself."""

    slug: str
    name: str
    type: str


PARTNERS = (
    Partner("skilled-migration-centre", "Zentralstelle Fachkräfteeinwanderung NRW",
            "skilled_migration_centre"),
    Partner("ba-labour-market-admission", "Bundesagentur für Arbeit, Arbeitsmarktzulassung",
            "ba_labour_market_admission"),
    Partner("federal-migration-office", "Bundesamt für Migration und Flüchtlinge",
            "federal_migration_office"),
    Partner("diplomatic-mission", "Deutsche Auslandsvertretungen", "diplomatic_mission"),
    Partner("youth-office", "Jugendamt", "youth_office"),
    Partner("housing-office", "Wohnungsamt", "housing_office"),
    Partner("health-office", "Gesundheitsamt", "health_office"),
    Partner("school-office", "Schulamt, Seiteneinsteigerberatung", "school_office"),
    Partner("registration-office", "Meldebehörde", "registration_office"),
    Partner("naturalisation-office", "Einbürgerungsbehörde", "naturalisation_office"),
    Partner("course-provider", "Volkshochschule", "adult_education_centre"),
    Partner("chamber-recognition-office", "IHK FOSA", "chamber_recognition_office"),
    Partner("recognition-authority", "Zentrale Anerkennungsstelle für Gesundheitsberufe",
            "recognition_authority"),
    Partner("foreign-education-assessment", "Zentralstelle für ausländisches Bildungswesen",
            "foreign_education_assessment"),
    Partner("recognition-advice", "IQ Netzwerk, Anerkennungsberatung", "recognition_advice"),
    Partner("training-registry", "Industrie- und Handelskammer, Verzeichnis der"
            " Berufsausbildungsverhältnisse", "training_registry"),
    Partner("fair-integration-advice", "Beratungsstelle Faire Integration",
            "fair_integration_advice"),
)  # fmt: skip
IN_KOELN = (
    Partner("immigration-office", "Ausländerbehörde Köln", "immigration_office"),
    Partner("immigration-office-employment", "Ausländerbehörde Köln, Beschäftigung",
            "immigration_office_employment"),
    Partner("jobcenter", "Jobcenter Köln", "jobcenter"),
    Partner("employment-agency", "Agentur für Arbeit Köln", "employment_agency"),
    Partner("social-welfare-office", "Sozialamt Köln", "social_welfare_office"),
    Partner("integration-centre-labour-market", "Kommunales Integrationszentrum Köln, Arbeit",
            "integration_centre_labour_market"),
    Partner("migration-advice", "Migrationsberatung für erwachsene Zugewanderte",
            "migration_advice"),
)  # fmt: skip

Does = Sequence[tuple[str, Mapping[str, Any] | None]]
SERVICES: Mapping[str, Does] = {
    "immigration-office": [("residence_title_decision", None), ("family_reunion_decision", None)],
    "immigration-office-employment": [
        ("employment_permit_decision", None),
        ("employment_title_decision", None),
        ("training_stay_decision", None),
    ],
    "integration-centre-labour-market": [("labour_market_advice", None), ("employer_advice", None)],
    "jobcenter": [
        ("basic_income_payment", {"not": REFUGEES}),
        ("jobcenter_promotion", None),
        ("integration_course_by_jobcenter", None),
    ],
    "jobcenter-zebera": [("basic_income_payment", REFUGEES)],
    "jobcenter-beko": [("status_independent_advice", None)],
    "employment-agency": [
        ("employment_agency_promotion", {"not": IN_PROCEDURE}),
        ("training_placement", None),
    ],
    "employment-agency-integration-point": [("employment_agency_promotion", IN_PROCEDURE)],
    "social-welfare-office": [
        ("asylum_benefits_payment", None),
        ("social_assistance_payment", None),
        ("asylum_health_care", None),
        ("integration_course_by_social_office", None),
    ],
    "case-management": [("case_management", None)],
    "migration-advice": [("migration_advice", None)],
    "skilled-migration-centre": [("fast_track_81a", None)],
    "ba-labour-market-admission": [("ba_approval", None)],
    "federal-migration-office": [
        ("asylum_decision", None),
        ("integration_course_admission", None),
        ("vocational_language_course", None),
    ],
    "diplomatic-mission": [("visa_issuance", None)],
    "youth-office": [("youth_welfare_care", None)],
    "housing-office": [
        ("housing_placement", None),
        ("housing_benefit_payment", None),
        ("reception_accommodation", None),
    ],
    "health-office": [("health_examination", None)],
    "school-office": [("school_placement", None)],
    "registration-office": [("civil_registration", None)],
    "naturalisation-office": [("naturalisation_decision", None)],
    "course-provider": [("integration_course_provision", None)],
    "chamber-recognition-office": [("federal_recognition_decision", None)],
    "recognition-authority": [("health_profession_recognition_decision", None)],
    "foreign-education-assessment": [("certificate_assessment", None)],
    "recognition-advice": [("recognition_advice", None)],
    "training-registry": [("training_registration", None)],
    "fair-integration-advice": [("labour_rights_advice", None)],
}
"""What the office with that slug does, and for whom, in whichever city there is one."""
WHOLE: Mapping[str, Does] = {
    "koeln-jobcenter": [
        ("basic_income_payment", None),
        ("jobcenter_promotion", None),
        ("integration_course_by_jobcenter", None),
    ],
    "koeln-employment-agency": [
        ("employment_agency_promotion", None),
        ("training_placement", None),
    ],
}
"""Offices without a branch for refugees: they do all of it themselves."""
Wait = tuple[str, str, int, int, str, int | None]
WAITS: Sequence[Wait] = (
    ("immigration-office-employment", "days_to_appointment", 3, 38, "counted", 112),
    ("immigration-office-employment", "days_to_appointment", 34, 55, "counted", 97),
    ("immigration-office-employment", "days_to_decision", 5, 61, "counted", 74),
    ("immigration-office", "days_to_appointment", 3, 72, "counted", 205),
    ("integration-centre-labour-market", "days_to_appointment", 2, 9, "estimated", None),
    ("jobcenter", "days_to_appointment", 4, 12, "counted", 83),
    ("jobcenter-zebera", "days_to_appointment", 4, 7, "counted", 41),
    ("jobcenter-beko", "days_to_answer", 1, 1, "estimated", None),
    ("employment-agency", "days_to_appointment", 6, 10, "counted", 58),
    ("employment-agency-integration-point", "days_to_appointment", 6, 6, "counted", 22),
    ("social-welfare-office", "days_to_decision", 8, 21, "counted", 64),
    ("migration-advice", "days_to_appointment", 2, 14, "reported", 11),
    ("case-management", "days_to_appointment", 7, 18, "estimated", None),
    ("skilled-migration-centre", "days_to_decision", 10, 45, "estimated", None),
    ("course-provider", "days_to_start", 9, 84, "counted", 130),
    ("school-office", "days_to_start", 12, 33, "counted", 47),
    ("naturalisation-office", "days_to_appointment", 9, 160, "counted", 88),
)
"""Office, kind, how many days ago, days, method, sample size; of the office's first service."""


def partners(city: str) -> tuple[Partner, ...]:
    """Agencies in the directory of a city beside those that work with the service."""
    return (*(IN_KOELN if city == "koeln" else ()), *PARTNERS)


def offices(city: str) -> tuple[str, ...]:
    """The slug of every agency of a city."""
    return (*(o.slug for o in OFFICES[city]), *(f"{city}-{p.slug}" for p in partners(city)))


def does(city: str, slug: str) -> Does:
    """What an office does."""
    return WHOLE.get(slug, SERVICES.get(slug.removeprefix(f"{city}-"), ()))


async def directory(connection: Connection) -> None:
    """Partners, competences and waiting times of both cities; as the tables' owner."""
    for city in OFFICES:
        for partner in partners(city):
            slug = f"{city}-{partner.slug}"
            await administration.add_agency(
                connection, id_of(city), _new(slug, partner), id_of(slug)
            )
        for slug in offices(city):
            for service, when in does(city, slug):
                await _write(connection, COMPETENCE, _competence(city, slug, service, when))
        for wait in WAITS:
            if f"{city}-{wait[0]}" in offices(city):
                await _write(connection, WAIT, _wait(city, wait))


def _insert(table: Table) -> Change:
    given = {c.name: bindparam(c.name, type_=c.type) for c in table.c if c.server_default is None}
    return Change(insert(table).values(given))


COMPETENCE, WAIT = _insert(agency_competence), _insert(waiting_time)


async def _write(connection: Connection, statement: Change, row: Mapping[str, Any]) -> None:
    await connection.execute(statement.sql, *statement.args(row))


def _new(slug: str, partner: Partner) -> NewAgency:
    mail = {"channel": "email", "value": f"{slug}@example.org", "label": "Funktionspostfach"}
    return NewAgency(
        slug=slug,
        name=partner.name,
        type=partner.type,
        jurisdictions=attributes("agency_types", partner.type)["jurisdictions"],
        contact_points=[mail | {"languages": ["de", "en"]}],
        active_from=OPENED,
    )


def _competence(
    city: str, slug: str, service: str, when: Mapping[str, Any] | None
) -> dict[str, Any]:
    law = lists()["services"].entries[service].legal_basis
    return {
        **_row(city, slug, service),
        "jurisdiction": attributes("services", service)["jurisdiction"],
        "area": [],
        "applies_when": when,
        "legal_basis": BASIS.get(service, [law or label("services", service, "de")]),
        "valid_from": OPENED,
        "valid_to": None,
        "created_at": clock.now(),
        "updated_at": clock.now(),
    }


def _wait(city: str, wait: Wait) -> dict[str, Any]:
    office, kind, ago, days, method, size = wait
    slug = f"{city}-{office}"
    service = does(city, slug)[0][0]
    at = clock.now() - timedelta(days=ago)
    return {
        **_row(city, slug, service, kind, str(ago)),
        "kind": kind,
        "days": days,
        "method": method,
        "sample_size": size,
        "observed_at": at,
        "recorded_at": at,
    }


def _row(city: str, slug: str, *what: str) -> dict[str, UUID | str]:
    return {
        "id": id_of(slug, *what),
        "municipality_id": id_of(city),
        "agency_id": id_of(slug),
        "service": what[0],
    }
