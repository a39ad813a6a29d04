"""How an offer is published, paused and ended."""

from enum import StrEnum

from integration_api.kernel.lifecycle import Label, Lifecycle, Transition


class OfferStatus(StrEnum):
    """States of an offer."""

    DRAFT = "draft"
    PUBLISHED = "published"
    PAUSED = "paused"
    ENDED = "ended"


class OfferParty(StrEnum):
    """Who moves an offer."""

    PROVIDER = "provider"


S = OfferStatus
PROVIDER = frozenset({OfferParty.PROVIDER.value})
LISTED = (S.PAUSED, S.PUBLISHED)
"""What a list shows where it is not asked for another state."""


def _arrow(
    name: str, sources: set[OfferStatus], target: OfferStatus, event: str, doc: str, label: Label
) -> Transition[OfferStatus]:
    return Transition(
        name,
        frozenset(sources),
        target,
        PROVIDER,
        f"offer.{event}",
        doc,
        label_de=label[0],
        label_en=label[1],
    )


OFFER: Lifecycle[OfferStatus] = Lifecycle(
    "offer",
    OfferStatus,
    (S.DRAFT,),
    (
        _arrow(
            "publish",
            {S.DRAFT},
            S.PUBLISHED,
            "published",
            "Publish an offer. From now on everybody sees it; it is never a draft again.",
            ("Veröffentlichen", "Publish"),
        ),
        _arrow(
            "pause",
            {S.PUBLISHED},
            S.PAUSED,
            "paused",
            "Pause an offer. It stays visible, as temporarily closed.",
            ("Aussetzen", "Pause"),
        ),
        _arrow(
            "resume",
            {S.PAUSED},
            S.PUBLISHED,
            "resumed",
            "Resume a paused offer.",
            ("Wieder aufnehmen", "Resume"),
        ),
        _arrow(
            "end",
            {S.PUBLISHED, S.PAUSED},
            S.ENDED,
            "ended",
            "End an offer. It leaves the lists and can still be read, so that nobody hears of it"
            " from a stale copy alone.",
            ("Beenden", "End"),
        ),
    ),
    labels={
        S.DRAFT: ("Entwurf", "draft"),
        S.PUBLISHED: ("veröffentlicht", "published"),
        S.PAUSED: ("ausgesetzt", "paused"),
        S.ENDED: ("beendet", "ended"),
    },
    parties={OfferParty.PROVIDER: ("anbietende Stelle", "provider")},
)
EVENTS = {
    "offer.created": "An offer was drafted.",
    "offer.changed": "An offer was changed.",
}
