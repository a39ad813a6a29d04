"""The demo's sites and offers: institutions of public texts; hours and places are invented.

Each text of an offer says so, since somebody could read it for the real one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson

from integration_api.kernel import clock
from integration_api.kernel.db import Call, Database, WriteTx
from integration_api.kernel.ids import uuid7
from integration_api.kernel.principal import Principal, context_sql
from integration_api.offers import service as offers
from integration_api.offers.schemas import OfferIn
from integration_api.sites import service as sites
from integration_api.sites.schemas import SiteIn

from .house import DEPARTMENT, HOTLINE, OPENED, id_of

DEMO_DE = " (Demo: Zeiten und Plätze sind erfunden.)"
DEMO_EN = " (Demo: times and places are invented.)"


def _week(*spans: tuple[str, str], days: Sequence[int] = (1, 2, 3, 4, 5)) -> list[dict[str, Any]]:
    return [{"weekday": d, "opens": a, "closes": b} for d in days for a, b in spans]


@dataclass(frozen=True, slots=True)
class House:
    """A site of the demo and the agency that keeps it."""

    keeper: str
    city: str
    body: Mapping[str, Any]
    units: Mapping[str, str] = field(default_factory=dict)
    """Slug of an agency under the roof → floor."""


HOUSES: Mapping[str, House] = {
    "haus-der-integration": House(
        DEPARTMENT,
        "wuppertal",
        {
            "name": "Haus der Integration",
            "description_de": "Aufenthalt, Leistungen und Arbeit unter einem Dach." + DEMO_DE,
            "description_en": "Residence, benefits and work under one roof." + DEMO_EN,
            "street": "Wicküler City",
            "place": "Wuppertal",
            "latitude": 51.2535,
            "longitude": 7.1635,
            "accessibility": ["step_free", "lift", "accessible_toilet", "automatic_doors"],
            "contact_points": [HOTLINE],
            "opening_hours": [
                *_week(("08:00", "12:30")),
                *_week(("13:30", "16:00"), days=(1, 2)),
                *_week(("13:30", "18:00"), days=(4,)),
            ],
        },
        {
            DEPARTMENT: "1. OG",
            "wuppertal-immigration-office": "1. OG",
            "wuppertal-immigration-office-employment": "1. OG",
            "wuppertal-integration-centre-labour-market": "1. OG",
            "wuppertal-case-management": "1. OG",
            "wuppertal-jobcenter-zebera": "2. OG",
            "wuppertal-jobcenter-beko": "2. OG",
            "wuppertal-employment-agency-integration-point": "2. OG",
        },
    ),
    "koeln-beratung": House(
        "koeln-case-management",
        "koeln",
        {
            "name": "Beratung des Case Managements",
            "description_de": "Beratung nach Termin." + DEMO_DE,
            "description_en": "Advice by appointment." + DEMO_EN,
            "place": "Köln",
            "latitude": 50.9375,
            "longitude": 6.9603,
            "accessibility": ["step_free"],
            "opening_hours": _week(("09:00", "12:00")),
        },
        {"koeln-case-management": "EG"},
    ),
}
MORNING = [{"opens": "08:00", "closes": "12:00"}]
HOLIDAYS: Sequence[tuple[str, list[dict[str, str]], str, str]] = (
    ("12-24", [], "Heiligabend", "Christmas Eve"),
    ("12-25", [], "Feiertag", "Public holiday"),
    ("12-31", MORNING, "Silvester", "New Year's Eve"),
)
PERSONS = ("person",)
HELPERS = ("volunteer", "employer", "association", "advice_centre")
ARABIC_UKRAINIAN = (("de", False), ("ar", True), ("uk", True))


@dataclass(frozen=True, slots=True)
class Held:
    """An offer of the demo."""

    agency: str
    topic: str
    names: tuple[str, str]
    texts: tuple[str, str]
    audiences: Sequence[str] = PERSONS
    channels: Sequence[str] = ("on_site",)
    languages: Sequence[tuple[str, bool]] = (("de", False), ("en", False))
    house: str | None = "haus-der-integration"
    more: Mapping[str, Any] = field(default_factory=dict)
    way: Sequence[str] = ("publish",)


OFFERS: Sequence[Held] = (
    Held(
        "wuppertal-immigration-office-employment", "work_permit",
        ("Servicestelle Arbeits- und Fachkräfte", "Service desk for workers and skilled staff"),
        ("Arbeitserlaubnis und Vermittlung im Tandem mit dem Kommunalen Integrationszentrum.",
         "Work permits and placement, in tandem with the integration centre."),
        ("person", "employer"), ("on_site", "video", "email"),
    ),
    Held(
        "wuppertal-integration-centre-labour-market", "job_placement",
        ("Vermittlung in Arbeit und Ausbildung", "Placement into work and training"),
        ("Wir suchen gemeinsam eine Stelle und begleiten die ersten Monate.",
         "We look for a job together and accompany the first months."),
        PERSONS, ("on_site", "video"), ARABIC_UKRAINIAN,
        more={"capacity_total": 40, "capacity_free": 6},
    ),
    Held(
        "wuppertal-integration-centre-labour-market", "recognition_advice",
        ("Anerkennung ausländischer Abschlüsse", "Recognition of foreign qualifications"),
        ("Welche Stelle zuständig ist und was sie braucht.",
         "Which authority is responsible and what it needs."),
        PERSONS, ("on_site", "video"), (("de", False), ("en", False), ("uk", True)),
    ),
    Held(
        "wuppertal-jobcenter-beko", "volunteering",
        ("Beratungs- und Koordinierungsstelle (BeKo)", "Advice and coordination desk (BeKo)"),
        ("Auskunft für alle, die Geflüchtete unterstützen, unabhängig von deren Status.",
         "Information for everybody who supports refugees, independent of their status."),
        HELPERS, ("hotline", "on_site", "email"),
    ),
    Held(
        "wuppertal-jobcenter-zebera", "benefit_application",
        ("Erstantrag auf Grundsicherung", "First application for basic income support"),
        ("Hilfe beim Antrag für anerkannte Geflüchtete.",
         "Help with the application for recognised refugees."),
        PERSONS, ("on_site", "hotline"), ARABIC_UKRAINIAN,
        more={"status_groups": ["protection", "temporary_protection"],
              "eligibility_de": "Für Schutzberechtigte.", "eligibility_en": "For the protected."},
    ),
    Held(
        "wuppertal-jobcenter", "job_placement",
        ("Frauen mit Fluchthintergrund in Arbeit", "Women with a refugee background into work"),
        ("Gruppe und Einzelberatung, digital und vor Ort.",
         "Group and individual advice, online and on site."),
        PERSONS, ("on_site", "video", "phone"), ARABIC_UKRAINIAN,
        more={"capacity_total": 16, "capacity_free": 4},
    ),
    Held(
        "wuppertal-employment-agency-integration-point", "vocational_training",
        ("Integration Point: Ausbildung und Arbeit", "Integration Point: training and work"),
        ("Beratung auch mit Gestattung oder Duldung.",
         "Advice also with a permission to stay or a toleration."),
        more={"status_groups": ["asylum_seeker", "tolerated"]},
    ),
    Held(
        "wuppertal-employment-agency", "internship",
        ("Praktika für Betriebe", "Internships for companies"),
        ("Was Betriebe bei Praktikum und Einstellung beachten.",
         "What companies have to mind with internships and hiring."),
        ("employer",), ("phone", "email"), house=None,
    ),
    Held(
        "wuppertal-case-management", "case_management",
        ("Case Management nach KIM", "Case management (KIM)"),
        ("Begleitung über mehrere Behörden hinweg.", "Guidance across several authorities."),
        PERSONS, ("on_site", "video"), ARABIC_UKRAINIAN,
    ),
    Held(
        "wuppertal-migration-advice", "migration_advice",
        ("Migrationsberatung für Erwachsene", "Migration advice for adults"),
        ("Beratung ab 27 Jahren zu Alltag, Sprache und Familie.",
         "Advice from the age of 27 on daily life, language and family."),
        PERSONS, ("phone", "email"), ARABIC_UKRAINIAN, house=None,
    ),
    Held(
        "wuppertal-integration-centre", "volunteering",
        ("Onlineveranstaltung: Integration in Wuppertal", "Online event: integration in Wuppertal"),
        ("Neues zu Integration und Migration, mit Fragen.",
         "News on integration and migration, with questions."),
        ("person", *HELPERS), ("video",), house=None,
        more={"capacity_total": 100, "capacity_free": 37},
    ),
    Held(
        "wuppertal-integration-centre", "interpreting",
        ("Sprachmittlung für Behördengänge", "Interpreting at offices"),
        ("Ehrenamtliche Sprachmittlung, zurzeit ausgesetzt.",
         "Interpreting by volunteers, paused at present."),
        ("person", "authority"), way=("publish", "pause"),
    ),
    Held(
        "wuppertal-integration-centre-labour-market", "labour_rights_advice",
        ("Rechte bei der Arbeit", "Rights at work"),
        ("Noch in Vorbereitung.", "Still in preparation."), way=(),
    ),
    Held(
        "koeln-case-management", "case_management",
        ("Einwanderung gestalten: Case Management", "Shaping immigration: case management"),
        ("Bildung, Arbeit, Sprache, Wohnen und Gesundheit aus einer Hand.",
         "Education, work, language, housing and health from one source."),
        house="koeln-beratung",
    ),
)  # fmt: skip


async def directory(database: Database) -> None:
    """Houses first, then what is offered in them, each as the agency that keeps it."""
    built = {name: await _build(database, house) for name, house in HOUSES.items()}
    for held in OFFERS:
        async with _as(database, held.agency) as tx:
            id, version = _made(await offers.create(tx, _offer(held, built)))
            for arrow in held.way:
                _, version = _made(await offers.advance(tx, id, arrow, version))


async def _build(database: Database, house: House) -> UUID:
    units = [
        {"agency_id": str(id_of(slug)), "valid_from": str(OPENED), "floor": floor}
        for slug, floor in house.units.items()
    ]
    async with _as(database, house.keeper) as tx:
        body = orjson.dumps({**house.body, "units": units, "exceptions": _holidays()})
        id, _ = _made(await sites.create(tx, SiteIn.model_validate_json(body)))
    return id


def _holidays() -> list[dict[str, Any]]:
    year = clock.today().year
    return [
        {"day": f"{year}-{day}", "hours": hours, "note_de": de, "note_en": en}
        for day, hours, de, en in HOLIDAYS
    ]


def _offer(held: Held, built: Mapping[str, UUID]) -> OfferIn:
    body = {
        "name_de": held.names[0],
        "name_en": held.names[1],
        "description_de": held.texts[0] + DEMO_DE,
        "description_en": held.texts[1] + DEMO_EN,
        "topic": held.topic,
        "audiences": held.audiences,
        "channels": held.channels,
        "languages": [{"tag": tag, "interpreted": i} for tag, i in held.languages],
        "site_ids": [str(built[held.house])] if held.house else [],
        "valid_from": str(clock.today() - timedelta(days=90)),
        **held.more,
    }
    return OfferIn.model_validate_json(orjson.dumps(body))


def _as(database: Database, slug: str) -> WriteTx:
    """A transaction of an agency's own upkeep, which no key of the demo can do."""
    city = id_of(slug.partition("-")[0])
    keeper = id_of(slug)
    who = Principal(city, keeper, keeper, context_sql=context_sql(city, keeper, keeper))
    return database.writing(Call(who, "administration", uuid7()))


def _made(answer: Any) -> tuple[UUID, int]:
    return UUID(orjson.loads(answer.body)["id"]), int(answer.headers["ETag"][1:].split(".")[0])
