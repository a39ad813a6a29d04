"""The generated parts of docs/privacy.md: tables from the schema and from the code lists."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from integration_api.code_lists.service import entries
from integration_api.kernel.tables import metadata
from integration_api.worker import round_  # noqa: F401 - its tables are not the application's

HELD: Mapping[str, Mapping[str, str]] = yaml.safe_load(
    Path(__file__).with_name("privacy.yaml").read_text("utf-8")
)
"""What each table holds of people; an empty entry: nothing."""
HEADS = {
    "stored": ("Table", "What", "About", "Compartment", "Columns", "Deleted"),
    "compartments": ("Compartment", "", "Basis", "Consent only", "Release beside it"),
    "units": ("Kind of agency", "May ever see"),
    "roles": ("Role", "May ever see", "Only of whom it is assigned to"),
    "bases": ("Legal basis", "Norm", "From", "To", "Compartments", "Only on request"),
    "emergencies": ("Reason", "Norm", "Compartments", "Hours", "Reviewed within"),
}


def blocks() -> dict[str, tuple[tuple[str, ...], list[tuple[str, ...]]]]:
    """Head and rows of every generated table, by the name in its markers.

    Raises:
        KeyError: a table of the schema is not described.
    """
    rows = {
        "stored": _stored(),
        "compartments": _compartments(),
        "units": _units(),
        "roles": _roles(),
        "bases": _bases(),
        "emergencies": _emergencies(),
    }
    return {name: (HEADS[name], list(found)) for name, found in rows.items()}


def nothing_personal() -> list[str]:
    """The tables that hold nothing of people."""
    return sorted(t.name for t in metadata.sorted_tables if not HELD[t.name])


def _stored() -> Iterable[tuple[str, ...]]:
    for table in metadata.sorted_tables:
        if held := HELD[table.name]:
            said = (held[n] for n in ("what", "about", "compartment"))
            yield f"`{table.name}`", *said, _listed(c.name for c in table.columns), held["ends"]


def _compartments() -> Iterable[tuple[str, ...]]:
    for e in entries("compartments"):
        forms = ", ".join(e.attributes.get("forms", ()))
        release = "yes" if e.attributes.get("needs_release") else ""
        yield f"`{e.code}`", e.en, e.legal_basis or "", forms, release


def _units() -> Iterable[tuple[str, ...]]:
    for e in entries("agency_types"):
        yield f"{e.de} (`{e.code}`)", _listed(e.attributes.get("compartments", ())) or "nothing"


def _roles() -> Iterable[tuple[str, ...]]:
    for e in entries("roles"):
        seen, bound = (e.attributes.get(n, ()) for n in ("compartments", "assigned_only"))
        yield f"{e.de} (`{e.code}`)", _listed(seen) or "nothing", _listed(bound)


def _bases() -> Iterable[tuple[str, ...]]:
    for e in entries("transfer_bases"):
        a: Mapping[str, Any] = e.attributes
        back = " and back" if a.get("mutual") else ""
        asked = "yes" if a.get("on_request") else ""
        sides = _listed(a["from"]), _listed(a["to"]) + back
        yield e.de, e.legal_basis or "", *sides, _listed(a["compartments"]), asked


def _emergencies() -> Iterable[tuple[str, ...]]:
    for e in entries("emergency_reasons"):
        a = e.attributes
        days = f"{a['review_working_days']} working days"
        yield e.de, e.legal_basis or "", _listed(a["compartments"]), str(a["hours"]), days


def _listed(codes: Iterable[str]) -> str:
    return ", ".join(codes)
