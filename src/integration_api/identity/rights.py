"""What a principal may: of a person to see (kind of unit × roles), and at all (roles).

A disclosure opens no more than this ceiling. Source: Art. 25 GDPR, § 67(4) SGB X, § 65 SGB VIII.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from integration_api.code_lists.service import attributes, entries
from integration_api.kernel.scopes import Scope

MACHINE = "integrator"
"""The role of a client that no person sits behind."""


@dataclass(frozen=True, slots=True)
class Rights:
    """Compartments in the order of their list; `assigned_only` is a part of `compartments`."""

    compartments: tuple[str, ...] = ()
    assigned_only: tuple[str, ...] = ()


def rights(agency_type: str, roles: Iterable[str]) -> Rights:
    """What a member with these roles in such a unit may see; of an unknown kind nothing.

    A compartment that one role sees freely is not bound to an assignment by another.
    """
    unit = set(attributes("agency_types", agency_type).get("compartments", ()))
    seen: set[str] = set()
    freely: set[str] = set()
    for role in roles:
        said = attributes("roles", role)
        may = unit & set(said.get("compartments", ()))
        seen |= may
        freely |= may - set(said.get("assigned_only", ()))
    order = [e.code for e in entries("compartments")]
    return Rights(
        tuple(c for c in order if c in seen), tuple(c for c in order if c in seen - freely)
    )


def scopes(roles: Iterable[str]) -> frozenset[str]:
    """What members with these roles may do at all; a scope that this version lacks is none."""
    return frozenset(_all("scopes", roles)) & {s.value for s in Scope}


def purposes(roles: Iterable[str]) -> tuple[str, ...]:
    """For what members with these roles may process personal data, in the order of the list."""
    given = set(_all("purposes", roles))
    return tuple(e.code for e in entries("purposes") if e.code in given)


def by_operator(role: str) -> bool:
    """Whether only the operator grants the role, and nobody inside an agency."""
    return attributes("roles", role).get("granted_by") == "operator"


def grantable() -> tuple[str, ...]:
    """The roles that the administration of an agency may grant.

    A client may have the scopes and purposes that these roles have between them, and no other.
    """
    return tuple(e.code for e in entries("roles") if not by_operator(e.code))


def _all(name: str, roles: Iterable[str]) -> list[str]:
    return [one for role in roles for one in attributes("roles", role).get(name, ())]
