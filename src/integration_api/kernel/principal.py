"""Who asks: the API key, the principal behind it, the purpose, and the context for Postgres.

A key reads `ia_<environment>_<id>_<secret><checksum>`; only its sha256 is stored. The secret has
256 bits of entropy, so no slow hash is needed.
"""

import hashlib
import re
import secrets
import time
import zlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Header, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from .problems import (
    Finding,
    InvalidParameter,
    InvalidPurpose,
    MissingScope,
    NotAMember,
    Unauthenticated,
)
from .scalars import Code
from .scopes import Scope

NOBODY = "SET LOCAL app.municipality_id='';SET LOCAL app.agency_id='';SET LOCAL app.client_id='';"
_KEY = re.compile(r"ia_[a-z]{4}_[0-9a-z]{8}_[0-9a-f]{72}", re.ASCII)
_ID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII)
_NO_ID = UUID(int=0)


def context_sql(municipality_id: UUID, agency_id: UUID, client_id: UUID) -> str:
    """The context that row policies read, as text: three UUIDs, nothing a caller can write.

    Raises:
        TypeError: something that is no plain UUID came in (the driver's own subclass included).
    """
    if not all(type(i) is UUID for i in (municipality_id, agency_id, client_id)):
        raise TypeError("the context takes UUIDs")
    return (
        f"SET LOCAL app.municipality_id='{municipality_id}';"
        f"SET LOCAL app.agency_id='{agency_id}';SET LOCAL app.client_id='{client_id}';"
    )


@dataclass(frozen=True, slots=True)
class Principal:
    """A client acting for one agency; `member_id` names the person at the desk, if there is one."""

    municipality_id: UUID
    agency_id: UUID
    client_id: UUID
    member_id: UUID | None = None
    scopes: frozenset[str] = frozenset()
    purposes: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    context_sql: str = field(default=NOBODY, repr=False)


ANONYMOUS = Principal(_NO_ID, _NO_ID, _NO_ID)


def new_key(environment: str) -> tuple[str, bytes]:
    """A fresh key and the sha256 under which it is stored; the text is shown once."""
    head = f"ia_{environment[:4]}_{secrets.token_hex(4)}_{secrets.token_hex(32)}"
    key = f"{head}{zlib.crc32(head.encode()):08x}"
    return key, digest(key)


def digest(key: str) -> bytes:
    """What is stored and looked up instead of the key."""
    return hashlib.sha256(key.encode()).digest()


def well_formed(key: str) -> bool:
    """Whether form and checksum are right, so that garbage never reaches the database."""
    return bool(_KEY.fullmatch(key)) and f"{zlib.crc32(key[:-8].encode()):08x}" == key[-8:]


class Keys:
    """Principals by key, cached for some seconds: a revocation is felt after that at the latest."""

    SQL = "select * from ia.find_api_key($1)"
    KEPT = 10_000

    def __init__(
        self, pool: Any, *, seconds: float = 30, timer: Callable[[], float] = time.monotonic
    ) -> None:
        self._pool, self._seconds, self._timer = pool, seconds, timer
        self._cache: OrderedDict[bytes, tuple[float, Principal | None]] = OrderedDict()

    async def find(self, key: str) -> Principal | None:
        """The principal behind a live key, or None."""
        if not well_formed(key):
            return None
        hashed = digest(key)
        until, principal = self._cache.get(hashed, (0.0, None))
        if until > self._timer():
            return principal
        async with self._pool.acquire(timeout=1) as connection:
            row = await connection.fetchrow(self.SQL, hashed)
        principal = _principal(row) if row else None
        self._cache[hashed] = (self._timer() + self._seconds, principal)
        self._cache.move_to_end(hashed)
        if len(self._cache) > self.KEPT:
            self._cache.popitem(last=False)
        return principal

    def forget(self) -> None:
        """Drop the cache: every key is looked up again."""
        self._cache.clear()


def _principal(row: Any) -> Principal:
    municipality, agency, client = (
        UUID(int=row[name].int) for name in ("municipality_id", "agency_id", "client_id")
    )
    return Principal(
        municipality,
        agency,
        client,
        UUID(int=row["member_id"].int) if row["member_id"] else None,
        frozenset(row["scopes"]),
        tuple(row["purposes"]),
        tuple(row["roles"]),
        context_sql(municipality, agency, client),
    )


_bearer = HTTPBearer(
    auto_error=False,
    scheme_name="apiKey",
    description="API key of a client, `ia_<environment>_<id>_<secret>`.",
)


def needs(scope: Scope | None) -> Any:
    """The gate of every operation that is not public: a live key, its agency, its scope.

    The framework would solve a shared dependency once for each that names it; hence one, which
    leaves the principal in `request.state.caller`.

    Raises:
        Unauthenticated: no key, or none that lives (401).
        NotAMember: the key is not of the agency in `Acting-Agency` (403).
        MissingScope: 403, names what is missing.
    """

    async def admit(
        request: Request,
        credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
        acting_agency: Annotated[
            str | None,
            Header(
                alias="Acting-Agency",
                description="The agency you act for.",
                json_schema_extra={"format": "uuid"},
            ),
        ] = None,
    ) -> None:
        key = credentials.credentials if credentials else ""
        principal: Principal | None = await request.app.state.keys.find(key)
        if principal is None:
            raise Unauthenticated
        request.state.caller = principal
        if acting_agency is not None and _uuid(acting_agency) != principal.agency_id:
            raise NotAMember
        if scope and scope not in principal.scopes:
            raise MissingScope(missing_scopes=[scope.value])

    return Depends(admit)


def _uuid(text: str) -> UUID:
    """Read here and not by the framework, which would find fault before it asks for a key."""
    if not _ID.fullmatch(text):
        words = ("Hat nicht die vereinbarte Form.", "Is not in the form of the contract.")
        raise InvalidParameter(Finding("wrong_form", *words, parameter="Acting-Agency"))
    return UUID(text)


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
