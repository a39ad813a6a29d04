"""What tasks take and answer."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field

from integration_api.kernel.scalars import Code, in_list
from integration_api.kernel.schemas import Out, PageInfo, PageQuery, Schema

from .lifecycle import TASK, TaskStatus


class TaskKind(StrEnum):
    """What is to be done."""

    EMERGENCY_REVIEW = "emergency_review"


class CompleteTask(Schema):
    """What came of a task."""

    outcome: Annotated[
        Annotated[Code, in_list("review_outcomes", "justified")], Field(description="Of a review.")
    ]


class TaskOut(Out):
    """Work that the caller's agency owes."""

    model_config = {"json_schema_extra": {"x-lifecycle": TASK.openapi()}}

    id: UUID
    agency_id: Annotated[UUID, Field(description="Whose task it is.")]
    kind: TaskKind
    person_id: Annotated[UUID, Field(description="Whom it is about.")]
    disclosure_id: Annotated[UUID, Field(description="The emergency access to be reviewed.")]
    due_on: Annotated[date, Field(description="Last day, in working days of the state.")]
    status: TaskStatus
    outcome: Annotated[Code, in_list("review_outcomes", "justified")] | None
    completed_at: datetime | None
    completed_by_member_id: Annotated[UUID | None, Field(description="Null while open.")]
    allowed_actions: Annotated[list[str], Field(description="Arrows the caller may fire now.")]
    created_at: datetime
    updated_at: datetime


class TaskPage(Out):
    """One page of tasks."""

    items: list[TaskOut]
    page: PageInfo


class TaskFilter(PageQuery):
    """Narrows tasks."""

    status: Annotated[TaskStatus | None, Field(description="Only in this state.")] = None
