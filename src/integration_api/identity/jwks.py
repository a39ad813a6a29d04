"""The public keys of the issuer: fetched rarely, kept while the issuer is away, rotated in time.

A `kid` nobody has heard of causes at most one fetch per `LEAST` seconds, however many come; a
known one never waits. Source: RFC 7517, RFC 8414 § 3, OpenID Connect Discovery § 4.
"""

import asyncio
import time
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import structlog
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import ECKey, OKPKey, RSAKey

from integration_api.edge.outgoing import Outgoing, OutgoingError

LEAST = 15.0
"""Seconds between two fetches, at least; the longest that a token of a brand-new key waits."""
FRESH = 300.0
"""Seconds after which keys are asked for anew, beside the requests that use them."""
STALE = 24 * 3600.0
"""Seconds for which keys serve while the issuer does not answer."""
KINDS: Mapping[str, type[RSAKey] | type[ECKey] | type[OKPKey]] = {
    "RSA": RSAKey,
    "EC": ECKey,
    "OKP": OKPKey,
}
PUBLIC = ("kty", "kid", "use", "alg", "n", "e", "crv", "x", "y")
"""What is read of a published key. `key_ops` and `ext` are not: providers publish what their
private key may do (`["sign"]`), and nothing could be verified with it."""
RSA_BITS = 2048
PublicKey = RSAKey | ECKey | OKPKey
log = structlog.get_logger("identity")


class KeySet:
    """The keys of one issuer by `kid`."""

    def __init__(
        self,
        outgoing: Outgoing,
        issuer: str,
        url: str | None = None,
        *,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self._outgoing, self._issuer, self._url, self._timer = outgoing, issuer, url, timer
        self._keys: Mapping[str, PublicKey] = {}
        self._found, self._asked = float("-inf"), float("-inf")
        self._running: asyncio.Task[None] | None = None

    async def find(self, kid: str) -> PublicKey | None:
        """The key of that name, or None; waits for the issuer only where the name is new."""
        key, age = self._keys.get(kid), self._timer() - self._found
        if key is None or age >= STALE:
            if flight := self._refresh():
                await asyncio.shield(flight)  # one request that gives up does not end it for all
            key = self._keys.get(kid) if self._timer() - self._found < STALE else None
        elif age >= FRESH:
            self._refresh()
        return key

    async def close(self) -> None:
        """Give up a fetch that is under way, and the connections."""
        if self._running:
            self._running.cancel()
        await self._outgoing.close()

    def _refresh(self) -> asyncio.Task[None] | None:
        """The fetch that is under way, or a new one where the last is long enough ago."""
        if self._running is None and self._timer() - self._asked >= LEAST:
            self._asked = self._timer()
            self._running = asyncio.create_task(self._fetch())
        return self._running

    async def _fetch(self) -> None:
        try:
            url = self._url or await self._discover()
            self._keys = keys_of(await self._outgoing.json(url))
            self._found = self._timer()
        except OutgoingError as error:  # the old keys serve on
            log.warning("issuer_keys_not_read", reason=str(error))
        finally:
            self._running = None

    async def _discover(self) -> str:
        """The address of the keys. Asked for anew each time: that may move as well.

        Raises:
            OutgoingError: as `Outgoing.json`, or the document is not this issuer's.
        """
        where = f"{self._issuer.rstrip('/')}/.well-known/openid-configuration"
        document = await self._outgoing.json(where)
        if not isinstance(document, dict) or document.get("issuer") != self._issuer:
            raise OutgoingError("the discovery document names another issuer")
        return str(document.get("jwks_uri"))


def keys_of(document: Any) -> dict[str, PublicKey]:
    """The usable keys of a published set; what cannot verify a signature is left out.

    Raises:
        OutgoingError: the document is no key set.
    """
    if not (isinstance(document, dict) and isinstance(document.get("keys"), list)):
        raise OutgoingError("the answer is no key set")
    found: dict[str, PublicKey] = {}
    for published in document["keys"]:
        if (key := _key(published)) is not None:
            found.setdefault(str(published["kid"]), key)
    return found


def _key(published: Any) -> PublicKey | None:
    if not isinstance(published, dict) or not isinstance(published.get("kid"), str):
        return None
    kind = KINDS.get(str(published.get("kty")))  # `oct` is no public key: it could sign, too
    if kind is None or published.get("use", "sig") != "sig":
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SecurityWarning)  # a short key is refused right below
            key = kind.import_key({n: published[n] for n in PUBLIC if n in published})
    except (JoseError, ValueError, TypeError, KeyError):
        return None
    short = isinstance(key, RSAKey) and key.public_key.key_size < RSA_BITS
    return None if short else key
