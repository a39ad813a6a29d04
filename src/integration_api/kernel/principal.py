"""The principal of a request, the gate that admits it, its purpose, its context for Postgres."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Header, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from .problems import InvalidPurpose, MissingScope
from .scalars import Code
from .scopes import Scope

_CODES = re.compile(r"[a-z_]*(,[a-z_]+)*", re.ASCII)
_NO_ID = UUID(int=0)
_CONTEXT = "".join(
    f"SET LOCAL app.{name}='{{{name}}}';"
    for name in (
        *("municipality_id", "agency_id", "client_id", "member_id"),
        *("compartments", "assigned_only"),
    )
)
_VALUES = re.compile("'([^']*)'")
NOBODY = re.sub(r"\{\w+\}", "", _CONTEXT)


def context_sql(
    municipality_id: UUID,
    agency_id: UUID,
    client_id: UUID,
    member_id: UUID | None = None,
    compartments: Sequence[str] = (),
    assigned_only: Sequence[str] = (),
) -> str:
    """The context that row policies read, as text: UUIDs and codes, nothing a caller can write.

    Raises:
        TypeError: something that is no plain UUID came in (the driver's own subclass included).
        ValueError: a compartment is no code.
    """
    if not all(
        type(i) is UUID for i in (municipality_id, agency_id, client_id, member_id or _NO_ID)
    ):
        raise TypeError("the context takes UUIDs")
    seen, guarded = ",".join(compartments), ",".join(assigned_only)
    if not (_CODES.fullmatch(seen) and _CODES.fullmatch(guarded)):
        raise ValueError("the context takes codes")
    return _CONTEXT.format(
        municipality_id=municipality_id,
        agency_id=agency_id,
        client_id=client_id,
        member_id=member_id or "",
        compartments=f"{{{seen}}}",
        assigned_only=f"{{{guarded}}}",
    )


@lru_cache(maxsize=4096)
def carried(context_sql: str, how: str) -> str:
    """The same context as a value of the domain `ia.context`, and how the statement runs.

    `how` is transaction_read_only and, where it is not the server's, synchronous_commit.
    """
    return ";".join((*_VALUES.findall(context_sql), how))


@dataclass(frozen=True, slots=True)
class Principal:
    """A client acting for one agency; `member_id` names the person at the desk, if there is one.

    `compartments` is what of a person it may ever see, whatever is disclosed to it;
    `assigned_only` those of them that it sees only of whom it is assigned to; `memberships` the
    agencies that its credential may act for.
    """

    municipality_id: UUID
    agency_id: UUID
    client_id: UUID
    member_id: UUID | None = None
    scopes: frozenset[str] = frozenset()
    purposes: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    compartments: tuple[str, ...] = ()
    assigned_only: tuple[str, ...] = ()
    memberships: tuple[UUID, ...] = ()
    context_sql: str = field(default=NOBODY, repr=False)


ANONYMOUS = Principal(_NO_ID, _NO_ID, _NO_ID)


_bearer = HTTPBearer(
    auto_error=False,
    scheme_name="apiKey",
    description="API key of a client, `ia_<environment>_<id>_<secret>`.",
)


def needs(scope: Scope | None) -> Any:
    """The gate of every operation that is not public: a live credential, its agency, its scope.

    The framework would solve a shared dependency once for each that names it; hence one, which
    leaves the principal in `request.state.caller`.

    Raises:
        Unauthenticated, NotAMember, ActingAgencyRequired, InvalidParameter: 401, 403, 400.
        MissingScope: 403, names what is missing.
        TooManyRequests: 429, the caller has had its share.
    """

    async def admit(
        request: Request,
        credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
        acting_agency: Annotated[
            str | None,
            Header(
                alias="Acting-Agency",
                description="The agency you act for; needed by a member of several.",
                json_schema_extra={"format": "uuid"},
            ),
        ] = None,
    ) -> None:
        text = credentials.credentials if credentials else ""
        request.state.caller = await request.app.state.credentials.find(text, acting_agency)
        request.state.meter.charge(request.state.caller.client_id)
        if scope and scope not in request.state.caller.scopes:
            raise MissingScope(missing_scopes=[scope.value])

    return Depends(admit)


Purpose = Annotated[
    Code | None,
    Header(
        alias="Processing-Purpose",
        description="Why personal data is processed: a code of the list `purposes` that is"
        " registered for the client. A person states it; a machine client with exactly one"
        " registered purpose may leave it out.",
        examples=["case_management"],
    ),
]


def purpose_of(caller: Principal, stated: str | None) -> str:
    """The purpose of a request.

    Raises:
        InvalidPurpose: none is stated where it must be, or one that is not registered (400).
    """
    if stated is None and caller.member_id is None and len(caller.purposes) == 1:
        return caller.purposes[0]
    if stated is None or stated not in caller.purposes:
        raise InvalidPurpose
    return stated
