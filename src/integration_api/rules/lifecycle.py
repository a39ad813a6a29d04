"""How a rule pack comes to answer: drafted, reviewed, released by a second person, superseded."""

from enum import StrEnum

from integration_api.kernel.lifecycle import SYSTEM, Guard, Lifecycle, Transition


class RulePackStatus(StrEnum):
    """States of a rule pack; only a released one answers."""

    DRAFT = "draft"
    REVIEW = "review"
    PENDING_LEGISLATION = "pending_legislation"
    RELEASED = "released"
    SUPERSEDED = "superseded"


class RulePackParty(StrEnum):
    """Who moves a rule pack."""

    EDITOR = "editor"


S = RulePackStatus
EDITORS = frozenset({RulePackParty.EDITOR.value})
PUBLISHED = (S.PENDING_LEGISLATION, S.RELEASED, S.SUPERSEDED)
"""States in which everybody may read it; drafts are the municipality's own business."""
SECOND_PERSON = Guard(
    "second_person",
    "Freigeben muss eine andere Person als die, die vorgelegt hat.",
    "Another person than the one who submitted it has to release it.",
)
SOUND = Guard(
    "sound",
    "Diese Version kann das Regelwerk so nicht anwenden; bitte zurückgeben und ändern.",
    "This version cannot apply the pack as it is; return and change it.",
)


def _arrow(
    name: str, sources: set[S], target: S, event: str, doc: str, labels: tuple[str, str]
) -> Transition[S]:
    guards = (SECOND_PERSON, SOUND) if target is S.RELEASED else ()
    by = {SYSTEM} if target is S.SUPERSEDED else {RulePackParty.EDITOR}
    said = (f"rule_pack.{event}", doc, *labels)
    return Transition(name, frozenset(sources), target, frozenset(by), *said, guards=guards)


RULE_PACK: Lifecycle[RulePackStatus] = Lifecycle(
    "rule_pack",
    RulePackStatus,
    (S.DRAFT, S.RELEASED, S.PENDING_LEGISLATION),
    (
        _arrow(
            "submit",
            {S.DRAFT},
            S.REVIEW,
            "submitted",
            "Submit a rule pack. From now on its content stands; a second person looks at it.",
            ("Vorlegen", "Submit"),
        ),
        _arrow(
            "return",
            {S.REVIEW},
            S.DRAFT,
            "returned",
            "Return a rule pack to its draft. It can be changed and submitted again.",
            ("Zurückgeben", "Return"),
        ),
        _arrow(
            "release",
            {S.REVIEW},
            S.RELEASED,
            "released",
            "Release a rule pack. It answers from the next request on, in every process; the"
            " released pack of the same code is superseded in the same transaction.",
            ("Freigeben", "Release"),
        ),
        _arrow(
            "hold",
            {S.DRAFT},
            S.PENDING_LEGISLATION,
            "held",
            "Hold a rule pack until its law is in force. It answers nothing meanwhile.",
            ("Zurückstellen", "Hold"),
        ),
        _arrow(
            "resume",
            {S.PENDING_LEGISLATION},
            S.DRAFT,
            "resumed",
            "Resume a rule pack that was held. It is a draft again.",
            ("Wieder aufnehmen", "Resume"),
        ),
        _arrow(
            "supersede",
            {S.RELEASED, S.PENDING_LEGISLATION},
            S.SUPERSEDED,
            "superseded",
            "A newer pack of the same code takes its place.",
            ("Ablösen", "Supersede"),
        ),
    ),
    labels={
        S.DRAFT: ("Entwurf", "draft"),
        S.REVIEW: ("in Prüfung", "in review"),
        S.PENDING_LEGISLATION: ("wartet auf Gesetz", "awaits legislation"),
        S.RELEASED: ("freigegeben", "released"),
        S.SUPERSEDED: ("abgelöst", "superseded"),
    },
    parties={
        RulePackParty.EDITOR: ("Pflege der Rechtsregeln", "rule editor"),
        SYSTEM: ("System", "system"),
    },
)
EVENTS = {
    "rule_pack.drafted": "A draft of a rule pack was written.",
    "rule_pack.changed": "A draft of a rule pack was changed.",
}
