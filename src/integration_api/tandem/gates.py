"""The gates between the tracks, as a table of conditions.

Each is printed everywhere from here: `GET …/gates`, the guards of the arrows, the picture.
Source: join gates G0 to G4 of the Servicestelle tandem; §§ 4a(3), 18(2) Nr. 3, 39 AufenthG.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Integer, Text, Uuid, and_, literal_column, not_, or_

from integration_api.code_lists.service import entries
from integration_api.kernel.lifecycle import Label
from integration_api.kernel.shape import names, one_of

from .facts import Facts
from .lifecycle_legal import PERMITTED, RUNNING, LegalStatus
from .lifecycle_placement import CONFIRMED, PLACEMENT_TRACK, WORKING, PlacementStatus

Condition = Callable[[Facts], ColumnElement[bool]]
LICENSED = sorted(e.code for e in entries("recognition_results") if e.attributes.get("licence"))


@dataclass(frozen=True, slots=True)
class Need:
    """One condition of a gate, or one reason of a status."""

    code: str
    label: Label
    holds: Condition


@dataclass(frozen=True, slots=True)
class Gate:
    """What has to hold together."""

    name: str
    code: str
    label: Label
    needs: tuple[Need, ...]

    def missing(self, facts: Facts) -> ColumnElement[Any]:
        """The codes of the needs that are not met, as an array."""
        return names(*((n.code, not_(_sure(n, facts))) for n in self.needs))

    def met(self, facts: Facts) -> ColumnElement[bool]:
        """Whether every need is met."""
        return and_(*(_sure(n, facts) for n in self.needs))


def _sure(need: Need, facts: Facts) -> ColumnElement[bool]:
    """What is unknown does not hold."""
    return need.holds(facts).is_(True)


def _in(column: ColumnElement[Any], states: Any) -> ColumnElement[bool]:
    return one_of(column, sorted(s.value for s in states))


def _work_allowed(f: Facts) -> ColumnElement[bool]:
    """Free access, or a permit in force on the first day."""
    legal = f.legal.c
    in_force = and_(
        _in(legal.status, PERMITTED),
        legal.permit_valid_from <= f.first_day,
        or_(legal.permit_valid_to.is_(None), legal.permit_valid_to >= f.first_day),
    )
    return or_(legal.status == LegalStatus.ACCESS_CLEARED.value, in_force)


def _within_permit(f: Facts) -> ColumnElement[bool]:
    """Employer, occupation, hours and place of the contract are those that the permit binds."""
    bound, d = f.legal.c.permit_restrictions, f.declaration.c

    def only(name: str) -> ColumnElement[str]:
        """What the permit binds, as text; null where it does not."""
        return bound.op("->>", return_type=Text())(literal_column(f"'{name}'"))

    return or_(
        f.legal.c.status == LegalStatus.ACCESS_CLEARED.value,
        bound.is_(None),
        and_(
            or_(only("employer_id").is_(None), only("employer_id").cast(Uuid) == d.employer_id),
            or_(only("occupation").is_(None), only("occupation") == d.occupation),
            or_(
                only("weekly_minutes").is_(None),
                only("weekly_minutes").cast(Integer) >= d.weekly_minutes,
            ),
            or_(only("place_of_work").is_(None), only("place_of_work") == d.place_of_work),
        ),
    )


def _clearance_holds(f: Facts) -> ColumnElement[bool]:
    c = f.clearance.c
    return and_(
        c.valid_from <= f.first_day,
        or_(c.valid_to.is_(None), c.valid_to >= f.first_day),
    )


INTAKE = Gate(
    "G0",
    "intake_complete",
    ("Aufnahme vollständig", "Intake complete"),
    (
        Need(
            "subject_known",
            ("Person oder Betrieb ist bekannt", "a person or an employer is known"),
            lambda f: or_(f.t.c.person_id.is_not(None), f.t.c.employer_id.is_not(None)),
        ),
        Need(
            "language_known",
            ("Sprache der Beratung ist bekannt", "the language of advice is known"),
            lambda f: f.t.c.language.is_not(None),
        ),
        Need(
            "legal_acknowledged",
            ("Team Beschäftigung hat bestätigt", "the employment team has acknowledged"),
            lambda f: f.t.c.legal_acknowledged_at.is_not(None),
        ),
        Need(
            "placement_acknowledged",
            ("Team Arbeitsmarkt hat bestätigt", "the labour-market team has acknowledged"),
            lambda f: f.t.c.placement_acknowledged_at.is_not(None),
        ),
    ),
)
APPLICATION = Gate(
    "G1",
    "application_ready",
    ("Antrag möglich", "Application ready"),
    (
        Need(
            "offer_confirmed",
            ("Angebot ist bestätigt", "an offer is confirmed"),
            lambda f: _in(f.placement.c.status, CONFIRMED),
        ),
        Need(
            "permit_needed",
            ("Erlaubnis ist nötig", "a permit is needed"),
            lambda f: _in(f.legal.c.status, {LegalStatus.PERMIT_NEEDED, *RUNNING, *PERMITTED}),
        ),
        Need(
            "declaration_complete",
            ("Erklärung liegt vollständig vor", "the declaration is complete"),
            lambda f: f.declaration.c.id.is_not(None),
        ),
        Need(
            "identity_recorded",
            ("Stand der Identität ist festgehalten", "the identity status is recorded"),
            lambda f: f.legal.c.identity_status.is_not(None),
        ),
    ),
)
RECOGNITION = Gate(
    "G2",
    "recognition_ok",
    ("Anerkennung", "Recognition"),
    (
        Need(
            "declaration_complete",
            ("Beruf steht in der Erklärung", "the declaration names the occupation"),
            lambda f: f.declaration.c.id.is_not(None),
        ),
        Need(
            "licence_if_regulated",
            (
                "reglementiert: Zulassung erteilt oder zugesagt",
                "regulated: licence there or promised",
            ),
            lambda f: or_(
                f.declaration.c.regulated_occupation == literal_column("'no'"),
                one_of(f.recognition.c.result, LICENSED),
            ),
        ),
    ),
)
_TO_CLEAR = (
    Need(
        "work_allowed",
        (
            "Zugang frei, oder Erlaubnis gilt am ersten Tag",
            "free access, or a permit on the first day",
        ),
        _work_allowed,
    ),
    Need(
        "contract_confirmed",
        ("Vertrag ist bestätigt", "the contract is confirmed"),
        lambda f: _in(f.placement.c.status, {PlacementStatus.CONTRACT_CONFIRMED, *WORKING}),
    ),
    Need("recognition_ok", ("Anerkennung (G2)", "recognition (G2)"), RECOGNITION.met),
    Need(
        "terms_within_permit",
        ("Bedingungen liegen in der Erlaubnis", "the terms lie within the permit"),
        _within_permit,
    ),
)
TO_CLEAR = Gate("G3", "start_clearance", ("Freigabe", "Start clearance"), _TO_CLEAR)
"""What a clearance is issued for."""
START = Gate(
    "G3",
    "start_clearance",
    TO_CLEAR.label,
    (
        *_TO_CLEAR,
        Need(
            "clearance_issued",
            ("Freigabe ist erteilt und gilt am ersten Tag", "a clearance holds on the first day"),
            _clearance_holds,
        ),
    ),
)
CLOSURE = Gate(
    "G4",
    "closure",
    ("Abschluss", "Closure"),
    (
        Need(
            "legal_track_ended",
            (
                "Rechtsstrang zu, oder Team ohne Zugang",
                "legal track closed, or its team without access",
            ),
            lambda f: or_(
                f.t.c.legal_closed_in_place, f.legal.c.status == LegalStatus.CLOSED.value
            ),
        ),
        Need(
            "placement_track_ended",
            (
                "Vermittlung beendet, oder Team ohne Zugang",
                "placement ended, or its team without access",
            ),
            lambda f: or_(
                f.t.c.placement_closed_in_place, _in(f.placement.c.status, PLACEMENT_TRACK.final)
            ),
        ),
        Need(
            "legal_closed",
            ("Team Beschäftigung hat geschlossen", "the employment team has closed"),
            lambda f: f.t.c.legal_closed_at.is_not(None),
        ),
        Need(
            "placement_closed",
            ("Team Arbeitsmarkt hat geschlossen", "the labour-market team has closed"),
            lambda f: f.t.c.placement_closed_at.is_not(None),
        ),
    ),
)
GATES = (INTAKE, APPLICATION, RECOGNITION, START, CLOSURE)
