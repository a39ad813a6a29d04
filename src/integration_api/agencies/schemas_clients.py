"""What API clients take and answer. A key's text is shown once and stored nowhere."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from integration_api.kernel.scalars import Code, Id, Int, Text, in_list
from integration_api.kernel.schemas import Out, PageInfo, PageQuery, Schema
from integration_api.kernel.scopes import Scope

Days = Annotated[Int, Field(ge=1, le=1095, description="Until the key expires.", examples=[365])]
PurposeCode = Annotated[Code, in_list("purposes", "case_management")]


class ApiClientIn(Schema):
    """A new client of the own agency or of one of its teams: a machine, no person."""

    agency_id: Annotated[
        Id | None, Field(description="The own agency or a team of it; absent: the own.")
    ] = None
    name: Annotated[
        Text,
        Field(
            min_length=1,
            max_length=200,
            description="What it is called in the list of clients.",
            examples=["Fachverfahren Leistung"],
        ),
    ]
    scopes: Annotated[
        list[Scope], Field(min_length=1, max_length=100, description="What it may do at all.")
    ]
    purposes: Annotated[
        list[PurposeCode],
        Field(min_length=1, max_length=20, description="For what it processes personal data."),
    ]
    key_days: Days = 365


class RotateKey(Schema):
    """The next key of a client."""

    key_days: Days = 365


class RevokeKey(Schema):
    """The key that ends."""

    key_id: Annotated[Id, Field(description="One of the client's `keys`.")]


class ApiKeyOut(Out):
    """A key, without its text."""

    id: UUID
    created_at: Annotated[datetime, Field(description="UTC.")]
    expires_at: Annotated[datetime, Field(description="UTC.")]
    revoked_at: Annotated[datetime | None, Field(description="UTC; null while it is not.")]
    last_used_at: Annotated[datetime | None, Field(description="UTC, to the minute.")]


class ApiClientOut(Out):
    """A client with its keys, newest first."""

    id: UUID
    agency_id: UUID
    member_id: Annotated[UUID | None, Field(description="Whom it speaks for; null: a machine.")]
    name: str
    scopes: Annotated[list[str], Field(description="What it may do at all.")]
    purposes: list[PurposeCode]
    subject: Annotated[
        str | None,
        Field(description="As what it logs in at the issuer; bound on the command line."),
    ]
    keys: list[ApiKeyOut]
    revoked_at: Annotated[datetime | None, Field(description="UTC; null while it lives.")]
    created_at: Annotated[datetime, Field(description="UTC.")]
    updated_at: Annotated[datetime, Field(description="UTC, last change.")]


class ApiClientKeyOut(ApiClientOut):
    """A client with the text of its new key."""

    key: Annotated[
        str | None,
        Field(
            description="Send it as `Authorization: Bearer …`. Shown this once: a repetition with"
            " the same `Idempotency-Key` shows null; rotate once more if it was lost."
        ),
    ]


class ApiClientPage(Out):
    """One page of clients."""

    items: list[ApiClientOut]
    page: PageInfo


class ApiClientFilter(PageQuery):
    """Narrows clients."""

    agency_id: Annotated[Id | None, Field(description="Only of this agency.")] = None
