"""The services' statements by id alone, with no predicate on who asks: the policies stand alone."""

from collections.abc import Iterator
from contextlib import contextmanager
from inspect import unwrap
from typing import Any

import pytest
from sqlalchemy import Select, select, true

from integration_api.cases import service as cases
from integration_api.cases import statements as case_statements
from integration_api.cases.models import case
from integration_api.disclosures import service as disclosures
from integration_api.disclosures import statements as disclosure_statements
from integration_api.kernel.lifecycle import Lifecycle
from integration_api.kernel.statements import Personal
from integration_api.persons import service as persons
from integration_api.persons import service_consents as consents
from integration_api.persons import statements as person_statements
from integration_api.persons import statements_consents as consent_statements
from integration_api.persons.models import consent, disclosure, person
from integration_api.referrals import service as referrals
from integration_api.referrals import statements as referral_statements
from integration_api.referrals.models import referral
from integration_api.tandem import service as tandem
from integration_api.tandem import service_approvals as approvals
from integration_api.tandem import service_clearances as clearances
from integration_api.tandem import service_declarations as declarations
from integration_api.tandem import service_tracks as tracks
from integration_api.tandem import statements as tandem_statements
from integration_api.tandem import statements_approvals as approval_statements
from integration_api.tandem import statements_below as below
from integration_api.tandem import statements_clearances as clearance_statements
from integration_api.tandem import statements_declarations as declaration_statements
from integration_api.tandem import statements_tracks as track_statements
from integration_api.tandem.lifecycle_approvals import APPROVAL, DECLARATION
from integration_api.tandem.models import tandem_case
from integration_api.tandem.models_work import ba_approval_request, employer_declaration

ABOVE = (tandem_statements, below, track_statements, clearance_statements, declaration_statements)
"""Whose rows are found through the tandem case above them."""


def open_select(module: Any, table: Any) -> Select[Any]:
    """The document of a noun by id, with no predicate on who asks."""
    if hasattr(module, "answer"):
        made = module.answer(table)
    else:
        made = (getattr(module, "answer_of", None) or module._answer)(table)
    chosen: Select[Any] = made if isinstance(made, Select) else select(*made)
    return chosen.where(table.c.id == module.ID)


def _by_id(module: Any, table: Any) -> Personal:
    return Personal("t", open_select(module, table))


def _track(track: track_statements.Track) -> Personal:
    found = track_statements._answer(track, track.table)
    return Personal("t", found.where(tandem_case.c.id == tandem_statements.ID))


def _below(table: Any, lifecycle: Lifecycle[Any]) -> Personal:
    extra = (declaration_statements.missing(table),) if table is employer_declaration else ()
    found = below.answer_of(table, table, lifecycle, *extra)
    return Personal("t", found.where(table.c.id == tandem_statements.ID))


def naked() -> list[tuple[Any, str, Any]]:
    """Module of a service, the name of a statement in it, the statement without a predicate."""
    return [
        (persons, "GET", _by_id(person_statements, person)),
        (consents, "GET", _by_id(consent_statements, consent)),
        (disclosures, "GET", _by_id(disclosure_statements, disclosure)),
        (cases, "GET", _by_id(case_statements, case)),
        (referrals, "GET", _by_id(referral_statements, referral)),
        (tandem, "GET", _by_id(tandem_statements, tandem_case)),
        (tracks, "get", _track),
        (declarations, "GET_DECLARATION", _below(employer_declaration, DECLARATION)),
        (approvals, "GET_APPROVAL", _below(ba_approval_request, APPROVAL)),
        (clearances, "GATES_OF", clearance_statements._gates()),
        (clearances, "TIMELINE", clearance_statements._timeline()),
        (clearances, "list_procedures", unwrap(clearance_statements.list_procedures)),
        (clearances, "list_clearances", unwrap(clearance_statements.list_clearances)),
        (declarations, "list_declarations", unwrap(declaration_statements.list_declarations)),
        (approvals, "list_approvals", unwrap(approval_statements.list_approvals)),
    ]


@contextmanager
def without_predicates(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The services read by id alone."""
    with monkeypatch.context() as patched:
        for module in ABOVE:
            patched.setattr(module, "visible", lambda _: true())
        for service, name, statement in naked():
            patched.setattr(service, name, statement)
        yield
