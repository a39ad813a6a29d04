"""What `/v1/me` answers."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from integration_api.kernel.scalars import Code, in_list
from integration_api.kernel.schemas import Out


class MyMunicipality(Out):
    """The municipality of the caller."""

    id: UUID
    slug: str
    name: str


class MyAgency(Out):
    """The agency that the caller acts for."""

    id: UUID
    slug: str
    name: str
    type: Annotated[Code, in_list("agency_types", "jobcenter")]


class MyMember(Out):
    """The person at the desk, as a function."""

    id: UUID
    function_title: str
    roles: list[Annotated[Code, in_list("roles", "case_worker")]]


class Count(Out):
    """A bounded count: 0 to 99, then `more`; shown as `99+`."""

    count: Annotated[int, Field(ge=0, le=99, description="At most 99.")]
    more: Annotated[bool, Field(description="There are more than 99.")]


class Counts(Out):
    """How much waits."""

    incoming: Annotated[Count, Field(description="Referrals that wait for an answer.")]
    overdue: Annotated[
        Count,
        Field(
            description="Past the due date: unanswered by the caller's agency, or come back to it"
            " unanswered by another and not yet replaced."
        ),
    ]
    mine: Annotated[Count, Field(description="Open referrals claimed by the caller.")]


class MeOut(Out):
    """Who the caller is."""

    municipality: MyMunicipality
    agency: MyAgency
    member: Annotated[MyMember | None, Field(description="Null for a machine client.")]
    client_id: Annotated[
        UUID, Field(description="The client; for who logged in with a token, the member.")
    ]
    memberships: Annotated[
        list[MyAgency], Field(description="Agencies that `Acting-Agency` may name.")
    ]
    scopes: Annotated[list[str], Field(description="What the client may do.")]
    purposes: Annotated[
        list[Annotated[Code, in_list("purposes", "case_management")]],
        Field(description="Registered purposes of processing."),
    ]
    compartments: Annotated[
        list[Annotated[Code, in_list("compartments", "core")]],
        Field(description="What of a person the caller may ever see, whatever is disclosed."),
    ]
    counts: Counts
