"""What members take and answer: functions and roles, never names."""

from datetime import date, datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from integration_api.kernel.scalars import Code, Day, Id, Text, in_list
from integration_api.kernel.schemas import UNSET, Out, PageInfo, PageQuery, Schema, Unset

Function = Annotated[
    Text,
    Field(
        min_length=1,
        max_length=200,
        description="What the person at the desk does; no name.",
        examples=["Sachbearbeitung Leistung"],
    ),
]
Role = Annotated[Code, in_list("roles", "case_worker")]
Roles = Annotated[
    list[Role], Field(min_length=1, max_length=20, description="What the member may do and see.")
]
ActiveTo = Annotated[Day | None, Field(description="First day on which it is no member any more.")]


class Login(Schema):
    """Who logs in as this member, as the issuer's tokens say."""

    issuer: Annotated[
        Text,
        Field(
            min_length=8,
            max_length=255,
            pattern=r"^https?://[!-~]+$",
            description="`iss` of the tokens, to the letter.",
            examples=["https://login.example.org/realms/city"],
        ),
    ]
    subject: Annotated[
        Text,
        Field(
            min_length=1,
            max_length=255,
            pattern=r"^[ -~]+$",
            description="`sub` of the tokens: a pseudonym of the issuer.",
            examples=["5f8c1d2e"],
        ),
    ]


class MemberIn(Schema):
    """A new member of the own agency or of one of its teams."""

    agency_id: Annotated[
        Id | None, Field(description="The own agency or a team of it; absent: the own.")
    ] = None
    function_title: Function
    roles: Roles
    active_from: Annotated[Day | None, Field(description="First day; absent: today.")] = None
    active_to: ActiveTo = None
    login: Annotated[Login | None, Field(description="Who logs in; it can be bound later.")] = None

    @model_validator(mode="after")
    def _period(self) -> Self:
        if self.active_from and self.active_to and self.active_to <= self.active_from:
            raise PydanticCustomError("period_order", "ends before it begins")
        return self


class MemberPatch(Schema):
    """Changes of a member (RFC 7396): absent keeps, null clears."""

    function_title: Annotated[Function | Unset, UNSET]
    roles: Annotated[Roles | Unset, UNSET]
    active_to: Annotated[ActiveTo | Unset, UNSET]
    login: Annotated[Login | Unset | None, UNSET]


class LoginOut(Out):
    """Who logs in, as the issuer's tokens say."""

    issuer: str
    subject: str


class MemberOut(Out):
    """A function at a desk, and what it may do."""

    id: UUID
    agency_id: UUID
    function_title: str
    roles: list[Role]
    active_from: Annotated[date, Field(description="First day.")]
    active_to: Annotated[date | None, Field(description="First day on which it is none any more.")]
    can_log_in: Annotated[bool, Field(description="Somebody of the issuer is bound to it.")]
    login: Annotated[
        LoginOut | None, Field(description="Shown to the administration of the agency alone.")
    ]
    created_at: Annotated[datetime, Field(description="UTC.")]
    updated_at: Annotated[datetime, Field(description="UTC, last change.")]


class MemberPage(Out):
    """One page of members."""

    items: list[MemberOut]
    page: PageInfo


class MemberFilter(PageQuery):
    """Narrows members."""

    agency_id: Annotated[Id | None, Field(description="Only of this agency.")] = None
    role: Annotated[Role | None, Field(description="Only with this role.")] = None
