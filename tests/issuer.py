"""An identity provider in this process: it really signs, and publishes its keys over httpx."""

import asyncio
import base64
import hashlib
import hmac
import json
import time
from typing import Any

import httpx
from joserfc import jwt
from joserfc.jwk import ECKey, OKPKey, RSAKey

from integration_api.edge.outgoing import Outgoing
from tests.cast import ISSUER

AUDIENCE = "https://api.example.org"
JWKS = "https://login.example.org/keys"
SigningKey = ECKey | RSAKey | OKPKey


def ec_key(kid: str) -> ECKey:
    """A fresh signing key."""
    return ECKey.generate_key("P-256", parameters={"kid": kid, "use": "sig"})


def b64(data: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Issuer:
    """Signs tokens, serves discovery and keys; may be down, slow, or answer nonsense."""

    def __init__(self) -> None:
        self.keys: list[SigningKey] = [ec_key("k1")]
        self.extra: dict[str, Any] = {}
        """Further members of each published key."""
        self.fetched: list[str] = []
        self.down, self.delay = False, 0.0
        self.answer: bytes | None = None
        self.name = ISSUER

    def outgoing(self, seconds: float = 3) -> Outgoing:
        """A way out that leads here."""
        return Outgoing(seconds, transport=httpx.MockTransport(self._serve))

    @property
    def asked(self) -> int:
        """How often the keys were fetched."""
        return self.fetched.count("/keys")

    async def _serve(self, request: httpx.Request) -> httpx.Response:
        self.fetched.append(request.url.path)
        if self.down:
            raise httpx.ConnectError("down")
        await asyncio.sleep(self.delay)
        if request.url.path.endswith("/.well-known/openid-configuration"):
            return _streamed(json.dumps({"issuer": self.name, "jwks_uri": JWKS}).encode())
        assert str(request.url) == JWKS
        if self.answer is not None:
            return _streamed(self.answer)
        keys = [key.as_dict(private=False) | self.extra for key in self.keys]
        return _streamed(json.dumps({"keys": keys}).encode())

    def at(self, seconds: int) -> int:
        """The instant so many seconds from now, as a claim says it."""
        return int(time.time()) + seconds

    def claims(self, subject: str, **changed: Any) -> dict[str, Any]:
        """The claims of a good token; None leaves a claim out."""
        now = self.at(0)
        good = {
            "iss": ISSUER, "sub": subject, "aud": AUDIENCE, "exp": now + 300, "iat": now,
            "jti": f"{time.perf_counter_ns()}", "client_id": "frontend",
        }  # fmt: skip
        return {name: value for name, value in (good | changed).items() if value is not None}

    def token(
        self,
        subject: str = "person-lead",
        *,
        key: SigningKey | None = None,
        header: dict[str, Any] | None = None,
        **changed: Any,
    ) -> str:
        """A signed token; `header` and claims may be changed, None leaves them out."""
        key = key or self.keys[-1]
        alg = {"EC": "ES256", "RSA": "RS256", "OKP": "Ed25519"}[key.key_type]
        head = {"alg": alg, "typ": "at+jwt", "kid": key.kid} | (header or {})
        head = {name: value for name, value in head.items() if value is not None}
        claims = self.claims(subject, **changed)
        algorithms = ["ES256", "RS256", "PS256", "RS384", "Ed25519"]
        return jwt.encode(head, claims, key, algorithms=algorithms, default_type=None)

    def forged(self, alg: str, secret: bytes | None, subject: str = "person-lead") -> str:
        """A token made without the private key: signed with HMAC over `secret`, or not at all."""
        head = {"alg": alg, "typ": "at+jwt", "kid": self.keys[-1].kid}
        text = ".".join(b64(json.dumps(p).encode()) for p in (head, self.claims(subject)))
        mac = hmac.new(secret, text.encode(), hashlib.sha256).digest() if secret else b""
        return f"{text}.{b64(mac)}"


def _streamed(content: bytes) -> httpx.Response:
    """An answer that has to be read, as from a network."""
    return httpx.Response(200, stream=httpx.ByteStream(content))


class Hand:
    """A clock that stands still until it is moved."""

    def __init__(self, at: float = 0.0) -> None:
        self.at = at

    def __call__(self) -> float:
        """What it shows."""
        return self.at

    def move(self, seconds: float) -> None:
        """Later."""
        self.at += seconds
