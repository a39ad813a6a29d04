"""The application with an issuer in this process."""

from dataclasses import dataclass, field
from typing import Any

import httpx
from fastapi import FastAPI

from integration_api.identity.credentials import Credentials
from integration_api.identity.jwks import KeySet
from integration_api.identity.keys import Keys
from integration_api.identity.tokens import Tokens
from tests.cast import ISSUER
from tests.clients import Clients
from tests.issuer import AUDIENCE, Hand, Issuer

ALGORITHMS = ("ES256", "RS256", "PS256", "EdDSA", "Ed25519")


@dataclass
class Login:
    """Requests with a token, and the clocks of cache and keys."""

    app: FastAPI
    clients: Clients
    issuer: Issuer = field(default_factory=Issuer)
    monotonic: Hand = field(default_factory=Hand)

    def wire(self, seconds: float = 3, *, cached: float = 30, **changed: Any) -> None:
        """Put the issuer behind the application."""
        pool = self.app.state.db.pool
        changed["seconds"] = cached
        keys = KeySet(self.issuer.outgoing(seconds), ISSUER, timer=self.monotonic)
        given: dict[str, Any] = {
            "issuer": ISSUER, "audience": AUDIENCE, "algorithms": ALGORITHMS,
        }  # fmt: skip
        self.app.state.credentials = Credentials(Keys(pool), Tokens(pool, keys, **given | changed))

    async def get(self, token: str, path: str = "/v1/me", **headers: str) -> httpx.Response:
        """GET with a token; `Acting_Agency` names a header."""
        sent: dict[str, Any] = {name.replace("_", "-"): value for name, value in headers.items()}
        sent["Authorization"] = f"Bearer {token}".encode("latin-1")
        return await self.clients.get(None, path, headers=sent)

    async def status(self, token: str) -> int:
        """What `/v1/me` answers."""
        return (await self.get(token)).status_code
