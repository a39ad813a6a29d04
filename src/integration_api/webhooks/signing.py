"""Secrets of endpoints and what they sign. Source: the Standard Webhooks specification."""

import base64
import secrets
from collections.abc import Iterable
from datetime import UTC, datetime
from uuid import UUID

from standardwebhooks.webhooks import Webhook

from integration_api.edge.vault import Vault

PREFIX = "whsec_"
BYTES = 32
SEALED_AS = b"webhook secret"
"""Which of the service's keys seals secrets."""


def new_secret() -> str:
    """A fresh secret, as the receiver's library takes it."""
    return PREFIX + base64.b64encode(secrets.token_bytes(BYTES)).decode()


def sealed(vault: Vault, secret: str, endpoint_id: UUID) -> bytes:
    """What is stored of a secret; it opens for its endpoint alone."""
    return vault.seal(secret.encode(), endpoint_id.bytes)


def opened(vault: Vault, stored: Iterable[bytes], endpoint_id: UUID) -> list[str]:
    """The secrets that can still be opened, in the same order."""
    found = (vault.open(one, endpoint_id.bytes) for one in stored)
    return [one.decode() for one in found if one is not None]


def headers(event_id: UUID, body: str, signers: Iterable[str], at: datetime) -> dict[str, str]:
    """The headers of one attempt: one signature for each secret, newest first.

    `at` is aware: the library would take any other zone for UTC.
    """
    at = at.astimezone(UTC)
    signatures = [Webhook(one).sign(str(event_id), at, body) for one in signers]
    return {
        "webhook-id": str(event_id),
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
        "content-type": "application/json",
    }
