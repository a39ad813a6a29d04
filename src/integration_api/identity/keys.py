"""API keys: `ia_<environment>_<id>_<secret><checksum>`, stored as their sha256 alone.

The secret has 256 bits of entropy, so no slow hash is needed.
"""

import hashlib
import re
import secrets
import time
import zlib
from collections.abc import Callable
from typing import Any
from uuid import UUID

from integration_api.kernel.principal import Principal, context_sql

from .remembered import Remembered
from .rights import MACHINE, purposes, rights, scopes

_KEY = re.compile(r"ia_[a-z]{4}_[0-9a-z]{8}_[0-9a-f]{72}", re.ASCII)


def new_key(environment: str) -> tuple[str, bytes]:
    """A fresh key and the sha256 under which it is stored; the text is shown once."""
    head = f"ia_{environment[:4]}_{secrets.token_hex(4)}_{secrets.token_hex(32)}"
    key = f"{head}{zlib.crc32(head.encode()):08x}"
    return key, digest(key)


def digest(credential: str) -> bytes:
    """What is stored and looked up instead of a key, and remembered instead of a token."""
    return hashlib.sha256(credential.encode()).digest()


def well_formed(key: str) -> bool:
    """Whether form and checksum are right, so that garbage never reaches the database."""
    return bool(_KEY.fullmatch(key)) and f"{zlib.crc32(key[:-8].encode()):08x}" == key[-8:]


class Keys:
    """Principals by key, cached for some seconds: a revocation is felt after that at the latest."""

    SQL = "select * from ia.find_api_key($1)"

    def __init__(
        self, pool: Any, *, seconds: float = 30, timer: Callable[[], float] = time.monotonic
    ) -> None:
        self._pool, self._seconds, self._timer = pool, seconds, timer
        self._cache: Remembered[Principal | None] = Remembered(None, timer)

    async def find(self, key: str) -> Principal | None:
        """The principal behind a live key, or None."""
        if not well_formed(key):
            return None
        hashed = digest(key)
        return await self._cache.find(hashed, lambda: self._look_up(hashed))

    async def _look_up(self, hashed: bytes) -> tuple[float, Principal | None]:
        async with self._pool.acquire(timeout=1) as connection:
            row = await connection.fetchrow(self.SQL, hashed)
        return self._timer() + self._seconds, principal_of(row) if row else None

    def known(self, key: str) -> UUID | None:
        """Whose key this is, as long as that is cached; nothing is looked up."""
        principal = self._cache.known(digest(key))
        return principal.client_id if principal else None

    def forget(self) -> None:
        """Drop the cache: every key is looked up again."""
        self._cache.forget()


def principal_of(row: Any) -> Principal:
    """The principal in a row of a credential look-up.

    A client carries its scopes and purposes; where the row has none (null), the roles say them.
    """
    municipality, agency, client = (
        UUID(int=row[name].int) for name in ("municipality_id", "agency_id", "client_id")
    )
    member = UUID(int=row["member_id"].int) if row["member_id"] else None
    roles = tuple(row["roles"])
    may = rights(row["agency_type"], roles if member else (MACHINE,))
    told = context_sql(municipality, agency, client, member, may.compartments, may.assigned_only)
    of_client = row["scopes"] is not None
    return Principal(
        municipality,
        agency,
        client,
        member,
        frozenset(row["scopes"]) if of_client else scopes(roles),
        tuple(row["purposes"]) if of_client else purposes(roles),
        roles,
        may.compartments,
        may.assigned_only,
        (agency,),
        told,
    )
