"""Stored answers and secrets, sealed: a copy of the tables tells nobody what they say.

AES-GCM under a key derived from the service's secret. What an answer is bound to (caller, rights,
key, request) is authenticated with it, so that it opens for nothing else. The first secret seals,
each of them opens: that is how a secret is replaced. Source: NIST SP 800-38D, RFC 5869.
"""

import json
import os
from hashlib import sha256
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from integration_api.kernel.principal import Principal
from integration_api.kernel.settings import Settings

_NONCE = 12
ANSWER = b"stored answer"


class Vault:
    """Seals with its first secret, opens with any; each `what` is sealed with a key of its own."""

    def __init__(self, *secrets: bytes, what: bytes = ANSWER) -> None:
        keys = [HKDF(SHA256(), 32, salt=None, info=what).derive(secret) for secret in secrets]
        self._boxes = [AESGCM(key) for key in keys]
        self.key_id = sha256(keys[0]).hexdigest()[:16]
        """Names the key that seals, for what is kept longer than a secret is being replaced."""

    @classmethod
    def of(cls, secret: bytes, settings: Settings, what: bytes = ANSWER) -> Self:
        """As the settings say: the secret of now, and the one before it or after it."""
        other = settings.previous_secret_key
        others = [other.get_secret_value().encode()] if other else []
        return cls(secret, *others, what=what)

    @staticmethod
    def rights(caller: Principal) -> bytes:
        """All that decides what an answer may show and offer to somebody."""
        may = [sorted(caller.scopes), sorted(caller.roles), sorted(caller.purposes)]
        return json.dumps([caller.context_sql, *may]).encode()

    def seal(self, plain: bytes, binding: bytes) -> bytes:
        """What is stored; it opens only with the same binding."""
        nonce = os.urandom(_NONCE)
        return nonce + self._boxes[0].encrypt(nonce, plain, binding)

    def open(self, sealed: bytes, binding: bytes) -> bytes | None:
        """What was sealed; None if its secret is gone, the binding another, or it was altered."""
        for box in self._boxes:
            try:
                return box.decrypt(sealed[:_NONCE], sealed[_NONCE:], binding)
            except (InvalidTag, ValueError):
                continue
        return None
