"""How an endpoint is switched off and on."""

from enum import StrEnum

from integration_api.kernel.lifecycle import SYSTEM, Label, Lifecycle, Transition


class WebhookEndpointStatus(StrEnum):
    """States of an endpoint."""

    ENABLED = "enabled"
    DISABLED = "disabled"


class WebhookEndpointParty(StrEnum):
    """Who moves an endpoint."""

    OWNER = "owner"


S = WebhookEndpointStatus
OWNER = frozenset({WebhookEndpointParty.OWNER.value})


def _arrow(
    name: str,
    target: WebhookEndpointStatus,
    by: frozenset[str],
    doc: str,
    label: Label,
) -> Transition[WebhookEndpointStatus]:
    (source,) = set(S) - {target}
    event = f"webhook_endpoint.{target.value}"
    return Transition(
        name, frozenset({source}), target, by, event, doc, label_de=label[0], label_en=label[1]
    )


WEBHOOK_ENDPOINT: Lifecycle[WebhookEndpointStatus] = Lifecycle(
    "webhook_endpoint",
    WebhookEndpointStatus,
    (S.ENABLED,),
    (
        _arrow(
            "disable",
            S.DISABLED,
            OWNER,
            "Disable an endpoint. New events are not queued for it; what is queued waits.",
            ("Abschalten", "Disable"),
        ),
        _arrow(
            "enable",
            S.ENABLED,
            OWNER,
            "Enable an endpoint. What waits is sent; a replay brings what came meanwhile.",
            ("Einschalten", "Enable"),
        ),
        _arrow(
            "give_up",
            S.DISABLED,
            frozenset({SYSTEM}),
            "It answered 410, or every attempt of five days failed.",
            ("Aufgegeben", "Given up"),
        ),
    ),
    labels={S.ENABLED: ("eingeschaltet", "enabled"), S.DISABLED: ("abgeschaltet", "disabled")},
    parties={
        WebhookEndpointParty.OWNER: ("betreibende Stelle", "owner"),
        SYSTEM: ("das System", "the system"),
    },
)
TEST = "webhook.test"
"""The type of the event that a test sends."""
EVENTS = {
    "webhook_endpoint.created": "An endpoint was added.",
    "webhook_endpoint.changed": "Address, types or description of an endpoint were changed.",
    "webhook_endpoint.secret_rotated": "An endpoint was given its next secret.",
    TEST: "Somebody tries an endpoint, which `webhook_id` names; it stands in no feed.",
}
