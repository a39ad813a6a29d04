"""Who may see a rule pack, and who may move one."""

from sqlalchemy import ColumnElement, or_

from integration_api.kernel.principal import Principal
from integration_api.kernel.problems import Finding, NotYourMoveProblem
from integration_api.kernel.shape import one_of
from integration_api.kernel.statements import Me

from .lifecycle import PUBLISHED
from .models import rule_pack

EDITOR = "rule_editor"


def visible(me: Me) -> ColumnElement[bool]:
    """What is published, and what comes with the service: all; a draft: its own municipality."""
    return or_(
        rule_pack.c.municipality_id.is_(None),
        one_of(rule_pack.c.status, [s.value for s in PUBLISHED]),
        rule_pack.c.municipality_id == me.municipality_id,
    )


def own(me: Me) -> ColumnElement[bool]:
    """Packs of the caller's municipality, which its rule editors move."""
    return rule_pack.c.municipality_id == me.municipality_id


def edits(caller: Principal) -> bool:
    """Whether a rule editor is at the desk."""
    return caller.member_id is not None and EDITOR in caller.roles


def must_edit(caller: Principal) -> None:
    """Refuse everybody else, before any row is looked at.

    Raises:
        NotYourMoveProblem: 403; a machine never edits rules.
    """
    if not edits(caller):
        words = (f"Braucht die Rolle {EDITOR}.", f"Needs the role {EDITOR}.")
        raise NotYourMoveProblem(Finding("role_missing", *words))
