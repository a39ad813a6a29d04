"""What the roles give is data: least privilege, nothing unknown, nothing forgotten."""

import pytest

from integration_api.code_lists.service import attributes, entries
from integration_api.identity.rights import by_operator, grantable, purposes, scopes
from integration_api.kernel.scopes import Scope

ROLES = [e.code for e in entries("roles")]
KNOWN = {s.value for s in Scope}
TO_COME: set[str] = set()
"""Scopes that a role names before this version has them; take one out when it is there."""
PERSONAL = ("persons:", "cases:", "consents:", "disclosures:", "referrals:", "tandem:")


def named(role: str) -> set[str]:
    """The scopes that the list names for a role."""
    return set(attributes("roles", role)["scopes"])


def test_every_scope_that_a_role_names_exists() -> None:
    assert {s for role in ROLES for s in named(role)} - KNOWN == TO_COME


def test_a_scope_that_is_unknown_is_none_at_runtime() -> None:
    assert "audit:read" in named("data_protection_officer")
    assert scopes(["data_protection_officer"]) <= KNOWN


def test_every_scope_is_some_roles() -> None:
    assert scopes(ROLES) == KNOWN


@pytest.mark.parametrize("role", ROLES)
def test_who_sees_no_person_has_no_scope_over_persons(role: str) -> None:
    if not attributes("roles", role)["compartments"]:
        assert not [s for s in scopes([role]) if s.startswith(PERSONAL)]


def test_the_advisors_and_statisticians_have_no_scope_at_all() -> None:
    blind = ["anonymous_advisor", "statistician", "client", "employer_contact"]
    assert scopes(blind) == frozenset()
    assert scopes(["king"]) == frozenset()


def test_only_the_administration_of_an_agency_writes_members_and_clients() -> None:
    for scope in ("members:write", "clients:write", "agencies:write"):
        assert [r for r in ROLES if scope in scopes([r])] == ["agency_admin"]


def test_only_a_rule_editor_writes_rule_packs() -> None:
    assert [r for r in ROLES if "rule_packs:write" in scopes([r])] == ["rule_editor"]


def test_who_oversees_an_agency_is_made_by_the_operator_alone() -> None:
    oversight = {"data_protection_officer", "statistician", "rule_editor", "integrator"}
    assert oversight <= {r for r in ROLES if by_operator(r)}
    assert not oversight & set(grantable())
    assert {"agency_admin", "case_worker"} <= set(grantable())


def test_roles_add_up_in_the_order_of_the_list() -> None:
    order = [e.code for e in entries("purposes")]
    both = purposes(["provider_staff", "case_worker"])
    assert list(both) == [code for code in order if code in both]
    assert purposes(["agency_admin"]) == ("administration",)
    assert {p for r in ROLES for p in attributes("roles", r)["purposes"]} <= set(order)
