"""What consents take and answer."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from integration_api.kernel.scalars import Code, Id, Instant, LanguageTag, Text, in_list
from integration_api.kernel.schemas import Out, PageInfo, PageQuery, Schema

from .lifecycle import CONSENT, ConsentStatus

Compartments = Annotated[
    list[Annotated[Code, in_list("compartments", "core")]],
    Field(min_length=1, max_length=8, description="Kinds of data."),
]


DATA_PROCESSING, RELEASE = "data_processing", "confidentiality_release"
"""The two instruments: they ground different things and never stand for each other."""


class Guardian(Schema):
    """Who consents for the person or with it."""

    relation: Annotated[
        Annotated[Code, in_list("guardian_relations", "parent")], Field(description="Which.")
    ]
    person_id: Annotated[
        Id | None, Field(description="The guardian, where recorded as a person.")
    ] = None


class Evidence(Schema):
    """Where the consent itself is kept (Art. 7(1) GDPR)."""

    kind: Annotated[
        Annotated[Code, in_list("consent_evidence", "paper_file")], Field(description="Which.")
    ]
    reference: Annotated[
        Text,
        Field(
            min_length=1,
            max_length=120,
            description="File number there; never a name.",
            examples=["KIM-2026-118/4"],
        ),
    ]


class ConsentIn(Schema):
    """A consent as the person gave it."""

    person_id: Annotated[Id, Field(description="Who consents.")]
    recipient_agency_ids: Annotated[
        list[Id], Field(min_length=1, max_length=20, description="Who may receive data.")
    ]
    compartments: Compartments
    purposes: Annotated[
        list[Annotated[Code, in_list("purposes", "case_management")]],
        Field(min_length=1, max_length=10, description="What for."),
    ]
    instrument: Annotated[
        Annotated[Code, in_list("consent_instruments", "data_processing")],
        Field(description="Kind."),
    ]
    released_functions: Annotated[
        list[Annotated[Code, in_list("secrecy_functions", "social_worker")]],
        Field(
            max_length=10,
            description="Who is released from confidentiality: functions bound to secrecy, never an"
            " institution (§ 203 StGB). Of `confidentiality_release` alone.",
        ),
    ] = []
    guardian: Annotated[
        Guardian | None, Field(description="Needed where the person is surely a minor.")
    ] = None
    evidence: Annotated[Evidence | None, Field(description="Where it is kept.")] = None
    form: Annotated[
        Annotated[Code, in_list("consent_forms", "written")], Field(description="How it was given.")
    ]
    language_version: Annotated[LanguageTag, Field(description="Language of the text (BCP 47).")]
    informed_at: Annotated[
        Instant, Field(description="When the person was informed; not after it consented.")
    ]
    granted_at: Annotated[Instant, Field(description="When the person consented.")]
    valid_from: Annotated[
        Instant | None, Field(description="Default, and earliest: when it was granted.")
    ] = None
    valid_to: Annotated[
        Instant | None, Field(description="Default: 12 months after `valid_from`.")
    ] = None

    @model_validator(mode="after")
    def _period(self) -> Self:
        start = self.valid_from or self.granted_at
        ordered = self.informed_at <= self.granted_at <= start
        if not ordered or (self.valid_to and self.valid_to <= start):
            raise PydanticCustomError("period_order", "ends before it begins")
        return self

    @model_validator(mode="after")
    def _release(self) -> Self:
        if (self.instrument == RELEASE) != bool(self.released_functions):
            raise PydanticCustomError("release_names_functions", "a release names functions")
        return self


class GuardianOut(Out):
    """Who consented for the person or with it."""

    relation: Annotated[Code, in_list("guardian_relations", "parent")]
    person_id: UUID | None


class EvidenceOut(Out):
    """Where the consent itself is kept."""

    kind: Annotated[Code, in_list("consent_evidence", "paper_file")]
    reference: str


class ConsentOut(Out):
    """A consent and whether it still stands."""

    model_config = {"json_schema_extra": {"x-lifecycle": CONSENT.openapi()}}

    id: UUID
    person_id: UUID
    controller_agency_id: UUID
    recipient_agency_ids: list[UUID]
    compartments: list[Annotated[Code, in_list("compartments", "core")]]
    purposes: list[Annotated[Code, in_list("purposes", "case_management")]]
    instrument: Annotated[Code, in_list("consent_instruments", "data_processing")]
    released_functions: list[Annotated[Code, in_list("secrecy_functions", "social_worker")]]
    guardian: GuardianOut | None
    evidence: EvidenceOut | None
    form: Annotated[Code, in_list("consent_forms", "written")]
    language_version: str
    informed_at: datetime
    granted_at: datetime
    valid_from: datetime
    valid_to: Annotated[datetime, Field(description="First instant at which it no longer holds.")]
    status: ConsentStatus
    effective: Annotated[bool, Field(description="Granted and within its term now.")]
    revoked_at: datetime | None
    allowed_actions: Annotated[list[str], Field(description="Arrows the caller may fire now.")]
    created_at: datetime
    updated_at: datetime


class ConsentPage(Out):
    """One page of consents."""

    items: list[ConsentOut]
    page: PageInfo


class ConsentFilter(PageQuery):
    """Narrows consents."""

    person_id: Annotated[Id | None, Field(description="Only this person's.")] = None
    status: Annotated[ConsentStatus | None, Field(description="Only in this state.")] = None
