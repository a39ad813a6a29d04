"""What the logs answer: ids, codes and instants, never a name or a value."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from integration_api.kernel.scalars import Code, Id, Instant, Text, in_list
from integration_api.kernel.schemas import Out, PageInfo, PageQuery

Purpose = Annotated[Code, in_list("purposes", "case_management")]
Agency = Annotated[Id | None, Field(description="Only of this agency.")]
Since = Annotated[Instant | None, Field(description="Not before this instant.")]
Until = Annotated[Instant | None, Field(description="Before this instant.")]
Action = Annotated[
    Text,
    Field(
        min_length=3,
        max_length=80,
        pattern=r"^[a-z_]+\.[a-z_]+$",
        description="Noun and what happened to it.",
        examples=["referral.accepted"],
    ),
]


class AccessRecordOut(Out):
    """One answer that showed personal data: a list is one record."""

    id: UUID
    at: Annotated[datetime, Field(description="UTC.")]
    agency_id: Annotated[UUID, Field(description="The agency for which it was read.")]
    client_id: Annotated[UUID, Field(description="The client, or the member who logged in.")]
    member_id: Annotated[UUID | None, Field(description="The person at the desk, if any.")]
    purpose: Purpose
    operation: Annotated[
        str, Field(description="operationId of this contract.", examples=["getPerson"])
    ]
    resource_id: Annotated[
        UUID | None, Field(description="The id in the path, such as the case's; null in lists.")
    ]
    subject_ids: Annotated[list[UUID], Field(description="The persons that the answer showed.")]
    compartments: Annotated[
        list[Annotated[Code, in_list("compartments", "core")]],
        Field(description="The compartments that it showed."),
    ]
    request_id: UUID


class AccessRecordPage(Out):
    """One page of access records."""

    items: list[AccessRecordOut]
    page: PageInfo


class AccessRecordFilter(PageQuery):
    """Narrows access records."""

    person_id: Annotated[Id | None, Field(description="Only what showed this person.")] = None
    resource_id: Annotated[
        Id | None,
        Field(description="Only reads of this case or other resource, and of what is below it."),
    ] = None
    agency_id: Agency = None
    principal_id: Annotated[Id | None, Field(description="Only by this client or member.")] = None
    at_from: Since = None
    at_to: Until = None


class AuditEntryOut(Out):
    """One change: who, what, why; no values."""

    id: UUID
    recorded_at: Annotated[datetime, Field(description="UTC, when the database wrote it.")]
    at: Annotated[datetime, Field(description="UTC, when it happened.")]
    agency_id: UUID
    client_id: UUID
    actor_id: Annotated[UUID, Field(description="The member, or the client of a machine.")]
    action: Action
    object_type: Annotated[str, Field(examples=["referral"])]
    object_id: UUID
    version: Annotated[int, Field(description="Version of the object after the change.")]
    purpose: Annotated[Purpose | None, Field(description="What it was done for.")]
    reason: Annotated[str | None, Field(description="Code of the reason, where one was given.")]
    request_id: UUID
    sequence: Annotated[
        int | None, Field(description="Place in the chain; null for a second, until it is sealed.")
    ]
    hash: Annotated[str | None, Field(description="SHA-256 of the chain up to this entry, in hex.")]


class AuditEntryPage(Out):
    """One page of audit entries."""

    items: list[AuditEntryOut]
    page: PageInfo


class AuditEntryFilter(PageQuery):
    """Narrows audit entries."""

    object_id: Annotated[Id | None, Field(description="Only changes of this object.")] = None
    actor_id: Annotated[Id | None, Field(description="Only by this member or machine.")] = None
    action: Annotated[Action | None, Field(description="Only of this kind.")] = None
    agency_id: Agency = None
    recorded_at_from: Since = None
    recorded_at_to: Until = None
