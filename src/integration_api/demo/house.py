"""The Haus der Integration and its partners, and a second municipality: who works there.

Ids follow from the slugs, so that documents can name them; keys never do.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from integration_api.agencies.administration import NewAgency, NewClient, NewMunicipality
from integration_api.kernel.scopes import Scope

OPENED = date(2024, 10, 8)  # the day on which the Servicestelle opened
SPACE = uuid5(NAMESPACE_URL, "https://integration-api.example.org/demo")


def id_of(*names: str) -> UUID:
    """The fixed id of something in the demo, such as `id_of("wuppertal-jobcenter")`."""
    return uuid5(SPACE, "/".join(names))


@dataclass(frozen=True, slots=True)
class Office:
    """An agency of the demo and the people at its desks."""

    slug: str
    name: str
    type: str
    jurisdictions: Sequence[str] = ()
    parent: str | None = None
    reach: Sequence[Mapping[str, Any]] = ()
    desks: Mapping[str, str] = field(default_factory=dict)
    """Name of a desk → its function; every desk has a key of its own."""
    machine: str | None = None
    """The one purpose of its machine client; None: the office has no key."""

    def new(self) -> NewAgency:
        """The office as administration takes it."""
        return NewAgency(
            slug=self.slug,
            name=self.name,
            type=self.type,
            parent_id=id_of(self.parent) if self.parent else None,
            jurisdictions=self.jurisdictions,
            contact_points=self.reach,
            active_from=OPENED,
        )


def _at(channel: str, value: str, label: str, *languages: str) -> Mapping[str, Any]:
    return {"channel": channel, "value": value, "label": label, "languages": list(languages)}


def _mail(slug: str) -> Mapping[str, Any]:
    return _at("email", f"{slug}@example.org", "Funktionspostfach", "de", "en")


HOUSE = _at("on_site", "Haus der Integration, Wicküler City, Wuppertal", "Beratung vor Ort", "de")
HOTLINE = _at("hotline", "+49 202 74763333", "Allgemeine Auskünfte", "de", "en", "ar", "uk")
WEBSITE = _at("website", "https://www.example.org/integration", "Angebote aller Partner", "de")
VIDEO = _at("video", "https://video.example.org/beratung", "Videoberatung nach Termin", "de", "en")

MUNICIPALITIES = {
    "wuppertal": NewMunicipality("wuppertal", "Wuppertal", "W", "05124000"),
    "koeln": NewMunicipality("koeln", "Köln", "K", "05315000"),
}
DEPARTMENT = "wuppertal-immigration-and-integration"
OFFICES: Mapping[str, Sequence[Office]] = {
    "wuppertal": (
        Office(
            DEPARTMENT, "Ressort Zuwanderung und Integration", "city_department",
            ("residence", "integration_support", "naturalisation"), None, (HOUSE, WEBSITE),
        ),
        Office(
            "wuppertal-immigration-office", "Ausländerbehörde Wuppertal", "immigration_office",
            ("residence", "asylum", "foreign_employment", "eu_free_movement"), DEPARTMENT,
            (HOUSE, _mail("auslaenderbehoerde")),
        ),
        Office(
            "wuppertal-immigration-office-employment", "Ausländerbehörde, Team Beschäftigung",
            "immigration_office_employment", ("residence", "foreign_employment"),
            "wuppertal-immigration-office", (HOUSE, VIDEO, _mail("team-beschaeftigung")),
            {"tandem_legal_1": "Sachbearbeitung Beschäftigung 1"}, "referral_handling",
        ),
        Office(
            "wuppertal-integration-centre", "Kommunales Integrationszentrum Wuppertal",
            "integration_centre", ("integration_support",), DEPARTMENT, (HOUSE,),
        ),
        Office(
            "wuppertal-integration-centre-labour-market",
            "Kommunales Integrationszentrum, Team Arbeitsmarktintegration",
            "integration_centre_labour_market", ("integration_support",),
            "wuppertal-integration-centre", (HOUSE, VIDEO, _mail("arbeitsmarktintegration")),
            {"tandem_placement_1": "Beratung Arbeitsmarktintegration 1"}, "referral_handling",
        ),
        Office(
            "wuppertal-jobcenter", "Jobcenter Wuppertal", "jobcenter",
            ("basic_income_support", "integration_courses"), None, (HOTLINE, _mail("jobcenter")),
            {"case_worker_1": "Sachbearbeitung 1", "case_worker_2": "Sachbearbeitung 2"},
            "referral_handling",
        ),
        Office(
            "wuppertal-jobcenter-zebera", "Jobcenter Wuppertal, Geschäftsstelle zebera",
            "jobcenter_refugee_branch", ("basic_income_support",), "wuppertal-jobcenter",
            (HOUSE, _mail("zebera")),
        ),
        Office(
            "wuppertal-jobcenter-beko", "Beratungs- und Koordinierungsstelle (BeKo)",
            "jobcenter_advice_desk", ("basic_income_support", "employment_promotion", "voluntary"),
            "wuppertal-jobcenter-zebera", (HOTLINE, HOUSE, _mail("beko")), {}, "referral_handling",
        ),
        Office(
            "wuppertal-employment-agency", "Agentur für Arbeit Solingen-Wuppertal",
            "employment_agency", ("employment_promotion",), None, (_mail("arbeitsagentur"),),
            {}, "referral_handling",
        ),
        Office(
            "wuppertal-employment-agency-integration-point",
            "Agentur für Arbeit, Integration Point", "employment_agency_integration_point",
            ("employment_promotion",), "wuppertal-employment-agency", (HOUSE,),
        ),
        Office(
            "wuppertal-social-welfare-office", "Sozialamt Wuppertal", "social_welfare_office",
            ("asylum_seeker_benefits", "social_assistance"), None, (_mail("sozialamt"),),
            {}, "referral_handling",
        ),
        Office(
            "wuppertal-case-management", "Kommunales Integrationsmanagement, Case Management",
            "case_management", ("integration_support",), DEPARTMENT, (HOUSE, VIDEO, _mail("kim")),
            {"case_manager_1": "Case Management 1", "case_manager_2": "Case Management 2"},
            "case_management",
        ),
        Office(
            "wuppertal-migration-advice", "Migrationsberatung für erwachsene Zugewanderte",
            "migration_advice", ("integration_support",), None, (_mail("migrationsberatung"),),
            {}, "advice",
        ),
    ),
    "koeln": (
        Office(
            "koeln-case-management", "Case Management Köln", "case_management",
            ("integration_support",), None, (_mail("case-management-koeln"),),
            {"case_manager_1": "Case Management 1"}, "case_management",
        ),
    ),
}  # fmt: skip

PURPOSES = ("case_management", "referral_handling", "advice")
DIRECTORY = (Scope.AGENCIES_WRITE, Scope.SITES_WRITE, Scope.COMPETENCES_WRITE)
"""What only the administration changes of the directory; offers are everybody's work."""
NOT_WORK = (*DIRECTORY, Scope.AUDIT_READ, Scope.RULE_PACKS_WRITE)
WORK = [s.value for s in Scope if s not in NOT_WORK]
ADMINISTRATION = "wuppertal-case-management/agency_admin"
DATA_PROTECTION = (
    "wuppertal-case-management/data_protection_officer",
    "wuppertal-jobcenter/data_protection_officer",
)


