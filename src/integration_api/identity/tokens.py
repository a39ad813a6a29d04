"""Access tokens of the configured issuer: signed JWTs that say who somebody is, and nothing else.

What may be done stands in the database, under (issuer, subject): a member, once per agency, or a
machine. A machine is bound by its subject as well, which its own grant names after the client
(RFC 9068 § 2.2). By `client_id` or `azp` alone everybody who logs in through that client would
have its rights. Source: RFC 9068, RFC 8725, RFC 7519.
"""

import binascii
import json
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from joserfc import jwt
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jws import JWSRegistry

from integration_api.kernel.principal import Principal

from .jwks import KeySet
from .keys import digest, principal_of
from .remembered import Remembered

MOST = 8 * 1024
"""Characters of a token, at most; read before anything is taken apart."""
MOST_HEADER = 512
LEEWAY = 30
"""Seconds by which the clocks of issuer and service may differ."""
TYPES = frozenset({"at+jwt", "application/at+jwt"})
HOSTILE = (JoseError, ValueError, TypeError, KeyError, OverflowError, RecursionError)
"""What taking a hostile token apart may raise; all of it means: not a token."""


class Tokens:
    """Principals by access token: one per agency that the bearer is a member of.

    A token that was verified is known by its sha256 for at most `seconds` and never beyond its
    end, so that a request costs one hash (1 µs) instead of one signature (40 to 250 µs) and one
    round trip; a change of the database is felt after `seconds` at the latest.
    """

    SQL = "select * from ia.find_subject($1, $2)"

    def __init__(
        self,
        pool: Any,
        keys: KeySet,
        *,
        issuer: str,
        audience: str,
        algorithms: Sequence[str],
        seconds: float = 30,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._pool, self._keys, self._seconds, self._now = pool, keys, seconds, now
        self._algorithms = tuple(algorithms)
        self._claims = jwt.JWTClaimsRegistry(
            now=lambda: int(now()),
            leeway=LEEWAY,
            iss={"essential": True, "value": issuer},
            aud={"essential": True, "value": audience},
            exp={"essential": True},
            sub={"essential": True},
        )
        self._cache: Remembered[tuple[Principal, ...]] = Remembered((), now)

    async def find(self, token: str) -> tuple[Principal, ...]:
        """Whom the token may act as, by agency; nobody for a token that is not good."""
        if len(token) > MOST:
            return ()
        return await self._cache.find(digest(token), lambda: self._look_up(token))

    async def _look_up(self, token: str) -> tuple[float, tuple[Principal, ...]]:
        claims = await self._verified(token)
        if claims is None:
            return 0.0, ()
        async with self._pool.acquire(timeout=1) as connection:
            rows = await connection.fetch(self.SQL, claims["iss"], claims["sub"])
        found = _together([principal_of(row) for row in rows])
        return min(self._now() + self._seconds, claims["exp"] + LEEWAY), found

    def known(self, token: str) -> UUID | None:
        """Whose token this is, as long as that is cached; nothing is verified or looked up."""
        found = self._cache.known(digest(token))
        return found[0].client_id if found else None

    def forget(self) -> None:
        """Drop the cache: every token is verified and looked up again."""
        self._cache.forget()

    async def close(self) -> None:
        """Let go of the issuer."""
        await self._keys.close()

    async def _verified(self, token: str) -> dict[str, Any] | None:
        """The claims of a token that is signed by the issuer, for us, and valid now."""
        kid = self._kid(token)
        key = await self._keys.find(kid) if kid else None
        if key is None:
            return None
        try:
            with warnings.catch_warnings():  # EdDSA under its old name: the operator allowed it
                warnings.simplefilter("ignore", SecurityWarning)
                read = jwt.decode(token, key, registry=JWSRegistry(algorithms=self._algorithms))
            self._claims.validate(read.claims)
        except HOSTILE:
            return None
        subject = read.claims["sub"]
        plain = len(subject) <= 255 and subject.isascii() and subject.isprintable()
        return read.claims if plain else None

    def _kid(self, token: str) -> str | None:
        """The name of the key, if the header is one that we take; nothing is verified yet."""
        try:
            head = token.partition(".")[0]
            if len(head) > MOST_HEADER:
                return None
            header = json.loads(
                binascii.a2b_base64(head.replace("-", "+").replace("_", "/") + "==")
            )
            fits = header["alg"] in self._algorithms and header["typ"].lower() in TYPES
            return header["kid"] if fits and isinstance(header["kid"], str) else None
        except (*HOSTILE, AttributeError):
            return None


def _together(found: Sequence[Principal]) -> tuple[Principal, ...]:
    """Each of them knows of all."""
    agencies = tuple(one.agency_id for one in found)
    return tuple(replace(one, memberships=agencies) for one in found)
