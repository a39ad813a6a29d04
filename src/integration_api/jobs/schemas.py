"""What jobs answer."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field

from integration_api.kernel.schemas import Out

from .lifecycle import JOB, JobStatus


class JobKind(StrEnum):
    """What a job does."""

    EXPORT = "export"
    IMPORT = "import"


class JobProgress(Out):
    """How far a job is, in rows."""

    done: Annotated[int, Field(description="Rows that are done.")]
    total: Annotated[int | None, Field(description="Rows altogether; null while not known.")]


class JobProblem(Out):
    """Why a job failed (RFC 9457)."""

    type: Annotated[str, Field(description="Address of the kind of problem.")]
    title: Annotated[str, Field(description="What it is, in the language of the request.")]
    status: Annotated[int, Field(description="The status that a request would have met.")]
    detail: Annotated[str, Field(description="Its cause, in the language of the request.")]


class JobOut(Out):
    """A job of the client that asked for it."""

    model_config = {"json_schema_extra": {"x-lifecycle": JOB.openapi()}}

    id: UUID
    kind: JobKind
    status: JobStatus
    progress: JobProgress
    result_url: Annotated[
        str | None, Field(description="Where the result is; null unless it succeeded.")
    ]
    problem: Annotated[JobProblem | None, Field(description="Why it failed; null unless it did.")]
    allowed_actions: Annotated[list[str], Field(description="Arrows the caller may fire now.")]
    created_at: datetime
    updated_at: datetime
    finished_at: datetime | None
    expires_at: Annotated[
        datetime | None, Field(description="From then on it is 410; null while it is not over.")
    ]