RULE_EDITORS = (
    "wuppertal-case-management/rule_editor_1",
    "wuppertal-case-management/rule_editor_2",
)
"""Two, since who submits a rule pack does not release it."""


def clients() -> Mapping[str, tuple[Office, str, NewClient]]:
    """Every client by name: a slug is a machine, `slug/desk` a person or the administration."""
    made: dict[str, tuple[Office, str, NewClient]] = {}
    for city, offices in OFFICES.items():
        for office in offices:
            if office.machine:
                made[office.slug] = (
                    office, city, NewClient("Fachverfahren", WORK, (office.machine,)),
                )  # fmt: skip
            for desk, function in office.desks.items():
                role = desk.rpartition("_")[0]
                client = NewClient(function, WORK, PURPOSES, function, (role,))
                made[f"{office.slug}/{desk}"] = (office, city, client)
    slug, _, desk = ADMINISTRATION.partition("/")
    office, city, _ = made[slug]
    scopes = [s.value for s in DIRECTORY]
    made[f"{slug}/{desk}"] = (office, city, NewClient("Verzeichnispflege", scopes, PURPOSES[:1]))
    scopes, why = [Scope.AUDIT_READ.value], ("data_protection_audit",)
    for name in DATA_PROTECTION:
        slug, _, role = name.partition("/")
        office, city, _ = made[slug]
        made[name] = (
            office, city, NewClient("Datenschutz", scopes, why, "Datenschutzbeauftragte", (role,)),
        )  # fmt: skip
    scopes = [Scope.RULE_PACKS_WRITE.value, Scope.ELIGIBILITY_CHECKS_WRITE.value]
    for name in RULE_EDITORS:
        slug, _, desk = name.partition("/")
        office, city, _ = made[slug]
        function = f"Pflege der Rechtsregeln {desk[-1]}"
        made[name] = (
            office, city,
            NewClient("Regelpflege", scopes, ("administration",), function, ("rule_editor",)),
        )  # fmt: skip
    return made
