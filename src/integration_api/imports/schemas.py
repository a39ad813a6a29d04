"""What imports take and answer."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field

from integration_api.cases.schemas import System
from integration_api.jobs.lifecycle import JobStatus
from integration_api.kernel.scalars import Flag, Text
from integration_api.kernel.schemas import Out, PageInfo, Schema

MOST_PARTS = 50
Column = Annotated[
    Text, Field(max_length=100, description="Name of a column.", examples=["Aktenzeichen"])
]


class ImportType(StrEnum):
    """What an import holds, by the nouns of the events."""

    CASE = "case"


class Delimiter(StrEnum):
    """What stands between two cells."""

    COMMA = ","
    SEMICOLON = ";"


class ConcernColumns(Schema):
    """Where a concern stands in a row."""

    life_area: Column
    topic: Column


class ParticipantColumns(Schema):
    """Where a participant stands in a row."""

    person_id: Column
    role: Column


class CaseColumns(Schema):
    """A case, with the names of columns in the place of its values; an empty cell is no value."""

    external_id: Column
    concerns: Annotated[
        list[ConcernColumns], Field(max_length=30, description="One for each concern of a row.")
    ] = []
    participants: Annotated[
        list[ParticipantColumns], Field(max_length=20, description="One for each participant.")
    ] = []


class Csv(Schema):
    """How rows of a table become cases: UTF-8, RFC 4180; each part begins with the header."""

    delimiter: Annotated[Delimiter, Field(description="Between two cells.")] = Delimiter.SEMICOLON
    columns: CaseColumns


class ImportIn(Schema):
    """What is to be imported."""

    type: Annotated[ImportType, Field(description="What the lines are.")] = ImportType.CASE
    system: System
    csv: Annotated[
        Csv | None,
        Field(description="With it parts are CSV; without it each line is a JSON document."),
    ] = None
    dry_run: Annotated[
        Flag,
        Field(description="Only say what would happen, of each line against what is there now."),
    ] = False


class ConcernColumnsOut(Out):
    """Where a concern stands in a row."""

    life_area: str
    topic: str


class ParticipantColumnsOut(Out):
    """Where a participant stands in a row."""

    person_id: str
    role: str


class CaseColumnsOut(Out):
    """A case, with the names of columns in the place of its values."""

    external_id: str
    concerns: list[ConcernColumnsOut]
    participants: list[ParticipantColumnsOut]


class CsvOut(Out):
    """How rows of a table become cases."""

    delimiter: Delimiter
    columns: CaseColumnsOut


class ImportPartOut(Out):
    """A part that is there."""

    n: Annotated[int, Field(description="Its number, from 1.")]
    bytes: Annotated[int, Field(description="Its length.")]
    lines: Annotated[int, Field(description="Its lines, the header of a table among them.")]
    sha256: Annotated[str, Field(description="Of its content, in hexadecimal digits.")]


class ImportCounts(Out):
    """What came of the lines so far; in a dry run what would."""

    created: int
    updated: int
    unchanged: Annotated[int, Field(description="There already, with nothing to change.")]
    rejected: Annotated[int, Field(description="Not taken; see the problems of the import.")]


class ImportOut(Out):
    """An import of the client that asked for it."""

    id: UUID
    type: ImportType
    system: str
    csv: CsvOut | None
    dry_run: bool
    parts: Annotated[
        list[ImportPartOut], Field(description="Parts that are there; none once it has succeeded.")
    ]
    job_id: Annotated[UUID | None, Field(description="Null until it is started.")]
    status: Annotated[JobStatus | None, Field(description="That of its job.")]
    counts: ImportCounts
    created_at: datetime
    expires_at: Annotated[datetime, Field(description="From then on it is 404.")]


class ImportFinding(Out):
    """One thing that is wrong with a line."""

    pointer: Annotated[str | None, Field(description="Where, in the JSON document (RFC 6901).")]
    code: Annotated[str, Field(description="What, stable.")]
    detail: Annotated[str, Field(description="What, in the language of the request.")]


class ImportLineProblem(Out):
    """What a request with that line would have been refused with (RFC 9457)."""

    type: Annotated[str, Field(description="Address of the kind of problem.")]
    title: Annotated[str, Field(description="What it is, in the language of the request.")]
    status: Annotated[int, Field(description="The status of such a request.")]
    detail: Annotated[str, Field(description="Its cause, in the language of the request.")]
    errors: list[ImportFinding]


class ImportProblemOut(Out):
    """A line that was not taken."""

    index: Annotated[
        int, Field(description="Its place among all lines that hold something, from 0.")
    ]
    part: Annotated[int, Field(description="The part in which it stands.")]
    line: Annotated[int, Field(description="Its line in that part, from 1.")]
    external_id: Annotated[
        str | None, Field(description="Its number; null where it has no good one.")
    ]
    status: Annotated[int, Field(description="The status of its problem.")]
    problem: ImportLineProblem


class ImportProblemPage(Out):
    """One page of lines that were not taken, in their order."""

    items: list[ImportProblemOut]
    page: PageInfo
