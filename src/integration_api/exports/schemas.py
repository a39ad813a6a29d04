"""What exports take and answer."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field

from integration_api.jobs.lifecycle import JobStatus
from integration_api.kernel.schemas import Out, Schema


class ResourceType(StrEnum):
    """What an export can hold, by the nouns of the events."""

    AGENCY = "agency"
    CASE = "case"
    OFFER = "offer"
    PERSON = "person"
    REFERRAL = "referral"
    SITE = "site"
    TANDEM_CASE = "tandem_case"
    TASK = "task"


class ExportFormat(StrEnum):
    """How the content is written."""

    NDJSON = "ndjson"


class ExportIn(Schema):
    """What is to be exported."""

    types: Annotated[
        list[ResourceType],
        Field(
            max_length=20,
            description="Types of resources; none: all that the client may read.",
            examples=[["case", "referral"]],
        ),
    ] = []
    format: Annotated[ExportFormat, Field(description="One JSON document on each line.")] = (
        ExportFormat.NDJSON
    )


class ExportOut(Out):
    """An export of the client that asked for it; what tells of its content is null until then."""

    id: Annotated[UUID, Field(description="That of its job.")]
    status: Annotated[JobStatus, Field(description="That of its job.")]
    types: list[ResourceType]
    format: ExportFormat
    as_of: Annotated[datetime | None, Field(description="The moment of the content.")]
    cursor: Annotated[
        str | None,
        Field(description="Where to go on in the feed: a place before that moment, not after it."),
    ]
    lines: Annotated[int | None, Field(description="Resources in the content.")]
    bytes: Annotated[int | None, Field(description="Length of the content, not compressed.")]
    sha256: Annotated[str | None, Field(description="Of the content, in hexadecimal digits.")]
    content_url: Annotated[str | None, Field(description="Where the content is.")]
    created_at: datetime
    expires_at: Annotated[
        datetime | None, Field(description="From then on it is 410; null while it is not over.")
    ]
