"""Who may see and change what is an agency's: the directory is public, all else the own tree's.

Changing members and clients takes a role as well, which an agency's own administration has.
"""

from sqlalchemy import ColumnElement, or_, select, true

from integration_api.kernel.principal import Principal
from integration_api.kernel.problems import Finding, NotYourMoveProblem
from integration_api.kernel.statements import Me

from .models import agency, api_client, member

ADMINISTRATION = "agency_admin"


def visible(_: Me) -> ColumnElement[bool]:
    """Every agency: the directory is public."""
    return true()


def administered(me: Me) -> ColumnElement[bool]:
    """The caller's own agency and its teams."""
    return (agency.c.municipality_id == me.municipality_id) & or_(
        agency.c.id == me.agency, agency.c.parent_id == me.agency
    )


def visible_members(me: Me) -> ColumnElement[bool]:
    """Members of the own agency and its teams."""
    own = select(agency.c.id).where(administered(me))
    return (member.c.municipality_id == me.municipality_id) & member.c.agency_id.in_(own)


def visible_clients(me: Me) -> ColumnElement[bool]:
    """Clients of the own agency and its teams."""
    own = select(agency.c.id).where(administered(me))
    return (api_client.c.municipality_id == me.municipality_id) & api_client.c.agency_id.in_(own)


def administers(caller: Principal) -> bool:
    """Whether the person at the desk administers the agency that she acts for."""
    return caller.member_id is not None and ADMINISTRATION in caller.roles


def must_administer(caller: Principal) -> None:
    """Refuse everybody else, before any row is looked at.

    Raises:
        NotYourMoveProblem: 403; a machine never administers.
    """
    if not administers(caller):
        words = (f"Braucht die Rolle {ADMINISTRATION}.", f"Needs the role {ADMINISTRATION}.")
        raise NotYourMoveProblem(Finding("role_missing", *words))


def operators(pointer: str | None = None) -> NotYourMoveProblem:
    """The refusal of what only the operator does, on the command line (403)."""
    words = ("Das tut nur der Betrieb.", "Only the operator does this.")
    return NotYourMoveProblem(Finding("operator_only", *words, pointer=pointer))
