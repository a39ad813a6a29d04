"""What endpoints and deliveries take and answer. A secret is shown once and kept sealed."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from integration_api.kernel.scalars import Id, Instant, Text
from integration_api.kernel.schemas import UNSET, Out, PageInfo, PageQuery, Schema, Unset

from .lifecycle import WEBHOOK_ENDPOINT, WebhookEndpointStatus

HOST = r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?"
FORM = rf"^https?://{HOST}(:[1-9][0-9]{{0,4}})?(/[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*)?$"
"""No user, no fragment, no address in brackets; names in ASCII, as DNS has them."""
Url = Annotated[
    Text,
    Field(
        max_length=2000,
        pattern=FORM,
        description="Where events are sent: https, at port 443 or another that the operator"
        " allows. Put no secret in it: what is sent is signed.",
        examples=["https://hooks.example.org/integration"],
    ),
]
EventType = Annotated[
    Text,
    Field(
        max_length=100,
        pattern=r"^[a-z_]+\.[a-z_]+$",
        description="A type of the contract's `webhooks`.",
        examples=["referral.accepted"],
    ),
]
EventTypes = Annotated[
    list[EventType], Field(max_length=500, description="What is sent; none: every type.")
]
Description = Annotated[
    Text,
    Field(
        min_length=1,
        max_length=200,
        description="What the endpoint is for; no names of people.",
        examples=["Fachverfahren Leistung"],
    ),
]


class DeliveryStatus(StrEnum):
    """How far a delivery is.

    - `due`: to be sent, now or at `next_at`
    - `done`: the endpoint answered 2xx
    - `dead`: every attempt failed
    - `dropped`: not sent, because the agency may not know of it any more
    """

    DUE = "due"
    DONE = "done"
    DEAD = "dead"
    DROPPED = "dropped"


class DisabledReason(StrEnum):
    """Why an endpoint is disabled.

    - `owner`: its agency did it
    - `gone`: it answered 410
    - `failing`: every attempt of five days failed
    """

    OWNER = "owner"
    GONE = "gone"
    FAILING = "failing"


class WebhookEndpointIn(Schema):
    """A new endpoint of the caller's agency."""

    url: Url
    types: EventTypes = []
    description: Description | None = None


class WebhookEndpointPatch(Schema):
    """Changes of an endpoint (RFC 7396)."""

    url: Annotated[Url | Unset, UNSET]
    types: Annotated[EventTypes | Unset, UNSET]
    description: Annotated[Description | Unset | None, UNSET]


class ReplayWebhooks(Schema):
    """Which events are sent again: from an instant or after a cursor of the feed, to an instant."""

    from_at: Annotated[Instant | None, Field(description="Not before this instant.")] = None
    after: Annotated[
        Text | None,
        Field(
            max_length=1024,
            pattern=r"^[A-Za-z0-9_-]+$",
            description="What came after this `next_cursor` of `GET /v1/changes`.",
        ),
    ] = None
    to_at: Annotated[Instant | None, Field(description="Before this instant; absent: now.")] = None

    @model_validator(mode="after")
    def _ordered(self) -> "ReplayWebhooks":
        if (self.from_at is None) == (self.after is None):
            raise PydanticCustomError("one_of_both", "begins at an instant or after a cursor")
        if self.to_at is not None and self.from_at is not None and self.to_at <= self.from_at:
            raise PydanticCustomError("period_order", "ends before it begins")
        return self


class WebhookReplayOut(Out):
    """A replay that is being queued."""

    from_at: Annotated[datetime | None, Field(description="UTC; null: it began after a cursor.")]
    to_at: Annotated[datetime, Field(description="UTC.")]


class WebhookEndpointOut(Out):
    """An endpoint, without its secrets."""

    model_config = {"json_schema_extra": {"x-lifecycle": WEBHOOK_ENDPOINT.openapi()}}

    id: UUID
    agency_id: Annotated[UUID, Field(description="To whom the events are addressed.")]
    url: Annotated[str, Field(examples=["https://hooks.example.org/integration"])]
    types: Annotated[list[str], Field(description="What is sent; none: every type.")]
    description: str | None
    networks: Annotated[
        list[str],
        Field(description="Private networks, as CIDR, that the operator lets it be in."),
    ]
    status: WebhookEndpointStatus
    disabled_reason: DisabledReason | None
    disabled_at: Annotated[datetime | None, Field(description="UTC; null while it is enabled.")]
    failing_since: Annotated[
        datetime | None, Field(description="UTC, first failure since the last success.")
    ]
    secrets_valid: Annotated[
        int, Field(description="How many secrets sign now: 1, or more within 24 h of a rotation.")
    ]
    replay: WebhookReplayOut | None
    allowed_actions: Annotated[list[str], Field(description="Arrows the caller may fire now.")]
    created_at: datetime
    updated_at: datetime


class WebhookEndpointSecretOut(WebhookEndpointOut):
    """An endpoint with its new secret."""

    secret: Annotated[
        str | None,
        Field(
            description="`whsec_` and 32 random bytes in Base64, as the libraries of Standard"
            " Webhooks take it. Shown this once: a repetition with the same `Idempotency-Key`"
            " shows null; rotate once more if it was lost."
        ),
    ]


class WebhookEndpointPage(Out):
    """One page of endpoints."""

    items: list[WebhookEndpointOut]
    page: PageInfo


class WebhookEndpointFilter(PageQuery):
    """Narrows endpoints."""

    status: Annotated[WebhookEndpointStatus | None, Field(description="Only in this state.")] = None


class WebhookAttemptOut(Out):
    """One attempt to deliver."""

    at: Annotated[datetime, Field(description="UTC, when it was over.")]
    latency_ms: Annotated[int, Field(description="Milliseconds it took.")]
    status_code: Annotated[int | None, Field(description="Of the answer; null: there was none.")]
    error: Annotated[
        str | None,
        Field(
            description="Why there was no answer: address_not_allowed, connection, malformed,"
            " timeout, tls, url; or secret_lost: rotate the secret."
        ),
    ]
    answer: Annotated[
        str | None, Field(description="The first kilobyte of the answer's body, without headers.")
    ]


class WebhookDeliverySummary(Out):
    """A delivery in a list."""

    id: UUID
    endpoint_id: UUID
    event_id: Annotated[UUID, Field(description="`webhook-id` of the request, `id` of the event.")]
    type: Annotated[str, Field(examples=["referral.accepted"])]
    aggregate_type: Annotated[str, Field(examples=["referral"])]
    aggregate_id: Annotated[UUID, Field(description="What the event is about.")]
    status: DeliveryStatus
    reason: Annotated[str | None, Field(description="Why it is dropped: not_visible.")]
    attempts_made: Annotated[int, Field(description="Since it was queued, or queued again.")]
    next_at: Annotated[datetime | None, Field(description="UTC; null when it has ended.")]
    ended_at: datetime | None
    created_at: datetime


class WebhookDeliveryOut(WebhookDeliverySummary):
    """A delivery with its attempts, newest first, twenty at most."""

    attempts: list[WebhookAttemptOut]


class WebhookDeliveryPage(Out):
    """One page of deliveries."""

    items: list[WebhookDeliverySummary]
    page: PageInfo


class WebhookDeliveryFilter(PageQuery):
    """Narrows deliveries."""

    endpoint_id: Annotated[Id | None, Field(description="Only to this endpoint.")] = None
    status: Annotated[DeliveryStatus | None, Field(description="Only in this state.")] = None
    aggregate_id: Annotated[
        Id | None, Field(description="Only of events about this case or other resource.")
    ] = None
