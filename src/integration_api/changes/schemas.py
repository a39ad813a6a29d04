"""What the feed takes and answers."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from integration_api.kernel.scalars import PageLimit, Seconds, Text
from integration_api.kernel.schemas import Out, Query

After = Annotated[
    Text,
    Field(
        min_length=1,
        max_length=1024,
        pattern=r"^[A-Za-z0-9_-]+$",
        description="`next_cursor` of the page before, or the cursor of an export; `latest`: only"
        " what comes from now on; absent: from the oldest event that is kept.",
    ),
]
Types = Annotated[
    Text,
    Field(
        min_length=3,
        max_length=2000,
        pattern=r"^[a-z_]+\.[a-z_]+(,[a-z_]+\.[a-z_]+)*$",
        description="Only these types, with commas between them.",
        examples=["referral.sent,referral.accepted"],
    ),
]


class ChangeQuery(Query):
    """From where the feed is read, and what of it."""

    after: After | None = None
    types: Types | None = None
    limit: Annotated[PageLimit, Field(description="Most events on the page.")] = 50
    wait: Annotated[
        Seconds, Field(description="Seconds to wait for an event where there is none yet.")
    ] = 0


class EventData(Out):
    """Which thing it is, without anything that it says."""

    version: Annotated[int, Field(description="Its version since.")]
    changed: Annotated[list[str], Field(description="Names of what was changed.")]


class Event(Out):
    """Something that happened to a thing; see the event types for `data`."""

    id: UUID
    type: str
    occurred_at: Annotated[datetime, Field(description="UTC.")]
    data: EventData


class FeedPlace(Out):
    """Where to go on."""

    next_cursor: Annotated[
        str, Field(description="Also of an empty page: what comes next is after it.")
    ]
    limit: Annotated[int, Field(description="Most events on the page.")]


class ChangePage(Out):
    """A page of the feed."""

    items: list[Event]
    page: FeedPlace
