"""The compiled statements of what both teams and the lead do beside moving the tracks."""

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Text,
    and_,
    bindparam,
    case,
    false,
    literal_column,
    null,
    select,
    true,
    update,
)

from integration_api.kernel import journal
from integration_api.kernel.lists import variants
from integration_api.kernel.statements import ME, Effect, Query

from .access import audience, gone, visible
from .lifecycle import IN_PLACE, TANDEM_LANE, TandemParty
from .models import tandem_case
from .statements import ID, answer
from .statements_below import step

Brings = dict[str, Any]
AUDIENCE = Query(
    select(audience(tandem_case.c.id).label("seeing")).where(tandem_case.c.id == ID, visible(ME))
)
"""The parties that may see the tandem case now; asked for under the lock."""


@variants
def echo(operation: str) -> Effect:
    """The answer of an operation that changes nothing more."""
    return Effect(operation, answer(tandem_case).where(tandem_case.c.id == ID, visible(ME)))


def created() -> Effect:
    """The answer of a creation: its own rows are seen by the next statement only."""
    return echo("createTandemCase")


def _action(
    operation: str,
    event: str,
    brings: Brings,
    *only: ColumnElement[bool],
    in_place_of: tuple[str, ...] = (),
) -> Effect:
    """Something that is done beside moving a track."""
    values = brings | {"version": tandem_case.c.version + 1, "updated_at": ME.now}
    moved = (
        update(tandem_case)
        .where(tandem_case.c.id == ID, visible(ME), *only)
        .values(values)
        .returning(*tandem_case.c)
        .cte("moved")
    )
    changed = sorted(brings)
    parts = journal.record(
        "tandem_case", moved, f"tandem_case.{event}", changed=changed, to=lambda m: audience(m.c.id)
    )
    steps = (
        step(
            TANDEM_LANE,
            moved,
            literal_column(f"'{IN_PLACE[TandemParty(team)]}'"),
            of=moved.c.id,
            name=f"step_{team}",
        )
        for team in in_place_of
    )
    return Effect(operation, answer(moved), *parts, *steps)


@variants
def acknowledge(team: str) -> Effect:
    """A team has taken note of the tandem case."""
    brings = {f"{team}_acknowledged_at": ME.now}
    return _action("acknowledgeTandemCase", "acknowledged", brings)


@variants
def close(teams: tuple[str, ...], in_place_of: tuple[str, ...] = ()) -> Effect:
    """Teams close, some of them by the lead in their place; with the second it is closed.

    The database asks again whether those teams have really lost their access.
    """
    t = tandem_case.c
    left = [t[f"{p.value}_closed_at"].is_not(None) for p in TandemParty if p.value not in teams]
    brings = {
        **{f"{team}_closed_at": ME.now for team in teams},
        **{f"{team}_closed_in_place": true() for team in in_place_of},
        "outcome": bindparam("outcome", type_=Text()),
        "closed_at": case((and_(true(), *left), ME.now)),
    }
    only = [gone(tandem_case, team) for team in in_place_of]
    if in_place_of:
        only.append(t.lead_agency_id == ME.agency)
    event = "closed_in_place" if in_place_of else "closed"
    return _action("closeTandemCase", event, brings, *only, in_place_of=in_place_of)


NO_END: Brings = {
    **dict.fromkeys(("legal_closed_at", "placement_closed_at", "closed_at", "outcome"), null()),
    **dict.fromkeys(("legal_closed_in_place", "placement_closed_in_place"), false()),
}
ACTIONS: dict[str, tuple[str, Brings]] = {
    "reopenTandemCase": ("reopened", NO_END),
    "flagBlockerTandemCase": (
        "blocker_flagged",
        {"blocker": bindparam("blocker", type_=Text()), "blocker_agency_id": ME.agency},
    ),
    "clearBlockerTandemCase": ("blocker_cleared", {"blocker": null(), "blocker_agency_id": null()}),
}
"""Operations that are the same for both teams: the event, and what they bring."""


@variants
def act(operation: str) -> Effect:
    """One of them; compiled when it is first asked for, since its answer is long."""
    return _action(operation, *ACTIONS[operation])
