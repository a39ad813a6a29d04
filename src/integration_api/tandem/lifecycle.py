"""What both tracks of a tandem case share: the parties, and how an arrow is written."""

from collections.abc import Iterable
from enum import StrEnum
from typing import TypeVar

from integration_api.kernel.lifecycle import SYSTEM, Guard, Label, Transition

S = TypeVar("S", bound=StrEnum)


class TandemParty(StrEnum):
    """The two teams of a tandem case."""

    LEGAL = "legal"
    PLACEMENT = "placement"


LEGAL = frozenset({TandemParty.LEGAL.value})
PLACEMENT = frozenset({TandemParty.PLACEMENT.value})
CLOCK = frozenset({SYSTEM})
PARTIES: dict[str, Label] = {
    TandemParty.LEGAL: ("Ausländerbehörde, Team Beschäftigung", "immigration office, employment"),
    TandemParty.PLACEMENT: (
        "Integrationszentrum, Team Arbeitsmarkt",
        "integration centre, labour market",
    ),
    SYSTEM: ("das System", "the system"),
}


TANDEM_LANE = "tandem_case"
"""The lane of the timeline for what concerns neither track alone."""
IN_PLACE = {
    TandemParty.LEGAL: "closed_in_place_of_legal",
    TandemParty.PLACEMENT: "closed_in_place_of_placement",
}
"""What the timeline says where the lead has closed for a team without access."""
LANE_STATES: dict[str, Label] = {
    IN_PLACE[TandemParty.LEGAL]: ("für Rechtsstrang geschlossen", "closed for the legal team"),
    IN_PLACE[TandemParty.PLACEMENT]: ("für Vermittlung geschlossen", "closed for placement"),
}


class TandemStatus(StrEnum):
    """The status of a tandem case: never set, the first that fits."""

    CLOSED = "closed"
    ATTENTION_REQUIRED = "attention_required"
    IN_EMPLOYMENT = "in_employment"
    CLEARED_TO_START = "cleared_to_start"
    WAITING_EXTERNAL = "waiting_external"
    BLOCKED_LEGAL = "blocked_legal"
    ACTIVE = "active"
    OPEN = "open"


TANDEM_OPEN = Guard(
    "tandem_case_open", "Der Tandemfall ist geschlossen.", "The tandem case is closed."
)
LEAD_MAY_SEE = Guard(
    "lead_may_see_placement",
    "Stelle oder Rolle sieht keine Vermittlungsdaten und kann daher keinen Tandemfall eröffnen.",
    "Unit or role may never see placement, so that it cannot open a tandem case.",
)
TEAM_BEGINS = Guard(
    "team_begins",
    "Ohne Fall beginnt nur eines der beiden Teams einen Tandemfall.",
    "Without a case only one of the two teams opens a tandem case.",
)
NOT_CLOSED_YET = Guard(
    "closed_by_a_team", "Keines der Teams hat geschlossen.", "Neither team has closed."
)
NO_OTHER_OPEN = Guard(
    "no_other_open_tandem_case",
    "Die Person hat in diesem Fall schon einen offenen Tandemfall.",
    "The person has an open tandem case in this case already.",
)
BLOCKER_FREE = Guard(
    "no_blocker_of_the_other",
    "Das andere Team hat ein Hindernis gemeldet; es bleibt stehen, bis es zurückgenommen ist.",
    "The other team has flagged a blocker; it stands until it is cleared.",
)
BLOCKER_OWN = Guard(
    "blocker_own",
    "Das Hindernis hat ein anderes Team gemeldet, das den Fall noch sieht, oder es gibt keines.",
    "Another team that still sees the case has flagged the blocker, or there is none.",
)
CASE_OPEN_TANDEM = Guard(
    "no_open_tandem_cases",
    "Der Fall hat einen offenen Tandemfall.",
    "The case has an open tandem case.",
)
DISCLOSED_TO_TEAMS = Guard(
    "disclosed_to_teams",
    "Die Person ist einem der beiden Teams in diesem Fall nicht übermittelt.",
    "The person is not disclosed to one of the two teams in this case.",
)
TRACKS_ENDED = Guard(
    "tracks_ended",
    "Beide Stränge müssen beendet sein, bevor ein Tandemfall schließt.",
    "Both tracks have to end before a tandem case closes.",
)
SAME_OUTCOME = Guard(
    "same_outcome",
    "Geschlossen ist schon mit einem anderen Ergebnis.",
    "It is closed with another outcome already.",
)


def drawn(
    track: str,
    name: str,
    sources: Iterable[S],
    target: S,
    by: frozenset[str],
    doc: str,
    labels: Label,
    *,
    reasons: str | None = None,
    guards: tuple[Guard, ...] = (),
) -> Transition[S]:
    """An arrow of a track; its event is the state to which it leads."""
    return Transition(
        name,
        frozenset(sources),
        target,
        by,
        f"{track}.{target.value}",
        doc,
        label_de=labels[0],
        label_en=labels[1],
        reasons=reasons,
        guards=guards,
    )
