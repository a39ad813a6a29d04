"""Unit × role: what of a person a principal may ever see."""

from uuid import uuid4

import pytest

from integration_api.code_lists.service import entries
from integration_api.identity.rights import rights
from integration_api.kernel.principal import context_sql

UNITS = [e.code for e in entries("agency_types")]
ROLES = [e.code for e in entries("roles")]
BLIND = {
    *("agency_admin", "anonymous_advisor", "employer_contact", "client"),
    *("data_protection_officer", "statistician", "rule_editor"),
}
IMMIGRATION = {"immigration_office", "immigration_office_enforcement", "central_immigration_office"}


def test_only_the_employment_team_of_an_immigration_office_ever_sees_placement() -> None:
    """Domain: the enforcement unit sees no placement and no case notes, with whatever role."""
    for unit in IMMIGRATION:
        assert not {"placement", "case_notes"} & set(rights(unit, ROLES).compartments)
    team = rights("immigration_office_employment", ["tandem_legal"])
    assert {"placement", "case_notes"} <= set(team.compartments)


@pytest.mark.parametrize("role", sorted(BLIND))
def test_who_needs_no_person_sees_none(role: str) -> None:
    assert {rights(unit, [role]).compartments for unit in UNITS} == {()}


def test_a_machine_sees_nothing_that_needs_an_assignment() -> None:
    guarded = {c for role in ROLES for c in rights("youth_office", [role]).assigned_only}
    assert guarded
    machine = rights("youth_office", ["integrator"])
    assert "core" in machine.compartments
    assert not {"youth_entrusted", "safety"} & set(machine.compartments)
    assert machine.assigned_only == ()


def test_entrusted_data_is_the_youth_offices_and_of_assigned_members_only() -> None:
    assert [u for u in UNITS if "youth_entrusted" in rights(u, ROLES).compartments] == [
        "youth_office"
    ]
    assert "youth_entrusted" in rights("youth_office", ["case_worker"]).assigned_only


def test_a_second_role_never_takes_away() -> None:
    one = rights("jobcenter", ["case_worker"])
    both = rights("jobcenter", ["case_worker", "integrator"])
    assert set(one.compartments) <= set(both.compartments)
    assert set(both.assigned_only) <= set(one.assigned_only)
    assert "health" in one.assigned_only
    assert "health" not in both.assigned_only


def test_an_unknown_unit_or_role_sees_nothing() -> None:
    assert rights("castle", ROLES).compartments == ()
    assert rights("jobcenter", ["king"]).compartments == ()


def test_the_context_takes_codes_only() -> None:
    one = uuid4()
    said = context_sql(one, one, one, None, ("core", "health"), ("health",))
    assert "app.compartments='{core,health}'" in said
    assert "app.assigned_only='{health}'" in said
    with pytest.raises(ValueError, match="codes"):
        context_sql(one, one, one, None, ("core'; drop table x; --",))
