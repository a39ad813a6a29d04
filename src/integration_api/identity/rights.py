"""What of a person a principal may ever see: kind of unit × roles.

A disclosure opens no more than this ceiling. Source: Art. 25 GDPR, § 67(4) SGB X, § 65 SGB VIII.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from integration_api.code_lists.service import attributes, entries

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
