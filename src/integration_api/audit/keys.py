"""The key that signs heads: Ed25519, PEM, from the settings or kept beside the local data."""

import os
from collections.abc import Iterable
from contextlib import suppress
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from integration_api.kernel.settings import Settings

from .chain import Head, signed

KEPT = "audit/key.pem"


class KeyMissingError(Exception):
    """No usable key; the message is one sentence with the remedy, and holds nothing of the key."""


def key_id(public: Ed25519PublicKey) -> str:
    """The name of a key, which follows from it: 16 hex digits."""
    return sha256(public.public_bytes(Encoding.Raw, PublicFormat.Raw)).hexdigest()[:16]


class Signer:
    """Signs heads; never shows its key."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key, self.public = key, key.public_key()
        self.key_id = key_id(self.public)

    def sign(self, head: Head) -> bytes:
        """The signature of a head."""
        return self._key.sign(signed(head))


class Verifier:
    """Knows the public keys that heads may be signed with."""

    def __init__(self, keys: Iterable[Ed25519PublicKey]) -> None:
        self._keys = {key_id(key): key for key in keys}

    def holds(self, head: Head, name: str, signature: bytes) -> bool:
        """Whether the key of that name is known and has signed the head."""
        if name not in self._keys:
            return False
        try:
            self._keys[name].verify(signature, signed(head))
        except InvalidSignature:
            return False
        return True


def signer(settings: Settings) -> Signer:
    """The key of the settings; for our own server a random one kept beside the data.

    Raises:
        KeyMissingError: an external database is named without one, or it is no Ed25519 key.
    """
    if settings.audit_key is not None:
        return Signer(_private(settings.audit_key.get_secret_value()))
    if not settings.local:
        raise KeyMissingError(
            "an external database needs INTEGRATION_API_AUDIT_KEY to seal the audit entries:"
            " the text of `openssl genpkey -algorithm ed25519`"
        )
    return Signer(_private(_kept(settings)))


def public_pem(key: Ed25519PublicKey) -> str:
    """What an auditor keeps: the public key as PEM."""
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def public_of(pem: str) -> Ed25519PublicKey:
    """A public key from its PEM.

    Raises:
        KeyMissingError: it is none, or none of Ed25519.
    """
    with suppress(ValueError):
        key = load_pem_public_key(pem.encode())
        if isinstance(key, Ed25519PublicKey):
            return key
    raise KeyMissingError("that is no public key of Ed25519 in PEM")


def _private(pem: str) -> Ed25519PrivateKey:
    with suppress(ValueError, TypeError):
        key = load_pem_private_key(pem.encode(), password=None)
        if isinstance(key, Ed25519PrivateKey):
            return key
    raise KeyMissingError("INTEGRATION_API_AUDIT_KEY is no private key of Ed25519 in PEM")


def _kept(settings: Settings) -> str:
    path = settings.data_dir / KEPT
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(f".{os.getpid()}")
    if not path.exists():
        key = Ed25519PrivateKey.generate()
        made = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(made)
        with suppress(FileExistsError):  # whoever comes second takes the key of the first
            os.link(fresh, path)
        fresh.unlink()
    return path.read_text(encoding="utf-8")
